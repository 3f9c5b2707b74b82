// What log lines look like, and what happens to them when nobody reads.

import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { test } from "node:test";
import { jsonLogger } from "../src/log/json-logger.ts";
import { LogOutput } from "../src/log/log-output.ts";
import { prettyLine, prettyLogger } from "../src/log/pretty-logger.ts";

const noon = new Date(2026, 0, 2, 12, 3, 4, 56);

test("a pretty line has time, level, sentence and fields", () => {
  const line = prettyLine(noon, {
    level: "warn",
    fields: { topic: "a-b", partition: 3, reason: "too large" },
    sentence: "refused",
  });
  assert.equal(line, '12:03:04.056 WARN  refused  topic=a-b  partition=3  reason="too large"\n');
});

test("a value cannot fake a line or steer a terminal", () => {
  const line = prettyLine(noon, {
    level: "info",
    fields: { clientId: "x\n12:00 ERROR \u001b[2J\u009b", ids: ["a\n"] },
    sentence: "seen",
  });
  assert.equal(line, '12:03:04.056 INFO  seen  clientId="x\\n12:00 ERROR \\u001b[2J\\u009b"  ids=["a\\n"]\n');
});

test("an error brings its stack when it is logged as one", () => {
  const error = new Error("broken");
  error.stack = "Error: broken\n    at here";
  assert.equal(
    prettyLine(noon, { level: "error", fields: { error }, sentence: "gone" }),
    '12:03:04.056 ERROR gone  error="broken"\n    Error: broken\n        at here\n',
  );
  assert.equal(
    prettyLine(noon, { level: "warn", fields: { error }, sentence: "gone" }),
    '12:03:04.056 WARN  gone  error="broken"\n',
  );
});

test("lines below the level are not written", () => {
  const lines: string[] = [];
  const logger = prettyLogger({ level: "warn", write: (text) => lines.push(text), now: () => noon });
  logger.debug({}, "one");
  logger.info({}, "two");
  logger.warn({}, "three");
  logger.error({}, "four");
  assert.deepEqual(lines, ["12:03:04.056 WARN  three\n", "12:03:04.056 ERROR four\n"]);
});

test("a JSON line has level, time, fields and sentence", () => {
  const lines: string[] = [];
  const logger = jsonLogger({ level: "info", write: (text) => lines.push(text) });
  logger.debug({}, "not shown");
  logger.error({ topic: "a", error: new TypeError("broken") }, "gone");
  assert.equal(lines.length, 1);
  const { time, error, ...rest } = JSON.parse(lines[0]!) as { time: string; error: { type: string; message: string } };
  assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual([error.type, error.message], ["TypeError", "broken"]);
  assert.deepEqual(rest, { level: "error", topic: "a", msg: "gone" });
});

test("a reader that stands still costs bounded memory, and learns what it missed", () => {
  const taken: string[] = [];
  let resume: (() => void) | null = null;
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      taken.push(chunk);
      resume = done;
    },
  });
  const output = new LogOutput(stream, (count) => `missed ${count}\n`, 20);
  for (let index = 0; index < 10; index++) output.write(`line ${index}\n`);
  while (stream.writableLength > 0) resume!();
  output.write("after\n");
  resume!();
  resume!();
  assert.deepEqual(taken, ["line 0\n", "line 1\n", "line 2\n", "missed 7\n", "after\n"]);
});

test("a reader that went away stops nothing", async () => {
  const stream = new Writable({ write: (_chunk, _encoding, done) => done(new Error("EPIPE")) });
  const output = new LogOutput(stream, String);
  output.write("one\n");
  await new Promise((resolve) => stream.once("close", resolve));
  output.write("two\n");
  assert.equal(stream.destroyed, true);
});
