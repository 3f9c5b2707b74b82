// A disk that is really full: a small file system in memory, mounted for the test. What cannot be written is refused, the broker goes on serving
// what it can, and with room again and a restart everything that was acknowledged is there and the producers go on.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmdirSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import type { TestContext } from "node:test";
import { SeededRandom, ZERO_UUID } from "@ottla/base";
import { errorCodes, errorName, RecordBatchBuilder } from "@ottla/protocol";
import { produceApi } from "@ottla/protocol/messages/00-produce.ts";
import { createTopicsApi } from "@ottla/protocol/messages/19-create-topics.ts";
import { startBroker } from "@ottla/testkit";
import { History } from "../../../tools/sim/history.ts";
import { checkHistory } from "../../../tools/sim/history-checks.ts";
import { SimulatedProducer } from "../../../tools/sim/simulated-producer.ts";
import { SimulatedReader } from "../../../tools/sim/simulated-reader.ts";
import { WireClient } from "../../../tools/sim/wire-client.ts";
import { createTopics } from "../../../tools/sim/wire-reads.ts";

const DISK_BYTES = 8 * 1024 * 1024;
const BALLAST_BYTES = 1024 * 1024;
const SMALL = { topic: "full", partition: 0 };
const LARGE = { topic: "full", partition: 1 };

it("refuses what a full disk cannot take, and loses nothing that it took", async (context) => {
  const folder = mountSmallDisk(context);
  if (folder === null) return;
  const ballast = join(folder, "ballast");
  writeFileSync(ballast, Buffer.alloc(BALLAST_BYTES));
  const dataDir = join(folder, "data");
  const first = await startBroker({ dataDir });
  context.after(() => first.close());
  await createTopics(first.port, [{ name: "full", partitions: 2 }]);
  let client = await WireClient.connect(first.port);
  const history = new History();
  const producer = new SimulatedProducer({
    name: "p",
    idempotent: true,
    history,
    random: new SeededRandom(1),
    nowMs: () => Date.now(),
    blame: assert.fail,
  });
  producer.begin(client);
  await producer.identify(() => {});
  await sendUntil(producer, () => history.batches.length >= 20);

  const large = await fillWithLarge(client);
  assert.equal(large.error, "KAFKA_STORAGE_ERROR");
  assert.ok(large.acknowledged > 0);
  await sendUntil(producer, () => history.batches.at(-1)!.attempts.at(-1)?.kind === "failed");
  assert.equal(await createError(client, "no-room", 500), "KAFKA_STORAGE_ERROR");

  unlinkSync(ballast);
  assert.equal(await createError(client, "room-again", 1), "NONE", "the metadata log needs no restart");
  client.close();
  await first.close();

  const second = await startBroker({ dataDir });
  context.after(() => second.close());
  assert.equal(second.node.broker.logDirectory.wasClean, false, "a log that failed is checked");
  assert.equal(second.node.broker.topic("no-room"), undefined);
  assert.notEqual(second.node.broker.topic("room-again"), undefined);
  client = await WireClient.connect(second.port);
  history.restarted();
  producer.begin(client);
  const sent = history.batches.length;
  await sendUntil(producer, () => history.batches.length >= sent + 20);
  const reader = new SimulatedReader({ name: "scan", history, blame: assert.fail });
  await reader.scan(client, SMALL);
  client.close();
  assert.deepEqual(checkHistory(history), []);
  const { log } = second.node.broker.replicas.get(LARGE.topic, LARGE.partition)!;
  assert.ok(log.logEndOffset >= large.acknowledged, `${log.logEndOffset} of ${large.acknowledged}`);
});

it("says in one line that there is no room to start", async (context) => {
  const folder = mountSmallDisk(context);
  if (folder === null) return;
  assert.throws(() => writeFileSync(join(folder, "ballast"), Buffer.alloc(2 * DISK_BYTES)), { code: "ENOSPC" });
  await assert.rejects(startBroker({ dataDir: join(folder, "data") }), {
    name: "StartError",
    message: /^no space left for [^\n]+$/,
  });
});

/** Null, and the test is skipped with the reason, where this user may not mount. */
function mountSmallDisk(context: TestContext): string | null {
  const folder = mkdtempSync(join(tmpdir(), "ottla-full-"));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_BYTES}`, "ottla-full", folder]);
  context.after(() => {
    if (mounted.status === 0) spawnSync("umount", ["-l", folder]);
    rmdirSync(folder);
  });
  if (mounted.status === 0) return folder;
  context.skip(`a small disk cannot be mounted here: ${mounted.stderr?.toString().trim() ?? "there is no mount"}`);
  return null;
}

async function sendUntil(producer: SimulatedProducer, isEnough: () => boolean): Promise<void> {
  for (let count = 0; !isEnough(); count++) {
    assert.ok(count < 20_000, "it comes to an end");
    producer.send(SMALL);
    while (producer.underWay() > 0) await new Promise((resolve) => void setImmediate(resolve));
  }
}

/** Records of 100 KB until one is refused. */
async function fillWithLarge(client: WireClient): Promise<{ acknowledged: number; error: string }> {
  for (let acknowledged = 0; ; acknowledged++) {
    const builder = new RecordBatchBuilder();
    builder.append({ timestamp: Date.now(), value: Buffer.alloc(100_000, acknowledged) });
    const response = await client.call(produceApi, 9, {
      acks: -1,
      timeoutMs: 10_000,
      topicData: [
        {
          name: LARGE.topic,
          topicId: ZERO_UUID,
          partitionData: [{ index: LARGE.partition, records: builder.build() }],
        },
      ],
    });
    const { errorCode } = response.responses[0]!.partitionResponses[0]!;
    if (errorCode !== errorCodes.NONE) return { acknowledged, error: errorName(errorCode) };
  }
}

async function createError(client: WireClient, name: string, partitions: number): Promise<string> {
  const topic = { name, numPartitions: partitions, replicationFactor: 1, assignments: [], configs: [] };
  const response = await client.call(createTopicsApi, 7, { topics: [topic], timeoutMs: 10_000, validateOnly: false });
  return errorName(response.topics[0]!.errorCode);
}
