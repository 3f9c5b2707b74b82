// What `ottla consume` writes as JSON, `ottla produce` makes the same records of.

import assert from "node:assert/strict";
import * as runner from "node:test";
import { Kafka } from "@ottla/client";
import { useBroker } from "@ottla/testkit";
import { topicWith } from "./records.ts";
import { ottlaCommand } from "./run-people.ts";

const broker = useBroker(runner);

runner.test("what consume writes as JSON, produce writes again, byte for byte", async () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
  await topicWith(
    broker(),
    [
      {
        key: bytes,
        value: bytes,
        headers: [
          ["b", bytes],
          ["b", ""],
          ["n", null],
        ],
        timestamp: 7,
      },
      { key: "k", value: '{"big": 12345678901234567890}', partition: 2, timestamp: 8 },
      { key: "", value: null, partition: 1, timestamp: 9 },
      { key: null, value: "\u2028\n\u0000é😀", timestamp: 10 },
    ],
    { partitions: 3 },
  );
  await topicWith(broker(), [], { partitions: 3, name: "copy" });
  const seen = async (topic: string): Promise<unknown[]> =>
    (await broker().inspect.records(topic)).map(({ partition, offset, timestamp, key, value, headers }) => ({
      partition,
      offset,
      timestamp,
      key,
      value,
      headers,
    }));
  for (const words of ["-o jsonl", "-o json", "-o jsonl --key hex --value base64"]) {
    const { stdout } = await ottlaCommand(`consume t -e ${words} -b ${broker().bootstrap}`);
    const result = await ottlaCommand(["produce", "copy", "--json", "-b", broker().bootstrap], { input: stdout });
    assert.match(result.stderr, /^4 records written/);
    await using kafka = new Kafka({ bootstrapServers: broker().bootstrap });
    assert.deepEqual(await seen("copy"), await seen("t"));
    await kafka.admin().deleteTopics(["copy"]);
    await topicWith(broker(), [], { partitions: 3, name: "copy" });
  }
});
