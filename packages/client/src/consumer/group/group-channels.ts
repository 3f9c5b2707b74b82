// Diagnostics channels of group members: ottla:client:group:*.

import { announcer } from "../../diagnostics.ts";
import type { KafkaError } from "../../errors.ts";
import type { TopicPartition } from "../../records.ts";
import type { MemberEvent } from "./member.ts";

export interface GroupMessage {
  readonly clientId: string;
  readonly groupId: string;
  readonly memberId: string;
  /** Generation id or member epoch; -1 outside a group. */
  readonly generationId: number;
}

export interface GroupEventMessage extends GroupMessage {
  readonly sentence: string;
  /** Of the whole rebalance, when one ended. */
  readonly latencyMs?: number;
}

export interface GroupPartitionsMessage extends GroupMessage {
  readonly partitions: readonly TopicPartition[];
}

export interface GroupErrorMessage extends GroupMessage {
  readonly error: KafkaError;
}

/** A rebalance began, ended, failed; the generation was lost; the application was late; the member left. */
export const groupEvents: Readonly<Record<MemberEvent["name"], ReturnType<typeof announcer<GroupEventMessage>>>> = {
  "rebalance:start": announcer("group:rebalance-start"),
  "rebalance:end": announcer("group:rebalance-end"),
  "rebalance:failed": announcer("group:rebalance-failed"),
  "generation:lost": announcer("group:generation-lost"),
  "poll:late": announcer("group:late"),
  left: announcer("group:left"),
  "member:unreadable": announcer("group:unreadable"),
};

/** The listener is asked; published before it. */
export const groupPartitions = {
  assigned: announcer<GroupPartitionsMessage>("group:assigned"),
  revoked: announcer<GroupPartitionsMessage>("group:revoked"),
  lost: announcer<GroupPartitionsMessage>("group:lost"),
};

/** The membership cannot go on. */
export const groupFailed = announcer<GroupErrorMessage>("group:failed");
