// Drives a ClassicMember by hand: commands in, effects out as short texts, such as "join", "sync m1:t-0", "call revoked t-0", "leave m1".

import { errorCodes } from "@ottla/protocol";
import type { ErrorName } from "@ottla/protocol";
import { resolveAssignors } from "../../src/consumer/group/assignors/resolve-assignors.ts";
import type { AssignorName } from "../../src/consumer/group/assignors/resolve-assignors.ts";
import type { Assignor } from "../../src/consumer/group/assignors/assignor.ts";
import { ClassicMember } from "../../src/consumer/group/classic-member.ts";
import {
  decodeAssignment,
  decodeMember,
  encodeAssignment,
  encodeSubscription,
} from "../../src/consumer/group/consumer-protocol.ts";
import type { MemberCommand, MemberEffect } from "../../src/consumer/group/member.ts";
import { ConnectionError } from "../../src/errors.ts";
import type { KafkaError } from "../../src/errors.ts";
import type { MetadataView } from "../../src/network/cluster.ts";
import { topicOf } from "./group-cluster.ts";

export interface DriverOptions {
  readonly assignors?: readonly (AssignorName | Assignor)[];
  readonly instance?: string;
  readonly topics?: readonly string[];
  readonly pattern?: RegExp;
}

export function viewOf(topics: Readonly<Record<string, number>>): MetadataView {
  const all = Object.entries(topics).map(([name, count]) => topicOf(name, `id-of-${name}`, count));
  return {
    clusterId: "c",
    controllerId: 1,
    brokers: new Map(),
    topics: new Map(all.map((topic) => [topic.name, topic])),
    topicErrors: new Map(),
    topicNames: new Map(all.map(({ name, topicId }) => [topicId, name])),
    updates: 1,
  };
}

export function partitions(text: string): { topic: string; partition: number }[] {
  return text
    .split(" ")
    .filter((each) => each !== "")
    .map((key) => ({
      topic: key.slice(0, key.lastIndexOf("-")),
      partition: Number(key.slice(key.lastIndexOf("-") + 1)),
    }));
}

export class ClassicDriver {
  readonly member: ClassicMember;
  nowMs = 0;
  /** The last effect of each kind. */
  readonly last = new Map<string, MemberEffect>();
  private readonly options: DriverOptions;

  constructor(options: DriverOptions = {}) {
    this.options = options;
    this.member = new ClassicMember({
      groupId: "g",
      groupInstanceId: options.instance ?? null,
      sessionTimeoutMs: 45_000,
      heartbeatIntervalMs: 3_000,
      maxPollIntervalMs: 300_000,
      requestTimeoutMs: 30_000,
      rack: null,
      view: viewOf({ t: 2 }),
      backoffMs: (attempt) => 100 * 2 ** attempt,
      ...resolveAssignors(options.assignors ?? ["cooperative-sticky"]),
    });
  }

  get owned(): string {
    return texts(this.member.owned.list());
  }

  do(command: MemberCommand): string[] {
    const effects = this.member.handle(command, this.nowMs);
    for (const effect of effects) this.last.set(effect.kind, effect);
    return effects.filter(({ kind }) => kind !== "tell").map(describe);
  }

  /** Moves time to the member's next deadline, at most this far. */
  wait(ms: number): string[] {
    const targetMs = this.nowMs + ms;
    const seen: string[] = [];
    while (this.member.dueMs <= targetMs) {
      this.nowMs = Math.max(this.nowMs, this.member.dueMs);
      seen.push(...this.do({ kind: "tick" }));
    }
    this.nowMs = targetMs;
    return seen;
  }

  subscribe(topics: readonly string[] | null = this.options.topics ?? ["t"]): string[] {
    const { pattern = null } = this.options;
    const subscription = topics === null ? null : { topics, pattern, serverPattern: null };
    return this.do({ kind: "subscribe", subscription });
  }

  called(error: KafkaError | null = null): string[] {
    return this.do({ kind: "called", error });
  }

  /** Answers the JoinGroup under way. */
  joined(
    error: ErrorName,
    answer: {
      memberId?: string;
      generation?: number;
      leads?: boolean;
      /** Each with what it says it owns, as in "m2 t-0 t-1". */
      members?: string[];
      skipAssignment?: boolean;
    } = {},
  ): string[] {
    const { memberId = "m1", generation = 1, leads = false, members = ["m1"], skipAssignment = false } = answer;
    const metadataOf = (owned: string): Buffer =>
      encodeSubscription({
        topics: ["t"],
        userData: null,
        ownedPartitions: partitions(owned),
        generationId: owned === "" ? -1 : generation - 1,
        rack: null,
      });
    const listed = members.map((text) => {
      const [id, ...owned] = text.split(" ");
      return { memberId: id!, groupInstanceId: null, metadata: metadataOf(owned.join(" ")) };
    });
    const accepted = error === "NONE";
    return this.do({
      kind: "joined",
      id: this.idOf("join"),
      response: {
        throttleTimeMs: 0,
        errorCode: errorCodes[error],
        generationId: accepted ? generation : -1,
        protocolType: accepted ? "consumer" : null,
        protocolName: accepted ? this.protocolName : null,
        leader: leads ? memberId : "other",
        skipAssignment,
        memberId: accepted || error === "MEMBER_ID_REQUIRED" ? memberId : "",
        members: leads ? listed : [],
      },
    });
  }

  synced(error: ErrorName, assigned = ""): string[] {
    return this.do({
      kind: "synced",
      id: this.idOf("sync"),
      response: {
        throttleTimeMs: 0,
        errorCode: errorCodes[error],
        protocolType: null,
        protocolName: null,
        assignment: error === "NONE" ? encodeAssignment(partitions(assigned)) : Buffer.alloc(0),
      },
    });
  }

  beaten(error: ErrorName): string[] {
    const response = { throttleTimeMs: 0, errorCode: errorCodes[error] };
    return this.do({ kind: "heartbeatAnswered", id: this.idOf("heartbeat"), response });
  }

  failed(
    kind: "join" | "sync" | "heartbeat" | "refresh",
    error: KafkaError = new ConnectionError("it broke"),
  ): string[] {
    return this.do({ kind: "requestFailed", id: this.idOf(kind), error });
  }

  refreshed(): string[] {
    return this.do({ kind: "refreshed", id: this.idOf("refresh") });
  }

  /** Brings the member into a group, as a follower that owns these. */
  enter(assigned = "t-0", generation = 1): this {
    this.subscribe();
    if (this.options.pattern !== undefined) this.refreshed();
    this.joined("NONE", { generation });
    this.synced("NONE", assigned);
    this.called();
    return this;
  }

  private get protocolName(): string {
    const [first = "cooperative-sticky"] = this.options.assignors ?? [];
    return typeof first === "string" ? first : first.name;
  }

  private idOf(kind: string): number {
    const effect = this.last.get(kind) as { id?: number } | undefined;
    return effect?.id ?? -1;
  }
}

function texts(list: readonly { topic: string; partition: number }[]): string {
  return list.map(({ topic, partition }) => `${topic}-${partition}`).join(" ");
}

function describe(effect: MemberEffect): string {
  switch (effect.kind) {
    case "join": {
      const { memberId, reason } = effect.body;
      const metadata = effect.body.protocols[0]!.metadata;
      const { ownedPartitions } = decodeMember({ memberId: "", groupInstanceId: null, metadata })!;
      const owned = ownedPartitions.length === 0 ? "" : ` with ${texts(ownedPartitions)}`;
      return `join ${memberId || "anew"}${owned}${(reason ?? "") === "" ? "" : `: ${reason}`}`;
    }
    case "sync": {
      const given = effect.body.assignments.map(
        ({ memberId, assignment }) => `${memberId}:${texts(decodeAssignment(assignment)!)}`,
      );
      return ["sync", ...given].join(" ");
    }
    case "leave":
      return `leave ${effect.body.memberId}`;
    case "call":
      return `call ${effect.call} ${texts(effect.partitions)}`.trim();
    case "failed":
      return `failed ${effect.error.code}`;
    case "refresh":
      return `refresh ${effect.topics?.join() ?? "all"}`;
    default:
      return effect.kind;
  }
}
