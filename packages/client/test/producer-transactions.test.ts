// Transactions against a broker, in both versions of the protocol (KIP-98 and KIP-890): what becomes visible, what is fenced, and which
// errors end what.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { errorCodes } from "@ottla/protocol";
import { offsetFetchApi } from "@ottla/protocol/messages/09-offset-fetch.ts";
import { ProducerFencedError } from "../src/errors.ts";
import type { Cluster } from "../src/network/cluster.ts";
import type { ClientOptions } from "../src/options.ts";
import type { ProducerOptions } from "../src/producer/producer-options.ts";
import { Producer } from "../src/producer/producer.ts";
import type { GroupMetadata } from "../src/records.ts";
import { eventually } from "./support/eventually.ts";
import { producedBatches, producedValues } from "./support/produced.ts";
import { wrapSend } from "./support/wrapped-cluster.ts";
import { isReference, startTarget } from "./target.ts";
import type { Target } from "./target.ts";

const protocols = ["first", "second"];
for (const protocol of protocols) {
  describe(`the ${protocol} protocol`, () => {
    test("what is committed is visible, with the markers of one transaction each", async () => {
      await using target = await startTarget();
      const topic = target.topicName("committed");
      await using producer = producerOf(target, protocol, { transactionalId: target.topicName("t") });
      const answer = await producer.transaction(async (transaction) => {
        void transaction.send({ topic, partition: 0, value: "a" });
        const { offset } = await transaction.send({ topic, partition: 0, value: "b" });
        return offset;
      });
      assert.equal(answer, 1);
      await producer.transaction((transaction) => void transaction.send({ topic, partition: 0, value: "c" }));
      const cluster = target.cluster();
      assert.deepEqual(await committedValues(cluster, topic), ["a", "b", "c"]);
      const batches = await producedBatches(cluster, topic);
      assert.deepEqual(
        batches.flatMap(({ marker }) => marker ?? []),
        ["commit", "commit"],
      );
      // Only the second protocol raises the epoch with each transaction.
      const epochs = new Set(batches.filter(({ marker }) => marker === null).map(({ producerEpoch }) => producerEpoch));
      assert.equal(epochs.size, protocol === "first" ? 1 : 2);
    });

    test("a transaction whose work throws is aborted, and the next one commits", async () => {
      await using target = await startTarget();
      const topic = target.topicName("thrown");
      await using producer = producerOf(target, protocol, { transactionalId: target.topicName("t") });
      const failed = producer.transaction(async (transaction) => {
        await transaction.send({ topic, partition: 0, value: "lost" });
        throw new Error("changed my mind");
      });
      await assert.rejects(failed, /changed my mind/);
      await producer.transaction((transaction) => void transaction.send({ topic, partition: 0, value: "kept" }));
      const cluster = target.cluster();
      assert.deepEqual(await committedValues(cluster, topic), ["kept"]);
      assert.deepEqual(await producedValues(cluster, topic, "uncommitted"), ["lost", "kept"]);
    });

    test("an aborted transaction fails the records that were not sent yet", async () => {
      await using target = await startTarget();
      const topic = target.topicName("unsent");
      await using producer = producerOf(target, protocol, { transactionalId: target.topicName("t") });
      const transaction = await producer.beginTransaction();
      const sent = transaction.send({ topic, partition: 0, value: "v" });
      await transaction.abort();
      await assert.rejects(sent, { code: "TRANSACTION_ABORTED" });
      await assert.rejects(transaction.commit(), { code: "ILLEGAL_STATE" });
      await assert.rejects(transaction.send({ topic, value: "late" }), { code: "ILLEGAL_STATE" });
    });

    test("an empty transaction commits and aborts", async () => {
      await using target = await startTarget();
      await using producer = producerOf(target, protocol, { transactionalId: target.topicName("t") });
      await producer.transaction(() => {});
      const transaction = await producer.beginTransaction();
      await assert.rejects(producer.beginTransaction(), { code: "ILLEGAL_STATE" });
      await transaction.abort();
    });

    test("who begins later with the same id fences the earlier", async () => {
      await using target = await startTarget();
      const topic = target.topicName("fenced");
      const transactionalId = target.topicName("t");
      const earlier = producerOf(target, protocol, { transactionalId });
      const open = await earlier.beginTransaction();
      await open.send({ topic, partition: 0, value: "zombie" });
      const later = producerOf(target, protocol, { transactionalId });
      await later.transaction((transaction) => void transaction.send({ topic, partition: 0, value: "v" }));
      await assert.rejects(open.commit(), (error) => {
        assert.equal(error instanceof ProducerFencedError, true);
        assert.equal((error as ProducerFencedError).fatal, true);
        return true;
      });
      await assert.rejects(earlier.beginTransaction(), { code: "PRODUCER_FENCED" });
      assert.deepEqual(await committedValues(target.cluster(), topic), ["v"]);
    });

    test("consumed offsets are committed with the transaction, from calls that overlap as well", async () => {
      await using target = await startTarget();
      const topic = target.topicName("input");
      const group = target.topicName("g");
      const cluster = target.cluster();
      await using producer = producerOf(target, protocol, { transactionalId: target.topicName("t") });
      await using plain = target.kafka().producer();
      await plain.send({ topic, partition: 0, value: "v" });
      const none: GroupMetadata = { groupId: group, generationId: -1, memberId: "", groupInstanceId: null };
      const aborted = producer.transaction(async (transaction) => {
        await transaction.sendOffsets([{ topic, partition: 0, offset: 5 }], none);
        throw new Error("no");
      });
      await assert.rejects(aborted, /no/);
      assert.equal(await committedOffset(cluster, group, topic, 0), -1);
      const other = target.topicName("other");
      await plain.send({ topic: other, partition: 0, value: "v" });
      await producer.transaction(async (transaction) => {
        await Promise.all([
          transaction.sendOffsets([{ topic, partition: 0, offset: 7 }], none),
          transaction.sendOffsets([{ topic: other, partition: 0, offset: 8, metadata: "m" }], group),
        ]);
      });
      assert.equal(await committedOffset(cluster, group, topic, 0), 7);
      assert.equal(await committedOffset(cluster, group, other, 0), 8);
    });

    test("offsets of a member that is not of the group are refused, abortably", async () => {
      await using target = await startTarget();
      const topic = target.topicName("stranger");
      await using producer = producerOf(target, protocol, { transactionalId: target.topicName("t") });
      const stranger = { groupId: target.topicName("g"), generationId: 3, memberId: "me", groupInstanceId: null };
      const failed = producer.transaction(async (transaction) => {
        await transaction.send({ topic, partition: 0, value: "v" });
        await transaction.sendOffsets([{ topic, partition: 0, offset: 1 }], stranger);
      });
      await assert.rejects(failed, { code: "COMMIT_FAILED", abortable: true, fatal: false });
      await producer.transaction((transaction) => void transaction.send({ topic, partition: 0, value: "next" }));
      assert.deepEqual(await committedValues(target.cluster(), topic), ["next"]);
    });

    test("a record that fails makes the commit fail, and the next transaction is well", async () => {
      await using target = await startTarget({ overrides: { "message.max.bytes": "5000" } });
      if (isReference) return;
      const topic = target.topicName("large");
      await using producer = producerOf(target, protocol, { transactionalId: target.topicName("t") });
      const failed = producer.transaction(async (transaction) => {
        await transaction.send({ topic, partition: 0, value: "small" });
        void transaction.send({ topic, partition: 0, value: "x".repeat(10_000) });
      });
      await assert.rejects(failed, { code: "MESSAGE_TOO_LARGE", abortable: true, fatal: false });
      await producer.transaction((transaction) => void transaction.send({ topic, partition: 0, value: "next" }));
      assert.deepEqual(await committedValues(target.cluster(), topic), ["next"]);
    });

    test("lost answers of every transactional request change nothing", async () => {
      await using target = await startTarget();
      if (target.broker === null) return;
      const { faults } = target.broker;
      const topic = target.topicName("lost");
      await using producer = producerOf(
        target,
        protocol,
        { transactionalId: target.topicName("t") },
        { retryBackoffMs: 1, reconnectBackoffMs: 1 },
      );
      const plain = target.kafka().producer();
      await plain.send({ topic: target.topicName("input"), partition: 0, value: "v" });
      const apis = [
        "InitProducerId",
        "AddPartitionsToTxn",
        "AddOffsetsToTxn",
        "TxnOffsetCommit",
        "EndTxn",
        "Produce",
      ] as const;
      const values: string[] = [];
      const transactionalId = target.topicName("t");
      for (const api of apis) {
        const rule = api === "TxnOffsetCommit" || api === "Produce" ? { api } : { api, transactionalId };
        using lost = faults.add({ ...rule, nth: 1, action: { loseAnswer: true } });
        await producer.transaction(async (transaction) => {
          await transaction.send({ topic, partition: 0, value: api });
          await transaction.sendOffsets([{ topic: target.topicName("input"), partition: 0, offset: 1 }], "g");
        });
        assert.equal(lost.hits, protocol === "second" && api.startsWith("Add") ? 0 : 1, api);
        values.push(api);
      }
      assert.deepEqual(await committedValues(target.cluster(), topic), values);
    });

    test("close aborts the open transaction", async () => {
      await using target = await startTarget();
      const topic = target.topicName("open");
      const producer = producerOf(target, protocol, { transactionalId: target.topicName("t") });
      const transaction = await producer.beginTransaction();
      await transaction.send({ topic, partition: 0, value: "v" });
      await producer.close();
      assert.equal(await lastMarker(target.cluster(), topic), "abort");
    });

    test("a transaction left by an await-using block is aborted", async () => {
      await using target = await startTarget();
      const topic = target.topicName("left");
      await using producer = producerOf(target, protocol, { transactionalId: target.topicName("t") });
      {
        await using transaction = await producer.beginTransaction();
        await transaction.send({ topic, partition: 0, value: "v" });
      }
      assert.deepEqual(await producedValues(target.cluster(), topic), []);
    });
  });
}

test("work whose producer was closed meanwhile was not committed, and is told so", async () => {
  await using target = await startTarget();
  const topic = target.topicName("closed");
  const producer = target.kafka().producer({ transactionalId: target.topicName("t") });
  const outcome = producer.transaction(async (transaction) => {
    await transaction.send({ topic, partition: 0, value: "v" });
    await producer.close();
    return "done";
  });
  await assert.rejects(outcome, { code: "CLOSED" });
  assert.equal(await lastMarker(target.cluster(), topic), "abort");
});

for (const when of ["before the call", "after it"]) {
  test(`a send whose signal is aborted ${when} fails its transaction`, async () => {
    await using target = await startTarget();
    const topic = target.topicName("signal");
    await using producer = target.kafka().producer({ transactionalId: target.topicName("t") });
    const work = producer.transaction(async (transaction) => {
      await transaction.send({ topic, partition: 0, value: "a" });
      const controller = new AbortController();
      if (when === "before the call") controller.abort();
      // The partitions of this topic are not known yet, so the record is in no batch.
      const dropped = transaction.send({ topic: `${topic}-new`, value: "b" }, { signal: controller.signal });
      controller.abort();
      await assert.rejects(dropped, { code: "ABORTED" });
    });
    await assert.rejects(work, { code: "ABORTED", abortable: true });
    await producer.transaction((transaction) => void transaction.send({ topic, partition: 0, value: "c" }));
    assert.deepEqual(await committedValues(target.cluster(), topic), ["c"]);
  });
}

test("nobody knows what became of a commit that took too long: not to be done again, and the next waits for it", async () => {
  await using target = await startTarget();
  if (target.broker === null) return;
  const topic = target.topicName("slow");
  const transactionalId = target.topicName("t");
  await using producer = target.kafka().producer({ transactionalId });
  const write = (value: string, timeoutMs: number): Promise<void> =>
    producer.transaction((transaction) => void transaction.send({ topic, partition: 0, value }), { timeoutMs });
  await write("a", 60_000);
  using slow = target.broker.faults.add({ api: "EndTxn", action: { hang: true } });
  const outcome = write("b", 100);
  await assert.rejects(outcome, { code: "COMMIT_UNKNOWN", retriable: false, abortable: false, fatal: false });
  await slow.hit();
  slow.remove();
  await write("c", 60_000);
  assert.deepEqual(await committedValues(target.cluster(), topic), ["a", "b", "c"]);
});

test("a commit that took too long and failed in the end is aborted, and the next transaction is well", async () => {
  await using target = await startTarget();
  const { broker } = target;
  if (broker === null) return;
  const topic = target.topicName("slow");
  await using producer = target.kafka().producer({ transactionalId: target.topicName("t") });
  const write = (value: string, timeoutMs: number): Promise<void> =>
    producer.transaction((transaction) => void transaction.send({ topic, partition: 0, value }), { timeoutMs });
  await write("a", 60_000);
  using slow = broker.faults.add({ api: "EndTxn", action: { hang: true } });
  await assert.rejects(write("b", 100), { code: "COMMIT_UNKNOWN" });
  await slow.hit();
  using refused = broker.faults.add({ api: "EndTxn", nth: 1, action: { error: "TRANSACTION_ABORTABLE" } });
  slow.remove();
  await refused.hit();
  await write("c", 60_000);
  assert.deepEqual(await committedValues(target.cluster(), topic), ["a", "c"]);
});

test("sending past the transaction, or transactions without an id, are refused", async () => {
  await using target = await startTarget();
  const kafka = target.kafka();
  await using transactional = kafka.producer({ transactionalId: target.topicName("t") });
  await assert.rejects(transactional.send({ topic: "t", value: "v" }), { code: "ILLEGAL_STATE" });
  await using plain = kafka.producer();
  await assert.rejects(plain.beginTransaction(), { code: "ILLEGAL_STATE" });
});

test("a transaction timeout beyond the broker's is refused, and the producer ends", async () => {
  await using target = await startTarget();
  const options = { transactionalId: target.topicName("t"), transactionTimeoutMs: 2_000_000_000 };
  await using producer = target.kafka().producer(options);
  await assert.rejects(producer.beginTransaction(), { code: "INVALID_TRANSACTION_TIMEOUT", fatal: true });
});

// A cluster that does not tell of transaction.version is spoken to in the first protocol.
function producerOf(
  target: Target,
  protocol: string,
  options: ProducerOptions,
  client: Partial<ClientOptions> = {},
): Producer {
  const cluster = target.cluster(client);
  return new Producer(protocol === "second" ? cluster : withoutFeatures(cluster), options);
}

function withoutFeatures(cluster: Cluster): Cluster {
  return wrapSend(cluster, async (api, next) => {
    const response = await next();
    return api === "ApiVersions" ? { ...(response as object), finalizedFeatures: [] } : response;
  });
}

/** Apache Kafka answers EndTxn before the markers are written: until then the offsets are unstable. */
async function committedOffset(cluster: Cluster, groupId: string, topic: string, partition: number): Promise<number> {
  const nodeId = await cluster.coordinator("group", groupId);
  const { topicId } = await cluster.topicMetadata(topic);
  return eventually(async () => {
    const response = await cluster.send(
      nodeId,
      offsetFetchApi,
      (version) =>
        ({
          groups: [
            {
              groupId,
              topics: [{ name: topic, ...(version >= 10 ? { topicId } : {}), partitionIndexes: [partition] }],
            },
          ],
          requireStable: true,
        }) as never,
    );
    const found = response.groups[0]!.topics[0]!.partitions[0]!;
    assert.equal(found.errorCode, errorCodes.NONE);
    return found.committedOffset;
  });
}

/** The values of committed transactions, once the last transaction has ended. */
async function committedValues(cluster: Cluster, topic: string): Promise<string[]> {
  await lastMarker(cluster, topic);
  return producedValues(cluster, topic);
}

/** What ended the topic's last transaction, once it has ended. */
function lastMarker(cluster: Cluster, topic: string): Promise<"commit" | "abort" | null> {
  return eventually(async () => {
    const { marker } = (await producedBatches(cluster, topic)).at(-1)!;
    assert.notEqual(marker, null, "the marker is written");
    return marker;
  });
}
