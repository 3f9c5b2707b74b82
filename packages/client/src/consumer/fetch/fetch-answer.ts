// What a partition's part of a fetch answer means for the partition. It changes the state and answers what has to be done besides.
// Pure; Kafka's FetchCollector (handleInitializeErrors, updatePartitionState) is the model.

import { errorCodes } from "@ottla/protocol";
import type { FetchResponse } from "@ottla/protocol/messages/01-fetch.ts";
import { brokerError, CorruptRecordError, NoOffsetError } from "../../errors.ts";
import type { KafkaError } from "../../errors.ts";
import type { DecodeOptions } from "../decode/fetched-chunk.ts";
import { FetchedChunk } from "../decode/fetched-chunk.ts";
import type { ResetTarget } from "../offset-reset.ts";
import type { PartitionState } from "../partition-state.ts";

export type PartitionAnswer = FetchResponse["responses"][number]["partitions"][number];

export interface AnswerContext {
  readonly decode: DecodeOptions;
  readonly nowMs: number;
  /** Until when a preferred replica is read from. */
  readonly preferUntilMs: number;
  /** When a partition whose fetch failed is asked for again. */
  readonly retryAtMs: number;
  /** null: no automatic reset. */
  readonly reset: ResetTarget | null;
}

export type AnswerEffect =
  | { readonly kind: "data"; readonly chunk: FetchedChunk }
  | { readonly kind: "nothing" }
  | { readonly kind: "refreshMetadata" }
  | { readonly kind: "findPosition" }
  | { readonly kind: "raise"; readonly error: KafkaError };

const NOTHING: AnswerEffect = { kind: "nothing" };

/** The state must be as it was when the fetch was sent: same version, same fetch offset. */
export function applyAnswer(state: PartitionState, answer: PartitionAnswer, context: AnswerContext): AnswerEffect {
  if (answer.errorCode !== errorCodes.NONE) return applyError(state, answer, context);
  if (answer.highWatermark >= 0) state.highWatermark = answer.highWatermark;
  if (answer.logStartOffset >= 0) state.logStartOffset = answer.logStartOffset;
  if (answer.lastStableOffset >= 0) state.lastStableOffset = answer.lastStableOffset;
  if (answer.preferredReadReplica >= 0) state.prefer(answer.preferredReadReplica, context.preferUntilMs);
  state.attempts = 0;
  if (answer.records === null || answer.records.length === 0) return NOTHING;
  const { topic, partition, window, fetchOffset } = state;
  const chunk = new FetchedChunk(
    { topic, partition, window, fetchOffset, bytes: answer.records, abortedTransactions: answer.abortedTransactions },
    context.decode,
  );
  if (chunk.end.at === 0 && !chunk.end.isCorrupt) return raise(state, noWholeBatch(state));
  state.addChunk(chunk);
  return { kind: "data", chunk };
}

function applyError(state: PartitionState, answer: PartitionAnswer, context: AnswerContext): AnswerEffect {
  const { topic, partition, fetchOffset: offset } = state;
  switch (answer.errorCode) {
    case errorCodes.NOT_LEADER_OR_FOLLOWER:
    case errorCodes.REPLICA_NOT_AVAILABLE:
    case errorCodes.KAFKA_STORAGE_ERROR:
    case errorCodes.FENCED_LEADER_EPOCH:
    case errorCodes.OFFSET_NOT_AVAILABLE:
    case errorCodes.UNKNOWN_TOPIC_OR_PARTITION:
    case errorCodes.UNKNOWN_TOPIC_ID:
    case errorCodes.INCONSISTENT_TOPIC_ID:
      state.retryAtMs = context.retryAtMs;
      state.attempts++;
      // The replica that the leader named is not what it was: back to the leader.
      state.preferredReplica = -1;
      return { kind: "refreshMetadata" };
    case errorCodes.OFFSET_OUT_OF_RANGE:
      return outOfRange(state, context);
    case errorCodes.UNKNOWN_LEADER_EPOCH:
    case errorCodes.UNKNOWN_SERVER_ERROR:
      state.retryAtMs = context.retryAtMs;
      state.attempts++;
      return NOTHING;
    case errorCodes.CORRUPT_MESSAGE:
      return raise(
        state,
        new CorruptRecordError(`the broker found ${state.name} damaged at offset ${offset}`, {
          context: { topic, partition, offset },
        }),
      );
    default:
      return raise(state, brokerError(answer.errorCode, null, { topic, partition, offset, api: "Fetch" }));
  }
}

function outOfRange(state: PartitionState, context: AnswerContext): AnswerEffect {
  if (state.preferredReplica !== -1) {
    state.preferredReplica = -1;
    return NOTHING;
  }
  // What was fetched before comes first; the position itself may be in range.
  if (state.chunks.length > 0) {
    state.retryAtMs = context.retryAtMs;
    return NOTHING;
  }
  const { topic, partition, position: offset } = state;
  if (context.reset === null)
    return raise(
      state,
      new NoOffsetError(`offset ${offset} of ${state.name} is outside the log, and autoOffsetReset is "none"`, {
        topic,
        partition,
        offset,
      }),
    );
  state.reset(context.reset);
  return { kind: "findPosition" };
}

// Brokers send the first batch whole, however large (KIP-74).
function noWholeBatch(state: PartitionState): KafkaError {
  const { topic, partition, fetchOffset: offset } = state;
  return new CorruptRecordError(`the answer for ${state.name} at offset ${offset} has no whole record batch`, {
    context: { topic, partition, offset },
  });
}

function raise(state: PartitionState, error: KafkaError): AnswerEffect {
  state.error = error;
  return { kind: "raise", error };
}
