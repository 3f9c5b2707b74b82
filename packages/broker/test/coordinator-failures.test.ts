// Coordinators over files that fail or are slow: who waits is told what Kafka tells, nothing acknowledged is lost, no record is missed that
// lands late, other partitions go on, and what is tried again for ever fills no log.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock, RecordingLogger, SeededRandom, ZERO_UUID } from "@ottla/base";
import { startNode } from "@ottla/broker";
import type { Node } from "@ottla/broker";
import { partitionFor } from "@ottla/coordinator";
import { errorName } from "@ottla/protocol";
import { offsetCommitApi } from "@ottla/protocol/messages/08-offset-commit.ts";
import { offsetFetchApi } from "@ottla/protocol/messages/09-offset-fetch.ts";
import { findCoordinatorApi } from "@ottla/protocol/messages/10-find-coordinator.ts";
import { createTopicsApi } from "@ottla/protocol/messages/19-create-topics.ts";
import { initProducerIdApi } from "@ottla/protocol/messages/22-init-producer-id.ts";
import { FaultyFileSystem } from "@ottla/storage/faulty";
import type { Fault } from "@ottla/storage/faulty";
import { DirectClient } from "../../../tools/sim/direct-client.ts";
import { turns } from "../../../tools/sim/simulated-node.ts";

const PROPERTIES = {
  listeners: "PLAINTEXT://127.0.0.1:0",
  "log.dirs": "/data",
  "offsets.topic.num.partitions": "2",
  "transaction.state.log.num.partitions": "2",
};
const HOUR_MS = 3_600_000;
/** Two keys, one for each partition of a coordinator's topic. */
const [BAD, GOOD] = ["a", "b"] as const;
assert.notEqual(partitionFor(BAD, 2), partitionFor(GOOD, 2));
const FAULTS: [sentence: string, fault: Omit<Fault, "path">, overrides: Record<string, string>][] = [
  ["an append that fails", { operation: "append", code: "EIO" }, {}],
  ["a full disk, in the middle of a batch", { operation: "append", code: "ENOSPC", shortBytes: 20 }, {}],
  ["a failed sync", { operation: "sync", code: "EIO" }, { "log.flush.interval.messages": "1" }],
];

describe("a coordinator whose log fails", () => {
  for (const [sentence, fault, overrides] of FAULTS) {
    it(`of groups, by ${sentence}: refuses, goes on with the other partition, is right after a restart`, async () => {
      const rig = await Rig.open(overrides);
      assert.equal(await rig.commit(BAD, 1), "NONE");
      assert.equal(await rig.commit(GOOD, 1), "NONE");
      rig.system.failNext({ ...fault, path: `/__consumer_offsets-${partitionFor(BAD, 2)}/` });
      assert.equal(await rig.commit(BAD, 2), "NOT_COORDINATOR");
      assert.equal(await rig.commit(BAD, 3), "NOT_COORDINATOR");
      assert.equal(await rig.commit(GOOD, 2), "NONE");
      await rig.pass(HOUR_MS);
      assert.ok(rig.complaints() < 80, `${rig.complaints()} lines in an hour`);
      assert.match(await rig.commit(BAD, 4), /NOT_COORDINATOR|COORDINATOR_LOAD_IN_PROGRESS/);
      assert.equal(await rig.commit(GOOD, 3), "NONE");
      await rig.restart();
      assert.equal(await rig.committed(GOOD), 3);
      const kept = await rig.committed(BAD);
      assert.ok(kept === 1 || (kept === 2 && fault.operation === "sync"), `committed: ${kept}`);
      assert.equal(await rig.commit(BAD, 5), "NONE");
      await rig.close();
    });
  }

  it("with its first record: is quiet too, and refuses", async () => {
    const rig = await Rig.open({});
    rig.system.failNext({ operation: "append", code: "EIO", path: `/__consumer_offsets-${partitionFor(BAD, 2)}/` });
    assert.equal(await rig.commit(BAD, 1), "NOT_COORDINATOR");
    for (let minute = 0; minute < 60; minute++) {
      await rig.pass(HOUR_MS / 60);
      assert.equal(rig.isActive("groups", partitionFor(BAD, 2)), false);
      assert.match(await rig.commit(BAD, 1), /NOT_COORDINATOR|COORDINATOR_LOAD_IN_PROGRESS/);
    }
    assert.ok(rig.complaints() < 80, `${rig.complaints()} lines in an hour`);
    await rig.close();
  });

  for (const [sentence, fault, overrides] of FAULTS) {
    it(`of transactions, by ${sentence}: refuses, and gives no epoch twice after a restart`, async () => {
      const rig = await Rig.open(overrides);
      const first = await rig.initialize(BAD);
      assert.equal(first.error, "NONE");
      rig.system.failNext({ ...fault, path: `/__transaction_state-${partitionFor(BAD, 2)}/` });
      assert.equal((await rig.initialize(BAD)).error, "NOT_COORDINATOR");
      assert.equal((await rig.initialize(GOOD)).error, "NONE");
      await rig.pass(HOUR_MS);
      assert.ok(rig.complaints() < 80, `${rig.complaints()} lines in an hour`);
      await rig.restart();
      const again = await rig.initialize(BAD);
      assert.deepEqual([again.error, again.producerId], ["NONE", first.producerId]);
      assert.ok(again.epoch > first.epoch);
      await rig.close();
    });
  }
});

describe("a coordinator with a slow disk", () => {
  it("that is loaded again in a new epoch misses no record of the one before", async () => {
    const rig = await Rig.open({});
    assert.equal(await rig.commit(BAD, 1), "NONE");
    const release = rig.holdDisk();
    const late = rig.commit(BAD, 2);
    await turns(3);
    rig.newEpoch("__consumer_offsets", partitionFor(BAD, 2));
    assert.equal(await late, "NOT_COORDINATOR");
    await turns(10);
    assert.equal(rig.isActive("groups", partitionFor(BAD, 2)), false);
    release();
    await turns(10);
    assert.equal(await rig.committed(BAD), 2);
    await rig.restart();
    assert.equal(await rig.committed(BAD), 2);
    await rig.close();
  });

  it("that was empty waits for what is under way as well", async () => {
    const rig = await Rig.open({});
    const release = rig.holdDisk();
    const late = rig.commit(BAD, 2);
    await turns(3);
    rig.newEpoch("__consumer_offsets", partitionFor(BAD, 2));
    assert.equal(await late, "NOT_COORDINATOR");
    release();
    await turns(10);
    assert.equal(await rig.committed(BAD), 2);
    await rig.close();
  });
});

/** A node over files that fail, asked without sockets, in a time that only moves when told. */
class Rig {
  system: FaultyFileSystem;
  readonly logger = new RecordingLogger(100_000);
  private readonly clock = new ManualClock(1_700_000_000_000);
  private readonly properties: ReadonlyMap<string, string>;
  private disk: Promise<void> = Promise.resolve();
  private node!: Node;
  private client!: DirectClient;

  private constructor(overrides: Record<string, string>) {
    this.properties = new Map(Object.entries({ ...PROPERTIES, ...overrides }));
    this.system = new FaultyFileSystem({ clock: this.clock, random: new SeededRandom(1), pause: () => this.disk });
  }

  static async open(overrides: Record<string, string>): Promise<Rig> {
    const rig = new Rig(overrides);
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
    const response = await this.client.call(offsetFetchApi, 9, { groupId: "", topics: [], groups, requireStable: true });
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

  private async start(): Promise<void> {
    const { properties, clock, logger, system: fileSystem } = this;
    this.node = await startNode({ properties, clock, logger, fileSystem, random: new SeededRandom(7) });
    this.client = new DirectClient(this.node.broker);
  }
}
