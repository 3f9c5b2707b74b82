// Drives a ConsumerMember by hand: commands in, effects out as short texts, such as "heartbeat 0 topics=t owned=" or "call revoked t-0".

import { errorCodes } from "@ottla/protocol";
import type { ErrorName } from "@ottla/protocol";
import { ConsumerMember } from "../../src/consumer/group/consumer-member.ts";
import type { MemberCommand, MemberEffect } from "../../src/consumer/group/member.ts";
import { ConnectionError } from "../../src/errors.ts";
import type { KafkaError } from "../../src/errors.ts";
import { partitions, viewOf } from "./classic-driver.ts";

export interface ConsumerDriverOptions {
  readonly instance?: string;
  readonly rack?: string;
  readonly assignor?: string;
}

export class ConsumerDriver {
  readonly member: ConsumerMember;
  nowMs = 0;
  private heartbeatId = -1;
  private refreshId = -1;

  constructor(options: ConsumerDriverOptions = {}) {
    this.member = new ConsumerMember({
      groupId: "g",
      memberId: "m1",
      groupInstanceId: options.instance ?? null,
      sessionTimeoutMs: 45_000,
      heartbeatIntervalMs: 3_000,
      maxPollIntervalMs: 300_000,
      requestTimeoutMs: 30_000,
      rack: options.rack ?? null,
      serverAssignor: options.assignor ?? null,
      view: viewOf({ t: 2, u: 1 }),
      backoffMs: (attempt) => 100 * 2 ** attempt,
    });
  }

  get owned(): string {
    return this.member.owned
      .list()
      .map(({ topic, partition }) => `${topic}-${partition}`)
      .join(" ");
  }

  do(command: MemberCommand): string[] {
    const effects = this.member.handle(command, this.nowMs);
    for (const effect of effects) {
      if (effect.kind === "consumerHeartbeat") this.heartbeatId = effect.id;
      if (effect.kind === "refresh") this.refreshId = effect.id;
    }
    return effects.filter(({ kind }) => kind !== "tell").map(describe);
  }

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

  subscribe(topics: readonly string[] | null = ["t"], serverPattern: string | null = null): string[] {
    const subscription = topics === null ? null : { topics, pattern: null, serverPattern };
    return this.do({ kind: "subscribe", subscription });
  }

  /** `assigned` null: nothing new; by topic names, "?" for one whose id nobody knows. */
  answered(epoch: number, assigned: string | null = null, error: ErrorName = "NONE"): string[] {
    const byId = new Map<string, number[]>();
    for (const { topic, partition } of partitions(assigned ?? ""))
      byId.set(`id-of-${topic}`, [...(byId.get(`id-of-${topic}`) ?? []), partition]);
    return this.do({
      kind: "consumerHeartbeatAnswered",
      id: this.heartbeatId,
      response: {
        throttleTimeMs: 0,
        errorCode: errorCodes[error],
        errorMessage: null,
        memberId: "m1",
        memberEpoch: epoch,
        heartbeatIntervalMs: 5_000,
        assignment:
          assigned === null
            ? null
            : { topicPartitions: [...byId].map(([topicId, list]) => ({ topicId, partitions: list })) },
      },
    });
  }

  refused(error: ErrorName): string[] {
    return this.answered(0, null, error);
  }

  failed(error: KafkaError = new ConnectionError("it broke")): string[] {
    return this.do({ kind: "requestFailed", id: this.heartbeatId, error });
  }

  refreshed(): string[] {
    return this.do({ kind: "refreshed", id: this.refreshId });
  }

  called(error: KafkaError | null = null): string[] {
    return this.do({ kind: "called", error });
  }

  /** Brings the member into a group, with epoch 1, and all that it owns told. */
  enter(assigned = "t-0"): this {
    this.subscribe();
    this.answered(1, assigned);
    this.called();
    this.answered(1);
    return this;
  }
}

function describe(effect: MemberEffect): string {
  switch (effect.kind) {
    case "consumerHeartbeat": {
      const { body } = effect;
      const owned = body.topicPartitions?.map(
        ({ topicId, partitions: list }) => `${topicId.slice("id-of-".length)}:${list.join()}`,
      );
      const timeoutMs = (body.rebalanceTimeoutMs ?? -1) === -1 ? null : body.rebalanceTimeoutMs;
      const told = [
        field("topics", body.subscribedTopicNames?.join()),
        field("regex", body.subscribedTopicRegex),
        field("rack", body.rackId),
        field("assignor", body.serverAssignor),
        field("instance", body.instanceId),
        field("timeout", timeoutMs),
        field("owned", owned?.join(";")),
      ];
      return `heartbeat ${body.memberEpoch}${told.join("")}`;
    }
    case "consumerLeave":
      return `leave ${effect.body.memberEpoch}`;
    case "call": {
      const list = effect.partitions.map(({ topic, partition }) => `${topic}-${partition}`);
      return `call ${effect.call} ${list.join(" ")}`.trim();
    }
    case "failed":
      return `failed ${effect.error.code}`;
    case "refresh":
      return `refresh ${effect.topics?.join() ?? "all"}`;
    default:
      return effect.kind;
  }
}

function field(name: string, value: string | number | null | undefined): string {
  return value === null || value === undefined ? "" : ` ${name}=${value}`;
}
