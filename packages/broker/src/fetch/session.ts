// Incremental fetch sessions (KIP-227): what a client asked for stays here between fetches, so that a request names
// only what changed and a response carries only partitions with news. Pure but for the clock that is passed in.
// Invariant: at most `slots` sessions with at most `maxTargets` partitions together; an epoch is used once; a session serves
// either topic ids or topic names, never both.

import type { Random } from "@ottla/base";
import { ZERO_UUID } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import type { FetchRequest } from "@ottla/protocol/messages/01-fetch.ts";

/** What a client wants of one partition, and what it was told last. */
export interface FetchTarget {
  topic: string;
  topicId: string;
  partition: number;
  fetchOffset: number;
  currentLeaderEpoch: number;
  lastFetchedEpoch: number;
  logStartOffset: number;
  maxBytes: number;
  /** The high watermark and log start that the client was told last; -1 when it must be told. */
  toldHighWatermark: number;
  toldLogStartOffset: number;
}

export interface FetchSession {
  id: number;
  epoch: number;
  usesTopicIds: boolean;
  targets: Map<string, FetchTarget>;
  createdMs: number;
  lastUsedMs: number;
}

/** How one request is to be served. */
export type FetchPlan =
  | { kind: "refused"; errorCode: number }
  | { kind: "full"; targets: FetchTarget[]; session: FetchSession | null }
  | { kind: "incremental"; targets: FetchTarget[]; session: FetchSession };

export interface FetchSessionCacheOptions {
  /** `max.incremental.fetch.session.cache.slots`. */
  slots: number;
  /** How many partitions all sessions may remember together; beyond, clients fetch without a session. Default SESSION_TARGETS_MAX. */
  maxTargets?: number;
  random: Random;
}

// Kafka counts sessions only, and one can name as many partitions as fit a request. About 300 bytes each: 75 MB.
const SESSION_TARGETS_MAX = 250_000;
// A longer name is no topic's and is not remembered: a request can bring thousands of 32 KB.
const REMEMBERED_NAME_MAX = 249;

const INITIAL_EPOCH = 0;
const FINAL_EPOCH = -1;
// A session unused for two minutes may be evicted for any other, as in Kafka.
const EVICTION_MS = 120_000;

export class FetchSessionCache {
  private readonly options: FetchSessionCacheOptions;
  // In order of last use: the first is the one that was idle longest.
  private readonly sessions = new Map<number, FetchSession>();
  private readonly maxTargets: number;
  private targets = 0;

  constructor(options: FetchSessionCacheOptions) {
    this.options = options;
    this.maxTargets = options.maxTargets ?? SESSION_TARGETS_MAX;
  }

  get size(): number {
    return this.sessions.size;
  }

  /** What a session remembers now; nothing when there is none of this id. */
  targetsOf(sessionId: number): Iterable<Readonly<FetchTarget>> {
    return this.sessions.get(sessionId)?.targets.values() ?? [];
  }

  /** Decides what a request asks for. `nameOf` resolves topic ids; an unknown id gives an empty name. */
  plan(request: FetchRequest, version: number, nowMs: number, nameOf: (topicId: string) => string): FetchPlan {
    const usesTopicIds = version >= 13;
    const { sessionId, sessionEpoch } = request;
    if (sessionEpoch === INITIAL_EPOCH || sessionEpoch === FINAL_EPOCH) {
      if (sessionId !== 0) this.end(this.sessions.get(sessionId));
      const targets = distinctTargets(requestedTargets(request, usesTopicIds, nameOf), usesTopicIds);
      const mayLast = sessionEpoch === INITIAL_EPOCH && !namesTooLong(request.topics);
      const session = mayLast ? this.tryCreate(targets, usesTopicIds, nowMs) : null;
      return { kind: "full", targets: [...targets.values()], session };
    }
    const session = this.sessions.get(sessionId);
    if (session === undefined) return { kind: "refused", errorCode: errorCodes.FETCH_SESSION_ID_NOT_FOUND };
    if (session.epoch !== sessionEpoch) return { kind: "refused", errorCode: errorCodes.INVALID_FETCH_SESSION_EPOCH };
    if (session.usesTopicIds !== usesTopicIds)
      return { kind: "refused", errorCode: errorCodes.FETCH_SESSION_TOPIC_ID_ERROR };
    const before = session.targets.size;
    updateTargets(session, request, nameOf);
    this.targets += session.targets.size - before;
    if (session.targets.size === 0 || this.targets > this.maxTargets || namesTooLong(request.topics)) {
      // Nothing is left that it could remember, or too much: it ends, which the client learns from the session id 0.
      this.end(session);
      return { kind: "full", targets: [...session.targets.values()], session: null };
    }
    session.epoch = nextEpoch(session.epoch);
    session.lastUsedMs = nowMs;
    this.sessions.delete(session.id);
    this.sessions.set(session.id, session);
    return { kind: "incremental", targets: [...session.targets.values()], session };
  }

  // A full cache gives a slot away only if the session idle longest is stale, or smaller than the new one and not brand-new.
  private tryCreate(targets: Map<string, FetchTarget>, usesTopicIds: boolean, nowMs: number): FetchSession | null {
    const { slots } = this.options;
    if (slots === 0 || targets.size > this.maxTargets) return null;
    while (this.sessions.size >= slots || this.targets + targets.size > this.maxTargets)
      if (!this.tryEvict(targets.size, nowMs)) return null;
    const session: FetchSession = {
      id: this.freeId(),
      epoch: 1,
      usesTopicIds,
      targets,
      createdMs: nowMs,
      lastUsedMs: nowMs,
    };
    this.sessions.set(session.id, session);
    this.targets += targets.size;
    return session;
  }

  private tryEvict(size: number, nowMs: number): boolean {
    const oldest = this.sessions.values().next().value;
    if (oldest === undefined) return false;
    if (nowMs - oldest.lastUsedMs > EVICTION_MS) return this.end(oldest);
    let smallest: FetchSession | null = null;
    for (const session of this.sessions.values()) {
      if (nowMs - session.createdMs <= EVICTION_MS) continue;
      if (smallest === null || session.targets.size < smallest.targets.size) smallest = session;
    }
    if (smallest === null || smallest.targets.size >= size) return false;
    return this.end(smallest);
  }

  private end(session: FetchSession | undefined): boolean {
    if (session === undefined || !this.sessions.delete(session.id)) return false;
    this.targets -= session.targets.size;
    return true;
  }

  private freeId(): number {
    for (;;) {
      const id = this.options.random.uint32() & 0x7fff_ffff || 1;
      if (!this.sessions.has(id)) return id;
    }
  }
}

function namesTooLong(topics: FetchRequest["topics"]): boolean {
  return topics.some(({ topic }) => topic.length > REMEMBERED_NAME_MAX);
}

/** Moves a target to the end, so that partitions with data take turns at the front of the next response. */
export function rotateTarget(session: FetchSession, target: FetchTarget): void {
  const key = targetKey(target, session.usesTopicIds);
  if (session.targets.delete(key)) session.targets.set(key, target);
}

/** Epochs run from 1 to 2^31 - 1 and then from 1 again. */
export function nextEpoch(epoch: number): number {
  return epoch >= 0x7fff_ffff ? 1 : epoch + 1;
}

function targetKey(target: { topic: string; topicId: string; partition: number }, usesTopicIds: boolean): string {
  return `${usesTopicIds ? target.topicId : target.topic}/${target.partition}`;
}

/** Of two entries for one partition the last counts, at the place of the first. */
function distinctTargets(targets: readonly FetchTarget[], usesTopicIds: boolean): Map<string, FetchTarget> {
  const distinct = new Map<string, FetchTarget>();
  for (const target of targets) distinct.set(targetKey(target, usesTopicIds), target);
  return distinct;
}

function requestedTargets(
  request: FetchRequest,
  usesTopicIds: boolean,
  nameOf: (topicId: string) => string,
): FetchTarget[] {
  const targets: FetchTarget[] = [];
  for (const topic of request.topics) {
    const name = usesTopicIds ? nameOf(topic.topicId) : topic.topic;
    for (const partition of topic.partitions) {
      targets.push({
        topic: name,
        topicId: usesTopicIds ? topic.topicId : ZERO_UUID,
        partition: partition.partition,
        fetchOffset: partition.fetchOffset,
        currentLeaderEpoch: partition.currentLeaderEpoch,
        lastFetchedEpoch: partition.lastFetchedEpoch,
        logStartOffset: partition.logStartOffset,
        maxBytes: partition.partitionMaxBytes,
        toldHighWatermark: -1,
        toldLogStartOffset: -1,
      });
    }
  }
  return targets;
}

function updateTargets(session: FetchSession, request: FetchRequest, nameOf: (topicId: string) => string): void {
  for (const wanted of requestedTargets(request, session.usesTopicIds, nameOf)) {
    const key = targetKey(wanted, session.usesTopicIds);
    const known = session.targets.get(key);
    if (known === undefined) {
      session.targets.set(key, wanted);
      continue;
    }
    known.fetchOffset = wanted.fetchOffset;
    known.currentLeaderEpoch = wanted.currentLeaderEpoch;
    known.lastFetchedEpoch = wanted.lastFetchedEpoch;
    known.logStartOffset = wanted.logStartOffset;
    known.maxBytes = wanted.maxBytes;
  }
  for (const topic of request.forgottenTopicsData) {
    for (const partition of topic.partitions) {
      session.targets.delete(
        targetKey({ topic: topic.topic, topicId: topic.topicId, partition }, session.usesTopicIds),
      );
    }
  }
  if (!session.usesTopicIds) return;
  // A topic whose id was unknown when the session began may exist by now.
  for (const target of session.targets.values()) if (target.topic === "") target.topic = nameOf(target.topicId);
}
