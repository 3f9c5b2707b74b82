// `ottla txn abort`: ends open transactions, by their ids (KIP-939) or those that hang (KIP-664).

import { KafkaError, partitionKey, settled } from "@ottla/client";
import type { ItemKey, TransactionDescription } from "@ottla/client";
import { CommandError, UsageError } from "../../command-error.ts";
import type { CommandCall } from "../../command-definition.ts";
import { targetText, withAdmin } from "../connect.ts";
import type { Session } from "../connect.ts";
import { reportErrors, withName } from "../failure.ts";
import { plainPage, print } from "../output.ts";
import { tableLines } from "../table.ts";
import type { Column } from "../table.ts";
import { confirm, withProgress } from "../terminal.ts";
import type { ChangeOptions } from "../terminal.ts";
import { countText, durationText } from "../text.ts";
import { findHanging, hangingColumns } from "./hanging.ts";
import type { HangingTransaction } from "./hanging.ts";
import type { SearchFlags, TxnFlags } from "./txn-commands.ts";

export interface AbortFlags extends TxnFlags, ChangeOptions, SearchFlags {
  readonly hanging?: true;
}

export async function abortTransactions(call: CommandCall<AbortFlags>): Promise<number> {
  const { options, words, io } = call;
  const isSearch = options.hanging === true;
  if (isSearch === words.length > 0) throw new UsageError("which ones? transactional ids, or --hanging");
  if (!isSearch && (options.topic !== undefined || options.longerThan !== undefined)) {
    throw new UsageError("--topic and --longer-than go with --hanging");
  }
  return await withAdmin(options, io, async (session) => {
    if (!isSearch) return await abortAll(call, session, await openTransactions(session, [...new Set(words)]));
    const { hanging, errors } = await withProgress(io, "asking for partitions", (progress) =>
      findHanging(session, options, progress),
    );
    const code = hanging.length === 0 ? 0 : await abortAll(call, session, hangingWork(session, hanging));
    if (hanging.length === 0) await print(io, options, { document: [], lines: () => ["no transaction hangs"] });
    return Math.max(code, reportErrors(io, errors));
  });
}

/** Transactions of one kind: how they are shown, named and ended. */
interface Work<Row> {
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  key(row: Row): string;
  abort(row: Row): Promise<void>;
}

async function abortAll<Row>(
  { options, io }: CommandCall<AbortFlags>,
  { target }: Session,
  work: Work<Row>,
): Promise<number> {
  const { rows, columns } = work;
  const key = (row: Row): string => work.key(row);
  const document = (isAborted: (row: Row) => boolean): object[] =>
    rows.map((row) => ({ ...row, isAborted: isAborted(row) }));
  if (options.dryRun === true) {
    const title = `would be aborted on ${targetText(target)}: ${countText(rows.length, "transaction")}`;
    await print(io, options, {
      document: document(() => false),
      lines: (page) => [title, ...tableLines(rows, columns, page)],
    });
    return 0;
  }
  if (options.yes !== true) for (const line of tableLines(rows, columns, plainPage(io))) io.error(line);
  await confirm(io, `Abort ${countText(rows.length, "transaction")} on ${targetText(target)}?`, options);
  const errors = new Map<ItemKey, KafkaError>();
  for (const row of rows) {
    try {
      await work.abort(row);
    } catch (error) {
      if (!(error instanceof KafkaError) || io.signal.aborted) throw error;
      errors.set(key(row), error);
    }
  }
  const isAborted = (row: Row): boolean => !errors.has(key(row));
  await print(io, options, {
    document: document(isAborted),
    lines: () => rows.filter(isAborted).map((row) => `${key(row)} aborted`),
  });
  return reportErrors(io, errors);
}

/** @throws CommandError when one has none open: none is aborted then */
async function openTransactions(
  { admin, call }: Session,
  ids: readonly string[],
): Promise<Work<TransactionDescription>> {
  const { values, errors } = await settled(admin.describeTransactions(ids, call));
  for (const [id, error] of errors) throw new CommandError(`nothing was aborted: ${id}: ${withName(error)}`);
  const rows = [...values.values()];
  const idle = rows.find(({ state }) => state !== "Ongoing");
  if (idle !== undefined) {
    throw new CommandError(`nothing was aborted: ${idle.transactionalId} is ${idle.state}, it has no open transaction`);
  }
  const nowMs = Date.now();
  const openFor = ({ startTimeMs }: TransactionDescription): string | null =>
    startTimeMs === null ? null : durationText(nowMs - startTimeMs);
  return {
    rows,
    columns: [
      { title: "TRANSACTIONAL ID", value: ({ transactionalId }) => transactionalId },
      { title: "PRODUCER", value: ({ producerId }) => producerId },
      { title: "PARTITIONS", value: ({ partitions }) => partitions.length },
      { title: "OPEN FOR", value: openFor, align: "right" },
    ],
    key: ({ transactionalId }) => transactionalId,
    abort: ({ transactionalId }) => admin.forceTerminateTransaction(transactionalId, call),
  };
}

function hangingWork({ admin, call }: Session, hanging: readonly HangingTransaction[]): Work<HangingTransaction> {
  return {
    rows: hanging,
    columns: hangingColumns,
    key: ({ topic, partition, producerId }) => `${partitionKey(topic, partition)} of producer ${producerId}`,
    abort: ({ topic, partition, producerId, producerEpoch, coordinatorEpoch }) =>
      admin.abortTransaction({ topic, partition, producerId, producerEpoch, coordinatorEpoch }, call),
  };
}
