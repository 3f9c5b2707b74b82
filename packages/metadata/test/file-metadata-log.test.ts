// The metadata log in its folder: what a start, a stop, a snapshot and a crash leave there, and what refuses to open.

import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { ManualClock, RecordingLogger, SeededRandom } from "@ottla/base";
import { batchFormat } from "@ottla/protocol";
import { MemoryFileSystem } from "@ottla/storage";
import type { FileSystem } from "@ottla/storage";
import { FaultyFileSystem, SimulatedCrash } from "@ottla/storage/faulty";
import { startController } from "../src/controller/controller.ts";
import type { Controller } from "../src/controller/controller.ts";
import { imageRecords } from "../src/image/image-records.ts";
import type { MetadataImage } from "../src/image/metadata-image.ts";
import { encodeBatches } from "../src/log/metadata-batches.ts";
import { MetadataLogError } from "../src/log/metadata-log.ts";
import { openFileMetadataLog } from "../src/log/open-file-metadata-log.ts";
import { supportedFeatures } from "../src/records/feature-levels.ts";
import { encodeRecord, makeRecord } from "../src/records/metadata-record.ts";
import type { MetadataRecord } from "../src/records/metadata-record.ts";
import { brokerConfigOf, directoryOf } from "./image-fixtures.ts";

const FOLDER = "/data/__cluster_metadata-0";
const SEGMENT = `${FOLDER}/00000000000000000000.log`;

interface Started {
  readonly controller: Controller;
  readonly logger: RecordingLogger;
  readonly broker: { brokerId: number; brokerEpoch: number };
}

async function start(fileSystem: FileSystem, snapshotBytes = 1e9): Promise<Started> {
  const logger = new RecordingLogger();
  const opened = openFileMetadataLog({ fileSystem, folder: FOLDER, nodeId: 1, snapshotBytes, nowMs: 1000, logger });
  const controller = await startController({
    opened,
    nodeId: 1,
    clusterId: "c",
    config: brokerConfigOf(),
    clock: new ManualClock(),
    random: new SeededRandom(1),
    logger,
  });
  const { brokerEpoch } = await controller.registerBroker({
    brokerId: 1,
    clusterId: "c",
    incarnationId: Buffer.alloc(16, opened.log.leaderEpoch()).toString("base64url"),
    listeners: [],
    features: [...supportedFeatures],
    rack: null,
    isMigratingZkBroker: false,
    logDirs: [directoryOf(1)],
    previousBrokerEpoch: -1,
  });
  await controller.unfenceBroker({ brokerId: 1, brokerEpoch });
  return { controller, logger, broker: { brokerId: 1, brokerEpoch } };
}

function create(controller: Controller, ...names: string[]) {
  const topics = names.map((name) => ({
    name,
    numPartitions: -1,
    replicationFactor: -1,
    assignments: [],
    configs: [],
  }));
  return controller.createTopics({ topics, timeoutMs: 1, validateOnly: false });
}

function open(fileSystem: FileSystem) {
  const logger = new RecordingLogger();
  return {
    logger,
    ...openFileMetadataLog({ fileSystem, folder: FOLDER, nodeId: 1, snapshotBytes: 1e9, nowMs: 5, logger }),
  };
}

const newFileSystem = (): MemoryFileSystem => new MemoryFileSystem(new ManualClock());
const filesOf = (fileSystem: FileSystem): string[] =>
  fileSystem
    .list(FOLDER)
    .map(({ name }) => name)
    .sort();
const topicsOf = (image: MetadataImage): string[] => [...image.topics()].map(({ name }) => name).sort();
const framesOf = (image: MetadataImage): string[] =>
  [...imageRecords(image)].map((record) => encodeRecord(record).toString("hex"));

/** Appends bytes behind whatever the segment holds. */
function appendTo(fileSystem: FileSystem, path: string, bytes: Buffer): void {
  const file = fileSystem.open(path, "append");
  file.appendSync(bytes);
  file.close();
}

function batchOf(records: readonly MetadataRecord[], baseOffset: number): Buffer {
  return Buffer.concat(encodeBatches(records, { baseOffset, leaderEpoch: 1, timestampMs: 1 }));
}

describe("a new folder", () => {
  test("holds what Kafka's does, and its first records are Kafka's byte for byte", async () => {
    const fileSystem = newFileSystem();
    await start(fileSystem);
    assert.deepEqual(filesOf(fileSystem), [
      "00000000000000000000.log",
      "leader-epoch-checkpoint",
      "partition.metadata",
      "quorum-state",
    ]);
    assert.equal(fileSystem.readFile(`${FOLDER}/leader-epoch-checkpoint`)!.toString(), "0\n1\n1 0\n");
    assert.equal(
      fileSystem.readFile(`${FOLDER}/partition.metadata`)!.toString(),
      "version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAQ",
    );
    const state = JSON.parse(fileSystem.readFile(`${FOLDER}/quorum-state`)!.toString()) as object;
    assert.deepEqual(state, {
      clusterId: "",
      leaderId: 1,
      leaderEpoch: 1,
      votedId: -1,
      appliedOffset: 0,
      currentVoters: [{ voterId: 1 }],
      data_version: 0,
    });
    const ours = fileSystem.readFile(SEGMENT)!;
    const kafkas = readFileSync(new URL("kafka-folders/stopped/00000000000000000000.log", import.meta.url));
    const second = batchFormat.sizeInBytes(ours, 0);
    const kafkasSecond = batchFormat.sizeInBytes(kafkas, 0);
    const recordsOf = (log: Buffer, at: number): Buffer =>
      log.subarray(at + batchFormat.RECORDS_AT, at + batchFormat.sizeInBytes(log, at));
    assert.deepEqual(recordsOf(ours, second), recordsOf(kafkas, kafkasSecond));
  });

  test("opened again gives the same image in the next epoch", async () => {
    const fileSystem = newFileSystem();
    const { controller } = await start(fileSystem);
    await create(controller, "a", "b");
    await controller.close();
    const { image, log, logger } = open(fileSystem);
    assert.deepEqual(framesOf(image), framesOf(controller.image()));
    assert.deepEqual([log.leaderEpoch(), logger.lines], [2, []]);
    assert.equal(
      fileSystem.readFile(`${FOLDER}/leader-epoch-checkpoint`)!.toString().startsWith("0\n2\n1 0\n2 "),
      true,
    );
  });
});

describe("snapshots", () => {
  test("replace what lies before them", async () => {
    const fileSystem = newFileSystem();
    const { controller } = await start(fileSystem, 300);
    for (const name of ["a", "b", "c", "d"]) await create(controller, name);
    await controller.close();
    const files = filesOf(fileSystem);
    assert.equal(files.filter((name) => name.endsWith(".checkpoint")).length, 1, files.join(" "));
    assert.equal(files.filter((name) => name.endsWith(".log")).length, 1, files.join(" "));
    assert.equal(files.includes("00000000000000000000.log"), false);
    const { image } = open(fileSystem);
    assert.deepEqual(topicsOf(image), ["a", "b", "c", "d"]);
    assert.deepEqual(framesOf(image), framesOf(controller.image()));
  });

  test("of thousands of topics come in several batches and give the same image", async () => {
    const fileSystem = newFileSystem();
    const { controller } = await start(fileSystem, 200_000);
    const names = Array.from({ length: 2500 }, (_, index) => `topic-${index}`);
    await create(controller, ...names);
    await controller.close();
    assert.equal(
      filesOf(fileSystem).some((name) => name.endsWith(".checkpoint")),
      true,
    );
    assert.deepEqual(framesOf(open(fileSystem).image), framesOf(controller.image()));
  });

  test("one that was never finished is removed, and the log alone counts", async () => {
    const fileSystem = newFileSystem();
    const { controller } = await start(fileSystem);
    await create(controller, "a");
    await controller.close();
    appendTo(fileSystem, `${FOLDER}/00000000000000000012-0000000001.checkpoint.part`, Buffer.from("half"));
    assert.deepEqual(topicsOf(open(fileSystem).image), ["a"]);
    assert.equal(
      filesOf(fileSystem).some((name) => name.endsWith(".part")),
      false,
    );
  });

  test("one without a footer is refused", async () => {
    const fileSystem = newFileSystem();
    const { controller } = await start(fileSystem, 300);
    await create(controller, "a");
    await controller.close();
    const path = `${FOLDER}/${filesOf(fileSystem).find((name) => name.endsWith(".checkpoint"))!}`;
    const bytes = fileSystem.readFile(path)!;
    fileSystem.writeFile(path, bytes.subarray(0, bytes.length - 75));
    assert.throws(() => open(fileSystem), /is not a whole snapshot/);
  });
});

describe("a folder that was damaged", () => {
  /** A log with topics a and b, and where the last batch begins. */
  async function written(): Promise<{ fileSystem: MemoryFileSystem; bytes: Buffer; last: number }> {
    const fileSystem = newFileSystem();
    const { controller } = await start(fileSystem);
    await create(controller, "a");
    const last = fileSystem.status(SEGMENT)!.bytes;
    await create(controller, "b");
    await controller.close();
    return { fileSystem, bytes: fileSystem.readFile(SEGMENT)!, last };
  }

  const tails: [sentence: string, tear: (bytes: Buffer, last: number) => Buffer][] = [
    ["with half a batch at its end", (bytes) => bytes.subarray(0, bytes.length - 20)],
    ["with half a header at its end", (bytes, last) => bytes.subarray(0, last + 10)],
    [
      "with a wrong checksum at its end",
      (bytes) => Buffer.concat([bytes.subarray(0, -1), Buffer.from([bytes.at(-1)! ^ 1])]),
    ],
    ["with zeros at its end", (bytes, last) => Buffer.concat([bytes.subarray(0, last), Buffer.alloc(5000)])],
  ];
  for (const [sentence, tear] of tails) {
    test(`${sentence} is cut there, with a warning`, async () => {
      const { fileSystem, bytes, last } = await written();
      fileSystem.writeFile(SEGMENT, tear(bytes, last));
      const { image, logger, log } = open(fileSystem);
      assert.deepEqual(topicsOf(image), ["a"]);
      assert.deepEqual(
        logger.lines.map(({ level, fields }) => [level, fields["path"]]),
        [["warn", SEGMENT]],
      );
      await log.append([[makeRecord("noOp", {})]], 6);
      log.close();
      assert.deepEqual(open(fileSystem).logger.lines, []);
    });
  }

  test("in the middle refuses to open", async () => {
    const { fileSystem, bytes, last } = await written();
    bytes[last - 5]! ^= 1;
    fileSystem.writeFile(SEGMENT, bytes);
    assert.throws(
      () => open(fileSystem),
      (error) => error instanceof MetadataLogError && /a broken batch with whole ones behind it/.test(error.message),
    );
  });

  test("by a segment that is missing refuses to open", async () => {
    const { fileSystem, bytes } = await written();
    fileSystem.removeSync(SEGMENT);
    fileSystem.writeFile(`${FOLDER}/00000000000000000500.log`, bytes);
    assert.throws(() => open(fileSystem), /has no records from offset 0 to 499/);
  });

  const strange: [sentence: string, records: MetadataRecord[], message: RegExp][] = [
    [
      "a newer metadata.version",
      [makeRecord("featureLevel", { name: "metadata.version", featureLevel: 31 })],
      /metadata\.version 31, and this release reads 7 to 30/,
    ],
    [
      "a metadata.version from before Kafka 3.3",
      [makeRecord("featureLevel", { name: "metadata.version", featureLevel: 6 })],
      /metadata\.version 6/,
    ],
    [
      "a record of a type that Kafka 4.3 does not have",
      [{ kind: "verbatim", apiKey: 99, frame: Buffer.from([1, 99, 0]) }],
      /unknown type 99/,
    ],
    [
      "a record of a version that Kafka 4.3 does not have",
      [{ kind: "verbatim", apiKey: 2, frame: Buffer.from([1, 2, 9]) }],
      /TopicRecord of the unknown version 9/,
    ],
    [
      "a record that does not fit",
      [makeRecord("removeTopic", { topicId: directoryOf(9) })],
      /is damaged: RemoveTopicRecord/,
    ],
    ["the end of no transaction", [makeRecord("endTransaction", {})], /EndTransactionRecord without a transaction/],
    [
      "a transaction inside another",
      [makeRecord("beginTransaction", { name: null }), makeRecord("beginTransaction", { name: null })],
      /a transaction inside another/,
    ],
  ];
  for (const [sentence, records, message] of strange) {
    test(`by ${sentence} refuses to open with one line`, async () => {
      const { fileSystem } = await written();
      appendTo(fileSystem, SEGMENT, batchOf(records, 100));
      assert.throws(
        () => open(fileSystem),
        (error) => {
          assert(error instanceof MetadataLogError, String(error));
          assert.match(error.message, message);
          return !error.message.includes("\n");
        },
      );
    });
  }
});

test("a transaction without an end does not count, and is aborted by the next controller", async () => {
  const fileSystem = newFileSystem();
  const { controller } = await start(fileSystem);
  await create(controller, "a");
  await controller.close();
  const inside = [
    makeRecord("beginTransaction", { name: null }),
    makeRecord("topic", { name: "half", topicId: directoryOf(50) }),
  ];
  appendTo(fileSystem, SEGMENT, batchOf(inside, controller.image().offset + 1));
  const opened = open(fileSystem);
  assert.deepEqual([topicsOf(opened.image), opened.hasOpenTransaction], [["a"], true]);
  opened.log.close();
  const again = await start(fileSystem);
  assert.deepEqual(topicsOf(again.controller.image()), ["a"]);
  await again.controller.close();
  const after = open(fileSystem);
  assert.deepEqual([topicsOf(after.image), after.hasOpenTransaction], [["a"], false]);
});

describe("a disk that fails", () => {
  const faulty = (seed: number): FaultyFileSystem =>
    new FaultyFileSystem({ clock: new ManualClock(), random: new SeededRandom(seed) });

  test("no space: the command fails, what it wrote is cut off, the next one goes through", async () => {
    const fileSystem = faulty(1);
    const { controller } = await start(fileSystem);
    fileSystem.failNext({ operation: "append", path: ".log", code: "ENOSPC", shortBytes: 30 });
    await assert.rejects(create(controller, "a"), /ENOSPC/);
    await create(controller, "b");
    await controller.close();
    const { image, logger } = open(fileSystem);
    assert.deepEqual([topicsOf(image), logger.lines], [["b"], []]);
  });

  test("a flush that fails: nothing is acknowledged any more", async () => {
    const fileSystem = faulty(1);
    const { controller } = await start(fileSystem);
    fileSystem.failNext({ operation: "sync", path: ".log", code: "EIO" });
    await assert.rejects(create(controller, "a"), /EIO/);
    await assert.rejects(create(controller, "b"), /EIO/);
    assert.equal(controller.image().topicCount, 0);
  });

  test("a snapshot that fails is logged, and the log still has everything", async () => {
    const fileSystem = faulty(1);
    const { controller, logger } = await start(fileSystem, 1500);
    fileSystem.failNext({ operation: "append", path: ".checkpoint", code: "ENOSPC" });
    const names = Array.from({ length: 12 }, (_, index) => `t${index}`);
    for (const name of names) await create(controller, name);
    await controller.close();
    assert.equal(
      logger.lines.some(({ sentence }) => sentence === "The metadata snapshot cannot be written"),
      true,
    );
    assert.deepEqual(
      topicsOf(open(fileSystem).image),
      names.toSorted((a, b) => (a < b ? -1 : 1)),
    );
  });

  test("a segment that cannot be begun: the log goes on in the one before", async () => {
    const fileSystem = faulty(1);
    const { controller, logger } = await start(fileSystem, 1500);
    fileSystem.failNext({ operation: "open", path: ".log", code: "ENOSPC" });
    const names = Array.from({ length: 12 }, (_, index) => `t${index}`);
    for (const name of names) await create(controller, name);
    await controller.close();
    assert.equal(
      logger.lines.filter(({ sentence }) => sentence === "The metadata snapshot cannot be written").length,
      1,
    );
    assert.deepEqual(
      topicsOf(open(fileSystem).image),
      names.toSorted((a, b) => (a < b ? -1 : 1)),
    );
  });

  // What was answered is there after the end of the process or of the power, at whatever change it came. What was under way may be.
  for (const end of ["kill", "powerCut"] as const) {
    test(`nothing that was answered is lost by a ${end}`, async () => {
      for (let seed = 1; seed <= 40; seed++) {
        let fileSystem = faulty(seed);
        fileSystem.makeFolder("/data"); // Whoever owns the data folder makes its name durable.
        await fileSystem.syncFolder("/");
        const random = new SeededRandom(seed);
        const expected = new Set<string>();
        const underWay = new Set<string>();
        for (let round = 0; round < 3; round++) {
          fileSystem.crashAt = fileSystem.operations + 5 + random.below(60);
          await runUntilCrash(fileSystem, random, { expected, underWay, prefix: `r${round}` });
          fileSystem = fileSystem.survivor(end);
          const found = new Set(topicsOf(open(fileSystem).image));
          const replay = `seed ${seed}, round ${round}, ${end}`;
          for (const name of expected) assert(found.has(name), `${name} is lost: ${replay}`);
          for (const name of found)
            assert(expected.has(name) || underWay.has(name), `${name} came from nowhere: ${replay}`);
          for (const name of found) expected.add(name);
          underWay.clear();
        }
      }
    });
  }
});

interface History {
  readonly expected: Set<string>;
  readonly underWay: Set<string>;
  readonly prefix: string;
}

/** Creates and deletes topics, several at a time, until the file system ends the process. */
async function runUntilCrash(fileSystem: FaultyFileSystem, random: SeededRandom, history: History): Promise<void> {
  const { expected, underWay, prefix } = history;
  try {
    const { controller } = await start(fileSystem, 1200);
    for (let step = 0; step < 20 && !fileSystem.crashed; step++) {
      const names = Array.from({ length: 1 + random.below(3) }, (_, index) => `${prefix}-${step}-${index}`);
      for (const name of names) underWay.add(name);
      const doomed = random.chance(0.3) ? [...expected][0] : undefined;
      const removal =
        doomed === undefined ? null : controller.deleteTopics({ topics: [], topicNames: [doomed], timeoutMs: 1 });
      if (doomed !== undefined) {
        expected.delete(doomed);
        underWay.add(doomed);
      }
      const results = await Promise.allSettled([...names.map((name) => create(controller, name)), removal]);
      for (const [index, name] of names.entries()) if (results[index]!.status === "fulfilled") expected.add(name);
      if (doomed !== undefined && results.at(-1)!.status === "fulfilled") underWay.delete(doomed);
    }
    await controller.close();
  } catch (error) {
    if (!(error instanceof SimulatedCrash)) throw error;
  }
}
