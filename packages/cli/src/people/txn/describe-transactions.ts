// `ottla txn describe`: one transaction after the other, with where in each partition it begins.

import { partitionKey, settled } from "@ottla/client";
import type { TopicPartition, TransactionDescription } from "@ottla/client";
import { told } from "../cluster-facts.ts";
import type { CommandCall } from "../../command-definition.ts";
import { withAdmin } from "../connect.ts";
import type { Session } from "../connect.ts";
import { reportErrors } from "../failure.ts";
import { print } from "../output.ts";
import { fieldLines, tableLines } from "../table.ts";
import type { Column, Page } from "../table.ts";
import { durationText, timeText } from "../text.ts";
import { openForMs } from "./open-for.ts";
import type { TxnFlags } from "./txn-commands.ts";

interface TransactionPartition extends TopicPartition {
  /** Whoever reads committed records waits here. null when the leader does not tell. */
  readonly startOffset: number | null;
}

type TransactionFacts = Omit<TransactionDescription, "partitions"> & {
  readonly openForMs: number | null;
  readonly partitions: readonly TransactionPartition[];
};

export async function describeTransactions({ options, words, io }: CommandCall<TxnFlags>): Promise<number> {
  return await withAdmin(options, io, async (session) => {
    const ids = [...new Set(words)];
    const { values, errors } = await settled(session.admin.describeTransactions(ids, session.call));
    const facts = await factsOf(session, [...values.values()], Date.now());
    await print(io, options, {
      document: facts,
      lines: (page) => facts.flatMap((each, at) => [...(at === 0 ? [] : [""]), ...transactionLines(each, page)]),
    });
    return reportErrors(io, errors);
  });
}

async function factsOf(
  { admin, call }: Session,
  transactions: readonly TransactionDescription[],
  nowMs: number,
): Promise<TransactionFacts[]> {
  const partitions = new Map(
    transactions.flatMap((each) => each.partitions).map((each) => [partitionKey(each.topic, each.partition), each]),
  );
  const producers = await told(admin.describeProducers([...partitions.values()], call));
  return transactions.map((transaction) => ({
    ...transaction,
    openForMs: openForMs(transaction, nowMs),
    partitions: transaction.partitions.map(({ topic, partition }) => {
      const active = producers.values.get(partitionKey(topic, partition))?.activeProducers ?? [];
      const own = active.find(({ producerId }) => producerId === transaction.producerId);
      return { topic, partition, startOffset: own?.transactionStartOffset ?? null };
    }),
  }));
}

function transactionLines(transaction: TransactionFacts, page: Page): string[] {
  const { transactionalId, state, producerId, producerEpoch, coordinatorId, timeoutMs, startTimeMs } = transaction;
  const { openForMs: openMs, partitions } = transaction;
  const since = startTimeMs === null || openMs === null ? null : timeText(startTimeMs);
  return [
    ...fieldLines(
      [
        ["Transactional id", transactionalId],
        ["State", state],
        ["Producer", `${producerId}, epoch ${producerEpoch}`],
        ["Coordinator", coordinatorId],
        ["Timeout", durationText(timeoutMs)],
        ["Open since", since === null ? null : `${since} (${durationText(openMs ?? 0)})`],
      ],
      page,
    ),
    ...(partitions.length === 0 ? [] : ["", ...tableLines(partitions, columns, page)]),
  ];
}

const columns: readonly Column<TransactionPartition>[] = [
  { title: "TOPIC", value: ({ topic }) => topic },
  { title: "PARTITION", value: ({ partition }) => partition },
  { title: "FIRST OFFSET", value: ({ startOffset }) => startOffset, align: "right" },
];
