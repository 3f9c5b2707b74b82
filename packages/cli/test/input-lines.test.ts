// Reading an input that can be interrupted keeps nothing of what was read: an input may be longer than the memory.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { untilAborted } from "../src/kafka/text/input-lines.ts";

const CHUNK_BYTES = 1024 * 1024;
const MOST_KEPT_BYTES = 8 * CHUNK_BYTES;

async function* chunks(count: number): AsyncGenerator<Buffer> {
  for (let index = 0; index < count; index++) yield Buffer.alloc(CHUNK_BYTES);
}

test("chunks that were read are not kept", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const before = process.memoryUsage().arrayBuffers;
  let read = 0;
  for await (const chunk of untilAborted(chunks(64), new AbortController().signal)) {
    read += chunk.length;
    if (read < 64 * CHUNK_BYTES) continue;
    // V8 frees buffers beside the program: what is free already is counted a little later.
    const kept = (): number => process.memoryUsage().arrayBuffers - before;
    for (let tries = 0; tries < 50 && kept() >= MOST_KEPT_BYTES; tries++) {
      collect();
      await setImmediate();
    }
    assert.ok(kept() < MOST_KEPT_BYTES);
  }
  assert.equal(read, 64 * CHUNK_BYTES);
});

test("an input that waits for more ends with the signal", async () => {
  const controller = new AbortController();
  const { promise: never } = Promise.withResolvers<void>();
  async function* endless(): AsyncGenerator<Buffer> {
    yield Buffer.from("a");
    await never;
  }
  const read: string[] = [];
  for await (const chunk of untilAborted(endless(), controller.signal)) {
    read.push(chunk.toString());
    void setImmediate().then(() => controller.abort());
  }
  assert.deepEqual(read, ["a"]);
});
