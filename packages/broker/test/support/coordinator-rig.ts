// A node over files that fail, asked without sockets, in a time that only moves when told: for tests of the coordinators.

import assert from "node:assert/strict";
import { ManualClock, RecordingLogger, SeededRandom, ZERO_UUID } from "@ottla/base";
import { startNode } from "@ottla/broker";
import type { Node } from "@ottla/broker";
import { errorName } from "@ottla/protocol";
import { offsetCommitApi } from "@ottla/protocol/messages/08-offset-commit.ts";
import { offsetFetchApi } from "@ottla/protocol/messages/09-offset-fetch.ts";
import { findCoordinatorApi } from "@ottla/protocol/messages/10-find-coordinator.ts";
import { createTopicsApi } from "@ottla/protocol/messages/19-create-topics.ts";
import { initProducerIdApi } from "@ottla/protocol/messages/22-init-producer-id.ts";
import { FaultyFileSystem } from "@ottla/storage/faulty";
import { DirectClient } from "../../../../tools/sim/direct-client.ts";
import { turns } from "../../../../tools/sim/simulated-node.ts";

const PROPERTIES = {
  listeners: "PLAINTEXT://127.0.0.1:0",
  "log.dirs": "/data",
  "offsets.topic.num.partitions": "2",
  "transaction.state.log.num.partitions": "2",
};

export class CoordinatorRig {
  system: FaultyFileSystem;
  readonly logger = new RecordingLogger(100_000);
  readonly clock = new ManualClock(1_700_000_000_000);
  private readonly properties: ReadonlyMap<string, string>;
  private disk: Promise<void> = Promise.resolve();
  node!: Node;
  client!: DirectClient;

  private constructor(overrides: Record<string, string>) {
    this.properties = new Map(Object.entries({ ...PROPERTIES, ...overrides }));
    this.system = new FaultyFileSystem({ clock: this.clock, random: new SeededRandom(1), pause: () => this.disk });
  }

  static async open(overrides: Record<string, string>): Promise<CoordinatorRig> {
    const rig = new CoordinatorRig(overrides);
    await rig.start();
    const topic = { name: "t", numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
    await rig.client.call(createTopicsApi, 5, { topics: [topic], timeoutMs: 1000, validateOnly: false });
    for (const keyType of [0, 1]) {
      await rig.client.call(findCoordinatorApi, 4, { key: "", keyType, coordinatorKeys: ["a"] });
    }
    return rig;
  }

  /** The process ends and a new one begins. */
  async restart(): Promise<void> {
    const before = this.node;
    this.system = this.system.survivor("kill");
    this.client.lose();
    await before.close();
    await this.start();
  }

  /** Starts over what is there. */
  async start(): Promise<void> {
    const { properties, clock, logger, system: fileSystem } = this;
    this.node = await startNode({ properties, clock, logger, fileSystem, random: new SeededRandom(7) });
    this.client = new DirectClient(this.node.broker);
    await turns(10);
  }

  async close(): Promise<void> {
    await this.node.close();
  }

  /** Lets time pass in steps in which everything has its turn. */
  async pass(durationMs: number): Promise<void> {
    for (let at = 0; at < durationMs; at += 5000) {
      this.clock.advance(5000);
      await turns(1);
    }
  }

  complaints(): number {
    return this.logger.lines.filter(({ level }) => level === "warn" || level === "error").length;
  }

  async commit(group: string, committedOffset: number): Promise<string> {
    const partitions = [{ partitionIndex: 0, committedOffset, committedMetadata: "" }];
    const request = { groupId: group, memberId: "", topics: [{ name: "t", topicId: ZERO_UUID, partitions }] };
    const { topics } = await this.client.call(offsetCommitApi, 9, request);
    return errorName(topics[0]!.partitions[0]!.errorCode);
  }

  async committed(group: string): Promise<number> {
    const groups = [{ groupId: group, topics: [{ name: "t", topicId: ZERO_UUID, partitionIndexes: [0] }] }];
    const response = await this.client.call(offsetFetchApi, 9, {
      groupId: "",
      topics: [],
      groups,
      requireStable: true,
    });
    assert.equal(errorName(response.groups[0]!.errorCode), "NONE");
    return response.groups[0]!.topics[0]!.partitions[0]!.committedOffset;
  }

  async initialize(transactionalId: string): Promise<{ error: string; producerId: number; epoch: number }> {
    const request = { transactionalId, transactionTimeoutMs: 60_000, producerId: -1, producerEpoch: -1 };
    const { errorCode, producerId, producerEpoch } = await this.client.call(initProducerIdApi, 4, request);
    return { error: errorName(errorCode), producerId, epoch: producerEpoch };
  }

  /** Appends end only when the returned function is called. */
  holdDisk(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.disk = promise;
    this.system.slowAppends = true;
    return () => {
      this.system.slowAppends = false;
      this.disk = Promise.resolve();
      resolve();
    };
  }

  /** As if the controller had chosen this node as the leader once more. */
  newEpoch(topic: string, index: number): void {
    const { broker, nodeId } = this.node;
    const partition = broker.replicas.get(topic, index)!;
    const leaderEpoch = partition.leaderEpoch + 1;
    partition.update({ leaderId: nodeId, leaderEpoch, partitionEpoch: 1000, replicas: [nodeId], isr: [nodeId] });
    broker.groups.follow(broker.replicas.partitionsOf(topic));
  }

  isActive(coordinator: "groups" | "transactions", index: number): boolean {
    return this.node.broker[coordinator].runtime(index)!.isActive;
  }
}
