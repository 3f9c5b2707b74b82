// Speaks to consumer groups as clients do, without a socket: heartbeats with short names, and answers, records and groups as short texts:
// "a@3 [t 0 1]" is member a at epoch 3 with an assignment, "t 0@1 1@3" are partitions with the epochs since which they are held.

import { ZERO_UUID } from "@ottla/base";
import { errorName } from "@ottla/protocol";
import type {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponse,
} from "@ottla/protocol/messages/68-consumer-group-heartbeat.ts";
import { ConsumerGroup } from "../../src/group/consumer/consumer-group.ts";
import { groupRecordCodec } from "../../src/group/group-records.ts";
import type { GroupRecord } from "../../src/group/group-records.ts";
import { GroupShard } from "../../src/group/group-shard.ts";
import { TestWorld, topicsView } from "./group-context.ts";
import { ShardHarness } from "./shard-harness.ts";

export const GROUP = "orders";
export const SESSION_MS = 45_000;
export const REBALANCE_MS = 60_000;
export const HEARTBEAT_MS = 5_000;

export interface BeatOptions {
  readonly group?: string;
  readonly epoch?: number;
  readonly instance?: string;
  readonly rack?: string;
  readonly rebalanceMs?: number;
  readonly topics?: readonly string[];
  readonly regex?: string;
  readonly assignor?: string;
  /** As "t 0 1 | u 0"; "" is none; left out says nothing. */
  readonly owns?: string;
  readonly version?: number;
  readonly client?: string;
  readonly host?: string;
}

/** The id of a topic by its name, such that names and ids have one order. */
export function topicId(name: string): string {
  const bytes = Buffer.from(ZERO_UUID, "base64url");
  bytes.write(name.slice(0, 16), 0, "latin1");
  return bytes.toString("base64url");
}

function topicName(id: string): string {
  return Buffer.from(id, "base64url").toString("latin1").replaceAll("\0", "");
}

export class ConsumerDriver {
  readonly world = new TestWorld();
  readonly harness: ShardHarness<GroupRecord, GroupShard>;
  private topics: Record<string, number> = {};

  constructor(topics: Record<string, number> = { t: 3 }, config: Partial<TestWorld["config"]> = {}) {
    this.world.config = { ...this.world.config, ...config };
    this.world.topics = viewOf(topics, 1);
    this.topics = topics;
    const makeShard = (): GroupShard =>
      new GroupShard({
        config: () => this.world.config,
        topics: () => this.world.topics,
        random: this.world.random,
        logger: this.world.logger,
      });
    this.harness = new ShardHarness({ codec: groupRecordCodec, makeShard });
  }

  /** Replaces all topics, as a new metadata image does. */
  setTopics(topics: Record<string, number>): void {
    const before = this.topics;
    this.topics = topics;
    this.world.topics = viewOf(topics, this.world.topics.version + 1);
    const names = [...new Set([...Object.keys(before), ...Object.keys(topics)])];
    this.harness.shard.topicsChanged({
      names: names.filter((name) => before[name] !== topics[name]),
      created: names.some((name) => before[name] === undefined),
    });
  }

  /** A heartbeat that says only what the options say. */
  request(member: string, options: BeatOptions = {}): ConsumerGroupHeartbeatRequest {
    return {
      groupId: options.group ?? GROUP,
      memberId: member,
      memberEpoch: options.epoch ?? this.group(options.group).members.get(member)?.memberEpoch ?? 0,
      instanceId: options.instance ?? null,
      rackId: options.rack ?? null,
      rebalanceTimeoutMs: options.rebalanceMs ?? -1,
      subscribedTopicNames: options.topics === undefined ? null : [...options.topics],
      subscribedTopicRegex: options.regex ?? null,
      serverAssignor: options.assignor ?? null,
      topicPartitions: options.owns === undefined ? null : partitionsOf(options.owns),
    };
  }

  answer(request: ConsumerGroupHeartbeatRequest, options: BeatOptions = {}): ConsumerGroupHeartbeatResponse {
    const { client = "app", host = "/127.0.0.1", version = 1 } = options;
    const from = { clientId: client, clientHost: host, apiVersion: version };
    return this.harness.ask((shard, pending, now) => shard.consumerHeartbeat(request, from, pending, now));
  }

  /** "a@1", "a@1 [t 0 1]" or "ERROR: what it says". */
  beat(member: string, options: BeatOptions = {}): string {
    return answerText(this.answer(this.request(member, options), options));
  }

  join(member: string, options: BeatOptions = {}): string {
    const subscription = options.topics === undefined && options.regex === undefined ? { topics: ["t"] } : {};
    return this.beat(member, { epoch: 0, rebalanceMs: REBALANCE_MS, owns: "", ...subscription, ...options });
  }

  leave(member: string, options: BeatOptions = {}): string {
    return this.beat(member, { epoch: -1, ...options });
  }

  advance(byMs: number): void {
    this.harness.advance(byMs);
  }

  /** The records written since the last call. */
  records(): string[] {
    return this.harness.takeRecords().map(recordText);
  }

  group(groupId = GROUP): ConsumerGroup {
    const group = this.harness.shard.context.groups.get(groupId);
    return group instanceof ConsumerGroup ? group : new ConsumerGroup(groupId);
  }

  state(groupId = GROUP): string {
    return this.group(groupId).stateName();
  }

  /** What a member has and what it gives up: "t 0@1 1@1, gives up t 2@1". */
  has(member: string): string {
    const found = this.group().members.get(member);
    if (found === undefined) return "no member";
    const kept = [...found.assigned].map(([id, { partitions, epochs }]) => withEpochs(id, partitions, epochs));
    const given = [...found.pendingRevocation].map(([id, { partitions, epochs }]) =>
      withEpochs(id, partitions, epochs),
    );
    return kept.join(" | ") + (given.length > 0 ? `, gives up ${given.join(" | ")}` : "");
  }
}

/** A client that does what a consumer does: takes what it is given, gives up what it must, and says so. */
export class Consumer {
  readonly name: string;
  epoch = 0;
  /** As "t/0". */
  owned = new Set<string>();
  private readonly driver: ConsumerDriver;
  private readonly options: BeatOptions;
  private mustReport = false;

  constructor(driver: ConsumerDriver, name: string, options: BeatOptions = { topics: ["t"] }) {
    this.driver = driver;
    this.name = name;
    this.options = options;
  }

  poll(): void {
    const { instance } = this.options;
    const known = instance === undefined ? {} : { instance };
    const report = this.mustReport ? { owns: this.ownedText() } : {};
    const joining: BeatOptions = { ...this.options, epoch: 0, rebalanceMs: REBALANCE_MS, owns: "" };
    const options = this.epoch === 0 ? joining : { ...known, ...report, epoch: this.epoch };
    this.mustReport = false;
    const answer = this.driver.answer(this.driver.request(this.name, options), options);
    if (answer.errorCode !== 0) throw new Error(answerText(answer));
    this.epoch = answer.memberEpoch;
    if (answer.assignment === null) return;
    this.owned = new Set(
      answer.assignment.topicPartitions.flatMap(({ topicId: id, partitions }) =>
        partitions.map((partition) => `${topicName(id)}/${partition}`),
      ),
    );
    this.mustReport = true;
  }

  private ownedText(): string {
    const byTopic = new Map<string, string[]>();
    for (const each of this.owned) {
      const [topic, partition] = each.split("/") as [string, string];
      byTopic.set(topic, [...(byTopic.get(topic) ?? []), partition]);
    }
    return [...byTopic].map(([topic, partitions]) => `${topic} ${partitions.join(" ")}`).join(" | ");
  }
}

/** Lets the consumers go on until nothing changes any more; gives how many rounds that took. */
export function settle(driver: ConsumerDriver, consumers: readonly Consumer[], roundsMax = 20): number {
  for (let round = 1; round <= roundsMax; round++) {
    for (const consumer of consumers) consumer.poll();
    driver.advance(0);
    if (driver.state() === "Stable") return round;
  }
  throw new Error(`the group is ${driver.state()} after ${roundsMax} rounds`);
}

export function partitionsOf(text: string): { topicId: string; partitions: number[] }[] {
  if (text === "") return [];
  return text.split(" | ").map((topic) => {
    const [name, ...partitions] = topic.split(" ");
    return { topicId: topicId(name!), partitions: partitions.map(Number) };
  });
}

export function answerText(answer: ConsumerGroupHeartbeatResponse): string {
  if (answer.errorCode !== 0) return `${errorName(answer.errorCode)}: ${answer.errorMessage}`;
  const { assignment } = answer;
  const member = `${answer.memberId}@${answer.memberEpoch}`;
  return assignment === null ? member : `${member} [${plain(assignment.topicPartitions)}]`;
}

function plain(list: readonly { topicId: string; partitions: readonly number[] }[]): string {
  return list.map(({ topicId: id, partitions }) => `${topicName(id)} ${partitions.join(" ")}`).join(" | ");
}

function withEpochs(id: string, partitions: readonly number[], epochs: readonly number[] | null): string {
  return `${topicName(id)} ${partitions.map((partition, index) => `${partition}@${epochs?.[index]}`).join(" ")}`;
}

const STATES: Record<number, string> = { 0: "Stable", 1: "UnrevokedPartitions", 2: "UnreleasedPartitions" };

/** One record in a few words. A tombstone begins with "forget". */
export function recordText(record: GroupRecord): string {
  const forget = record.value === null ? "forget " : "";
  switch (record.kind) {
    case "ConsumerGroupMemberMetadata":
      return `${forget}member ${record.key.memberId}${record.value === null ? "" : ` of ${subscriptionText(record.value)}`}`;
    case "ConsumerGroupMetadata":
      return record.value === null ? "forget group" : `epoch ${record.value.epoch}`;
    case "ConsumerGroupTargetAssignmentMember":
      if (record.value === null) return `forget target ${record.key.memberId}`;
      return `target ${record.key.memberId} [${plain(record.value.topicPartitions)}]`;
    case "ConsumerGroupTargetAssignmentMetadata":
      return record.value === null ? "forget targets" : `targets ${record.value.assignmentEpoch}`;
    case "ConsumerGroupCurrentMemberAssignment": {
      if (record.value === null) return `forget assignment ${record.key.memberId}`;
      const { value } = record;
      const lists = [value.assignedPartitions, value.partitionsPendingRevocation].map((list) =>
        list.map(({ topicId: id, partitions, assignmentEpochs }) => withEpochs(id, partitions, assignmentEpochs)),
      );
      const gives = lists[1]!.length > 0 ? ` gives up ${lists[1]!.join(" | ")}` : "";
      const stand = `${record.key.memberId}@${value.memberEpoch}<${value.previousMemberEpoch} ${STATES[value.state]}`;
      return `${stand} [${lists[0]!.join(" | ")}]${gives}`;
    }
    case "ConsumerGroupRegularExpression":
      return `${forget}pattern ${record.key.regularExpression}${record.value === null ? "" : ` [${record.value.topics.join(" ")}]`}`;
    default:
      return `${forget}${record.kind}`;
  }
}

function subscriptionText(value: {
  subscribedTopicNames: readonly string[];
  subscribedTopicRegex: string | null;
  classicMemberMetadata: unknown;
}): string {
  const pattern = value.subscribedTopicRegex === "" ? "" : ` /${value.subscribedTopicRegex}/`;
  return `${value.subscribedTopicNames.join(",")}${pattern}${value.classicMemberMetadata === null ? "" : " (classic)"}`;
}

function viewOf(topics: Record<string, number>, version: number): ReturnType<typeof topicsView> {
  const list = Object.entries(topics).map(([name, partitions]) => ({ id: topicId(name), name, partitions }));
  return topicsView(list, version);
}
