// One fault: counts the requests that match its rule and decides which of them it hits. What a hit does is in fault-actions.ts.

import type { Random } from "@ottla/base";
import type { SeenRequest } from "../seen-request.ts";
import { apisOf, describeAction } from "./fault-rule.ts";
import type { AnyAction, FaultRule } from "./fault-rule.ts";
import type { TopicPartition } from "./request-topics.ts";

/** What `faults.add` gives back. */
export interface FaultHandle extends Disposable {
  readonly rule: FaultRule;
  /** How many requests it has hit. */
  readonly hits: number;
  /** Resolves at the `count`th hit, which may be in the past. @throws ConditionTimeout when it does not come in time (default 5000 ms). */
  hit(count?: number, options?: { readonly timeoutMs?: number }): Promise<void>;
  /** Ends it; requests that hang by it lose their connection. Also what `using` does. */
  remove(): void;
}

export class Fault {
  readonly rule: FaultRule;
  readonly action: AnyAction;
  readonly description: string;
  hits = 0;
  removed = false;
  private matches = 0;
  private readonly apis: readonly string[] | null;
  private readonly first: number;
  private readonly times: number;
  private readonly random: Random;

  constructor(rule: FaultRule, random: Random) {
    this.rule = rule;
    this.action = rule.action;
    this.apis = apisOf(rule);
    this.first = rule.nth ?? 1;
    this.times = rule.times ?? (rule.nth === undefined ? Infinity : 1);
    this.random = random;
    this.description = describeAction(rule.action);
  }

  matchesRequest(seen: SeenRequest): boolean {
    const { clientId, groupId, transactionalId } = this.rule;
    if (this.apis !== null && !this.apis.includes(seen.api)) return false;
    if (clientId !== undefined && seen.clientId !== clientId) return false;
    if (groupId !== undefined && !seen.groupIds.includes(groupId)) return false;
    if (transactionalId !== undefined && !seen.transactionalIds.includes(transactionalId)) return false;
    return !this.isForPartitions || seen.topics.some((each) => this.isChosen(each));
  }

  /** Whether it is for some partitions of a request only. */
  get isForPartitions(): boolean {
    return this.rule.topic !== undefined || this.rule.partition !== undefined;
  }

  isChosen({ topic, partition }: TopicPartition): boolean {
    const { rule } = this;
    if (rule.topic !== undefined && rule.topic !== topic) return false;
    return rule.partition === undefined || rule.partition === partition;
  }

  /** Counts a request that matches; true when it is one to hit. */
  wants(): boolean {
    this.matches++;
    if (this.removed || this.matches < this.first || this.hits >= this.times) return false;
    const { probability = 1 } = this.rule;
    return probability === 1 || this.random.uint32() / 0x1_0000_0000 < probability;
  }
}
