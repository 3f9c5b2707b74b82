// What the soaked clients did and were told, and what is in the log in the end, as plain facts: the input of the checks in soak-checks.ts and
// soak-group-checks.ts. Time is a counter, so that "before" means what it means to an observer. Nothing here knows a client or a broker.

import { StallWatch } from "./soak-stalls.ts";

/** The fate of a transaction as its producer was told; unknown where the commit failed on the way. */
export type Told = "open" | "committed" | "aborted" | "unknown";

export interface SoakTransaction {
  readonly producer: string;
  /** When the work was done and a commit was asked for; null for one that was to be aborted. */
  commitAsked: number | null;
  told: Told;
}

export interface SentRecord {
  readonly producer: string;
  /** Counts the calls of `send` of one producer. */
  readonly number: number;
  readonly topic: string;
  readonly transaction: SoakTransaction | null;
  /** Where it was acknowledged; "failed" when it was given up; null while it is under way. */
  outcome: { readonly partition: number; readonly offset: number } | "failed" | null;
}

/** From the call of onAssigned to the call of onRevoked or onLost. */
export interface Ownership {
  readonly group: string;
  readonly member: string;
  readonly partition: string;
  readonly begun: number;
  ended: number | null;
  how: "revoked" | "lost" | "closed" | null;
  /** The broker had not heard of the member for a whole session when the partition went to another: nobody waits for it any more. */
  isSilent?: true;
}

/** A record in the hands of the application. */
export interface Handling {
  readonly offset: number;
  readonly value: string;
  readonly member: string;
  /** Records of one lane come one after another: a partition or a key, of one assignment and one loop. */
  readonly lane: string;
  /** When it reached the application, which may have had others of the same batch to handle first. */
  readonly delivered: number;
  readonly begun: number;
  /** null while its handler runs. */
  ended: number | null;
  /** False while its handler runs, and when it threw. */
  isDone: boolean;
}

/** An offset that was seen to be committed. */
export interface CommittedReading {
  readonly group: string;
  readonly partition: string;
  readonly offset: number;
  /** Before the question and after the answer. */
  readonly asked: number;
  readonly answered: number;
}

export interface LoggedRecord {
  readonly offset: number;
  readonly value: string;
  readonly isCommitted: boolean;
}

export interface SoakGroup {
  readonly id: string;
  readonly topics: readonly string[];
  readonly readCommitted: boolean;
}

export interface Closing {
  readonly what: string;
  readonly boundMs: number;
  readonly tookMs: number;
  /** How long the process got no turn meanwhile. */
  readonly stalledMs: number;
}

export class SoakHistory {
  readonly sent: SentRecord[] = [];
  readonly transactions: SoakTransaction[] = [];
  readonly groups: SoakGroup[] = [];
  readonly ownerships: Ownership[] = [];
  /** By group, then by partition as in "orders-0". */
  readonly handlings = new Map<string, Map<string, Handling[]>>();
  readonly readings: CommittedReading[] = [];
  readonly closings: Closing[] = [];
  /** By partition, in the order of offsets: everything but control records. */
  readonly log = new Map<string, LoggedRecord[]>();
  /** What is wrong in itself: errors that nobody may get, consumers that stand still, leaks. */
  readonly faults: string[] = [];
  readonly stalls = new StallWatch();
  private time = 0;

  tick(): number {
    return this.time++;
  }

  fault(sentence: string): void {
    this.faults.push(sentence);
  }

  handled(group: string, partition: string, handling: Handling): void {
    const ofGroup = getOrAdd(this.handlings, group, () => new Map<string, Handling[]>());
    getOrAdd(ofGroup, partition, () => []).push(handling);
  }
}

/** What must hold of every history. */
export interface SoakCheck {
  readonly promise: string;
  /** One sentence for each breach. */
  readonly check: (history: SoakHistory) => string[];
}

export function getOrAdd<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}

/** Values are unique, and tell whose they are. */
export function valueOf({ producer, number }: Pick<SentRecord, "producer" | "number">): string {
  return `${producer}:${number}`;
}
