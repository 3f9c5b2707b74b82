// Images: versions that share memory, replay of every kind of record, deltas, and records that make the same image again.

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { ImageDraft } from "../src/image/image-draft.ts";
import { imageRecords } from "../src/image/image-records.ts";
import { MetadataImage } from "../src/image/metadata-image.ts";
import { MetadataReplayError, replay } from "../src/image/replay.ts";
import { MapDraft, VersionedMap } from "../src/image/versioned-map.ts";
import { makeRecord } from "../src/records/metadata-record.ts";
import type { MetadataRecord, RecordValue } from "../src/records/metadata-record.ts";
import { broker, config, directoryOf, extend, imageOf, partition, topic, topicId } from "./image-fixtures.ts";

const TOPIC = 2;
const BROKER = 4;

function partitionChange(
  number: number,
  partitionId: number,
  change: Partial<RecordValue<"partitionChange">>,
): MetadataRecord {
  const nothing = {
    isr: null,
    leader: -2,
    replicas: null,
    removingReplicas: null,
    addingReplicas: null,
    leaderRecoveryState: -1,
    directories: null,
    eligibleLeaderReplicas: null,
    lastKnownElr: null,
  };
  return makeRecord("partitionChange", { topicId: topicId(number), partitionId, ...nothing, ...change }, 2);
}

function registrationChange(id: number, change: Partial<RecordValue<"brokerRegistrationChange">>): MetadataRecord {
  const nothing = { fenced: 0, inControlledShutdown: 0, logDirs: [], cordonedLogDirs: null };
  return makeRecord("brokerRegistrationChange", { brokerId: id, brokerEpoch: 100 + id, ...nothing, ...change }, 3);
}

describe("a versioned map", () => {
  test("versions do not see each other's changes", () => {
    const draft = new MapDraft(VersionedMap.empty<number>());
    for (let index = 0; index < 10_000; index++) draft.set(`key${index}`, index);
    const one = draft.finish();
    const second = new MapDraft(one);
    second.set("key5", -5);
    second.delete("key6");
    second.set("new", 1);
    const two = second.finish();
    assert.deepEqual([one.get("key5"), one.get("key6"), one.get("new"), one.size], [5, 6, undefined, 10_000]);
    assert.deepEqual([two.get("key5"), two.get("key6"), two.get("new"), two.size], [-5, undefined, 1, 10_000]);
  });

  test("a change copies one shard of many", () => {
    const draft = new MapDraft(VersionedMap.empty<number>());
    for (let index = 0; index < 10_000; index++) draft.set(`key${index}`, index);
    const one = draft.finish();
    const second = new MapDraft(one);
    second.set("key5", -5);
    const two = second.finish();
    const copied = one.shards.filter((shard, index) => shard !== two.shards[index]);
    assert.equal(copied.length, 1);
    assert(copied[0]!.size < 60);
  });

  test("nothing changed gives the same version, and deleting what is not there changes nothing", () => {
    const draft = new MapDraft(VersionedMap.empty<number>());
    draft.set("a", 1);
    const one = draft.finish();
    const second = new MapDraft(one);
    second.delete("b");
    assert.equal(second.finish(), one);
  });

  test("entries and values are all there", () => {
    const draft = new MapDraft(VersionedMap.empty<number>());
    for (const [key, value] of [
      ["a", 1],
      ["b", 2],
      ["c", 3],
    ] as const)
      draft.set(key, value);
    draft.delete("b");
    assert.deepEqual(
      new Map(draft.finish().entries()),
      new Map([
        ["a", 1],
        ["c", 3],
      ]),
    );
    assert.deepEqual(new Set(draft.finish().values()), new Set([1, 3]));
  });
});

describe("replay", () => {
  test("a topic is found by name and id with its partitions", () => {
    const image = imageOf(broker(1), topic(1, "t"), partition(1, 0, [1]), partition(1, 1, [1]));
    assert.equal(image.topic("t")!.id, topicId(1));
    assert.equal(image.topicById(topicId(1))!.partitions.length, 2);
    assert.deepEqual(image.partition("t", 1), {
      replicas: [1],
      directories: [directoryOf(1)],
      isr: [1],
      removingReplicas: [],
      addingReplicas: [],
      eligibleLeaderReplicas: [],
      lastKnownElr: [],
      leader: 1,
      leaderRecoveryState: 0,
      leaderEpoch: 0,
      partitionEpoch: 0,
    });
    assert.equal(image.partition("t", 2), undefined);
  });

  test("a change raises the partition epoch, and naming a leader the leader epoch, even the same leader", () => {
    const image = imageOf(topic(1, "t"), partition(1, 0, [1, 2]));
    const shrunk = extend(image, partitionChange(1, 0, { isr: [1] })).partition("t", 0)!;
    assert.deepEqual([shrunk.isr, shrunk.leader, shrunk.leaderEpoch, shrunk.partitionEpoch], [[1], 1, 0, 1]);
    const same = extend(image, partitionChange(1, 0, { leader: 1 })).partition("t", 0)!;
    assert.deepEqual([same.leader, same.leaderEpoch, same.partitionEpoch], [1, 1, 1]);
    assert.deepEqual(image.partition("t", 0)!.isr, [1, 2]);
  });

  test("replicas that move keep their directories", () => {
    const image = imageOf(topic(1, "t"), partition(1, 0, [1, 2]));
    const moved = extend(image, partitionChange(1, 0, { replicas: [2, 3] })).partition("t", 0)!;
    assert.deepEqual(moved.directories, [directoryOf(2), "AAAAAAAAAAAAAAAAAAAAAQ"]);
  });

  test("a partition from before directories has migrating ones", () => {
    const image = imageOf(topic(1, "t"), partition(1, 0, [1], { directories: [] }));
    assert.deepEqual(image.partition("t", 0)!.directories, ["AAAAAAAAAAAAAAAAAAAAAA"]);
  });

  test("clearing ELRs reaches one topic or all, and only partitions that have some", () => {
    const elr = { isr: [], eligibleLeaderReplicas: [1], lastKnownElr: [1] };
    const image = imageOf(
      topic(1, "a"),
      partition(1, 0, [1], elr),
      topic(2, "b"),
      partition(2, 0, [1], elr),
      partition(2, 1, [1]),
    );
    const one = extend(image, makeRecord("clearElr", { topicName: "a" }));
    assert.deepEqual(one.partition("a", 0)!.eligibleLeaderReplicas, []);
    assert.deepEqual(one.partition("b", 0)!.eligibleLeaderReplicas, [1]);
    const all = extend(image, makeRecord("clearElr", { topicName: "" }));
    assert.deepEqual(all.partition("b", 0)!.lastKnownElr, []);
    assert.equal(all.partition("b", 1), image.partition("b", 1));
  });

  test("a removed topic takes its configs and its collisions with it", () => {
    const image = imageOf(topic(1, "a.b"), partition(1, 0, [1]), config(TOPIC, "a.b", "retention.ms", "1"));
    assert.equal(image.collidingTopic("a_b"), "a.b");
    const gone = extend(image, makeRecord("removeTopic", { topicId: topicId(1) }));
    assert.deepEqual(
      [gone.topic("a.b"), gone.topicById(topicId(1)), gone.collidingTopic("a_b")],
      [undefined, undefined, undefined],
    );
    assert.equal(gone.topicConfigs("a.b").size, 0);
    assert.equal(gone.parts.configs.size, 0);
  });

  test("configs are set and deleted one by one", () => {
    const image = imageOf(config(BROKER, "1", "a", "1"), config(BROKER, "1", "b", "2"), config(BROKER, "1", "a", null));
    assert.deepEqual(image.configs(BROKER, "1"), new Map([["b", "2"]]));
  });

  test("a broker is fenced, unfenced, about to stop, unregistered", () => {
    const image = imageOf(broker(1, { fenced: true }));
    const unfenced = extend(image, makeRecord("unfenceBroker", { id: 1, epoch: 101 }));
    assert.equal(unfenced.broker(1)!.fenced, false);
    assert.equal(extend(unfenced, makeRecord("fenceBroker", { id: 1, epoch: 101 })).broker(1)!.fenced, true);
    assert.equal(extend(image, registrationChange(1, { fenced: -1 })).broker(1)!.fenced, false);
    assert.equal(extend(unfenced, registrationChange(1, { fenced: 1 })).broker(1)!.fenced, true);
    const stopping = extend(unfenced, registrationChange(1, { inControlledShutdown: 1 })).broker(1)!;
    assert.deepEqual([stopping.inControlledShutdown, stopping.fenced], [true, false]);
    const cordoned = extend(image, registrationChange(1, { cordonedLogDirs: [directoryOf(1)] })).broker(1)!;
    assert.deepEqual([cordoned.cordonedLogDirs, cordoned.logDirs], [[directoryOf(1)], [directoryOf(1)]]);
    assert.equal(extend(image, makeRecord("unregisterBroker", { brokerId: 1, brokerEpoch: 101 })).broker(1), undefined);
  });

  test("a feature of level 0 is gone", () => {
    const image = imageOf(makeRecord("featureLevel", { name: "group.version", featureLevel: 0 }));
    assert.equal(image.feature("group.version"), 0);
    assert.equal(image.features().has("group.version"), false);
  });

  const damaged: [sentence: string, record: MetadataRecord][] = [
    ["a topic twice by name", topic(9, "t")],
    ["a topic twice by id", topic(1, "u")],
    ["a partition of no topic", partition(8, 0, [1])],
    ["a partition behind a gap", partition(1, 2, [1])],
    ["a change of no partition", partitionChange(1, 1, { isr: [] })],
    ["a change of no topic", partitionChange(8, 0, { isr: [] })],
    ["the end of no topic", makeRecord("removeTopic", { topicId: topicId(8) })],
    ["clearing ELRs of no topic", makeRecord("clearElr", { topicName: "u" })],
    ["fencing no broker", makeRecord("fenceBroker", { id: 8, epoch: 1 })],
    ["fencing a former registration", makeRecord("fenceBroker", { id: 1, epoch: 1 })],
    ["unregistering a former registration", makeRecord("unregisterBroker", { brokerId: 1, brokerEpoch: 1 })],
  ];
  for (const [sentence, record] of damaged) {
    test(`${sentence} means a damaged log`, () => {
      assert.throws(() => extend(imageOf(broker(1), topic(1, "t"), partition(1, 0, [1])), record), MetadataReplayError);
    });
  }
});

describe("a delta", () => {
  const deltaOf = (before: MetadataImage, ...records: MetadataRecord[]) => {
    const draft = new ImageDraft(before);
    for (const record of records) replay(draft, record);
    return draft.finish(before.offset + records.length, 1).delta;
  };
  const image = imageOf(broker(1), topic(1, "a"), partition(1, 0, [1]), topic(2, "b"), partition(2, 0, [1]));

  test("lists what was created, changed and removed", () => {
    const delta = deltaOf(
      image,
      topic(3, "c"),
      partition(3, 0, [1]),
      partition(1, 1, [1]),
      makeRecord("removeTopic", { topicId: topicId(2) }),
    );
    assert.deepEqual(
      delta.createdTopics.map(({ name }) => name),
      ["c"],
    );
    assert.deepEqual(
      delta.changedTopics.map(({ before, after }) => [before.partitions.length, after.partitions.length]),
      [[1, 2]],
    );
    assert.deepEqual(
      delta.removedTopics.map(({ name }) => name),
      ["b"],
    );
    assert.equal(delta.before, image);
    assert.equal(delta.after.topicCount, 2);
  });

  test("a topic that came and went is nowhere", () => {
    const delta = deltaOf(image, topic(3, "c"), makeRecord("removeTopic", { topicId: topicId(3) }));
    assert.deepEqual([delta.createdTopics, delta.changedTopics, delta.removedTopics], [[], [], []]);
  });

  test("a topic made anew under its name is removed and created", () => {
    const delta = deltaOf(
      image,
      makeRecord("removeTopic", { topicId: topicId(1) }),
      topic(4, "a"),
      partition(4, 0, [1]),
    );
    assert.deepEqual(
      delta.removedTopics.map(({ id }) => id),
      [topicId(1)],
    );
    assert.deepEqual(
      delta.createdTopics.map(({ id }) => id),
      [topicId(4)],
    );
  });

  test("configs of created topics are not listed apart, others are", () => {
    const delta = deltaOf(
      image,
      topic(3, "c"),
      config(TOPIC, "c", "retention.ms", "1"),
      config(TOPIC, "a", "retention.ms", "1"),
      config(BROKER, "", "x", "1"),
    );
    assert.deepEqual(delta.changedConfigs, [
      { type: TOPIC, name: "a" },
      { type: BROKER, name: "" },
    ]);
  });

  test("brokers and features are noticed", () => {
    assert.deepEqual(deltaOf(image, broker(2)).changedBrokers, [2]);
    assert.equal(
      deltaOf(image, makeRecord("featureLevel", { name: "share.version", featureLevel: 0 })).featuresChanged,
      true,
    );
    assert.equal(deltaOf(image, broker(2)).featuresChanged, false);
  });
});

test("the records of an image make the same image", () => {
  const image = imageOf(
    broker(1, { rack: "r", cordonedLogDirs: [] }),
    broker(2, { fenced: true, inControlledShutdown: true }),
    topic(1, "a"),
    partition(1, 0, [1, 2], { leader: 2, isr: [2], leaderEpoch: 4, partitionEpoch: 9 }),
    partition(1, 1, [2, 1], {
      leader: -1,
      isr: [],
      eligibleLeaderReplicas: [1],
      lastKnownElr: [2],
      leaderRecoveryState: 1,
    }),
    config(TOPIC, "a", "retention.ms", "5"),
    config(BROKER, "", "min.insync.replicas", "1"),
    makeRecord("producerIds", { brokerId: 1, brokerEpoch: 101, nextProducerId: 3000 }),
    { kind: "verbatim", apiKey: 11, frame: Buffer.from([1, 11, 0, 1, 2, 3]) },
  );
  const again = extend(MetadataImage.empty(), ...imageRecords(image));
  assert.deepEqual({ ...again.parts, offset: 0 }, { ...image.parts, offset: 0 });
});
