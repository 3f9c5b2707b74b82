// Sends what a member asks for to its coordinator, and turns what comes of it into commands. One lane for JoinGroup, SyncGroup and
// heartbeats, and another for leaving while one of those waits: the broker answers a connection's requests one after the other.

import { errorCodes } from "@ottla/protocol";
import type { Api } from "@ottla/protocol";
import { heartbeatApi } from "@ottla/protocol/messages/12-heartbeat.ts";
import { joinGroupApi } from "@ottla/protocol/messages/11-join-group.ts";
import { leaveGroupApi } from "@ottla/protocol/messages/13-leave-group.ts";
import type { LeaveGroupRequestInput } from "@ottla/protocol/messages/13-leave-group.ts";
import { syncGroupApi } from "@ottla/protocol/messages/14-sync-group.ts";
import { consumerGroupHeartbeatApi } from "@ottla/protocol/messages/68-consumer-group-heartbeat.ts";
import type { ConsumerGroupHeartbeatRequestInput } from "@ottla/protocol/messages/68-consumer-group-heartbeat.ts";
import { brokerError } from "../../errors.ts";
import type { Cluster, RequestBody } from "../../network/cluster.ts";
import type { GroupMetrics } from "./group-metrics.ts";
import type { MemberCommand, MemberEffect } from "./member.ts";
import { toKafkaError } from "./offset-commits.ts";

/** Nobody waits longer for the answer to a goodbye. */
const LEAVE_TIMEOUT_MS = 5_000;
const FIRST_LEAVE_WITH_MEMBERS = 3;
const FIRST_HEARTBEAT_WITH_PATTERN = 1;

export interface MemberRequestsParts {
  readonly cluster: Cluster;
  readonly groupId: string;
  /** For what blocks, and for what must not wait behind it. */
  readonly lanes: { readonly main: string; readonly side: string };
  readonly metrics: GroupMetrics;
  readonly report: (command: MemberCommand) => void;
}

type Sent = Extract<MemberEffect, { kind: "join" | "sync" | "heartbeat" | "consumerHeartbeat" }>;

export class MemberRequests {
  private readonly parts: MemberRequestsParts;
  private interest = new AbortController();
  /** JoinGroup and SyncGroup under way. */
  private blocking = 0;
  private leaving: Promise<void> = Promise.resolve();

  constructor(parts: MemberRequestsParts) {
    this.parts = parts;
  }

  /** Ends when nobody is interested in the answers any more. */
  get signal(): AbortSignal {
    return this.interest.signal;
  }

  /** When the last goodbye was answered, or given up. */
  get left(): Promise<void> {
    return this.leaving;
  }

  send(effect: Sent): void {
    const { id } = effect;
    const { metrics, cluster } = this.parts;
    switch (effect.kind) {
      case "join":
        void this.run(id, { api: joinGroupApi, body: effect.body, timeoutMs: effect.timeoutMs }, (response, ms) => {
          if (response.errorCode === errorCodes.NONE) metrics.join.record(ms);
          return { kind: "joined", id, response };
        });
        break;
      case "sync": {
        const timeoutMs = cluster.options.requestTimeoutMs;
        void this.run(id, { api: syncGroupApi, body: effect.body, timeoutMs }, (response, ms) => {
          if (response.errorCode === errorCodes.NONE) metrics.sync.record(ms);
          return { kind: "synced", id, response };
        });
        break;
      }
      case "heartbeat":
        metrics.heartbeatSent();
        void this.run(id, { api: heartbeatApi, body: effect.body, timeoutMs: effect.timeoutMs }, (response, ms) => {
          metrics.heartbeat.record(ms);
          return { kind: "heartbeatAnswered", id, response };
        });
        break;
      case "consumerHeartbeat":
        metrics.heartbeatSent();
        void this.run(
          id,
          { api: consumerGroupHeartbeatApi, body: consumerHeartbeat(effect.body), timeoutMs: effect.timeoutMs },
          (response, ms) => {
            metrics.heartbeat.record(ms);
            return { kind: "consumerHeartbeatAnswered", id, response };
          },
        );
        break;
    }
  }

  leave(body: LeaveGroupRequestInput): void {
    const byVersion = (version: number): LeaveGroupRequestInput =>
      version < FIRST_LEAVE_WITH_MEMBERS ? { ...body, members: [] } : { ...body, memberId: "" };
    this.leaving = this.goodbye(leaveGroupApi, byVersion);
  }

  consumerLeave(body: ConsumerGroupHeartbeatRequestInput): void {
    this.leaving = this.goodbye(consumerGroupHeartbeatApi, () => body);
  }

  /** What is under way does not matter any more. A connection on which the broker still lets us wait is closed. */
  abandon(): void {
    this.interest.abort();
    this.interest = new AbortController();
    if (this.blocking > 0) this.parts.cluster.closeLane(this.parts.lanes.main);
  }

  private async run<Response, RequestInput>(
    id: number,
    request: {
      api: Api<unknown, Response, RequestInput, never>;
      body: RequestBody<NoInfer<RequestInput>>;
      timeoutMs: number;
    },
    toCommand: (response: Response, latencyMs: number) => MemberCommand,
  ): Promise<void> {
    const { cluster, groupId, lanes, report } = this.parts;
    const { signal } = this.interest;
    const { api, body, timeoutMs } = request;
    const isBlocking = api.key === joinGroupApi.key || api.key === syncGroupApi.key;
    let command: MemberCommand;
    try {
      const nodeId = await cluster.coordinator("group", groupId, { signal, lane: lanes.main });
      const startMs = cluster.clock.monotonicMs();
      if (isBlocking) this.blocking++;
      try {
        const response = await cluster.send(nodeId, api, body, { lane: lanes.main, signal, timeoutMs });
        command = toCommand(response, cluster.clock.monotonicMs() - startMs);
      } finally {
        if (isBlocking) this.blocking--;
      }
    } catch (error) {
      command = { kind: "requestFailed", id, error: toKafkaError(error) };
    }
    report(command);
  }

  private async goodbye<Response, RequestInput>(
    api: Api<unknown, Response, RequestInput, never>,
    body: (version: number) => RequestInput,
  ): Promise<void> {
    const { cluster, groupId, lanes } = this.parts;
    // Behind the heartbeats, so that none of them comes after it; but not behind what waits.
    const lane = this.blocking > 0 ? lanes.side : lanes.main;
    const options = { lane, timeoutMs: LEAVE_TIMEOUT_MS };
    try {
      const nodeId = await cluster.coordinator("group", groupId, options);
      await cluster.send(nodeId, api, body, options);
    } catch (error) {
      cluster.logger.info({ groupId, error: String(error) }, "The group was not told that its member leaves.");
    }
  }
}

function consumerHeartbeat(
  body: ConsumerGroupHeartbeatRequestInput,
): (version: number) => ConsumerGroupHeartbeatRequestInput {
  return (version) => {
    if (version >= FIRST_HEARTBEAT_WITH_PATTERN) return body;
    const { subscribedTopicRegex, ...rest } = body;
    if ((subscribedTopicRegex ?? "") === "") return rest;
    const sentence = "the broker cannot match patterns; subscribe with a regular expression of the client";
    throw brokerError(errorCodes.UNSUPPORTED_VERSION, sentence, { api: consumerGroupHeartbeatApi.name });
  };
}
