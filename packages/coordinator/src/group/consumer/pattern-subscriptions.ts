// Subscriptions by pattern: when the patterns of a group are matched against the topics again, and what comes of it
// (GroupMetadataManager.maybeUpdateRegularExpressions and handleRegularExpressionsResult in Kafka 4.3).
// As in Kafka all patterns of a group are resolved together and after the heartbeat that gave the reason, so that one change of topics
// makes one rebalance; here that is a deadline which is due at once.
// Not here: leaving out topics that a client may not describe; there is no authorizer yet.

import { errorCodes } from "@ottla/protocol";
import type { Now, Outcome } from "../../runtime/outcome.ts";
import { NOTHING } from "../../runtime/outcome.ts";
import type { GroupContext } from "../group-context.ts";
import type { GroupRecord } from "../group-records.ts";
import { isSameList } from "./assignment.ts";
import { ConsumerGroup } from "./consumer-group.ts";
import type { ConsumerMember } from "./consumer-member.ts";
import { groupEpochRecord, patternRecord, patternTombstone } from "./consumer-records.ts";
import type { MetadataHashes } from "./metadata-hash.ts";
import { loadPatternEngine, patternEngine } from "./pattern-engine.ts";
import { Refusal } from "./refusal.ts";
import type { ResolvedPattern } from "./subscriptions.ts";
import { Subscriptions } from "./subscriptions.ts";

/** Patterns of one group are not matched more often than this, whatever topics come and go. */
const REFRESH_MIN_INTERVAL_MS = 10_000;

/** What a request did to a member's pattern: nothing; changed it; changed it to one whose topics are known, so that a rebalance is due now. */
export type PatternChange = "none" | "changed" | "changedAndResolved";

export class PatternSubscriptions {
  private readonly context: GroupContext;
  private readonly hashes: MetadataHashes;
  /** The version of the metadata that last had a new topic. */
  private newTopicsVersion = -1;

  constructor(context: GroupContext, hashes: MetadataHashes) {
    this.context = context;
    this.hashes = hashes;
  }

  /** Topics were created: each group with patterns looks at them with its next heartbeat. */
  topicsCreated(): void {
    this.newTopicsVersion = this.context.topics().version;
  }

  /** Adds the records that a change of the member's pattern makes, and sees to it that the group's patterns are resolved when they should be. */
  update(
    change: { group: ConsumerGroup; before: ConsumerMember; after: ConsumerMember },
    records: GroupRecord[],
    now: Now,
  ): PatternChange | Refusal {
    const { group, before, after } = change;
    let result: PatternChange = "none";
    let resolveNow = false;
    if (before.topicRegex !== after.topicRegex) {
      const { subscriptions, groupId } = group;
      if (before.topicRegex !== "" && subscriptions.subscribersOf(before.topicRegex) === 1) {
        records.push(patternTombstone(groupId, before.topicRegex));
      }
      if (after.topicRegex === "") {
        result = "changedAndResolved";
      } else if (subscriptions.subscribersOf(after.topicRegex) === 0) {
        const refusal = this.refuse(after.topicRegex);
        if (refusal !== null) return refusal;
        resolveNow = true;
        result = "changed";
      } else {
        result = group.resolvedPatterns.has(after.topicRegex) ? "changedAndResolved" : "changed";
      }
    }
    if (resolveNow || group.subscriptions.patterns.size > 0) this.scheduleResolution(change, resolveNow, now);
    return result;
  }

  private scheduleResolution(
    { group, before, after }: { group: ConsumerGroup; before: ConsumerMember; after: ConsumerMember },
    resolveNow: boolean,
    now: Now,
  ): void {
    const { context } = this;
    const key = `consumer-patterns/${group.groupId}`;
    if (context.deadlines.has(key)) return;
    const [first] = group.resolvedPatterns.values();
    const lastMs = first?.timestampMs ?? -Infinity;
    if (now.wallMs <= lastMs + REFRESH_MIN_INTERVAL_MS) return;
    let patterns: ReadonlySet<string> | ReadonlyMap<string, number> = group.subscriptions.patterns;
    if (before.topicRegex !== after.topicRegex) patterns = patternsAfter(group, before, after);
    const due =
      resolveNow ||
      patterns.size !== group.resolvedPatterns.size ||
      group.patternsVersion < this.newTopicsVersion ||
      now.wallMs > lastMs + context.config().consumerGroupRegexRefreshIntervalMs;
    if (!due || patterns.size === 0) return;
    const list = [...patterns.keys()];
    const { groupId } = group;
    context.deadlines.set(key, now.monotonicMs, (later) => this.resolve(groupId, list, later));
  }

  /** Matches the patterns and writes what they give; a new epoch when the topics of the group are others. */
  private resolve(groupId: string, patterns: readonly string[], now: Now): Outcome<GroupRecord> {
    const { context } = this;
    const group = context.groups.get(groupId);
    if (!(group instanceof ConsumerGroup)) return NOTHING;
    const wanted = patterns.filter((pattern) => group.subscriptions.subscribersOf(pattern) > 0);
    const resolved = this.matchAll(wanted, now);
    // Not loaded yet: the next heartbeat asks again.
    if (resolved === null) return NOTHING;
    const records: GroupRecord[] = [];
    const after = new Subscriptions(group.subscriptions);
    let changed = false;
    for (const [pattern, match] of resolved) {
      const known = group.resolvedPatterns.get(pattern);
      if (!isSameList(known?.topics ?? [], match.topics)) {
        changed = true;
        if (known !== undefined) after.removeResolved(known);
        after.addResolved(match);
      }
      records.push(patternRecord(groupId, pattern, match));
    }
    const hash = this.hashes.ofGroup(after.topicNames(), context.topics());
    group.patternsVersion = context.topics().version;
    if (changed || hash !== group.metadataHash) {
      records.push(groupEpochRecord(groupId, group.groupEpoch + 1, hash));
      context.counters.consumerGroupRebalances++;
      group.topicsLookedAt(now.monotonicMs + METADATA_REFRESH_INTERVAL_MS, group.groupEpoch + 1);
    }
    return { records, replies: [] };
  }

  private refuse(pattern: string): Refusal | null {
    const compiled = patternEngine()?.compile(pattern);
    if (compiled === undefined) {
      this.loadEngine();
      return NOT_LOADED;
    }
    if ("matches" in compiled) return null;
    return new Refusal(
      errorCodes.INVALID_REGULAR_EXPRESSION,
      `SubscribedTopicRegex \`${pattern}\` is not a valid regular expression: ${compiled.description}.`,
    );
  }

  /** Whoever comes too early is told to come again. */
  loadEngine(): void {
    loadPatternEngine().catch((error: unknown) => {
      this.context.logger.error({ error: String(error) }, "the library that matches patterns cannot be loaded");
    });
  }

  private matchAll(patterns: readonly string[], now: Now): Map<string, ResolvedPattern> | null {
    const engine = patternEngine();
    if (engine === null) {
      this.loadEngine();
      return null;
    }
    const topics = this.context.topics();
    const resolved = new Map<string, ResolvedPattern>();
    for (const pattern of patterns) {
      const compiled = engine.compile(pattern);
      const matched: string[] = [];
      if ("matches" in compiled) {
        for (const name of topics.names()) if (compiled.matches(name)) matched.push(name);
      } else {
        this.context.logger.error({ pattern, reason: compiled.description }, "a pattern in the log cannot be read");
      }
      resolved.set(pattern, { topics: matched.sort(), version: topics.version, timestampMs: now.wallMs });
    }
    return resolved;
  }
}

/** Topics are looked at again when they change; this is only how long a group goes without, 24 days. */
export const METADATA_REFRESH_INTERVAL_MS = 0x7fff_ffff;

function patternsAfter(group: ConsumerGroup, before: ConsumerMember, after: ConsumerMember): Set<string> {
  const patterns = new Set(group.subscriptions.patterns.keys());
  if (before.topicRegex !== "" && group.subscriptions.subscribersOf(before.topicRegex) === 1) {
    patterns.delete(before.topicRegex);
  }
  if (after.topicRegex !== "") patterns.add(after.topicRegex);
  return patterns;
}

/** Tombstones of the patterns whose last subscribers are among `leaving`; gives those patterns. */
export function forgetPatterns(
  group: ConsumerGroup,
  leaving: readonly ConsumerMember[],
  records: GroupRecord[],
): string[] {
  const counts = new Map<string, number>();
  for (const { topicRegex } of leaving) {
    if (topicRegex !== "") counts.set(topicRegex, (counts.get(topicRegex) ?? 0) + 1);
  }
  const forgotten: string[] = [];
  for (const [pattern, count] of counts) {
    if (group.subscriptions.subscribersOf(pattern) !== count) continue;
    records.push(patternTombstone(group.groupId, pattern));
    forgotten.push(pattern);
  }
  return forgotten;
}

const NOT_LOADED = new Refusal(errorCodes.COORDINATOR_LOAD_IN_PROGRESS, "The coordinator is loading its patterns.");
