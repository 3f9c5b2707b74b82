// kcat (librdkafka) as it is installed everywhere: what goes in comes out, byte for byte, whatever the compression.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { startBroker } from "@ottla/testkit";
import type { TestBroker } from "@ottla/testkit";
import { missing, run } from "./support/foreign-client.ts";

const LINES = 200_000;
const PARTITIONS = 4;
const CODECS = ["none", "gzip", "snappy", "lz4", "zstd"];

describe("kcat", { skip: missing("kcat") }, () => {
  let broker: TestBroker;

  before(async () => {
    broker = await startBroker({ overrides: { "num.partitions": "4" } });
  });
  after(() => broker.close());

  const kcat = (args: readonly string[], input?: Buffer | string): Promise<{ stdout: Buffer; stderr: string }> =>
    run("kcat", ["-b", broker.bootstrap, ...args], input);

  for (const codec of CODECS) {
    it(`gets ${LINES} keyed lines back identical from ${PARTITIONS} partitions with ${codec}`, async () => {
      const topic = `lines-${codec}`;
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const lines = keyedLines(partition, LINES / PARTITIONS);
        const where = ["-t", topic, "-p", String(partition)];
        await kcat(["-P", ...where, "-K", "\t", "-z", codec, "-H", "source=kcat", "-H", `codec=${codec}`], lines);
        const { stdout } = await kcat(["-C", ...where, "-o", "beginning", "-e", "-q", "-f", "%k\t%s\n"]);
        assert.equal(sha256(stdout), sha256(lines), `partition ${partition}`);
        const headers = await kcat(["-C", ...where, "-o", "beginning", "-c", "3", "-q", "-f", "%o %h\n"]);
        const expected = [0, 1, 2].map((offset) => `${offset} source=kcat,codec=${codec}\n`).join("");
        assert.equal(headers.stdout.toString(), expected);
      }
    });
  }

  it("finds the offset of a timestamp with -Q, as the records say", async () => {
    await kcat(["-P", "-t", "stamped", "-p", "0"], "one\ntwo\nthree\n");
    await pastMillisecond();
    await kcat(["-P", "-t", "stamped", "-p", "0"], "four\nfive\n");
    const { stdout } = await kcat(["-C", "-t", "stamped", "-p", "0", "-o", "beginning", "-e", "-q", "-f", "%o %T\n"]);
    const records = stdout
      .toString()
      .trim()
      .split("\n")
      .map((line) => line.split(" ").map(Number));
    assert.equal(records.length, 5);
    for (const [, timestamp] of records) {
      const first = records.find(([, other]) => other! >= timestamp!)!;
      const found = await kcat(["-Q", "-t", `stamped:0:${timestamp}`]);
      assert.equal(found.stdout.toString().trim(), `stamped [0] offset ${first[0]}`);
    }
  });

  it("lists the broker at the address that it used, and the topics", async () => {
    await kcat(["-P", "-t", "listed"], "x\n");
    const { stdout } = await kcat(["-L", "-J"]);
    const listing = JSON.parse(stdout.toString()) as {
      brokers: { name: string }[];
      topics: { topic: string; partitions: { leader: number }[] }[];
    };
    assert.deepEqual(
      listing.brokers.map(({ name }) => name),
      [broker.bootstrap],
    );
    const topic = listing.topics.find((candidate) => candidate.topic === "listed");
    assert.equal(topic?.partitions.length, 4);
    assert.ok(topic.partitions.every(({ leader }) => leader === broker.node.nodeId));
  });

  it("tails a partition: a consumer that waits at the end sees the next record", async () => {
    await kcat(["-P", "-t", "tailed", "-p", "0"], "before\n");
    const tail = kcat(["-C", "-t", "tailed", "-p", "0", "-o", "1", "-c", "1", "-q"]);
    await kcat(["-P", "-t", "tailed", "-p", "0"], "after\n");
    assert.equal((await tail).stdout.toString(), "after\n");
  });

  it("is refused a topic name that Kafka refuses", async () => {
    await assert.rejects(kcat(["-P", "-t", "no spaces", "-X", "message.timeout.ms=3000"], "x\n"));
  });
});

function keyedLines(partition: number, count: number): Buffer {
  const lines: string[] = [];
  for (let line = 0; line < count; line++) {
    lines.push(`key-${line % 1000}\tpartition ${partition} line ${line} ${"abcdefghij".repeat(line % 7)}\n`);
  }
  return Buffer.from(lines.join(""));
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

// The next record gets a later timestamp than every record before; waits for the clock, not for a time.
async function pastMillisecond(): Promise<void> {
  const start = Date.now();
  while (Date.now() <= start) await new Promise((resolve) => setImmediate(resolve));
}
