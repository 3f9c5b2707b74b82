// Data folders with one damage each, opened by a whole broker: it serves what is good, up to the damage or all of it, or refuses to start with one
// line. What it serves is what was written, under the offsets it had, and the next appends and the next start are in order.

import assert from "node:assert/strict";
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ZERO_UUID } from "@ottla/base";
import { batchFormat, errorName, RecordBatchBuilder } from "@ottla/protocol";
import { produceApi } from "@ottla/protocol/messages/00-produce.ts";
import { createTopicsApi } from "@ottla/protocol/messages/19-create-topics.ts";
import { startBroker } from "@ottla/testkit";
import type { TestBroker } from "@ottla/testkit";
import { consume } from "../../../tools/sim/consume.ts";
import { WireClient } from "../../../tools/sim/wire-client.ts";

const RECORDS = 60;
const PLACE = { topic: "t", partition: 0 };
const METADATA_LOG = "__cluster_metadata-0/00000000000000000000.log";
const PRODUCER = { producerId: 4711, producerEpoch: 0 };

interface Damage {
  readonly name: string;
  /** Which folder is damaged: of a broker that was killed, or that was stopped in order. */
  readonly of: "killed" | "stopped";
  readonly damage: (folder: string) => void;
  /** How many of the records are left, by the base offsets of the segments; or what the refusal says. */
  readonly left: number | RegExp | ((bases: number[]) => number);
}

/** The names of the partition's files of a kind, in order. */
function files(folder: string, suffix: string): string[] {
  return readdirSync(join(folder, "t-0"))
    .filter((name) => name.endsWith(suffix))
    .toSorted()
    .map((name) => join(folder, "t-0", name));
}

function change(path: string, by: (bytes: Buffer) => Buffer): void {
  writeFileSync(path, by(readFileSync(path)));
}

function flipped(bytes: Buffer, at: number): Buffer {
  bytes[at] = bytes[at]! ^ 0x10;
  return bytes;
}

/** Where the batches of a segment begin. */
function positions(bytes: Buffer): number[] {
  const found: number[] = [];
  batchFormat.forEachBatch(bytes, (position) => void found.push(position));
  return found;
}

/** The base offset in a segment's name. */
function baseOffset(path: string): number {
  return Number(/(\d{20})\.log$/.exec(path)![1]);
}

const lastLog = (folder: string): string => files(folder, ".log").at(-1)!;
const secondLog = (folder: string): string => files(folder, ".log")[1]!;

const DAMAGES: readonly Damage[] = [
  { name: "nothing", of: "killed", left: RECORDS, damage: () => {} },
  { name: "nothing", of: "stopped", left: RECORDS, damage: () => {} },
  {
    name: "a torn tail",
    of: "killed",
    left: RECORDS - 1,
    damage: (folder) => change(lastLog(folder), (bytes) => bytes.subarray(0, -7)),
  },
  {
    name: "a torn tail, although the stop is said to have been clean",
    of: "stopped",
    left: RECORDS - 1,
    damage: (folder) => change(lastLog(folder), (bytes) => bytes.subarray(0, -7)),
  },
  {
    name: "zeros behind the last batch",
    of: "killed",
    left: RECORDS,
    damage: (folder) => appendFileSync(lastLog(folder), Buffer.alloc(5000)),
  },
  {
    name: "noise behind the last batch",
    of: "killed",
    left: RECORDS,
    damage: (folder) => appendFileSync(lastLog(folder), Buffer.alloc(500, 0xa7)),
  },
  {
    name: "a bit of a record flipped",
    of: "killed",
    left: (bases) => bases[1]! + 2,
    damage: (folder) => change(secondLog(folder), (bytes) => flipped(bytes, positions(bytes)[2]! + 70)),
  },
  {
    name: "a bit of a length flipped",
    of: "killed",
    left: (bases) => bases[1]! + 2,
    damage: (folder) => change(secondLog(folder), (bytes) => flipped(bytes, positions(bytes)[2]! + 9)),
  },
  {
    name: "a segment cut short, others behind it",
    of: "killed",
    left: (bases) => bases[1]! + 3,
    damage: (folder) => change(secondLog(folder), (bytes) => bytes.subarray(0, positions(bytes)[3]! + 20)),
  },
  {
    name: "a segment that is gone, others behind it",
    of: "killed",
    left: (bases) => bases[1]!,
    damage: (folder) => unlinkSync(secondLog(folder)),
  },
  {
    name: "an empty last segment",
    of: "killed",
    left: (bases) => bases.at(-1)!,
    damage: (folder) => truncateSync(lastLog(folder), 0),
  },
  {
    name: "no indexes",
    of: "stopped",
    left: RECORDS,
    damage: (folder) =>
      [...files(folder, ".index"), ...files(folder, ".timeindex")].forEach((path) => unlinkSync(path)),
  },
  {
    name: "empty indexes",
    of: "stopped",
    left: RECORDS,
    damage: (folder) =>
      [...files(folder, ".index"), ...files(folder, ".timeindex")].forEach((path) => truncateSync(path, 0)),
  },
  {
    name: "noise for indexes",
    of: "stopped",
    left: RECORDS,
    damage: (folder) =>
      [...files(folder, ".index"), ...files(folder, ".timeindex")].forEach((path) =>
        change(path, (bytes) => Buffer.alloc(bytes.length, 0x5a)),
      ),
  },
  {
    name: "noise for producer snapshots",
    of: "killed",
    left: RECORDS,
    damage: (folder) => files(folder, ".snapshot").forEach((path) => writeFileSync(path, Buffer.alloc(50, 0x5a))),
  },
  {
    name: "no leader epochs",
    of: "killed",
    left: RECORDS,
    damage: (folder) => rmSync(join(folder, "t-0/leader-epoch-checkpoint"), { force: true }),
  },
  {
    name: "noise for leader epochs",
    of: "stopped",
    left: RECORDS,
    damage: (folder) => writeFileSync(join(folder, "t-0/leader-epoch-checkpoint"), "0\n5\nx y\n"),
  },
  {
    name: "no partition.metadata",
    of: "stopped",
    left: RECORDS,
    damage: (folder) => unlinkSync(join(folder, "t-0/partition.metadata")),
  },
  {
    name: "half a partition.metadata",
    of: "killed",
    left: RECORDS,
    damage: (folder) => change(join(folder, "t-0/partition.metadata"), (bytes) => bytes.subarray(0, 30)),
  },
  {
    name: "noise for recovery points",
    of: "killed",
    left: RECORDS,
    damage: (folder) => writeFileSync(join(folder, "recovery-point-offset-checkpoint"), "0\n7\nt 0"),
  },
  {
    name: "a recovery point behind the log's end",
    of: "killed",
    left: RECORDS,
    damage: (folder) => writeFileSync(join(folder, "recovery-point-offset-checkpoint"), "0\n1\nt 0 999\n"),
  },
  {
    name: "noise for log starts",
    of: "stopped",
    left: RECORDS,
    damage: (folder) => writeFileSync(join(folder, "log-start-offset-checkpoint"), "nonsense"),
  },
  {
    name: "noise for high watermarks",
    of: "killed",
    left: RECORDS,
    damage: (folder) => writeFileSync(join(folder, "replication-offset-checkpoint"), "0\n1\nt 0 -\n"),
  },
  {
    name: "noise in the marker of the clean stop",
    of: "stopped",
    left: RECORDS,
    damage: (folder) => writeFileSync(join(folder, ".kafka_cleanshutdown"), Buffer.alloc(9, 0x5a)),
  },
  {
    name: "noise for the quorum's state",
    of: "stopped",
    left: RECORDS,
    damage: (folder) => writeFileSync(join(folder, "__cluster_metadata-0/quorum-state"), '{"leaderEpoch":"'),
  },
  {
    name: "noise for the metadata log's epochs",
    of: "killed",
    left: RECORDS,
    damage: (folder) => writeFileSync(join(folder, "__cluster_metadata-0/leader-epoch-checkpoint"), "0\n9\n? ?\n"),
  },
  {
    name: "a torn tail of the metadata log",
    of: "killed",
    left: RECORDS,
    damage: (folder) =>
      appendFileSync(join(folder, METADATA_LOG), readFileSync(join(folder, METADATA_LOG)).subarray(0, 40)),
  },
  {
    name: "a bit of the metadata log flipped",
    of: "stopped",
    left: /damaged at byte \d+/,
    damage: (folder) => change(join(folder, METADATA_LOG), (bytes) => flipped(bytes, positions(bytes)[3]! + 70)),
  },
  {
    name: "noise for meta.properties",
    of: "stopped",
    left: /meta\.properties/,
    damage: (folder) => writeFileSync(join(folder, "meta.properties"), Buffer.alloc(60, 0x5a)),
  },
];

describe("a broker on a damaged folder", () => {
  const work = mkdtempSync(join(tmpdir(), "ottla-damaged-"));
  const templates = { killed: join(work, "killed"), stopped: join(work, "stopped") };

  before(() => fillTemplates(templates));
  after(() => rmSync(work, { recursive: true }));

  for (const { name, of, damage, left } of DAMAGES) {
    it(`${of}, with ${name}`, async () => {
      const folder = mkdtempSync(join(work, "case-"));
      cpSync(templates[of], folder, { recursive: true });
      const bases = files(folder, ".log").map(baseOffset);
      damage(folder);
      if (left instanceof RegExp)
        await assert.rejects(startBroker({ dataDir: folder }), { name: "StartError", message: left });
      else await opensWith(folder, typeof left === "number" ? left : left(bases));
    });
  }
});

/** The first so many records are served, the next ones appended, and all of them served after another start. */
async function opensWith(folder: string, count: number): Promise<void> {
  const values = Array.from({ length: count }, (_, index) => `value ${index}`);
  await withBroker(folder, async (client) => {
    assert.deepEqual(await readAll(client), values);
    // The log knows its producer: a repeat is recognised, a gap refused, the next taken.
    assert.deepEqual(await send(client, "repeat", count - 1), { error: "NONE", baseOffset: count - 1 });
    assert.equal((await send(client, "gap", count + 3)).error, "OUT_OF_ORDER_SEQUENCE_NUMBER");
    assert.deepEqual(await send(client, "more", count), { error: "NONE", baseOffset: count });
  });
  await withBroker(folder, async (client, broker) => {
    assert.deepEqual(await readAll(client), [...values, "more"]);
    assert.ok(broker.node.broker.logDirectory.wasClean);
  });
}

async function withBroker(
  folder: string,
  act: (client: WireClient, broker: TestBroker) => Promise<void>,
): Promise<void> {
  const broker = await startBroker({ dataDir: folder });
  const client = await WireClient.connect(broker.port);
  try {
    await act(client, broker);
  } finally {
    client.close();
    await broker.close();
  }
}

async function fillTemplates(templates: { killed: string; stopped: string }): Promise<void> {
  const broker = await startBroker({ dataDir: templates.stopped });
  const client = await WireClient.connect(broker.port);
  const small = { "segment.index.bytes": "64", "index.interval.bytes": "150" };
  const configs = Object.entries(small).map(([name, value]) => ({ name, value }));
  const topic = { name: PLACE.topic, numPartitions: 1, replicationFactor: 1, assignments: [], configs };
  const created = await client.call(createTopicsApi, 7, { topics: [topic] });
  assert.equal(created.topics[0]!.errorCode, 0);
  for (let index = 0; index < RECORDS; index++)
    assert.deepEqual(await send(client, `value ${index}`, index), { error: "NONE", baseOffset: index });
  assert.ok(broker.node.broker.logDirectory.get("t", 0)!.segmentCount > 4);
  client.close();
  cpSync(templates.stopped, templates.killed, { recursive: true });
  await broker.close();
}

async function readAll(client: WireClient): Promise<string[]> {
  const values: string[] = [];
  await consume(client, PLACE, ({ offset, value }) => {
    assert.equal(offset, values.length, "offsets have no gap");
    values.push(String(value));
  });
  return values;
}

async function send(
  client: WireClient,
  value: string,
  baseSequence: number,
): Promise<{ error: string; baseOffset: number }> {
  const builder = new RecordBatchBuilder({ ...PRODUCER, baseSequence });
  builder.append({ timestamp: Date.now(), value: Buffer.from(value) });
  const partitionData = [{ index: PLACE.partition, records: builder.build() }];
  const response = await client.call(produceApi, 9, {
    acks: -1,
    timeoutMs: 10_000,
    topicData: [{ name: PLACE.topic, topicId: ZERO_UUID, partitionData }],
  });
  const { errorCode, baseOffset: at } = response.responses[0]!.partitionResponses[0]!;
  return { error: errorName(errorCode), baseOffset: at };
}
