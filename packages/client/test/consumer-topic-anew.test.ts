// A topic that is deleted while it is read holds up nothing else. When it is made again under its name (KIP-516), its records are read from
// where the reset says, not from the position in the old one.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ConsumerOptions } from "../src/consumer/consumer-options.ts";
import type { AdminError } from "../src/admin/admin-error.ts";
import { CommitFailedError } from "../src/errors.ts";
import type { ConsumingTarget } from "./support/consuming.ts";
import { committedOf, numbers, readValues, startConsuming, write } from "./support/consuming.ts";
import { eventually, PATIENCE_MS } from "./support/eventually.ts";
import { isReference } from "./target.ts";

async function makeAnew({ admin, cluster }: ConsumingTarget, topic: string): Promise<void> {
  const idOf = async (): Promise<string> => (await cluster.refreshMetadata()).topics.get(topic)!.topicId;
  const old = await idOf();
  await admin.deleteTopics([topic]);
  // The consumer's own metadata requests may create it first, as Java's do where brokers allow it.
  await admin.createTopics([{ name: topic, partitions: 1 }]).catch((error: unknown) => {
    assert.equal((error as AdminError).code, "TOPIC_ALREADY_EXISTS");
  });
  await eventually(async () => assert.notEqual(await idOf(), old));
}

describe("a topic that was deleted and made anew", () => {
  const ways: { name: string; options: (groupId: string) => ConsumerOptions }[] = [
    { name: "assigned by hand", options: () => ({}) },
    { name: "in a classic group", options: (groupId) => ({ groupId }) },
    { name: "in a group of KIP-848", options: (groupId) => ({ groupId, groupProtocol: "consumer" }) },
  ];
  for (const { name, options } of ways) {
    test(
      `${name}: its records are read from the first, though there are more than before`,
      { timeout: PATIENCE_MS },
      async () => {
        await using kit = await startConsuming();
        const topic = await kit.topic("anew");
        await write(kit.cluster, { topic, partition: 0 }, numbers(3, 100));
        const given = options(kit.target.topicName("g"));
        const consumer = kit.consumer({ ...given, autoOffsetReset: "earliest" });
        if (given.groupId === undefined) await consumer.assign([{ topic, partition: 0 }]);
        else await consumer.subscribe(topic);
        assert.deepEqual(await readValues(consumer, 3), numbers(3, 100));
        await makeAnew(kit, topic);
        await write(kit.cluster, { topic, partition: 0 }, numbers(6));
        assert.deepEqual(await readValues(consumer, 6), numbers(6));
        assert.equal(await consumer.position({ topic, partition: 0 }), 6);
      },
    );
  }

  for (const { name, options } of ways) {
    test(
      `${name}: deleted, it does not come back because somebody reads it`,
      { timeout: PATIENCE_MS, skip: isReference },
      async () => {
        await using kit = await startConsuming();
        const topic = await kit.topic("gone");
        await write(kit.cluster, { topic, partition: 0 }, numbers(3));
        const given = options(kit.target.topicName("g"));
        const consumer = kit.consumer({ ...given, autoOffsetReset: "earliest" }, { retryBackoffMs: 10 });
        if (given.groupId === undefined) await consumer.assign([{ topic, partition: 0 }]);
        else await consumer.subscribe(topic);
        assert.deepEqual(await readValues(consumer, 3), numbers(3));
        const reading = consumer.poll({ timeoutMs: PATIENCE_MS }).catch(() => []);
        const { until, journal } = kit.target.broker!;
        await kit.admin.deleteTopics([topic]);
        await until.request("Metadata", { times: 5, topic, after: journal.total });
        assert.equal((await kit.admin.listTopics()).has(topic), false);
        await consumer.close();
        await reading;
      },
    );
  }

  const ofOurBroker = { timeout: PATIENCE_MS, skip: isReference };
  test("a commit of the old one that is still under way is not one of the new one", ofOurBroker, async () => {
    await using kit = await startConsuming();
    const topic = await kit.topic("anew");
    const at = { topic, partition: 0 };
    await write(kit.cluster, at, numbers(3));
    const consumer = kit.consumer({ groupId: kit.target.topicName("g"), autoOffsetReset: "earliest" });
    await consumer.subscribe(topic);
    await readValues(consumer, 3);
    using late = kit.target.broker!.faults.add({ api: "OffsetCommit", action: { error: "NOT_COORDINATOR" } });
    const committing = assert.rejects(consumer.commit([{ ...at, offset: 3 }]), CommitFailedError);
    await late.hit();
    await makeAnew(kit, topic);
    await committing;
    late.remove();
    assert.equal((await consumer.committed([at]))[0]!.offset, null);
  });
});

describe("a topic that was deleted", () => {
  for (const groupProtocol of ["classic", "consumer"] as const) {
    const name = `${groupProtocol}: what was read of it delays neither the rebalance, nor the others' commits, nor close`;
    test(name, { timeout: PATIENCE_MS / 2 }, async () => {
      await using kit = await startConsuming();
      const [kept, deleted] = [await kit.topic("kept"), await kit.topic("deleted")];
      const at = { topic: kept, partition: 0 };
      for (const topic of [kept, deleted]) await write(kit.cluster, { topic, partition: 0 }, numbers(2));
      const revoked = Promise.withResolvers<void>();
      const groupId = kit.target.topicName("g");
      const consumer = kit.consumer(
        {
          groupId,
          groupProtocol,
          autoOffsetReset: "earliest",
          onRevoked(partitions) {
            if (partitions.some(({ topic }) => topic === deleted)) revoked.resolve();
          },
        },
        { allowAutoTopicCreation: false },
      );
      await consumer.subscribe([kept, deleted]);
      await readValues(consumer, 4);
      const more = consumer.poll({ timeoutMs: PATIENCE_MS });
      await kit.admin.deleteTopics([deleted]);
      await revoked.promise;
      await write(kit.cluster, at, ["2"]);
      assert.deepEqual(
        (await more).map(({ value }) => String(value)),
        ["2"],
      );
      await consumer.poll({ timeoutMs: 0 });
      await consumer.close();
      assert.equal(await committedOf(kit, groupId, at), 3);
    });
  }
});
