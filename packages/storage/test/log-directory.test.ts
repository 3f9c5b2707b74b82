// All logs of a folder: what is in it, who may have it, what a start finds, and what is done while it is open.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ManualClock, RecordingLogger, SeededRandom } from "@ottla/base";
import { DataFolder, FolderDamagedError, FolderInUseError, LogDirectory, MemoryFileSystem } from "@ottla/storage";
import type { File, LogConfig, LogDirectoryOptions } from "@ottla/storage";
import { append, atOnce, batchOf, fill, logConfig, valuesAt } from "./support/logs.ts";

const TOPIC_ID = "AAAAAAAAAAAAAAAAAAAAAQ";
const OTHER_ID = "AAAAAAAAAAAAAAAAAAAAAg";

interface Fixture {
  clock: ManualClock;
  fileSystem: CountingFileSystem;
  logger: RecordingLogger;
  open: (changes?: Partial<LogDirectoryOptions> & { config?: Partial<LogConfig> }) => Promise<LogDirectory>;
}

function fixture(): Fixture {
  const clock = new ManualClock();
  const fileSystem = new CountingFileSystem(clock);
  const logger = new RecordingLogger();
  return {
    clock,
    fileSystem,
    logger,
    open: ({ config, ...changes } = {}) =>
      LogDirectory.open({
        folder: DataFolder.claim(fileSystem, "/data"),
        clock,
        scheduler: atOnce,
        logger,
        random: new SeededRandom(1),
        configFor: () => logConfig(config),
        ...changes,
      }),
  };
}

describe("a data folder", () => {
  test("is given to one at a time", () => {
    const { fileSystem } = fixture();
    const folder = DataFolder.claim(fileSystem, "/data");
    assert.throws(() => DataFolder.claim(fileSystem, "/data"), FolderInUseError);
    folder.release();
    folder.release();
    DataFolder.claim(fileSystem, "/data").release();
  });

  test("keeps whom it belongs to, in Kafka's meta.properties", async () => {
    const { fileSystem } = fixture();
    const folder = DataFolder.claim(fileSystem, "/data");
    assert.equal(folder.readMetaProperties(), null);
    const properties = { version: 1, clusterId: "4L6g3nShT-eMCtK--X86sw", nodeId: 3, directoryId: TOPIC_ID };
    await folder.writeMetaProperties(properties);
    assert.deepEqual(folder.readMetaProperties(), properties);
    for (const unknown of [
      "version=7\ncluster.id=a\n",
      "version=1\nnode.id=1\n",
      "node.id=x\ncluster.id=a\n",
      "",
      "?",
    ]) {
      fileSystem.writeFile("/data/meta.properties", Buffer.from(unknown));
      assert.throws(() => folder.readMetaProperties(), FolderDamagedError, unknown);
    }
  });

  const files: [sentence: string, text: string, expected: object][] = [
    [
      "that Kafka wrote",
      "#\n#Mon Jan 05 10:00:00 UTC 2026\ncluster.id=4L6g3nShT-eMCtK--X86sw\ndirectory.id=abc\nnode.id=1\nversion=1\n",
      { version: 1, clusterId: "4L6g3nShT-eMCtK--X86sw", nodeId: 1, directoryId: "abc" },
    ],
    [
      "of the times of ZooKeeper",
      "broker.id=5\nversion=0\ncluster.id=a\\=b\n",
      { version: 0, clusterId: "a=b", nodeId: 5, directoryId: null },
    ],
  ];
  for (const [sentence, text, expected] of files) {
    test(`understands a meta.properties ${sentence}`, () => {
      const { fileSystem } = fixture();
      const folder = DataFolder.claim(fileSystem, "/data");
      fileSystem.writeFile("/data/meta.properties", Buffer.from(text));
      assert.deepEqual(folder.readMetaProperties(), expected);
    });
  }
});

describe("a clean stop", () => {
  test("leaves Kafka's files, byte for byte", async () => {
    const { fileSystem, open } = fixture();
    const directory = await open();
    await fill(await directory.create("b", 0, TOPIC_ID), [["x"], ["y"], ["z"]]);
    const log = await directory.create("a", 1, OTHER_ID);
    await fill(log, [["1"], ["2"]]);
    log.deleteRecordsBefore(1);
    await directory.close(42);
    const text = (name: string): string => String(fileSystem.readFile(`/data/${name}`));
    assert.equal(text("recovery-point-offset-checkpoint"), "0\n2\nb 0 3\na 1 2\n");
    assert.equal(text("log-start-offset-checkpoint"), "0\n1\na 1 1\n");
    assert.equal(text("replication-offset-checkpoint"), "0\n2\nb 0 3\na 1 2\n");
    assert.equal(text(".kafka_cleanshutdown"), '{"version":0,"brokerEpoch":42}');
    assert.equal(text("b-0/partition.metadata"), `version: 0\ntopic_id: ${TOPIC_ID}`);
    assert.equal(text("b-0/leader-epoch-checkpoint"), "0\n1\n0 0\n");
    const names = fileSystem.list("/data/b-0").map(({ name }) => name);
    assert.deepEqual(names.toSorted(), [
      "00000000000000000000.index",
      "00000000000000000000.log",
      "00000000000000000000.timeindex",
      "00000000000000000003.snapshot",
      "leader-epoch-checkpoint",
      "partition.metadata",
    ]);
  });

  test("is noticed by the next start, and its marker is gone from then on", async () => {
    const { fileSystem, open } = fixture();
    const first = await open();
    assert.equal(first.wasClean, false);
    await first.close();
    const second = await open();
    assert.equal(second.wasClean, true);
    assert.equal(fileSystem.status("/data/.kafka_cleanshutdown"), null);
  });

  test("brings back offsets, topic ids and high watermarks", async () => {
    const { open } = fixture();
    const first = await open();
    const log = await first.create("t", 0, TOPIC_ID);
    await fill(log, [["a"], ["b"], ["c"]]);
    log.updateHighWatermark(2);
    log.deleteRecordsBefore(1);
    await first.close();
    const again = (await open()).get("t", 0)!;
    const offsets = [again.logStartOffset, again.highWatermark, again.logEndOffset, again.recoveryPoint];
    assert.deepEqual([offsets, again.topicId], [[1, 2, 3, 3], TOPIC_ID]);
  });
});

describe("a start", () => {
  test("leaves alone what is no partition's, and Kafka's metadata log", async () => {
    const { fileSystem, logger, open } = fixture();
    await (await open()).close();
    for (const folder of [
      "lost+found",
      "__cluster_metadata-0",
      "remote-log-index-cache",
      "t-0.00000000000000000000000000000001-future",
    ]) {
      fileSystem.makeFolder(`/data/${folder}`);
      fileSystem.writeFile(`/data/${folder}/notes`, Buffer.from("x"));
    }
    fileSystem.writeFile("/data/bootstrap.checkpoint", Buffer.from("x"));
    const directory = await open();
    assert.deepEqual([...directory.all()], []);
    assert.equal(fileSystem.list("/data/__cluster_metadata-0").length, 1);
    assert.deepEqual(logger.lines, []);
  });

  test("removes folders of deleted partitions after a while", async () => {
    const { clock, fileSystem, open } = fixture();
    const name = "t-0.0123456789abcdef0123456789abcdef-delete";
    fileSystem.makeFolder(`/data/${name}`);
    await open({ config: { fileDeleteDelayMs: 100 } });
    assert.ok(fileSystem.status(`/data/${name}`) !== null);
    clock.advance(100);
    assert.equal(fileSystem.status(`/data/${name}`), null);
  });

  test("goes on with a checkpoint that cannot be read, from nothing", async () => {
    const { fileSystem, logger, open } = fixture();
    const first = await open();
    await fill(await first.create("t", 0, TOPIC_ID), [["a"]]);
    await first.close();
    fileSystem.writeFile("/data/recovery-point-offset-checkpoint", Buffer.from("0\n5\nt 0"));
    fileSystem.removeSync("/data/.kafka_cleanshutdown");
    const second = await open();
    assert.equal(second.get("t", 0)!.logEndOffset, 1);
    assert.match(logger.lines[0]!.sentence, /counts as empty/);
  });
});

describe("a partition", () => {
  test("is made once; making it again gives the same log", async () => {
    const { open } = fixture();
    const directory = await open();
    const log = await directory.create("t", 0, TOPIC_ID);
    assert.equal(await directory.create("t", 0, TOPIC_ID), log);
    assert.equal(directory.get("t", 0), log);
    assert.equal(directory.get("t", 1), null);
  });

  test("that cannot be made leaves nothing behind, however often it is tried", async () => {
    const { fileSystem, open } = fixture();
    const directory = await open();
    const before = fileSystem.list("/data").length;
    const writeFile = fileSystem.writeFile.bind(fileSystem);
    fileSystem.writeFile = (path) => {
      throw new Error(`ENOSPC: ${path}`);
    };
    for (let attempt = 0; attempt < 3; attempt++)
      await assert.rejects(directory.create("t", 0, TOPIC_ID), /ENOSPC: .*partition.metadata/);
    assert.deepEqual([fileSystem.list("/data").length, directory.get("t", 0), fileSystem.openNow], [before, null, 0]);
    fileSystem.writeFile = writeFile;
    assert.equal((await directory.create("t", 0, TOPIC_ID)).topicId, TOPIC_ID);
  });

  test("of another topic id sets the old log aside and begins empty", async () => {
    const { fileSystem, open } = fixture();
    const directory = await open();
    await fill(await directory.create("t", 0, TOPIC_ID), [["old"]]);
    const log = await directory.create("t", 0, OTHER_ID);
    assert.deepEqual([log.logEndOffset, log.topicId], [0, OTHER_ID]);
    assert.equal(fileSystem.list("/data").filter(({ name }) => /^t-0\.[0-9a-f]{32}-stray$/.test(name)).length, 1);
  });

  test("does not take over the files of a folder that is in the way, such as one whose removal failed", async () => {
    const { open, fileSystem } = fixture();
    const directory = await open();
    await fill(await directory.create("t", 0, TOPIC_ID), [["old"], ["older"]]);
    const rename = fileSystem.rename.bind(fileSystem);
    fileSystem.rename = () => {
      throw new Error("EIO");
    };
    await assert.rejects(directory.remove("t", 0), /EIO/);
    fileSystem.rename = rename;
    const log = await directory.create("t", 0, OTHER_ID);
    await fill(log, [["new"]]);
    assert.deepEqual([log.logEndOffset, await valuesAt(log, { offset: 0, upTo: "logEnd" })], [1, ["new"]]);
    assert.equal(fileSystem.list("/data").filter(({ name }) => name.endsWith("-stray")).length, 1);
  });

  test("that is removed is renamed at once, refuses appends and goes later; its name is free", async () => {
    const { clock, fileSystem, open } = fixture();
    const directory = await open({ config: { fileDeleteDelayMs: 100 } });
    const old = await directory.create("t", 0, TOPIC_ID);
    await fill(old, [["old"]]);
    await directory.remove("t", 0);
    const deleted = (): string[] =>
      fileSystem
        .list("/data")
        .map(({ name }) => name)
        .filter((name) => name.endsWith("-delete"));
    assert.match(deleted()[0]!, /^t-0\.[0-9a-f]{32}-delete$/);
    assert.equal((await append(old, batchOf(["x"]))).errorCode, 56);
    const fresh = await directory.create("t", 0, OTHER_ID);
    await fill(fresh, [["new"]]);
    clock.advance(100);
    assert.deepEqual(deleted(), []);
    assert.deepEqual(await valuesAt(fresh, { offset: 0 }), ["new"]);
    await directory.remove("none", 7);
  });

  test("with a name of 249 letters still fits into 255 when renamed", async () => {
    const { fileSystem, open } = fixture();
    const directory = await open();
    await directory.create("n".repeat(249), 0, TOPIC_ID);
    await directory.remove("n".repeat(249), 0);
    const name = fileSystem.list("/data").find((entry) => entry.isFolder)!.name;
    assert.equal(name.length, 255);
    assert.match(name, /^n+-0\.[0-9a-f]{32}-delete$/);
  });
});

describe("while open, by the clock alone, the folder", () => {
  test("removes what retention allows", async () => {
    const { clock, open } = fixture();
    const directory = await open({ config: { retentionMs: 1000 }, settings: { retentionCheckMs: 5000 } });
    const log = await directory.create("t", 0, TOPIC_ID);
    await fill(log, [["a"]], { timestamp: clock.nowMs() });
    clock.advance(4999);
    assert.equal(log.logStartOffset, 0);
    clock.advance(1);
    assert.equal(log.logStartOffset, 1);
  });

  test("flushes logs whose flush.ms has passed, if it looks at all", async () => {
    const { clock, open } = fixture();
    const directory = await open({ config: { flushMs: 500 }, settings: { flushCheckMs: 100 } });
    const log = await directory.create("t", 0, TOPIC_ID);
    await fill(log, [["a"]]);
    clock.advance(400);
    await settle();
    assert.equal(log.recoveryPoint, 0);
    clock.advance(100);
    await settle();
    assert.equal(log.recoveryPoint, 1);
  });

  test("writes its checkpoints, and only when something changed", async () => {
    const { clock, fileSystem, open } = fixture();
    const directory = await open();
    const log = await directory.create("t", 0, TOPIC_ID);
    await fill(log, [["a"], ["b"]]);
    await log.flush();
    clock.advance(60_000);
    await settle();
    const path = "/data/recovery-point-offset-checkpoint";
    assert.equal(String(fileSystem.readFile(path)), "0\n1\nt 0 2\n");
    fileSystem.removeSync(path);
    clock.advance(60_000);
    await settle();
    assert.equal(fileSystem.status(path), null);
  });

  test("forgets producers that have not written for producer.id.expiration.ms", async () => {
    const { clock, open } = fixture();
    const directory = await open({ settings: { producerIdExpirationMs: 1000, producerIdExpirationCheckMs: 100 } });
    const log = await directory.create("t", 0, TOPIC_ID);
    await fill(log, [["a"]], { producerId: 1, producerEpoch: 0, baseSequence: 0, timestamp: clock.nowMs() });
    clock.advance(900);
    assert.equal(log.activeProducers().length, 1);
    clock.advance(100);
    assert.equal(log.activeProducers().length, 0);
  });
});

test("a thousand partitions that were closed in order open quickly and read no more than they must", async () => {
  const { fileSystem, open } = fixture();
  const first = await open();
  for (let partition = 0; partition < 1000; partition++)
    await fill(await first.create("t", partition, TOPIC_ID), [["a"]]);
  await first.close();
  const opened = fileSystem.opened;
  const begun = performance.now();
  const second = await open();
  assert.ok(performance.now() - begun < 1000);
  assert.equal(fileSystem.opened - opened, 1000, "one segment file each");
  assert.equal(second.get("t", 999)!.logEndOffset, 1);
});

for (const end of ["kill", "in order"]) {
  test(`a start that fails at one log, after an end ${end}, closes the files of all and removes nothing later`, async () => {
    const { clock, fileSystem, open } = fixture();
    const first = await open();
    for (const partition of [0, 1, 2]) await fill(await first.create("t", partition, TOPIC_ID), [["a"]]);
    await first.remove("t", 2);
    const before = fileSystem.list("/data").filter(({ name }) => name.endsWith("-delete"));
    await first.close();
    if (end === "kill") fileSystem.removeSync("/data/.kafka_cleanshutdown");
    const openBefore = fileSystem.openNow;
    fileSystem.failing = "t-1/00000000000000000000.log";
    await assert.rejects(open(), /cannot be read/);
    assert.equal(fileSystem.openNow, openBefore);
    clock.advance(3_600_000);
    assert.deepEqual(
      fileSystem.list("/data").filter(({ name }) => name.endsWith("-delete")),
      before,
    );
  });
}

function settle(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

class CountingFileSystem extends MemoryFileSystem {
  opened = 0;
  openNow = 0;
  /** Files whose path ends so can be opened and not read. */
  failing: string | null = null;

  override open(path: string, mode: "read" | "append"): File {
    this.opened++;
    this.openNow++;
    const file = super.open(path, mode);
    file.close = () => void this.openNow--;
    if (this.failing !== null && path.endsWith(this.failing)) {
      const fail = () => {
        throw new Error(`${path} cannot be read`);
      };
      file.readSync = fail;
      file.read = async () => fail();
    }
    return file;
  }
}
