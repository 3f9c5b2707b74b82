// What a fault may say: which requests it is for, how many of them it hits, and what happens to those.
// Not here: doing it. Everything that a user can get wrong in a rule is refused when the rule is added.

import { errorCodes } from "@ottla/protocol";
import type { ErrorName } from "@ottla/protocol";
import { apiNames } from "../api-names.ts";
import type { ApiName } from "../api-names.ts";
import { refuseUnknown, refuseUnlessWhole } from "../options.ts";

/**
 * What happens to a request that is hit. `delayMs` and `throttleMs` go with every action that has an answer, and stand alone as well.
 * - `error`: the request is refused with this error, and what it asked for is not done. With `topic` or `partition` in the rule, only those
 *   partitions of the request are refused, and the broker does the rest.
 * - `drop`: the connection is closed, and nothing is done.
 * - `loseAnswer`: the broker does what was asked, and the connection closes before the answer: a lost acknowledgement.
 * - `cutFrame`: the broker does what was asked; so many bytes of the answer follow its size, then the connection closes.
 * - `corruptBatch`: in the first record batch of a Fetch answer one byte is another, so that the checksum does not match.
 * - `hang`: there is no answer, to this request and all later ones of its connection, until the fault is removed; then the connection closes.
 */
export type FaultAction =
  | ({ readonly error: ErrorName } & Slowness)
  | ({ readonly loseAnswer: true } & Slowness)
  | ({ readonly cutFrame: number } & Slowness)
  | ({ readonly corruptBatch: true } & Slowness)
  | { readonly drop: "connection" }
  | { readonly hang: true }
  | (Slowness & { readonly delayMs: number })
  | (Slowness & { readonly throttleMs: number });

interface Slowness {
  /** The answer is held back for so long, by the broker's clock. The broker did what was asked at once. */
  readonly delayMs?: number;
  /** The answer says that the client is throttled for so long (KIP-219). The broker does not enforce it. */
  readonly throttleMs?: number;
}

/** Everything that is left out matches every request. */
export interface FaultRule {
  /** One API or several, by Kafka's names: "Produce". */
  readonly api?: ApiName | readonly ApiName[];
  /** Requests that name this topic. */
  readonly topic?: string;
  /** Requests that name this partition of the topic, or of any topic. */
  readonly partition?: number;
  readonly clientId?: string;
  /** Requests that name this group. */
  readonly groupId?: string;
  /** Requests that name this transactional id. */
  readonly transactionalId?: string;
  /** The first request to be hit, counted from 1 among those that match. Default 1. */
  readonly nth?: number;
  /** How many are hit at most. Default: 1 where `nth` is given, else all. */
  readonly times?: number;
  /** Each request that could be hit is hit with this probability, drawn from the broker's seed. Default 1. */
  readonly probability?: number;
  readonly action: FaultAction;
}

/** An action with every possible field, as it is carried out. */
export interface AnyAction {
  readonly error?: ErrorName;
  readonly loseAnswer?: true;
  readonly cutFrame?: number;
  readonly corruptBatch?: true;
  readonly drop?: "connection";
  readonly hang?: true;
  readonly delayMs?: number;
  readonly throttleMs?: number;
}

const RULE_FIELDS: readonly (keyof FaultRule)[] = [
  "api",
  "topic",
  "partition",
  "clientId",
  "groupId",
  "transactionalId",
  "nth",
  "times",
  "probability",
  "action",
];
const BREAKING: readonly (keyof AnyAction)[] = ["error", "loseAnswer", "cutFrame", "corruptBatch", "drop", "hang"];
const WITHOUT_ANSWER: readonly (keyof AnyAction)[] = ["drop", "hang"];
const SLOW: readonly (keyof AnyAction)[] = ["delayMs", "throttleMs"];

/** @throws TypeError that says what is wrong with it. */
export function checkRule(rule: FaultRule): void {
  refuseUnknown("a fault", rule, RULE_FIELDS);
  refuseUnlessWhole("a fault", "partition", rule.partition, 0);
  refuseUnlessWhole("a fault", "nth", rule.nth, 1);
  refuseUnlessWhole("a fault", "times", rule.times, 1);
  const { probability } = rule;
  if (probability !== undefined && !(probability > 0 && probability <= 1)) {
    throw new TypeError(`a fault: probability lies above 0 and up to 1, not ${probability}`);
  }
  if (typeof rule.action !== "object" || rule.action === null) throw new TypeError("a fault: it needs an action");
  for (const name of apisOf(rule) ?? []) {
    if (!apiNames.includes(name)) throw new TypeError(`a fault: there is no API "${name}" here`);
  }
  checkAction(rule);
}

/** The APIs of a rule; null for all. */
export function apisOf({ api, action }: FaultRule): readonly ApiName[] | null {
  if (api !== undefined) return typeof api === "string" ? [api] : api;
  return "corruptBatch" in action ? ["Fetch"] : null;
}

/** What a rule does, in a few words: for the journal and for messages. */
export function describeAction(action: AnyAction): string {
  return Object.entries(action)
    .map(([name, value]) => (value === true ? name : `${name} ${value}`))
    .join(", ");
}

function checkAction(rule: FaultRule): void {
  const action: AnyAction = rule.action;
  refuseUnknown("a fault's action", action, [...BREAKING, ...SLOW]);
  const breaking = BREAKING.filter((name) => action[name] !== undefined);
  const slow = SLOW.filter((name) => action[name] !== undefined);
  if (breaking.length > 1) throw new TypeError(`a fault: ${breaking.join(" and ")} do not go together`);
  if (breaking.length + slow.length === 0) throw new TypeError("a fault: its action says nothing");
  if (slow.length > 0 && WITHOUT_ANSWER.includes(breaking[0]!)) {
    throw new TypeError(`a fault: ${breaking[0]} has no answer that ${slow[0]} could be about`);
  }
  for (const name of ["cutFrame", ...SLOW] as const) {
    refuseUnlessWhole("a fault's action", name, action[name] as number | undefined, 0);
  }
  for (const name of ["loseAnswer", "corruptBatch", "hang"] as const) {
    const given: unknown = action[name];
    if (given !== undefined && given !== true) throw new TypeError(`a fault: ${name} is true or absent`);
  }
  if (action.drop !== undefined && action.drop !== "connection") {
    throw new TypeError('a fault: what can be dropped is "connection"');
  }
  if (action.error !== undefined && !(errorCodes[action.error] !== undefined && action.error !== "NONE")) {
    throw new TypeError(`a fault: Kafka has no error "${action.error}"`);
  }
  if (action.corruptBatch === true && apisOf(rule)!.some((name) => name !== "Fetch")) {
    throw new TypeError("a fault: corruptBatch is for Fetch answers");
  }
}
