// Metadata folders that Apache Kafka 4.3 wrote (see kafka-folders/README.md): opened, compared with what Kafka itself made of them,
// and used as the judge of what the controller decides when a broker stops, crashes and comes back.

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { ManualClock, RecordingLogger } from "@ottla/base";
import { MemoryFileSystem } from "@ottla/storage";
import { decideRegisterBroker, decideStopBroker, decideUnfenceBroker } from "../src/controller/decide-brokers.ts";
import { imageRecords } from "../src/image/image-records.ts";
import type { MetadataImage } from "../src/image/metadata-image.ts";
import { ImageLoader } from "../src/log/image-loader.ts";
import { readBatches } from "../src/log/metadata-batches.ts";
import { openFileMetadataLog } from "../src/log/open-file-metadata-log.ts";
import { newClusterRecords } from "../src/records/feature-levels.ts";
import { decodeRecord, encodeRecord } from "../src/records/metadata-record.ts";
import type { MetadataRecord } from "../src/records/metadata-record.ts";
import { contextOf } from "./image-fixtures.ts";

const FOLDER = "/data/__cluster_metadata-0";
const SEGMENT = "00000000000000000000.log";
const SNAPSHOT = "00000000000000000091-0000000003.checkpoint";

function bytesOf(path: string): Buffer {
  return readFileSync(new URL(`kafka-folders/${path}`, import.meta.url));
}

/** One of the recorded folders in memory, all its files or those that `keep` says. */
function folderOf(name: string, keep: (file: string) => boolean = () => true): MemoryFileSystem {
  const fileSystem = new MemoryFileSystem(new ManualClock());
  fileSystem.makeFolder(FOLDER);
  for (const file of readdirSync(new URL(`kafka-folders/${name}`, import.meta.url)).filter(keep)) {
    const opened = fileSystem.open(`${FOLDER}/${file}`, "append");
    opened.appendSync(bytesOf(`${name}/${file}`));
    opened.close();
  }
  return fileSystem;
}

function open(fileSystem: MemoryFileSystem) {
  const logger = new RecordingLogger();
  const opened = openFileMetadataLog({ fileSystem, folder: FOLDER, nodeId: 1, snapshotBytes: 1e9, nowMs: 5, logger });
  assert.deepEqual(logger.lines, []);
  return opened;
}

interface Positioned {
  readonly record: MetadataRecord;
  readonly offset: number;
}

function recordsIn(path: string): Positioned[] {
  const found: Positioned[] = [];
  readBatches(path, bytesOf(path), 0, {
    record: (record, offset) => found.push({ record, offset }),
    control() {},
    batchEnd() {},
  });
  return found;
}

function imageBefore(path: string, offset: number): MetadataImage {
  const loader = new ImageLoader();
  for (const each of recordsIn(path)) if (each.offset < offset) loader.load(each.record, each.offset, 1);
  return loader.finish().image;
}

describe("a folder that Apache Kafka stopped cleanly", () => {
  test("gives topics, configs, features, ids and everything that is passed on", () => {
    const { image, hasOpenTransaction, bootstrapRecords, log } = open(folderOf("stopped"));
    assert.deepEqual([...image.topics()].map(({ name, partitions }) => `${name} ${partitions.length}`).sort(), [
      "plain 5",
      "with.configs 1",
    ]);
    assert.deepEqual(
      image.topicConfigs("with.configs"),
      new Map([
        ["cleanup.policy", "compact"],
        ["delete.retention.ms", "1000"],
        ["retention.ms", "12345"],
      ]),
    );
    assert.deepEqual(
      image.configs(4, ""),
      new Map([
        ["min.insync.replicas", "1"],
        ["log.retention.ms", "777777"],
      ]),
    );
    assert.deepEqual(Object.fromEntries(image.features()), {
      "metadata.version": 30,
      "eligible.leader.replicas.version": 1,
      "group.version": 1,
      "share.version": 1,
      "streams.version": 1,
      "transaction.version": 2,
    });
    assert.equal(image.parts.nextProducerId, 1000);
    assert.deepEqual(
      image.parts.verbatim.map(({ apiKey }) => apiKey).sort((a, b) => a - b),
      [11, 14, 18, 27],
    );
    const { fenced, inControlledShutdown, endPoints } = image.broker(1)!;
    assert.deepEqual([fenced, inControlledShutdown, endPoints[0]!.port], [true, true, 39193]);
    assert.deepEqual(image.partition("plain", 0)!.eligibleLeaderReplicas, [1]);
    assert.deepEqual([hasOpenTransaction, bootstrapRecords, log.leaderEpoch()], [false, null, 2]);
  });

  test("begins the next epoch with Kafka's control records, and keeps the quorum's version and voters", () => {
    const fileSystem = folderOf("stopped");
    const before = bytesOf(`stopped/${SEGMENT}`).length;
    const { log } = open(fileSystem);
    const written = fileSystem.readFile(`${FOLDER}/${SEGMENT}`)!;
    assert.equal(written.readInt32BE(before + 57), 3, "leader change, version, voters");
    assert.equal(log.nextOffset(), 48);
    assert.equal(fileSystem.readFile(`${FOLDER}/leader-epoch-checkpoint`)!.toString(), "0\n2\n1 0\n2 45\n");
    const state = JSON.parse(fileSystem.readFile(`${FOLDER}/quorum-state`)!.toString()) as object;
    assert.deepEqual(state, {
      leaderId: 1,
      leaderEpoch: 2,
      votedId: -1,
      votedDirectoryId: "AAAAAAAAAAAAAAAAAAAAAA",
      data_version: 1,
    });
  });
});

test("a folder whose Kafka was killed opens with the broker as it was", () => {
  const { image, log } = open(folderOf("killed"));
  assert.deepEqual([image.broker(1)!.fenced, image.partition("plain", 4)!.leader], [false, 1]);
  assert.equal(log.leaderEpoch(), 3);
});

test("every record is written again byte for byte", () => {
  for (const { record, offset } of recordsIn(`snapshots/${SEGMENT}`)) {
    const frame = encodeRecord(record);
    assert.deepEqual(encodeRecord(decodeRecord(frame)), frame, `offset ${offset}`);
  }
  const log = bytesOf(`snapshots/${SEGMENT}`);
  for (const { record } of recordsIn(`snapshots/${SEGMENT}`)) assert(log.includes(encodeRecord(record)), record.kind);
});

test("the log replayed from its beginning gives what Kafka's snapshot gives", () => {
  const replayed = open(folderOf("snapshots", (file) => file === SEGMENT)).image;
  const fromSnapshot = open(folderOf("snapshots")).image;
  const comparable = (image: MetadataImage) => ({
    topics: new Map(image.parts.topicsById.entries()),
    // Kafka keeps a broker's features in the order of a hash table.
    brokers: image
      .brokers()
      .map((each) => ({ ...each, features: each.features.toSorted((a, b) => (a.name < b.name ? -1 : 1)) })),
    configs: new Map(image.parts.configs.entries()),
    features: image.features(),
    nextProducerId: image.parts.nextProducerId,
  });
  assert.deepEqual(comparable(fromSnapshot), comparable(replayed));
  assert.equal(fromSnapshot.topicCount, 3);
});

test("our snapshot of that image has the records of Kafka's, byte for byte", () => {
  const { image } = open(folderOf("snapshots", (file) => file !== "leader-epoch-checkpoint"));
  // The broker is fenced behind the snapshot, and its record says so: compare at the snapshot's end.
  const loader = new ImageLoader();
  const kafkas = recordsIn(`snapshots/${SNAPSHOT}`);
  for (const { record } of kafkas) loader.load(record, 90, 3);
  const ours = [...imageRecords(loader.finish().image)];
  const sorted = (records: readonly MetadataRecord[]) =>
    records.map((record) => encodeRecord(record).toString("hex")).sort();
  assert.deepEqual(sorted(ours), sorted(kafkas.map(({ record }) => record)));
  assert.equal(image.topicCount, 3);
});

test("a formatted folder gives the records that a new cluster begins with", () => {
  const fileSystem = new MemoryFileSystem(new ManualClock());
  fileSystem.makeFolder("/data");
  fileSystem.writeFile("/data/bootstrap.checkpoint", bytesOf("bootstrap.checkpoint"));
  const { bootstrapRecords, image } = open(fileSystem);
  assert.equal(image.topicCount, 0);
  assert.deepEqual(bootstrapRecords, newClusterRecords());
});

describe("Kafka's controller decided as ours does", () => {
  const path = `snapshots/${SEGMENT}`;
  const all = recordsIn(path);
  const kindsFrom = (offset: number, count: number): Positioned[] =>
    all.filter((each) => each.offset >= offset).slice(0, count);
  const find = (matches: (record: MetadataRecord) => boolean, occurrence: number): number =>
    all.filter(({ record }) => matches(record))[occurrence]!.offset;
  const isRegistration = (record: MetadataRecord): boolean => record.kind === "registerBroker";
  const byTopic = (records: readonly MetadataRecord[]): string[] =>
    records.map((record) => encodeRecord(record).toString("hex")).sort();

  test("when the broker stopped", () => {
    const first = find(
      (record) => record.kind === "brokerRegistrationChange" && record.value.inControlledShutdown === 1,
      0,
    );
    const fencing = find((record) => record.kind === "brokerRegistrationChange" && record.value.fenced === 1, 0);
    const recorded = all.filter(({ offset }) => offset >= first && offset <= fencing).map(({ record }) => record);
    const image = imageBefore(path, first);
    const { records } = decideStopBroker({ brokerId: 1, brokerEpoch: image.broker(1)!.epoch }, contextOf(image));
    assert.deepEqual(byTopic(records), byTopic(recorded));
    assert.equal(recorded.length, 8);
  });

  for (const [sentence, occurrence, stoppedInOrder] of [
    ["when the broker came back after a stop", 1, true],
    ["when the broker came back after a crash", 2, false],
  ] as const) {
    test(sentence, () => {
      const registered = find(isRegistration, occurrence);
      const { record } = all.find(({ offset }) => offset === registered)!;
      assert(record.kind === "registerBroker");
      // After a crash the partitions change hands in front of the registration.
      let first = registered;
      while (all.some(({ offset, record: before }) => offset === first - 1 && before.kind === "partitionChange"))
        first--;
      const image = imageBefore(path, first);
      const { endPoints, ...value } = record.value;
      const request = {
        ...value,
        clusterId: "c",
        listeners: endPoints,
        isMigratingZkBroker: false,
        previousBrokerEpoch: stoppedInOrder ? image.broker(1)!.epoch : -1,
      };
      const decision = decideRegisterBroker(request, "c", { ...contextOf(image), nextOffset: first });
      const recorded = kindsFrom(first, registered - first + 1).map((each) => each.record);
      assert.deepEqual(byTopic(decision.records), byTopic(recorded));
      assert.equal(recorded.length, stoppedInOrder ? 1 : 7);

      const unfenced = all.find(
        ({ offset, record: each }) =>
          offset > registered && each.kind === "brokerRegistrationChange" && each.value.fenced === -1,
      )!;
      const behind = imageBefore(path, unfenced.offset);
      const unfencing = decideUnfenceBroker(
        { brokerId: 1, brokerEpoch: decision.response.brokerEpoch },
        contextOf(behind),
      );
      assert.deepEqual(byTopic(unfencing.records), byTopic(kindsFrom(unfenced.offset, 7).map((each) => each.record)));
    });
  }
});
