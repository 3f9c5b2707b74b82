// A broker on the data folder of an Apache Kafka 4.3 that was killed while groups of all kinds were alive (packages/testkit/captures):
// it tells of them what Kafka told, before and after the next start, and the transaction that was left open ends without a trace.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ManualClock, silentLogger } from "@ottla/base";
import { errorName } from "@ottla/protocol";
import { findCoordinatorApi } from "@ottla/protocol/messages/10-find-coordinator.ts";
import { initProducerIdApi } from "@ottla/protocol/messages/22-init-producer-id.ts";
import { startBroker } from "@ottla/testkit";
import type { TestBroker } from "@ottla/testkit";
import { toldGroups } from "../../../tools/capture/groups.ts";
import { WireClient } from "../../../tools/sim/wire-client.ts";
import { unpackCapturedGroups } from "../captures/unpack.ts";
import type { CapturedGroup } from "../captures/unpack.ts";

/** A little later than the records, and before anything of the groups falls due. */
const NOW_MS = 1_795_237_000_000;

describe("on a folder in which Kafka left groups", () => {
  const folder = mkdtempSync(join(tmpdir(), "ottla-kafka-groups-"));
  let expected: CapturedGroup[];
  let broker: TestBroker;
  let client: WireClient;

  async function start(): Promise<void> {
    broker = await startBroker({ dataDir: folder, logger: silentLogger, clock: new ManualClock(NOW_MS) });
    client = await WireClient.connect(broker.port);
    for (const keyType of [0, 1]) await until(() => coordinatorError(keyType), "NONE");
  }

  async function stop(): Promise<void> {
    client.close();
    await broker.close();
  }

  async function until(ask: () => Promise<string>, wanted: string): Promise<void> {
    while ((await ask()) !== wanted) await new Promise((next) => setImmediate(next));
  }

  async function coordinatorError(keyType: number): Promise<string> {
    const response = await client.call(findCoordinatorApi, 4, { key: "", keyType, coordinatorKeys: ["pipeline"] });
    return errorName(response.coordinators[0]!.errorCode);
  }

  before(async () => {
    expected = await unpackCapturedGroups(folder);
    await start();
  });

  after(async () => {
    await stop();
    rmSync(folder, { recursive: true });
  });

  it("tells of each what Kafka told, again after the next start", async () => {
    for (let starts = 0; starts < 2; starts++) {
      assert.deepEqual(await toldGroups(client), expected);
      await stop();
      await start();
    }
  });

  it("ends the transaction that was left open when its producer comes back: what it committed never counts", async () => {
    await until(async () => {
      const response = await client.call(initProducerIdApi, 4, {
        transactionalId: "pipeline",
        transactionTimeoutMs: 60_000,
      });
      return errorName(response.errorCode);
    }, "NONE");
    const transactional = (await toldGroups(client)).find(({ groupId }) => groupId === "transactional")!;
    assert.deepEqual(transactional.stableOffsets, transactional.offsets);
    assert.deepEqual(transactional.offsets, expected.find(({ groupId }) => groupId === "transactional")!.offsets);
  });
});
