// The conditions that tests wait for. Each looks at what the broker holds; when one does not come about in time, its message says what is so instead.

import type { ApiName } from "./api-names.ts";
import { DEFAULT_TIMEOUT_MS } from "./conditions.ts";
import type { Condition, Conditions } from "./conditions.ts";
import type { InspectedGroup, Inspection, TransactionState } from "./inspection.ts";
import type { Journal, JournalEntry } from "./journal.ts";
import { refuseUnknown, refuseUnlessWhole } from "./options.ts";

export interface WaitOptions {
  /** Default 5000. */
  readonly timeoutMs?: number;
}

export interface GroupWaitOptions extends WaitOptions {
  /** How many members it must have. Default: at least one. */
  readonly members?: number;
}

export interface RecordWaitOptions extends WaitOptions {
  /** Of this partition only. */
  readonly partition?: number;
}

export interface RequestWaitOptions extends WaitOptions {
  /** How many of them. Default 1. */
  readonly times?: number;
  /** Those that name this topic. */
  readonly topic?: string;
  readonly clientId?: string;
  /** Those after this one: `broker.journal.total` at a moment. Default 0: all since the broker started or was reset. */
  readonly after?: number;
}

export class Until {
  private readonly conditions: Conditions;
  private readonly inspect: Inspection;
  private readonly journal: Journal;

  constructor(conditions: Conditions, inspect: Inspection, journal: Journal) {
    this.conditions = conditions;
    this.inspect = inspect;
    this.journal = journal;
  }

  /** All members of the group have what they shall have. @throws ConditionTimeout, as all of these */
  groupStable(groupId: string, options: GroupWaitOptions = {}): Promise<void> {
    refuseUnknown("until.groupStable", options, ["members", "timeoutMs"]);
    const { members, timeoutMs } = options;
    const size = members === undefined ? "" : ` with ${members} members`;
    return this.wait({
      what: `group ${groupId} to be stable${size}`,
      holds: () => {
        const group = this.inspect.group(groupId);
        return group?.state === "Stable" && (members === undefined || group.members.length === members);
      },
      state: () => describeGroup(this.inspect.group(groupId)),
      timeoutMs,
    });
  }

  /** The group has no members; so has one that there is not. */
  groupEmpty(groupId: string, options: WaitOptions = {}): Promise<void> {
    refuseUnknown("until.groupEmpty", options, ["timeoutMs"]);
    return this.wait({
      what: `group ${groupId} to be empty`,
      holds: () => {
        const group = this.inspect.group(groupId);
        return group === null || (group.state === "Empty" && group.members.length === 0);
      },
      state: () => describeGroup(this.inspect.group(groupId)),
      ...options,
    });
  }

  /** The topic has at least so many records, as `inspect.records` counts them. */
  async records(topic: string, count: number, options: RecordWaitOptions = {}): Promise<void> {
    refuseUnknown("until.records", options, ["partition", "timeoutMs"]);
    refuseUnlessWhole("until.records", "count", count, 0);
    const { partition, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    const of = partition === undefined ? topic : `${topic}-${partition}`;
    const deadlineMs = performance.now() + timeoutMs;
    let known = 0;
    // Offsets are told without reading; whether transaction markers are among them is not.
    for (let wanted = count; known < count; wanted = this.offsetsIn(topic, partition) + count - known) {
      const reached = wanted;
      await this.wait({
        what: `${count} records in ${of}`,
        holds: () => this.offsetsIn(topic, partition) >= reached,
        state: () => `it has ${reached === count ? this.offsetsIn(topic, partition) : known}`,
        timeoutMs: Math.max(0, deadlineMs - performance.now()),
      });
      known = (await this.inspect.records(topic, partition)).length;
    }
  }

  /** The group has committed this offset of the partition, or a later one. */
  committed(
    groupId: string,
    topic: string,
    partition: number,
    offset: number,
    options: WaitOptions = {},
  ): Promise<void> {
    refuseUnknown("until.committed", options, ["timeoutMs"]);
    const committed = (): number | undefined =>
      this.inspect.offsets(groupId).find((each) => each.topic === topic && each.partition === partition)?.offset;
    return this.wait({
      what: `group ${groupId} to commit offset ${offset} of ${topic}-${partition}`,
      holds: () => (committed() ?? -1) >= offset,
      state: () => `it has committed ${committed() ?? "nothing there"}`,
      ...options,
    });
  }

  /** So many requests of this API have come; whether they were answered yet is told by the journal. */
  request(api: ApiName, options: RequestWaitOptions = {}): Promise<void> {
    refuseUnknown("until.request", options, ["times", "topic", "clientId", "after", "timeoutMs"]);
    const { times = 1, topic, clientId, after = 0, timeoutMs } = options;
    refuseUnlessWhole("until.request", "times", times, 1);
    const matches = (entry: JournalEntry): boolean =>
      entry.number > after &&
      (clientId === undefined || entry.clientId === clientId) &&
      (topic === undefined || entry.topics.some((each) => each.topic === topic));
    const seen = (): number => this.journal.entries(api).filter(matches).length;
    return this.wait({
      what: `${times} ${api} requests${topic === undefined ? "" : ` for ${topic}`}`,
      holds: () => seen() >= times,
      state: () => `there were ${seen()}`,
      timeoutMs,
    });
  }

  /** The transactional id is in this state: "Ongoing", "CompleteCommit", … */
  transaction(transactionalId: string, state: TransactionState, options: WaitOptions = {}): Promise<void> {
    refuseUnknown("until.transaction", options, ["timeoutMs"]);
    return this.wait({
      what: `transaction ${transactionalId} to be ${state}`,
      holds: () => this.inspect.transaction(transactionalId) === state,
      state: () => `it is ${this.inspect.transaction(transactionalId) ?? "not known"}`,
      ...options,
    });
  }

  /** A condition of the test's own. It is looked at whenever something happened in the broker, and every 25 ms. */
  holds(what: string, condition: () => boolean, options: WaitOptions = {}): Promise<void> {
    refuseUnknown("until.holds", options, ["timeoutMs"]);
    return this.wait({ what, holds: condition, state: () => "it does not hold", ...options });
  }

  private wait(condition: Omit<Condition, "timeoutMs"> & { readonly timeoutMs?: number | undefined }): Promise<void> {
    const { timeoutMs = DEFAULT_TIMEOUT_MS } = condition;
    return this.conditions.wait({ ...condition, timeoutMs });
  }

  private offsetsIn(topic: string, partition: number | undefined): number {
    let count = 0;
    for (const each of this.inspect.topic(topic)?.partitions ?? []) {
      if (partition === undefined || partition === each.partition) count += each.highWatermark - each.logStartOffset;
    }
    return count;
  }
}

function describeGroup(group: InspectedGroup | null): string {
  if (group === null) return "there is no such group";
  const members = group.members.map(({ clientId, memberId }) => `${clientId} (${memberId})`).join(", ");
  return `it is ${group.state} with ${group.members.length} members${members === "" ? "" : `: ${members}`}`;
}
