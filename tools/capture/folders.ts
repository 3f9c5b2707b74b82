// Log folders as Apache Kafka leaves them: `clean` after a proper shutdown, `killed` after SIGKILL with a transaction open,
// `groups` after SIGKILL with groups of all kinds. Each becomes one file that packages/testkit/captures/unpack.ts opens: gzipped JSON of
// what a consumer read, or what the groups had, and of every file's bytes.

import { readdir, readFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { ZERO_UUID } from "@ottla/base";
import { offsetCommitApi } from "@ottla/protocol/messages/08-offset-commit.ts";
import { runReferenceTool, startReferenceKafka } from "../reference.ts";
import { WireClient } from "../sim/wire-client.ts";
import { toldGroups } from "./groups.ts";

type How = "clean" | "killed" | "groups";

export const folders: readonly How[] = ["clean", "killed", "groups"];

/** Records the folders of these names into `outputFolder`. */
export async function writeFolders(outputFolder: string, names: readonly How[]): Promise<void> {
  for (const how of names) {
    const dataDir = await mkdtemp(join(tmpdir(), "captured-folder-"));
    try {
      const expected = await fillFolder(dataDir, how);
      const packed = await packFolder(dataDir, expected);
      await writeFile(join(outputFolder, `folder-${how}.json.gz`), packed);
      console.log(`folder ${how}: ${packed.length} bytes`);
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  }
}

async function fillFolder(dataDir: string, how: How): Promise<unknown> {
  const kafka = await startReferenceKafka({ dataDir, properties: smallProperties(how) });
  try {
    const stdout = await runWriter(how === "groups" ? "GroupWriter.java" : "FolderWriter.java", [kafka.bootstrap, how]);
    return how === "groups" ? await readGroups(kafka.port) : JSON.parse(stdout);
  } finally {
    await kafka.stop({ kill: how !== "clean" });
  }
}

async function runWriter(source: string, words: string[]): Promise<string> {
  const result = await runReferenceTool(join(import.meta.dirname, source), words, { limitMs: 180_000 });
  if (result.code !== 0) throw new Error(`${source} ended with ${result.code}:\n${result.stderr}`);
  return result.stdout;
}

/** The Java client cannot say how long an offset is kept any more; such a commit is added before what is there is read. */
async function readGroups(port: number): Promise<unknown> {
  const client = await WireClient.connect(port);
  const partitions = [{ partitionIndex: 1, committedOffset: 6, committedMetadata: "expires by itself" }];
  await client.call(offsetCommitApi, 2, {
    groupId: "expiring",
    memberId: "",
    retentionTimeMs: 3_600_000,
    topics: [{ name: "orders", topicId: ZERO_UUID, partitions }],
  });
  const groups = await toldGroups(client);
  client.close();
  return groups;
}

/** Kafka sizes a live index file up front; a small size keeps the recording small without touching what Kafka wrote. */
function smallProperties(how: How): Record<string, string> {
  return {
    "log.index.size.max.bytes": "1024",
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    // The killed node also leaves a snapshot of the metadata beside its log; the clean one has the log alone.
    ...(how === "killed" ? { "metadata.log.max.record.bytes.between.snapshots": "2048" } : {}),
  };
}

async function packFolder(folder: string, expected: unknown): Promise<Buffer> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const files: Record<string, { bytes: string; size: number }> = {};
  for (const path of paths.sort()) {
    const content = await readFile(path);
    const bytes = content.subarray(0, lengthWithoutZeroTail(content)).toString("base64");
    files[relative(folder, path)] = { bytes, size: content.length };
  }
  return gzipSync(JSON.stringify({ expected, files }), { level: 9 });
}

/** A live index file ends in up to 10 MB of zeros; they are kept as a size alone. */
function lengthWithoutZeroTail(content: Buffer): number {
  let length = content.length;
  while (length > 0 && content[length - 1] === 0) length -= 1;
  return length;
}
