// __consumer_offsets as Apache Kafka 4.3 wrote it, with groups of all kinds: our shard tells of them what Kafka told,
// and writes what it read with the same bytes.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { SeededRandom, silentLogger } from "@ottla/base";
import { batchFormat, errorCodes, errorName, readRecords } from "@ottla/protocol";
import { unpackCapturedGroups } from "../../testkit/captures/unpack.ts";
import type { CapturedGroup } from "../../testkit/captures/unpack.ts";
import { groupRecordCodec } from "../src/group/group-records.ts";
import { GroupShard } from "../src/group/group-shard.ts";
import { replayBatches } from "../src/runtime/replay-batches.ts";
import { testConfig, topicsView } from "./support/group-context.ts";

let groups: CapturedGroup[];
let log: Buffer;
const shard = new GroupShard({
  config: () => testConfig,
  topics: () => topicsView([]),
  random: new SeededRandom(1),
  logger: silentLogger,
});

before(async () => {
  const folder = await mkdtemp(join(tmpdir(), "ottla-kafka-groups-"));
  groups = await unpackCapturedGroups(folder);
  log = await readFile(join(folder, "__consumer_offsets-0", "00000000000000000000.log"));
  await rm(folder, { recursive: true });
  assert.equal(replayBatches(log, groupRecordCodec, shard, silentLogger), 54);
});

function toldOffsets(groupId: string, requireStable: boolean): string[] {
  const { topics } = shard.offsets.fetch({ groupId, memberId: null, memberEpoch: -1, topics: null }, { requireStable });
  const lines = topics.flatMap(({ name, partitions }) =>
    partitions.map((each) => {
      const place = `${name}-${each.partitionIndex}`;
      if (each.errorCode !== errorCodes.NONE) return `${place} ${errorName(each.errorCode)}`;
      return `${place} ${each.committedOffset} ${each.committedLeaderEpoch} '${each.metadata}'`;
    }),
  );
  return lines.sort();
}

test("every group has the offsets that Kafka told, stable and not, and no other group is there", () => {
  const known = [...shard.context.groups.keys()].sort();
  assert.deepEqual(
    known.map((groupId) => [groupId, toldOffsets(groupId, false), toldOffsets(groupId, true)]),
    groups.map(({ groupId, offsets, stableOffsets }) => [groupId, offsets, stableOffsets]),
  );
});

test("a topic id, the time of a commit and its own expiry are kept", () => {
  const [simple] = shard.offsets.committed("simple");
  assert.match(simple!.topicId, /^OM1OCPrK/);
  assert.equal(simple!.commitTimestamp, 1_795_236_979_739);
  const [expiring] = shard.offsets.committed("expiring");
  assert.equal(expiring!.expireTimestamp - expiring!.commitTimestamp, 3_600_000);
});

test("each record is written as Kafka wrote it, byte for byte", () => {
  const kinds = new Set<string>();
  for (let at = 0; at < log.length; at += batchFormat.sizeInBytes(log, at)) {
    if (batchFormat.isControl(log, at)) continue;
    for (const { key, value, offset } of readRecords(log, at)) {
      const record = groupRecordCodec.decode(key!, value)!;
      kinds.add(record.kind);
      const message = `the ${record.kind} at ${offset}`;
      assert.equal(groupRecordCodec.encodeKey(record).toString("hex"), key!.toString("hex"), message);
      assert.equal(groupRecordCodec.encodeValue(record)?.toString("hex"), value?.toString("hex"), message);
    }
  }
  assert.equal(kinds.size, 7);
});
