// `ottla txn list`: who has used transactions, and whose is open for how long.

import { settled } from "@ottla/client";
import type { TransactionState } from "@ottla/client";
import type { CommandCall } from "../../command-definition.ts";
import { withAdmin } from "../connect.ts";
import { reportErrors } from "../failure.ts";
import { filterNames } from "../names.ts";
import { print } from "../output.ts";
import { tableLines } from "../table.ts";
import type { Column } from "../table.ts";
import { withProgress } from "../terminal.ts";
import { durationText } from "../text.ts";
import { openForMs } from "./open-for.ts";
import type { TxnFlags } from "./txn-commands.ts";

export interface ListTransactionsFlags extends TxnFlags {
  readonly state?: readonly TransactionState[];
  readonly longerThan?: number;
}

interface TransactionRow {
  readonly transactionalId: string;
  readonly state: TransactionState;
  readonly producerId: number;
  readonly coordinatorId: number;
  /** null when none is open. */
  readonly openForMs: number | null;
  readonly partitions: number;
}

export async function listTransactions({ options, words, io }: CommandCall<ListTransactionsFlags>): Promise<number> {
  const { state, longerThan } = options;
  return await withAdmin(options, io, async ({ admin, call }) => {
    const { rows, errors } = await withProgress(io, "asking for transactions", async () => {
      const listed = await settled(
        admin.listTransactions({
          ...call,
          states: state ?? [],
          ...(longerThan === undefined ? {} : { longerThanMs: longerThan }),
        }),
      );
      const ids = filterNames(words, [...listed.values.keys()].map(String));
      const described = await settled(admin.describeTransactions(ids, call));
      const nowMs = Date.now();
      const found = ids.flatMap((id): TransactionRow[] => {
        const transaction = described.values.get(id);
        if (transaction === undefined) return [];
        const { transactionalId, state: now, producerId, coordinatorId, partitions } = transaction;
        return [
          {
            transactionalId,
            state: now,
            producerId,
            coordinatorId,
            openForMs: openForMs(transaction, nowMs),
            partitions: partitions.length,
          },
        ];
      });
      // One that was forgotten in between is no failure.
      const failed = [...described.errors].filter(([, error]) => error.code !== "TRANSACTIONAL_ID_NOT_FOUND");
      return { rows: found, errors: new Map([...listed.errors, ...failed]) };
    });
    await print(io, options, { document: rows, lines: (page) => tableLines(rows, columns, page) });
    return reportErrors(io, errors);
  });
}

const columns: readonly Column<TransactionRow>[] = [
  { title: "TRANSACTIONAL ID", value: ({ transactionalId }) => transactionalId },
  {
    title: "STATE",
    value: ({ state }) => state,
    style: ({ state }) => (state === "Ongoing" ? "cyan" : state === "Dead" ? "red" : null),
  },
  { title: "PRODUCER", value: ({ producerId }) => producerId },
  { title: "COORDINATOR", value: ({ coordinatorId }) => coordinatorId },
  { title: "PARTITIONS", value: ({ partitions }) => partitions },
  {
    title: "OPEN FOR",
    value: (row) => (row.openForMs === null ? null : durationText(row.openForMs)),
    align: "right",
  },
];
