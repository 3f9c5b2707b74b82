// The last requests of a broker and how they were answered: for tests to look at, and for messages to show. Bounded: the oldest go first.
// Nothing of a request's or an answer's bytes is kept.

import { EncodedAnswer } from "@ottla/broker";
import { errorName } from "@ottla/protocol";
import type { ApiName } from "./api-names.ts";
import type { TopicPartition } from "./faults/request-topics.ts";
import type { SeenRequest } from "./seen-request.ts";

/** One request. The fields of its answer are filled in when it is there. */
export interface JournalEntry {
  /** Counted from 1 since the broker started or was reset. */
  readonly number: number;
  /** When it came, milliseconds since the journal began. */
  readonly atMs: number;
  readonly api: ApiName;
  readonly version: number;
  readonly clientId: string | null;
  /** The client's address and port: one connection. */
  readonly remote: string;
  /** What it names, the partitions of an incremental fetch session included; a partition is null where an API names topics only. */
  readonly topics: readonly TopicPartition[];
  /** The groups and transactional ids that it names. */
  readonly keys: readonly string[];
  /** What was done to it on purpose; null when nothing was. */
  fault: string | null;
  /**
   * - waiting: there is no answer yet.
   * - answered: there is one; a fault may have kept it from arriving.
   * - silent: there is none and never will be (acks 0, or the connection was closed instead).
   */
  outcome: "waiting" | "answered" | "silent";
  /** The errors in the answer, by Kafka's names, each as often as it is there. */
  errors: readonly string[];
  /** From request to answer, milliseconds; null while it waits. */
  tookMs: number | null;
}

const NAMED_TOPICS_MAX = 4;

export class Journal {
  private readonly capacity: number;
  private readonly ring: JournalEntry[] = [];
  private begunMs = performance.now();
  private count = 0;

  /** @param capacity how many requests it keeps; 0 keeps none */
  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** How many requests there were, those that are not kept any more included. */
  get total(): number {
    return this.count;
  }

  /** The requests kept, oldest first; of one API when it is named. */
  entries(api?: ApiName): readonly JournalEntry[] {
    const start = this.ring.length < this.capacity ? 0 : this.count % this.capacity;
    const inOrder = [...this.ring.slice(start), ...this.ring.slice(0, start)];
    return api === undefined ? inOrder : inOrder.filter((entry) => entry.api === api);
  }

  /** The last requests as lines for a person. */
  print(last = this.capacity): string {
    const entries = this.entries().slice(last === 0 ? this.ring.length : -last);
    return entries.map(line).join("\n");
  }

  clear(): void {
    this.ring.length = 0;
    this.count = 0;
    this.begunMs = performance.now();
  }

  /** For the interception: a request came. Null when nothing is kept. */
  begin(seen: SeenRequest): JournalEntry | null {
    const number = ++this.count;
    if (this.capacity === 0) return null;
    const { connection, apiVersion } = seen.call;
    const entry: JournalEntry = {
      number,
      atMs: performance.now() - this.begunMs,
      api: seen.api,
      version: apiVersion,
      clientId: seen.clientId,
      remote: `${connection.remoteAddress}:${connection.remotePort}`,
      topics: seen.topics,
      keys: [...seen.groupIds, ...seen.transactionalIds],
      fault: null,
      outcome: "waiting",
      errors: [],
      tookMs: null,
    };
    this.ring[(number - 1) % this.capacity] = entry;
    return entry;
  }

  /** For the interception: how it ended. */
  end(entry: JournalEntry, answer: unknown): void {
    entry.tookMs = performance.now() - this.begunMs - entry.atMs;
    entry.outcome = typeof answer === "object" ? "answered" : "silent";
    // One that a fault has cut is bytes only.
    entry.errors = answer instanceof EncodedAnswer ? [] : errorsIn(answer);
  }
}

function line(entry: JournalEntry): string {
  const { number, atMs, api, version, clientId, remote, topics, keys, errors, tookMs, outcome, fault } = entry;
  const named = topics
    .slice(0, NAMED_TOPICS_MAX)
    .map(({ topic, partition }) => `${topic}${partition === null ? "" : `-${partition}`}`);
  if (topics.length > NAMED_TOPICS_MAX) named.push(`and ${topics.length - NAMED_TOPICS_MAX} more`);
  const about = [...keys, ...named].join(" ");
  const took = tookMs === null ? outcome : `${tookMs.toFixed(1)} ms${outcome === "silent" ? ", no answer" : ""}`;
  const parts = [`#${number}`, `${atMs.toFixed(1)} ms`, `${api} v${version}`, clientId ?? "-", remote, about, took];
  if (errors.length > 0) parts.push(errors.join(" "));
  if (fault !== null) parts.push(`[fault: ${fault}]`);
  return parts.filter((part) => part !== "").join("  ");
}

/** Every error code of an answer that is not NONE. Record bytes are not looked into. */
function errorsIn(answer: unknown, found: string[] = []): string[] {
  if (typeof answer !== "object" || answer === null || Buffer.isBuffer(answer)) return found;
  if (Array.isArray(answer)) {
    for (const element of answer) if (typeof element === "object") errorsIn(element, found);
    return found;
  }
  for (const [name, value] of Object.entries(answer)) {
    if (typeof value === "number") {
      if (value !== 0 && (name === "errorCode" || name === "partitionErrorCode")) found.push(errorName(value));
    } else if (typeof value === "object" && name !== "records") errorsIn(value, found);
  }
  return found;
}
