// One broker's incremental fetch session (KIP-227): what the broker remembers of our partitions, so that a request names only those that
// changed. Pure; Kafka's FetchSessionHandler is the model. Epoch 0 opens a session, later requests count up from 1, -1 ends it.
// An error that leaves it unclear what the broker remembers makes the next request a full one, which replaces the session.

import { ZERO_UUID } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";

const INITIAL_EPOCH = 0;
const FINAL_EPOCH = -1;
const NO_SESSION = 0;
const INT32_MAX = 0x7fff_ffff;

/** What is asked for of one partition. */
export interface FetchEntry {
  /** "topic-partition". */
  readonly name: string;
  readonly topic: string;
  /** ZERO_UUID when unknown. */
  readonly topicId: string;
  readonly partition: number;
  readonly fetchOffset: number;
  readonly leaderEpoch: number;
  readonly maxBytes: number;
}

export interface SessionRequest {
  readonly sessionId: number;
  readonly sessionEpoch: number;
  readonly toSend: readonly FetchEntry[];
  readonly toForget: readonly FetchEntry[];
  /** Whether every topic has an id; otherwise version 12 is the highest that can be used. */
  readonly usesTopicIds: boolean;
}

/** What the session says to an answer: its partitions can be used, or not. */
export type SessionVerdict =
  | { readonly usable: true }
  | { readonly usable: false; readonly reason: string; readonly refreshMetadata: boolean };

const USABLE: SessionVerdict = { usable: true };

export class FetchSession {
  private sessionId = NO_SESSION;
  private epoch = INITIAL_EPOCH;
  private entries = new Map<string, FetchEntry>();
  private topicNames = new Map<string, string>();

  /** Whether the next request opens a session. */
  get isFull(): boolean {
    return this.epoch === INITIAL_EPOCH || this.epoch === FINAL_EPOCH;
  }

  /** Whether the broker remembers something that is worth to be ended. */
  get isOpen(): boolean {
    return this.sessionId !== NO_SESSION;
  }

  /** The partition that an answer means; undefined when we did not ask for it. */
  entry(topic: string, topicId: string, partition: number): FetchEntry | undefined {
    const name = topic === "" ? this.topicNames.get(topicId) : topic;
    return name === undefined ? undefined : this.entries.get(`${name}-${partition}`);
  }

  /** All partitions of the session. */
  partitions(): Iterable<FetchEntry> {
    return this.entries.values();
  }

  /** The request for exactly `wanted`, in their order. */
  next(wanted: readonly FetchEntry[]): SessionRequest {
    const { sessionId, epoch: sessionEpoch } = this;
    const usesTopicIds = wanted.every((entry) => entry.topicId !== ZERO_UUID);
    const changes = this.isFull ? { toSend: wanted, toForget: [] } : this.changesTo(wanted);
    const forgetsById = changes.toForget.every((entry) => entry.topicId !== ZERO_UUID);
    this.entries = new Map(wanted.map((entry) => [entry.name, entry]));
    this.topicNames = new Map(wanted.map((entry) => [entry.topicId, entry.topic]));
    return { sessionId, sessionEpoch, ...changes, usesTopicIds: usesTopicIds && forgetsById };
  }

  /** Ends the session; nothing is asked for. Null when there is none. */
  end(): SessionRequest | null {
    if (!this.isOpen) return null;
    const usesTopicIds = [...this.entries.values()].every((entry) => entry.topicId !== ZERO_UUID);
    return { sessionId: this.sessionId, sessionEpoch: FINAL_EPOCH, toSend: [], toForget: [], usesTopicIds };
  }

  /** Looks at an answer as a whole and readies the next request. */
  answered(answer: {
    errorCode: number;
    sessionId: number;
    throttleTimeMs: number;
    partitions: readonly (FetchEntry | undefined)[];
  }): SessionVerdict {
    if (answer.errorCode !== errorCodes.NONE) return this.refused(answer.errorCode);
    const known = answer.partitions.filter((entry) => entry !== undefined);
    // KIP-219: a broker that throttles answers a full request with nothing.
    if (this.isFull && known.length === 0 && answer.partitions.length === 0 && answer.throttleTimeMs > 0) {
      this.forget();
      return { usable: false, reason: "throttled", refreshMetadata: false };
    }
    if (known.length < answer.partitions.length) return this.mismatch("it has partitions that were not asked for");
    if (this.isFull && known.length < this.entries.size)
      return this.mismatch("it lacks partitions that were asked for");
    if (answer.sessionId === NO_SESSION) this.forget();
    else {
      this.epoch = this.isFull ? 1 : this.epoch === INT32_MAX ? 1 : this.epoch + 1;
      this.sessionId = answer.sessionId;
    }
    return USABLE;
  }

  /** The request or its answer was lost: the session is ended and begun anew by the next request. */
  failed(): void {
    this.epoch = INITIAL_EPOCH;
  }

  // A full request that names the session's id ends it (KIP-227, "FetchRequest metadata meaning").
  private refused(errorCode: number): SessionVerdict {
    if (errorCode === errorCodes.FETCH_SESSION_ID_NOT_FOUND) this.forget();
    else this.failed();
    const refreshMetadata = errorCode === errorCodes.FETCH_SESSION_TOPIC_ID_ERROR;
    return { usable: false, reason: `error ${errorCode}`, refreshMetadata };
  }

  private mismatch(reason: string): SessionVerdict {
    if (this.isFull) this.forget();
    else this.failed();
    return { usable: false, reason, refreshMetadata: false };
  }

  private forget(): void {
    this.sessionId = NO_SESSION;
    this.epoch = INITIAL_EPOCH;
  }

  private changesTo(wanted: readonly FetchEntry[]): { toSend: FetchEntry[]; toForget: FetchEntry[] } {
    const toSend: FetchEntry[] = [];
    const toForget: FetchEntry[] = [];
    const names = new Set<string>();
    for (const entry of wanted) {
      names.add(entry.name);
      const before = this.entries.get(entry.name);
      if (before !== undefined && isSame(before, entry)) continue;
      // A topic that was deleted and made again: the old one is forgotten by its id (KIP-516).
      if (before !== undefined && isOtherTopic(before, entry)) toForget.push(before);
      toSend.push(entry);
    }
    for (const before of this.entries.values()) if (!names.has(before.name)) toForget.push(before);
    return { toSend, toForget };
  }
}

function isOtherTopic(before: FetchEntry, now: FetchEntry): boolean {
  return before.topicId !== now.topicId && before.topicId !== ZERO_UUID && now.topicId !== ZERO_UUID;
}

function isSame(before: FetchEntry, now: FetchEntry): boolean {
  return (
    before.topicId === now.topicId &&
    before.fetchOffset === now.fetchOffset &&
    before.leaderEpoch === now.leaderEpoch &&
    before.maxBytes === now.maxBytes
  );
}
