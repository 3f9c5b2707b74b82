// `kafka-transactions find-hanging`: open transactions on partitions that no coordinator knows of any more.

import { settled } from "@ottla/client";
import type { Admin, ProducerState, TopicPartition, TransactionDescription } from "@ottla/client";
import type { ParsedArguments } from "../../arguments/parse-arguments.ts";
import type { CommandIo } from "../../command-io.ts";
import { errorNameOf } from "../../text/java-error.ts";
import { partitionText, tabbedTable } from "../../text/java-format.ts";
import { fail, orFail } from "./failing.ts";

/** So many topics or partitions are asked about at once. */
const BATCH = 500;
const MINUTE_MS = 60_000;

export interface OpenTransaction extends TopicPartition {
  readonly producer: ProducerState;
}

export async function findHanging(admin: Admin, parsed: ParsedArguments, io: CommandIo): Promise<void> {
  const topic = parsed.text("--topic");
  const brokerId = parsed.number("--broker-id");
  const partition = parsed.number("--partition");
  if (topic === undefined && brokerId === undefined) {
    fail(io, "The `find-hanging` command requires either --topic or --broker-id to limit the scope of the search");
  }
  if (partition !== undefined && topic === undefined) {
    fail(io, "The --partition argument requires --topic to be provided");
  }
  const search = new Search(admin, io, brokerId);
  const partitions =
    topic !== undefined && partition !== undefined ? [{ topic, partition }] : await search.partitions(topic);
  const longerThanMs = parsed.number("--max-transaction-timeout")! * MINUTE_MS;
  const open = await search.openTransactions(partitions, longerThanMs);
  const hanging = open.length === 0 ? [] : await search.hanging(open);
  for (const line of hangingTable(hanging, Date.now())) io.out(line);
}

export function hangingTable(hanging: readonly OpenTransaction[], nowMs: number): string[] {
  const headers = [
    "Topic",
    "Partition",
    "ProducerId",
    "ProducerEpoch",
    "CoordinatorEpoch",
    "StartOffset",
    "LastTimestamp",
    "Duration(min)",
  ];
  const rows = hanging.map(({ topic, partition, producer }) => [
    topic,
    String(partition),
    String(producer.producerId),
    String(producer.producerEpoch),
    String(producer.coordinatorEpoch ?? -1),
    String(producer.transactionStartOffset ?? -1),
    String(producer.lastTimestamp),
    String(Math.trunc((nowMs - producer.lastTimestamp) / MINUTE_MS)),
  ]);
  return tabbedTable(headers, rows);
}

class Search {
  private readonly admin: Admin;
  private readonly io: CommandIo;
  private readonly brokerId: number | undefined;

  constructor(admin: Admin, io: CommandIo, brokerId: number | undefined) {
    this.admin = admin;
    this.io = io;
    this.brokerId = brokerId;
  }

  /** Those of the topic, or of all; with a broker, those that it has. */
  async partitions(topic: string | undefined): Promise<TopicPartition[]> {
    const { admin, io, brokerId } = this;
    const listed = topic === undefined ? admin.listTopics({ includeInternal: true }) : null;
    const topics = listed === null ? [topic!] : [...(await orFail(io, "Failed to list topics", listed)).keys()];
    const found: TopicPartition[] = [];
    for (const names of batches(topics)) {
      const described = await orFail(io, `Failed to describe ${names.length} topics`, admin.describeTopics(names));
      for (const { name, partitions } of described.values()) {
        const here = partitions.filter(({ replicas }) => brokerId === undefined || replicas.includes(brokerId));
        found.push(...here.map(({ partition }) => ({ topic: name, partition })));
      }
    }
    return found;
  }

  async openTransactions(partitions: readonly TopicPartition[], longerThanMs: number): Promise<OpenTransaction[]> {
    const { admin, io, brokerId } = this;
    const open: OpenTransaction[] = [];
    for (const some of batches(partitions)) {
      const options = brokerId === undefined ? {} : { brokerId };
      const where = brokerId === undefined ? "Optional.empty" : `Optional[${brokerId}]`;
      const described = await orFail(
        io,
        `Failed to describe producers for ${some.length} partitions on broker ${where}`,
        admin.describeProducers(some, options),
      );
      const nowMs = Date.now();
      for (const { topic, partition, activeProducers } of described.values()) {
        for (const producer of activeProducers) {
          if (producer.transactionStartOffset === null || nowMs - producer.lastTimestamp <= longerThanMs) continue;
          open.push({ topic, partition, producer });
        }
      }
    }
    return open;
  }

  /** Those whose coordinator has no such transaction, or not on the partition. */
  async hanging(open: readonly OpenTransaction[]): Promise<OpenTransaction[]> {
    const { admin, io } = this;
    const producerIds = [...new Set(open.map(({ producer }) => producer.producerId))];
    const listed = await orFail(
      io,
      `Failed to list transactions for ${producerIds.length} producers`,
      admin.listTransactions({ producerIds }),
    );
    const idOf = new Map([...listed.values()].map((each) => [each.producerId, each.transactionalId]));
    const described = await this.describe([...idOf.values()]);
    return open.filter((each) => {
      const transaction = described.get(idOf.get(each.producer.producerId) ?? "");
      return !transaction?.partitions.some((one) => partitionText(one) === partitionText(each));
    });
  }

  private async describe(ids: readonly string[]): Promise<ReadonlyMap<string | number, TransactionDescription>> {
    const message = `Failed to describe ${ids.length} transactions`;
    const { values, errors } = await orFail(this.io, message, settled(this.admin.describeTransactions(ids)));
    const [other] = [...errors.values()].filter((error) => errorNameOf(error) !== "TRANSACTIONAL_ID_NOT_FOUND");
    if (other !== undefined) await orFail(this.io, message, Promise.reject(other));
    return values;
  }
}

function* batches<T>(all: readonly T[]): Generator<T[]> {
  for (let from = 0; from < all.length; from += BATCH) yield all.slice(from, from + BATCH);
}
