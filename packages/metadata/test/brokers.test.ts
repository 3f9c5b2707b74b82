// Brokers that come, are let in, stop and crash; where replicas go; producer ids. What a single restarted Kafka 4.3 records is the model:
// the last known leader and the eligible replicas of KIP-966 are in the expected records.

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { SeededRandom } from "@ottla/base";
import { errorName } from "@ottla/protocol";
import type { BrokerRegistrationRequest } from "@ottla/protocol/messages/62-broker-registration.ts";
import {
  decideAllocateProducerIds,
  decideRegisterBroker,
  decideStopBroker,
  decideUnfenceBroker,
} from "../src/controller/decide-brokers.ts";
import { changePartition } from "../src/controller/partition-change.ts";
import type { PartitionSituation } from "../src/controller/partition-change.ts";
import { placeReplicas } from "../src/controller/placement.ts";
import type { PartitionImage } from "../src/image/image-types.ts";
import type { MetadataImage } from "../src/image/metadata-image.ts";
import { supportedFeatures } from "../src/records/feature-levels.ts";
import { makeRecord } from "../src/records/metadata-record.ts";
import type { MetadataRecord } from "../src/records/metadata-record.ts";
import {
  broker,
  config,
  contextOf,
  directoryOf,
  extend,
  imageOf,
  lines,
  partition,
  topic,
  topicId,
} from "./image-fixtures.ts";

const minimum = config(4, "", "min.insync.replicas", "1");

function registration(brokerId: number, traits: Partial<BrokerRegistrationRequest> = {}): BrokerRegistrationRequest {
  return {
    brokerId,
    clusterId: "cluster",
    incarnationId: Buffer.alloc(16, 200).toString("base64url"),
    listeners: [{ name: "PLAINTEXT", host: "h", port: 9092, securityProtocol: 0 }],
    features: [...supportedFeatures],
    rack: null,
    isMigratingZkBroker: false,
    logDirs: [directoryOf(brokerId)],
    previousBrokerEpoch: -1,
    ...traits,
  };
}

const register = (image: MetadataImage, brokerId: number, traits: Partial<BrokerRegistrationRequest> = {}) =>
  decideRegisterBroker(registration(brokerId, traits), "cluster", contextOf(image));
/** Partition changes without their topic, as `partition: what changed`. */
const changes = (records: readonly MetadataRecord[]): string[] =>
  lines(records.filter(({ kind }) => kind === "partitionChange")).map((line) =>
    line.replace(/^partitionChange \{"topicId":"[^"]*","partitionId":(\d+),?/, "$1: {"),
  );

describe("registration", () => {
  test("a new broker is fenced, with the offset of its record as epoch", () => {
    const { records, response } = register(imageOf(), 1, { rack: "r" });
    assert.deepEqual(response, { errorCode: 0, errorMessage: null, brokerEpoch: 1000 });
    assert.equal(records.length, 1);
    const { features, ...value } = (records[0] as { value: Record<string, unknown> }).value;
    assert.deepEqual(value, {
      brokerId: 1,
      isMigratingZkBroker: false,
      incarnationId: registration(1).incarnationId,
      brokerEpoch: 1000,
      endPoints: [{ name: "PLAINTEXT", host: "h", port: 9092, securityProtocol: 0 }],
      rack: "r",
      fenced: true,
      inControlledShutdown: false,
      logDirs: [directoryOf(1)],
      cordonedLogDirs: null,
    });
    assert.deepEqual(features, supportedFeatures);
  });

  test("the same process keeps epoch and state when it registers again", () => {
    const { records, response } = register(imageOf(broker(1)), 1, {
      incarnationId: Buffer.alloc(16, 1).toString("base64url"),
    });
    assert.equal(response.brokerEpoch, 101);
    assert.equal(records.length, 1);
    assert.match(lines(records)[0]!, /"brokerEpoch":101.*"fenced":false/);
  });

  const refused: [sentence: string, image: MetadataImage, traits: Partial<BrokerRegistrationRequest>, error: string][] =
    [
      ["of another cluster", imageOf(), { clusterId: "other" }, "INCONSISTENT_CLUSTER_ID"],
      ["of a broker from ZooKeeper", imageOf(), { isMigratingZkBroker: true }, "BROKER_ID_NOT_REGISTERED"],
      ["without a folder", imageOf(), { logDirs: [] }, "INVALID_REGISTRATION"],
      ["with a reserved folder id", imageOf(), { logDirs: ["AAAAAAAAAAAAAAAAAAAAAQ"] }, "INVALID_REGISTRATION"],
      ["with one folder twice", imageOf(), { logDirs: [directoryOf(1), directoryOf(1)] }, "INVALID_REGISTRATION"],
      ["with the folder of another broker", imageOf(broker(2)), { logDirs: [directoryOf(2)] }, "INVALID_REGISTRATION"],
      ["without metadata.version", imageOf(), { features: [] }, "INVALID_REGISTRATION"],
      [
        "without a finalized feature",
        imageOf(),
        { features: supportedFeatures.filter(({ name }) => name !== "group.version") },
        "UNSUPPORTED_VERSION",
      ],
      [
        "with a metadata.version that is too old",
        imageOf(),
        {
          features: supportedFeatures.map((feature) => ({
            ...feature,
            maxSupportedVersion: Math.min(feature.maxSupportedVersion, 29),
          })),
        },
        "UNSUPPORTED_VERSION",
      ],
    ];
  for (const [sentence, image, traits, error] of refused) {
    test(`refused ${sentence}`, () => {
      const { records, response } = register(image, 1, traits);
      assert.deepEqual([records, response.brokerEpoch, errorName(response.errorCode)], [[], -1, error]);
    });
  }

  test("an older metadata.version gets older records, without folders before KIP-858", () => {
    const version = (level: number) => {
      const image = extend(imageOf(), makeRecord("featureLevel", { name: "metadata.version", featureLevel: level }));
      const record = register(image, 1).records.at(-1) as { version: number; value: { logDirs: string[] } };
      return [record.version, record.value.logDirs.length];
    };
    assert.deepEqual([7, 8, 16, 17, 30].map(version), [
      [1, 0],
      [2, 0],
      [2, 0],
      [3, 1],
      [4, 1],
    ]);
  });
});

describe("the one broker of a cluster", () => {
  const running = imageOf(minimum, broker(1), topic(1, "t"), partition(1, 0, [1]), partition(1, 1, [1]));
  const asked = { brokerId: 1, brokerEpoch: 101 };

  test("stops: its partitions lose their leader, and it stays eligible", () => {
    const { records, response } = decideStopBroker(asked, contextOf(running));
    assert.equal(response.errorCode, 0);
    assert.deepEqual(lines(records), [
      'brokerRegistrationChange {"brokerId":1,"brokerEpoch":101,"fenced":0,"inControlledShutdown":1}',
      `partitionChange {"topicId":"${topicId(1)}","partitionId":0,"isr":[],"leader":-1,"eligibleLeaderReplicas":[1],"lastKnownElr":[1]}`,
      `partitionChange {"topicId":"${topicId(1)}","partitionId":1,"isr":[],"leader":-1,"eligibleLeaderReplicas":[1],"lastKnownElr":[1]}`,
      'brokerRegistrationChange {"brokerId":1,"brokerEpoch":101,"fenced":1,"inControlledShutdown":0}',
    ]);
    const stopped = extend(running, ...records).partition("t", 0)!;
    assert.deepEqual([stopped.isr, stopped.leaderEpoch], [[], 1]);
  });

  test("comes back after a stop as a clean leader", () => {
    const stopped = extend(running, ...decideStopBroker(asked, contextOf(running)).records);
    const registered = register(stopped, 1, { previousBrokerEpoch: 101 });
    assert.deepEqual(changes(registered.records), []);
    const fenced = extend(stopped, ...registered.records);
    const { records } = decideUnfenceBroker({ brokerId: 1, brokerEpoch: 1000 }, contextOf(fenced));
    assert.equal(
      lines(records)[0],
      'brokerRegistrationChange {"brokerId":1,"brokerEpoch":1000,"fenced":-1,"inControlledShutdown":0}',
    );
    assert.deepEqual(changes(records), [
      '0: {"isr":[1],"leader":1,"eligibleLeaderReplicas":[],"lastKnownElr":[]}',
      '1: {"isr":[1],"leader":1,"eligibleLeaderReplicas":[],"lastKnownElr":[]}',
    ]);
    const back = extend(fenced, ...records).partition("t", 0)!;
    assert.deepEqual(
      [back.leader, back.leaderEpoch, back.leaderRecoveryState, back.eligibleLeaderReplicas, back.lastKnownElr],
      [1, 2, 0, [], []],
    );
  });

  test("comes back after a crash as the last known leader, in recovery", () => {
    const registered = register(running, 1);
    assert.deepEqual(changes(registered.records), [
      '0: {"isr":[],"leader":-1,"lastKnownElr":[1]}',
      '1: {"isr":[],"leader":-1,"lastKnownElr":[1]}',
    ]);
    const fenced = extend(running, ...registered.records);
    assert.deepEqual(fenced.partition("t", 0)!.isr, []);
    const { records } = decideUnfenceBroker({ brokerId: 1, brokerEpoch: 1000 }, contextOf(fenced));
    assert.deepEqual(changes(records), [
      '0: {"isr":[1],"leader":1,"leaderRecoveryState":1,"lastKnownElr":[]}',
      '1: {"isr":[1],"leader":1,"leaderRecoveryState":1,"lastKnownElr":[]}',
    ]);
    const back = extend(fenced, ...records).partition("t", 1)!;
    assert.deepEqual([back.leader, back.leaderEpoch, back.isr, back.lastKnownElr], [1, 2, [1], []]);
  });

  test("without ELRs never leaves the ISR", () => {
    const plain = extend(
      running,
      makeRecord("featureLevel", { name: "eligible.leader.replicas.version", featureLevel: 0 }),
    );
    const registered = register(plain, 1);
    assert.deepEqual(changes(registered.records), ['0: {"leader":-1}', '1: {"leader":-1}']);
    const fenced = extend(plain, ...registered.records);
    const { records } = decideUnfenceBroker({ brokerId: 1, brokerEpoch: 1000 }, contextOf(fenced));
    assert.deepEqual(changes(records), ['0: {"leader":1}', '1: {"leader":1}']);
  });

  test("does not lead what lies in a folder that it no longer has", () => {
    const registered = register(running, 1, { logDirs: [directoryOf(5)] });
    const fenced = extend(running, ...registered.records);
    const { records } = decideUnfenceBroker({ brokerId: 1, brokerEpoch: 1000 }, contextOf(fenced));
    assert.deepEqual(changes(records), []);
  });

  test("an old epoch or an unknown broker changes nothing", () => {
    for (const decide of [decideStopBroker, decideUnfenceBroker, decideAllocateProducerIds]) {
      const stale = decide({ brokerId: 1, brokerEpoch: 7 }, contextOf(running));
      assert.deepEqual([stale.records, errorName(stale.response.errorCode)], [[], "STALE_BROKER_EPOCH"]);
      const unknown = decide({ brokerId: 2, brokerEpoch: 7 }, contextOf(running));
      assert.deepEqual([unknown.records, errorName(unknown.response.errorCode)], [[], "BROKER_ID_NOT_REGISTERED"]);
    }
  });

  test("unfencing twice records once", () => {
    assert.deepEqual(decideUnfenceBroker(asked, contextOf(running)), {
      records: [],
      response: { errorCode: 0, errorMessage: null },
    });
  });

  test("producer ids come in blocks of a thousand that nobody had before", () => {
    const first = decideAllocateProducerIds(asked, contextOf(running));
    assert.deepEqual(first.response, { errorCode: 0, errorMessage: null, firstProducerId: 0, count: 1000 });
    assert.deepEqual(lines(first.records), ['producerIds {"brokerId":1,"brokerEpoch":101,"nextProducerId":1000}']);
    const second = decideAllocateProducerIds(asked, contextOf(extend(running, ...first.records)));
    assert.equal(second.response.firstProducerId, 1000);
  });
});

describe("a partition of three replicas", () => {
  const base: PartitionImage = {
    replicas: [1, 2, 3],
    directories: [1, 2, 3].map(directoryOf),
    isr: [1, 2, 3],
    removingReplicas: [],
    addingReplicas: [],
    eligibleLeaderReplicas: [],
    lastKnownElr: [],
    leader: 1,
    leaderRecoveryState: 0,
    leaderEpoch: 5,
    partitionEpoch: 5,
  };
  type Given = Partial<Omit<PartitionSituation, "partition">> & {
    partition?: Partial<PartitionImage>;
    live?: number[];
  };
  const change = ({ partition: given, live = [1, 2, 3], ...situation }: Given) => {
    const result = changePartition({
      partition: { ...base, ...given },
      leaving: null,
      crashed: null,
      minInsyncReplicas: 2,
      keepsElr: true,
      canLead: (id) => live.includes(id) && id !== situation.leaving && id !== situation.crashed,
      ...situation,
    });
    return result === null
      ? null
      : lines([{ kind: "partitionChange", version: 2, value: { topicId: "", partitionId: 0, ...result } }])[0]!.replace(
          'partitionChange {"topicId":"","partitionId":0',
          "",
        );
  };

  const table: [sentence: string, given: Given, expected: string | null][] = [
    ["a follower leaves: the ISR shrinks, the leader stays", { leaving: 3 }, ',"isr":[1,2]}'],
    ["the leader leaves: the next in order leads", { leaving: 1 }, ',"isr":[2,3],"leader":2}'],
    [
      "below the minimum those who leave stay eligible",
      { leaving: 1, partition: { isr: [1, 2] } },
      ',"isr":[2],"leader":2,"eligibleLeaderReplicas":[1]}',
    ],
    [
      "the last one leaves: eligible, and remembered",
      { leaving: 2, partition: { isr: [2], leader: 2, eligibleLeaderReplicas: [1] }, live: [2] },
      ',"isr":[],"leader":-1,"eligibleLeaderReplicas":[1,2],"lastKnownElr":[2]}',
    ],
    [
      "an eligible replica comes back and leads alone",
      { partition: { isr: [], leader: -1, eligibleLeaderReplicas: [1, 2], lastKnownElr: [2] }, live: [1] },
      ',"isr":[1],"leader":1,"eligibleLeaderReplicas":[2],"lastKnownElr":[]}',
    ],
    [
      "nobody who is eligible is alive: it waits",
      { partition: { isr: [], leader: -1, eligibleLeaderReplicas: [1, 2], lastKnownElr: [2] }, live: [3] },
      null,
    ],
    [
      "a crashed replica is eligible no more",
      { crashed: 2, partition: { isr: [], leader: -1, eligibleLeaderReplicas: [1, 2], lastKnownElr: [2] }, live: [] },
      ',"eligibleLeaderReplicas":[1]}',
    ],
    [
      "a crashed member of the ISR is not eligible",
      { crashed: 1, partition: { isr: [1, 2] } },
      ',"isr":[2],"leader":2}',
    ],
    [
      "nobody is eligible: the last known leader comes back, in recovery",
      { partition: { isr: [], leader: -1, lastKnownElr: [3] } },
      ',"isr":[3],"leader":3,"leaderRecoveryState":1,"lastKnownElr":[]}',
    ],
    [
      "nobody is eligible and the last known leader is away: it waits",
      { partition: { isr: [], leader: -1, lastKnownElr: [3] }, live: [1, 2] },
      null,
    ],
    [
      "a leaderless partition whose ISR came back is led again",
      { partition: { isr: [2, 3], leader: -1 } },
      ',"leader":2}',
    ],
    ["the leader that can lead stays, though it is not preferred", { partition: { leader: 3 } }, null],
    [
      "without ELRs the last one stays in the ISR",
      { leaving: 1, keepsElr: false, partition: { isr: [1] } },
      ',"leader":-1}',
    ],
    [
      "without ELRs no eligible replicas are recorded",
      { leaving: 1, keepsElr: false, partition: { isr: [1, 2] } },
      ',"isr":[2],"leader":2}',
    ],
  ];
  for (const [sentence, given, expected] of table) {
    test(sentence, () => assert.equal(change(given), expected));
  }
});

describe("placement", () => {
  const brokersOf = (...records: MetadataRecord[]) => imageOf(...records).brokers();
  const count = (replicas: readonly number[][], of: (row: number[]) => number[]): Map<number, number> => {
    const counts = new Map<number, number>();
    for (const row of replicas) for (const id of of(row)) counts.set(id, (counts.get(id) ?? 0) + 1);
    return counts;
  };
  const place = (partitions: number, replicationFactor: number, brokers: ReturnType<typeof brokersOf>, seed = 1) => {
    const result = placeReplicas({ partitions, replicationFactor }, brokers, new SeededRandom(seed));
    assert(result.ok);
    return result.replicas;
  };

  test("leaders and replicas are even over brokers, whatever the seed", () => {
    const brokers = brokersOf(broker(1), broker(2), broker(3), broker(4));
    for (let seed = 0; seed < 20; seed++) {
      const replicas = place(40, 3, brokers, seed);
      assert.deepEqual([...count(replicas, (row) => [row[0]!]).values()], [10, 10, 10, 10], `seed ${seed}`);
      assert.deepEqual([...count(replicas, (row) => row).values()], [30, 30, 30, 30], `seed ${seed}`);
      for (const row of replicas) assert.equal(new Set(row).size, 3);
    }
  });

  test("the first broker of a topic depends on the seed", () => {
    const brokers = brokersOf(broker(1), broker(2), broker(3), broker(4));
    const firsts = new Set(Array.from({ length: 40 }, (_, seed) => place(1, 1, brokers, seed)[0]![0]));
    assert.deepEqual(firsts, new Set([1, 2, 3, 4]));
  });

  test("replicas of a partition lie in as many racks as there are", () => {
    const rackOf = new Map([
      [1, "a"],
      [2, "a"],
      [3, "b"],
      [4, "b"],
      [5, "c"],
      [6, "c"],
    ]);
    const brokers = brokersOf(...[...rackOf].map(([id, rack]) => broker(id, { rack })));
    for (const row of place(30, 3, brokers)) assert.equal(new Set(row.map((id) => rackOf.get(id))).size, 3);
    for (const row of place(30, 2, brokers)) assert.equal(new Set(row.map((id) => rackOf.get(id))).size, 2);
  });

  test("the same two brokers do not always meet", () => {
    const pairs = new Set(
      place(24, 2, brokersOf(broker(1), broker(2), broker(3), broker(4))).map((row) =>
        row.toSorted((a, b) => a - b).join(),
      ),
    );
    assert(pairs.size >= 4, `only ${[...pairs].join(" ")}`);
  });

  test("fenced brokers lead nothing and come last", () => {
    const brokers = brokersOf(broker(1), broker(2), broker(3, { fenced: true }));
    for (const row of place(10, 2, brokers)) assert.deepEqual(new Set(row), new Set([1, 2]));
    for (const row of place(10, 3, brokers)) assert.notEqual(row[0], 3);
  });

  test("10,000 partitions on 30 brokers take no time to speak of", { timeout: 5000 }, () => {
    const brokers = brokersOf(...Array.from({ length: 30 }, (_, id) => broker(id + 1)));
    assert.equal(place(10_000, 3, brokers).length, 10_000);
  });
});
