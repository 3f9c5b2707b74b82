// `ottla txn …`: the options of each command; what they do is in the files beside this one.

import type { TransactionState } from "@ottla/client";
import type { CommandCall, CommandFamily, CommandOption } from "../../command-definition.ts";
import { connectionOptions } from "../connect.ts";
import type { ConnectionFlags } from "../connect.ts";
import { outputOption } from "../output.ts";
import type { OutputOptions } from "../output.ts";
import { dryRunOption, yesOption } from "../terminal.ts";
import { parseDuration } from "../times.ts";
import { collectOf, collectTopics } from "../words.ts";
import type { TopicWord } from "../words.ts";
import type { AbortFlags } from "./abort-transactions.ts";
import type { ListTransactionsFlags } from "./list-transactions.ts";

export type TxnFlags = ConnectionFlags & OutputOptions;

/** Where hanging transactions are looked for. */
export interface SearchFlags {
  readonly topic?: readonly TopicWord[];
  readonly longerThan?: number;
}

const asking = [...connectionOptions, outputOption];

const states: readonly TransactionState[] = [
  "Ongoing",
  "PrepareCommit",
  "PrepareAbort",
  "CompleteCommit",
  "CompleteAbort",
  "PrepareEpochFence",
  "Empty",
  "Dead",
];

const searchOptions: readonly CommandOption[] = [
  {
    flags: "-t, --topic <topic[:partitions]>",
    summary: "look only there; may be given again (all topics)",
    parse: collectTopics,
    completedBy: "topics",
  },
  {
    flags: "--longer-than <duration>",
    summary: "only those without a record for so long (15m, Kafka's transaction.max.timeout.ms)",
    parse: parseDuration,
  },
];

export const txnCommands: CommandFamily = {
  commands: [
    {
      name: "list",
      summary: "list transactional ids with the state of their transaction",
      arguments: [{ flags: "[pattern...]", summary: "only these; * is any text", completedBy: "transactions" }],
      options: [
        ...asking,
        {
          flags: "--state <state>",
          summary: `only in this state: ${states.join(", ")}; may be given again`,
          parse: collectOf(states),
        },
        { flags: "--longer-than <duration>", summary: "only those open for longer: 10m", parse: parseDuration },
      ],
      examples: ["ottla txn list", "ottla txn list --state Ongoing --longer-than 1m"],
      run: async (call: CommandCall<ListTransactionsFlags>) =>
        (await import("./list-transactions.ts")).listTransactions(call),
    },
    {
      name: "describe",
      summary: "show transactions: producer, state, partitions, and from which offset they hold up readers",
      arguments: [{ flags: "<id...>", summary: "transactional ids", completedBy: "transactions" }],
      options: asking,
      examples: ["ottla txn describe payments-1"],
      run: async (call: CommandCall<TxnFlags>) =>
        (await import("./describe-transactions.ts")).describeTransactions(call),
    },
    {
      name: "hanging",
      summary: "find open transactions on partitions that no coordinator knows of any more (KIP-664)",
      options: [...asking, ...searchOptions],
      details: "They hold up whoever reads committed records only, for ever. `ottla txn abort --hanging` ends them.",
      examples: ["ottla txn hanging", "ottla txn hanging --topic orders --longer-than 1h -o json"],
      run: async (call: CommandCall<TxnFlags & SearchFlags>) => (await import("./hanging.ts")).showHanging(call),
    },
    {
      name: "abort",
      summary: "abort the open transactions of these ids, or those that hang; shows them and asks before",
      arguments: [{ flags: "[id...]", summary: "transactional ids", completedBy: "transactions" }],
      options: [
        ...asking,
        { flags: "--hanging", summary: "those that `ottla txn hanging` finds, instead of ids" },
        ...searchOptions,
        yesOption,
        dryRunOption,
      ],
      details: "A producer whose transaction is aborted by its id is fenced: it has to be made anew.",
      examples: ["ottla txn abort payments-1", "ottla txn abort --hanging --topic orders --dry-run"],
      run: async (call: CommandCall<AbortFlags>) => (await import("./abort-transactions.ts")).abortTransactions(call),
    },
  ],
};
