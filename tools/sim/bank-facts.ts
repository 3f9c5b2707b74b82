// The bank of the kill rounds: what its records say, and what its tellers (processes of their own) tell of themselves. A teller consumes requests
// for transfers and writes a debit and a credit in one transaction with the offset that it has read up to.

import { assert } from "@ottla/base";
import type { Span } from "./history.ts";
import type { Told } from "./transaction-history.ts";

export const REQUESTS = "requests";
export const LEDGER = "ledger";
export const LEDGER_PARTITIONS = 4;
export const GROUP = "bank";
export const ACCOUNTS = 100;
export const OPENING_BALANCE = 1000;

/** A request for a transfer, as its record says it. */
export interface Transfer {
  readonly from: number;
  readonly to: number;
  readonly amount: number;
}

/** One line of the ledger. `request` is where the request lies, or the name of an opening. */
export interface Entry {
  readonly transaction: string;
  readonly request: string;
  readonly account: number;
  readonly amount: number;
}

export function partitionOf(account: number): number {
  return account % LEDGER_PARTITIONS;
}

export function encodeEntry({ transaction, request, account, amount }: Entry): string {
  return `${transaction} ${request} ${account} ${amount}`;
}

export function decodeEntry(value: string): Entry {
  const [transaction = "", request = "", account = "", amount = ""] = value.split(" ");
  assert(amount !== "", `${value} is a line of the ledger`);
  return { transaction, request, account: Number(account), amount: Number(amount) };
}

/** What a teller wants to do in one transaction. */
export interface Plan {
  readonly transaction: string;
  readonly writes: readonly { readonly partition: number; readonly values: readonly string[] }[];
  /** The offset of its requests to go on with. */
  readonly offset: number;
  readonly commits: boolean;
}

/** Written by a teller before or after what it tells, so that it stays told when the teller is killed. Times are of the machine's clock. */
export type BankFact =
  | { readonly kind: "takes"; readonly begun: number }
  | { readonly kind: "took"; readonly ended: number }
  | ({ readonly kind: "at"; readonly position: number } & Span)
  | { readonly kind: "begins"; readonly plan: Plan; readonly begun: number }
  | ({ readonly kind: "wrote"; readonly index: number; readonly told: Told } & Span)
  | ({ readonly kind: "offset"; readonly told: Told } & Span)
  | { readonly kind: "asks"; readonly begun: number }
  | ({ readonly kind: "ended"; readonly told: Told } & Span)
  | ({ readonly kind: "late"; readonly what: string; readonly mustBeRefused: boolean; readonly told: Told } & Span)
  | { readonly kind: "gone"; readonly why: "fenced" | "lost"; readonly said: string };

/** Nanoseconds of the clock that all processes of a machine share. */
export function machineTime(): number {
  return Number(process.hrtime.bigint());
}

export interface TellerOptions {
  readonly port: number;
  readonly client: "wire" | "kafkajs";
  /** Which partition of the requests is its own. */
  readonly partition: number;
  readonly holder: string;
  readonly seed: number;
}

export function transactionalIdOf(partition: number): string {
  return `teller-${partition}`;
}
