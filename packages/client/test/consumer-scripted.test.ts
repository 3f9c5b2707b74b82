// Reading from several brokers that answer by script: replicas near by, leaders that change, logs that were cut. What one broker cannot show.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { errorCodes, RecordBatchBuilder } from "@ottla/protocol";
import type { Api } from "@ottla/protocol";
import type { FetchRequestInput } from "@ottla/protocol/messages/01-fetch.ts";
import { Consumer } from "../src/consumer/consumer.ts";
import type { ConsumerOptions } from "../src/consumer/consumer-options.ts";
import { KafkaError } from "../src/errors.ts";
import { MetricRegistry } from "../src/metrics.ts";
import type { BrokerNode, Cluster, MetadataView, PartitionMetadata } from "../src/network/cluster.ts";
import { systemClock, systemRandom } from "../src/network/system-clock.ts";
import { Waits } from "../src/network/waits.ts";
import { resolveOptions } from "../src/options.ts";

const TOPIC = "orders";
const ID = "AAAAAAAAAAAAAAAAAAAAAQ";
const AT = { topic: TOPIC, partition: 0 };

interface Asked {
  readonly nodeId: number;
  readonly api: string;
  readonly offset?: number;
  readonly epoch?: number;
}

type PartialAnswer = {
  errorCode?: number;
  values?: readonly string[];
  preferredReadReplica?: number;
  currentLeader?: { leaderId: number; leaderEpoch: number };
};

/** A cluster of brokers 1 to 3 with one partition; `fetch` says what a broker answers for an offset. */
class ScriptedCluster {
  readonly asked: Asked[] = [];
  leader = { leaderId: 1, leaderEpoch: 1 };
  /** Leader epoch of the batches that brokers answer with. */
  batchEpoch = 1;
  epochEnd = { endOffset: 1_000, leaderEpoch: 1 };
  /** Answers about epochs wait for it. */
  epochGate: Promise<void> = Promise.resolve();
  fetch: (nodeId: number, offset: number) => PartialAnswer = () => ({});
  private readonly listeners = new Set<(view: MetadataView) => void>();
  private updates = 0;
  private readonly waits = new Waits(systemClock);

  /** The part of `Cluster` that reading uses. */
  asCluster(): Cluster {
    const currentView = (): MetadataView => this.view();
    const options = resolveOptions({ bootstrapServers: "scripted:1", retryBackoffMs: 1, retryBackoffMaxMs: 2 });
    const cluster = {
      clock: systemClock,
      random: systemRandom,
      logger: options.logger,
      options,
      metrics: new MetricRegistry(),
      get metadata() {
        return currentView();
      },
      onMetadata: (listener: (view: MetadataView) => void) => {
        this.listeners.add(listener);
        return () => void this.listeners.delete(listener);
      },
      interest: () => () => {},
      refreshMetadata: async () => this.announce(),
      noteLeaderEpoch: () => {},
      applyLeaders: (leaders: readonly { leaderId: number; leaderEpoch: number }[]) => this.lead(leaders[0]!),
      versionOf: async () => 4,
      backoffMs: () => 1,
      delay: (ms: number, signal?: AbortSignal) => this.waits.delay(ms, signal),
      closeLane: () => {},
      send: (nodeId: number, api: Api<unknown, unknown>, body: unknown, call: { signal?: AbortSignal }) =>
        this.answer(nodeId, api.name, body as never, call.signal),
    };
    return cluster as unknown as Cluster;
  }

  /** Another leader, or the same in a new epoch. */
  lead(leader: { leaderId: number; leaderEpoch: number }): void {
    this.leader = { leaderId: leader.leaderId, leaderEpoch: leader.leaderEpoch };
    this.announce();
  }

  fetches(): string[] {
    return this.asked.filter(({ api }) => api === "Fetch").map(({ nodeId, offset }) => `${nodeId}@${offset}`);
  }

  private announce(): MetadataView {
    this.updates++;
    const view = this.view();
    for (const listener of this.listeners) listener(view);
    return view;
  }

  private view(): MetadataView {
    const replicas = [1, 2, 3];
    const partition: PartitionMetadata = { partition: 0, ...this.leader, replicas, isr: replicas, offlineReplicas: [] };
    const node = (nodeId: number): [number, BrokerNode] => [nodeId, { nodeId, host: "h", port: 1, rack: null }];
    return {
      clusterId: "c",
      controllerId: 1,
      brokers: new Map(replicas.map(node)),
      topics: new Map([[TOPIC, { name: TOPIC, topicId: ID, isInternal: false, partitions: [partition] }]]),
      topicErrors: new Map(),
      topicNames: new Map([[ID, TOPIC]]),
      updates: this.updates,
    };
  }

  private async answer(nodeId: number, api: string, body: never, signal?: AbortSignal): Promise<unknown> {
    if (api === "Fetch") return this.answerFetch(nodeId, body, signal);
    if (api === "ListOffsets") {
      this.asked.push({ nodeId, api });
      const partitions = [{ partitionIndex: 0, errorCode: 0, timestamp: -1, offset: 0, leaderEpoch: -1 }];
      return { throttleTimeMs: 0, topics: [{ name: TOPIC, partitions }] };
    }
    assert.equal(api, "OffsetForLeaderEpoch");
    const [{ partitions }] = (body as { topics: [{ partitions: [{ leaderEpoch: number }] }] }).topics;
    this.asked.push({ nodeId, api, epoch: partitions[0].leaderEpoch });
    await this.epochGate;
    return {
      throttleTimeMs: 0,
      topics: [{ topic: TOPIC, partitions: [{ errorCode: 0, partition: 0, ...this.epochEnd }] }],
    };
  }

  private async answerFetch(nodeId: number, body: FetchRequestInput, signal?: AbortSignal): Promise<unknown> {
    await this.waits.delay(1, signal);
    const offset = body.topics[0]?.partitions[0]?.fetchOffset;
    if (offset === undefined)
      return { throttleTimeMs: 0, errorCode: 0, sessionId: 0, responses: [], nodeEndpoints: [] };
    this.asked.push({ nodeId, api: "Fetch", offset });
    const answer = this.fetch(nodeId, offset);
    const part = {
      partitionIndex: 0,
      errorCode: answer.errorCode ?? 0,
      highWatermark: 100,
      lastStableOffset: 100,
      logStartOffset: 0,
      divergingEpoch: { epoch: -1, endOffset: -1 },
      currentLeader: answer.currentLeader ?? { leaderId: -1, leaderEpoch: -1 },
      snapshotId: { endOffset: -1, epoch: -1 },
      abortedTransactions: null,
      preferredReadReplica: answer.preferredReadReplica ?? -1,
      records: this.batch(offset, answer.values ?? []),
    };
    return {
      throttleTimeMs: 0,
      errorCode: 0,
      sessionId: 0,
      responses: [{ topic: "", topicId: ID, partitions: [part] }],
      nodeEndpoints: [],
    };
  }

  private batch(baseOffset: number, values: readonly string[]): Buffer {
    if (values.length === 0) return Buffer.alloc(0);
    const builder = new RecordBatchBuilder({ baseOffset, partitionLeaderEpoch: this.batchEpoch });
    for (const value of values) builder.append({ timestamp: 1, value: Buffer.from(value) });
    return builder.build();
  }
}

async function reading(script: ScriptedCluster, options: ConsumerOptions = {}): Promise<Consumer> {
  const consumer = new Consumer(script.asCluster(), { autoOffsetReset: "earliest", fetchMaxWaitMs: 1, ...options });
  await consumer.assign([AT]);
  return consumer;
}

async function next(consumer: Consumer): Promise<string> {
  const [record] = await consumer.poll({ maxRecords: 1, timeoutMs: 5_000 });
  return String(record!.value);
}

describe("replicas near by (KIP-392)", () => {
  test("the leader names a replica, which is read from until it answers OFFSET_OUT_OF_RANGE", async () => {
    const script = new ScriptedCluster();
    script.fetch = (nodeId, offset) => {
      if (nodeId === 1) return offset < 2 ? { preferredReadReplica: 3 } : { values: [`leader ${offset}`] };
      return offset < 2 ? { values: [`near ${offset}`] } : { errorCode: errorCodes.OFFSET_OUT_OF_RANGE };
    };
    await using consumer = await reading(script, { prefetchBytes: 1, clientRack: "here" });
    assert.deepEqual(
      [await next(consumer), await next(consumer), await next(consumer)],
      ["near 0", "near 1", "leader 2"],
    );
    assert.deepEqual(script.fetches().slice(0, 5), ["1@0", "3@0", "3@1", "3@2", "1@2"]);
    assert.equal(await consumer.position(AT), 3, "no reset");
  });
});

describe("leaders that change", () => {
  test("NOT_LEADER tells the new one, which is asked at once (KIP-951)", async () => {
    const script = new ScriptedCluster();
    script.fetch = (nodeId, offset) =>
      nodeId === 1 && offset === 1
        ? { errorCode: errorCodes.NOT_LEADER_OR_FOLLOWER, currentLeader: { leaderId: 2, leaderEpoch: 2 } }
        : { values: [`${nodeId}: ${offset}`] };
    await using consumer = await reading(script, { prefetchBytes: 1 });
    assert.deepEqual([await next(consumer), await next(consumer)], ["1: 0", "2: 1"]);
    const validations = script.asked.filter(({ api }) => api === "OffsetForLeaderEpoch");
    assert.deepEqual(validations, [{ nodeId: 2, api: "OffsetForLeaderEpoch", epoch: 1 }], "the position was confirmed");
  });

  test("the new leader's log was cut: what was read is read anew from where they part (KIP-320)", async () => {
    const script = new ScriptedCluster();
    script.fetch = (nodeId, offset) => ({ values: [`${nodeId}: ${offset}`] });
    await using consumer = await reading(script, { prefetchBytes: 1 });
    for (let count = 0; count < 5; count++) await next(consumer);
    script.epochEnd = { endOffset: 3, leaderEpoch: 1 };
    script.batchEpoch = 2;
    script.lead({ leaderId: 2, leaderEpoch: 2 });
    assert.equal(await next(consumer), "2: 3");
  });

  test("the same without a reset: the application is told, and seeks", async () => {
    const script = new ScriptedCluster();
    script.fetch = (nodeId, offset) => ({ values: [`${nodeId}: ${offset}`] });
    await using consumer = await reading(script, { prefetchBytes: 1, autoOffsetReset: "none" });
    consumer.seek(AT, 0);
    for (let count = 0; count < 5; count++) await next(consumer);
    script.epochEnd = { endOffset: 3, leaderEpoch: 1 };
    script.lead({ leaderId: 2, leaderEpoch: 2 });
    await assert.rejects(next(consumer), (error) => error instanceof KafkaError && error.code === "LOG_TRUNCATION");
    consumer.seek(AT, 3);
    assert.equal(await next(consumer), "2: 3");
  });

  test("what was fetched ahead from the old leader and cut off is never delivered", async () => {
    const script = new ScriptedCluster();
    script.fetch = (nodeId, offset) => ({
      values: offset < 6 ? [`${nodeId}: ${offset}`, `${nodeId}: ${offset + 1}`] : [],
    });
    await using consumer = await reading(script);
    assert.equal(await next(consumer), "1: 0");
    while (!script.fetches().includes("1@6")) await new Promise((resolve) => setTimeout(resolve, 1));
    script.epochEnd = { endOffset: 1, leaderEpoch: 1 };
    script.batchEpoch = 2;
    script.lead({ leaderId: 2, leaderEpoch: 2 });
    const values = [];
    for (let count = 0; count < 5; count++) values.push(await next(consumer));
    assert.deepEqual(values, ["2: 1", "2: 2", "2: 3", "2: 4", "2: 5"]);
  });
});

describe("partitions that are paused", () => {
  test("what was fetched ahead is dropped while a new leader confirms the position: it goes on after resume", async () => {
    const script = new ScriptedCluster();
    script.fetch = (nodeId, offset) => ({ values: [`${nodeId}: ${offset}`, `${nodeId}: ${offset + 1}`] });
    await using consumer = await reading(script, { prefetchBytes: 1 });
    assert.equal(await next(consumer), "1: 0");
    consumer.pause(AT);
    const gate = Promise.withResolvers<void>();
    script.epochGate = gate.promise;
    script.lead({ leaderId: 2, leaderEpoch: 2 });
    while (!script.asked.some(({ api }) => api === "OffsetForLeaderEpoch"))
      await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    gate.resolve();
    consumer.resume(AT);
    assert.equal(await next(consumer), "2: 1");
  });
});

describe("fetching ahead", () => {
  test("goes on while the application works, and stays within the budget", async () => {
    const script = new ScriptedCluster();
    const value = "x".repeat(100);
    script.fetch = () => ({ values: [value] });
    await using consumer = await reading(script, { prefetchBytes: 2_000, maxPartitionFetchBytes: 200 });
    await next(consumer);
    let before = -1;
    while (script.fetches().length !== before) {
      before = script.fetches().length;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.ok(before >= 2 && before <= 4, `${before} fetches while one record was in work`);
    for (let count = 0; count < 20; count++) await next(consumer);
    assert.ok(script.fetches().length > before);
  });
});
