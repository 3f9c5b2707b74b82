// Groups of members against a broker: they come and go, come back as the same static member, follow a pattern, share a group with another client.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Kafka as KafkaJs, logLevel } from "kafkajs";
import type { MembershipOptions } from "../src/consumer/group/create-membership.ts";
import { resolveAssignors } from "../src/consumer/group/assignors/resolve-assignors.ts";
import { createTopics } from "./support/created-topics.ts";
import { allRead, GroupReader, partitionsOf, until } from "./support/group-reader.ts";
import { startTarget } from "./target.ts";
import type { Target } from "./target.ts";

// The shortest intervals, so that nobody waits for heartbeats; another broker has its own.
const overrides = {
  "group.consumer.heartbeat.interval.ms": "50",
  "group.consumer.min.heartbeat.interval.ms": "50",
  "group.consumer.assignment.interval.ms": "0",
  "group.consumer.min.assignment.interval.ms": "0",
  "group.initial.rebalance.delay.ms": "0",
};

interface Kind {
  readonly name: string;
  readonly options: Partial<MembershipOptions>;
}

const kinds: readonly Kind[] = [
  { name: "eager", options: { assignors: ["range"] } },
  { name: "cooperative", options: { assignors: ["cooperative-sticky"] } },
  { name: "consumer", options: { groupProtocol: "consumer" } },
];

class TestGroup implements AsyncDisposable {
  readonly readers: GroupReader[] = [];
  readonly groupId: string;
  private readonly target: Target;
  private readonly options: Partial<MembershipOptions>;

  constructor(target: Target, options: Partial<MembershipOptions>) {
    this.target = target;
    this.groupId = target.topicName("group");
    this.options = options;
  }

  join(more: Partial<MembershipOptions> = {}): GroupReader {
    const { groupId, options } = this;
    const reader = new GroupReader(this.target.cluster(), { groupId, heartbeatIntervalMs: 50, ...options, ...more });
    this.readers.push(reader);
    return reader;
  }

  /** Each partition is read by one, and everybody has their share. */
  async isShared(partitions: readonly string[], least = 1): Promise<void> {
    const isSo = (): boolean =>
      allRead(this.readers, partitions) && this.readers.every(({ reading }) => reading.size >= least);
    await until(this.readers, isSo, `${partitions.length} partitions shared by ${this.readers.length}`);
  }

  async leave(reader: GroupReader): Promise<void> {
    this.readers.splice(this.readers.indexOf(reader), 1);
    await reader.membership.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.readers.map(({ membership }) => membership.close()));
    for (const { failure } of this.readers) assert.equal(failure, null);
  }
}

async function topicOf(target: Target, base: string, partitions: number): Promise<string> {
  const topic = target.topicName(base);
  await createTopics(target.kafka().admin(), [{ name: topic, partitions }]);
  return topic;
}

test("a static member goes away instead of giving up partitions; they get an owner all the same", async () => {
  await using target = await startTarget({ overrides });
  const topic = await topicOf(target, "orders", 4);
  await using group = new TestGroup(target, { assignors: ["cooperative-sticky"] });
  const first = group.join({ groupInstanceId: "static-1" }).subscribe([topic]);
  await group.isShared(partitionsOf(topic, 4));
  const asked = Promise.withResolvers<void>();
  first.hook = (call) => {
    if (call === "revoked") asked.resolve();
    return call === "revoked" ? new Promise<void>(() => {}) : undefined;
  };
  group.join().subscribe([topic]);
  await asked.promise;
  group.readers.splice(0, 1);
  await first.membership.close({ leaveGroup: false });
  group.join({ groupInstanceId: "static-1" }).subscribe([topic]);
  await group.isShared(partitionsOf(topic, 4), 2);
});

for (const { name, options } of kinds) {
  describe(`${name} members`, () => {
    test("one after the other up to eight, then down to one", async () => {
      await using target = await startTarget({ overrides });
      const topic = await topicOf(target, "orders", 12);
      const all = partitionsOf(topic, 12);
      await using group = new TestGroup(target, options);
      for (let count = 1; count <= 8; count++) {
        group.join().subscribe([topic]);
        await group.isShared(all);
      }
      while (group.readers.length > 1) {
        await group.leave(group.readers[0]!);
        await group.isShared(all);
      }
    });

    test("a static member that comes back has what it had, and nobody notices", async () => {
      await using target = await startTarget({ overrides });
      const topic = await topicOf(target, "orders", 4);
      await using group = new TestGroup(target, options);
      const other = group.join().subscribe([topic]);
      const first = group.join({ groupInstanceId: "static-1" }).subscribe([topic]);
      await group.isShared(partitionsOf(topic, 4));
      const before = [...first.reading].toSorted();
      const { generationId } = other.membership.groupMetadata();
      await group.leave(first);
      group.join({ groupInstanceId: "static-1" }).subscribe([topic]);
      await group.isShared(partitionsOf(topic, 4));
      assert.deepEqual([...group.readers[1]!.reading].toSorted(), before);
      assert.equal(other.membership.groupMetadata().generationId, generationId, "no rebalance");
    });

    test("a pattern follows new topics, and leaves others alone", async () => {
      await using target = await startTarget({ overrides });
      const first = await topicOf(target, "follow-1", 2);
      await topicOf(target, "other", 2);
      await using group = new TestGroup(target, options);
      const cluster = target.cluster({ metadataMaxAgeMs: 100 });
      const reader = new GroupReader(cluster, { groupId: group.groupId, heartbeatIntervalMs: 50, ...options });
      group.readers.push(reader);
      reader.subscribe(new RegExp(`^${target.topicName("follow-\\d")}$`));
      await group.isShared(partitionsOf(first, 2));
      const second = await topicOf(target, "follow-2", 1);
      await group.isShared([...partitionsOf(first, 2), ...partitionsOf(second, 1)]);
    });

    test("a topic that is not there yet is read when it is made, and its new partitions when it grows", async () => {
      await using target = await startTarget({ overrides: { ...overrides, "auto.create.topics.enable": "false" } });
      const topic = target.topicName("later");
      await using group = new TestGroup(target, options);
      const cluster = target.cluster({ metadataMaxAgeMs: 100, allowAutoTopicCreation: false });
      const reader = new GroupReader(cluster, { groupId: group.groupId, heartbeatIntervalMs: 50, ...options });
      group.readers.push(reader.subscribe([topic]));
      await reader.membership.committed([]);
      await createTopics(target.kafka().admin(), [{ name: topic, partitions: 1 }]);
      await group.isShared(partitionsOf(topic, 1));
      await target
        .kafka()
        .admin()
        .createPartitions([{ topic, count: 3 }]);
      await group.isShared(partitionsOf(topic, 3));
    });

    test("a member that unsubscribes gives back, and may come again", async () => {
      await using target = await startTarget({ overrides });
      const topic = await topicOf(target, "orders", 4);
      await using group = new TestGroup(target, options);
      const one = group.join().subscribe([topic]);
      const other = group.join().subscribe([topic]);
      await group.isShared(partitionsOf(topic, 4));
      await one.membership.unsubscribe();
      assert.equal(one.reading.size, 0);
      assert.deepEqual(one.membership.groupMetadata().generationId, -1);
      await until([other], () => allRead([other], partitionsOf(topic, 4)), "the other has all");
      one.subscribe([topic]);
      await group.isShared(partitionsOf(topic, 4), 2);
    });
  });
}

describe("members of both kinds", () => {
  test("a broker's pattern finds the topics that there are", async () => {
    await using target = await startTarget({ overrides });
    const topic = await topicOf(target, "served-1", 2);
    const second = await topicOf(target, "served-2", 1);
    await topicOf(target, "unserved", 1);
    await using group = new TestGroup(target, { groupProtocol: "consumer" });
    group.join().subscribe({ kind: "serverPattern", pattern: target.topicName("served-.*") });
    await group.isShared([...partitionsOf(topic, 2), ...partitionsOf(second, 1)]);
  });

  test("a group goes from the classic to the consumer protocol and back while it reads", async () => {
    await using target = await startTarget({
      overrides: { ...overrides, "group.consumer.migration.policy": "bidirectional" },
    });
    const topic = await topicOf(target, "orders", 6);
    const all = partitionsOf(topic, 6);
    await using group = new TestGroup(target, { assignors: ["cooperative-sticky"] });
    const classic = group.join().subscribe([topic]);
    await group.isShared(all);
    const consumer = group.join({ groupProtocol: "consumer" }).subscribe([topic]);
    await group.isShared(all);
    await group.leave(classic);
    await group.isShared(all);
    group.join().subscribe([topic]);
    await group.isShared(all);
    await group.leave(consumer);
    await group.isShared(all);
  });

  test("range and cooperative-sticky members share what they have in common", async () => {
    await using target = await startTarget({ overrides });
    const topic = await topicOf(target, "orders", 4);
    await using group = new TestGroup(target, {});
    group.join({ assignors: ["range", "cooperative-sticky"] }).subscribe([topic]);
    group.join({ assignors: ["range"] }).subscribe([topic]);
    await group.isShared(partitionsOf(topic, 4), 2);
  });

  test("a member without an assignor in common is told so", async () => {
    await using target = await startTarget({ overrides });
    const topic = await topicOf(target, "orders", 4);
    await using group = new TestGroup(target, {});
    const one = group.join({ assignors: ["range"] }).subscribe([topic]);
    await group.isShared(partitionsOf(topic, 4));
    const other = group.join({ assignors: ["roundrobin"] }).subscribe([topic]);
    await until([one, other], () => other.failure !== null, "the other one fails");
    assert.equal(other.failure?.code, "INCONSISTENT_GROUP_PROTOCOL");
    await group.leave(other);
  });

  test("a group is shared with kafkajs, whoever leads it", async () => {
    await using target = await startTarget({ overrides });
    const topic = await topicOf(target, "orders", 4);
    const roundRobin = resolveAssignors(["roundrobin"]).assignors[0]!;
    // kafkajs has a name of its own for it.
    const assignors = [{ ...roundRobin, name: "RoundRobinAssigner" }];
    for (const oursFirst of [true, false]) {
      const group = new TestGroup(target, { assignors });
      const peer = new KafkaJs({ brokers: [target.bootstrap], logLevel: logLevel.NOTHING }).consumer({
        groupId: group.groupId,
        heartbeatInterval: 50,
        maxWaitTimeInMs: 50,
        rebalanceTimeout: 10_000,
      });
      let theirs: number[] = [];
      const { promise: shared, resolve } = Promise.withResolvers<void>();
      peer.on(peer.events.GROUP_JOIN, ({ payload }) => {
        theirs = payload.memberAssignment[topic] ?? [];
        if (theirs.length === 2) resolve();
      });
      const startPeer = async (): Promise<void> => {
        await peer.connect();
        await peer.subscribe({ topic });
        await peer.run({ eachMessage: () => Promise.resolve() });
      };
      if (!oursFirst) await startPeer();
      const ours = group.join().subscribe([topic]);
      if (oursFirst) {
        await group.isShared(partitionsOf(topic, 4));
        await startPeer();
      }
      await shared;
      await until([ours], () => ours.reading.size === 2, "two partitions are ours");
      const all = [...ours.reading, ...theirs.map((partition) => `${topic}-${partition}`)];
      assert.deepEqual(all.toSorted(), partitionsOf(topic, 4));
      await peer.disconnect();
      await group.isShared(partitionsOf(topic, 4));
      await group[Symbol.asyncDispose]();
    }
  });
});
