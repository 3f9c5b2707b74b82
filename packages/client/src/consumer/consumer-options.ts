// The consumer's options, named as Kafka's in camel case, with their defaults, and what they become once checked.

import { ConfigError } from "../errors.ts";
import { refuseUnknownOptions } from "../option-names.ts";
import { wholeNumber } from "../options.ts";
import type { TopicPartition } from "../records.ts";
import type { DeserializationPolicy } from "./delivery/deserialization.ts";
import type { Assignor } from "./group/assignors/assignor.ts";
import type { AutoOffsetReset, ResetTarget } from "./offset-reset.ts";
import { parseOffsetReset } from "./offset-reset.ts";

/** Called when partitions come and go; awaited. The member goes on heartbeating meanwhile, and what they may take is bounded by `maxPollIntervalMs`. */
export type RebalanceHook = (partitions: readonly TopicPartition[]) => void | Promise<void>;

export interface ConsumerOptions {
  /** The group to belong to. Without one, partitions are assigned by hand and nothing can be committed. */
  readonly groupId?: string;
  /** "classic", or "consumer" for the protocol of KIP-848. Default "classic", as Java's. */
  readonly groupProtocol?: "classic" | "consumer";
  /** Makes this a static member (KIP-345). */
  readonly groupInstanceId?: string;
  /** Default 45,000. Classic protocol only: with the other the broker decides. */
  readonly sessionTimeoutMs?: number;
  /** Default 3,000. Classic protocol only. */
  readonly heartbeatIntervalMs?: number;
  /** The longest that may pass between two signs of life of the application (next record asked for, handler ended). Default 300,000. */
  readonly maxPollIntervalMs?: number;
  /** Names of built-in assignors or assignors of your own, the preferred first. Default ["range", "cooperative-sticky"]. Classic protocol only. */
  readonly partitionAssignors?: readonly (Assignor | "range" | "roundrobin" | "sticky" | "cooperative-sticky")[];
  /** The broker's assignor with KIP-848: "uniform" or "range". Default: the broker's choice. */
  readonly groupRemoteAssignor?: string;

  /** An answer waits until it has this many bytes or `fetchMaxWaitMs` passed. Default 1. */
  readonly fetchMinBytes?: number;
  /** The most of one answer; a larger first batch comes all the same. Default 50 MiB. */
  readonly fetchMaxBytes?: number;
  /** The most of one partition in one answer; a larger first batch comes all the same. Default 1 MiB. */
  readonly maxPartitionFetchBytes?: number;
  /** Default 500. */
  readonly fetchMaxWaitMs?: number;
  /** What is fetched ahead of the application, in all, and what is being fetched. A batch larger than it comes all the same. Default 32 MiB. */
  readonly prefetchBytes?: number;
  /** The most records of one `poll` and of one batch. Default 500. */
  readonly maxPollRecords?: number;
  /**
   * "read_committed" leaves out records of aborted transactions and waits for the end of open ones. Default "read_committed", other than
   * Java's: what a producer took back was never meant to be read, and all of Node's clients decide so.
   */
  readonly isolationLevel?: "read_committed" | "read_uncommitted";
  /** Default true. */
  readonly checkCrcs?: boolean;
  /** What one batch may decompress to; more is taken for damage. Default 128 MiB. */
  readonly maxDecompressedBatchBytes?: number;
  /**
   * Where to begin when nothing is committed, or the position is outside the log: "earliest", "latest", "none" (NoOffsetError), or
   * "by_duration:PT1H" (KIP-1106: the first record of the last hour). Default "latest".
   */
  readonly autoOffsetReset?: AutoOffsetReset;
  /** Where this consumer is, to read from replicas near by (KIP-392). Default: the client's `rack`. */
  readonly clientRack?: string;
  /** Whether patterns leave out internal topics such as __consumer_offsets. Default true. */
  readonly excludeInternalTopics?: boolean;
  /** How long calls may take when it is not told. Default: the client's. */
  readonly defaultApiTimeoutMs?: number;

  /**
   * "afterProcessing": the offset of a record is committed some time after the application came back for the next one, or its handler
   * ended; never before. It takes the place of Java's `enable.auto.commit`. "manual": only `commit` commits. Default "afterProcessing".
   */
  readonly commit?: "afterProcessing" | "manual";
  /** How often processed offsets are committed; also when partitions are revoked and on close. Default 5,000. */
  readonly autoCommitIntervalMs?: number;
  /** What happens with a record whose key or value cannot be deserialized. Default "fail": SerializationError, and the position stays. */
  readonly onDeserializationError?: DeserializationPolicy;

  /** New partitions; it may seek. Nothing of them is delivered before it ended. */
  readonly onAssigned?: RebalanceHook;
  /** Partitions that are given back; their records are processed, and committed with "afterProcessing". It may commit. */
  readonly onRevoked?: RebalanceHook;
  /** Partitions that already belong to somebody else; nothing can be committed. Default: `onRevoked`, as in Java. */
  readonly onLost?: RebalanceHook;
}

export interface ResolvedConsumerOptions {
  readonly groupId: string | null;
  readonly groupProtocol: "classic" | "consumer";
  readonly groupInstanceId: string | null;
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly maxPollIntervalMs: number;
  readonly partitionAssignors: NonNullable<ConsumerOptions["partitionAssignors"]>;
  readonly groupRemoteAssignor: string | null;
  readonly fetchMinBytes: number;
  readonly fetchMaxBytes: number;
  readonly maxPartitionFetchBytes: number;
  readonly fetchMaxWaitMs: number;
  readonly prefetchBytes: number;
  readonly maxPollRecords: number;
  readonly readCommitted: boolean;
  readonly checkCrcs: boolean;
  readonly maxDecompressedBatchBytes: number;
  /** null for "none". */
  readonly reset: ResetTarget | null;
  readonly rack: string | null;
  readonly excludeInternalTopics: boolean;
  readonly defaultApiTimeoutMs: number;
  readonly commitsAfterProcessing: boolean;
  readonly autoCommitIntervalMs: number;
  readonly onDeserializationError: DeserializationPolicy;
  readonly onAssigned: RebalanceHook | null;
  readonly onRevoked: RebalanceHook | null;
  readonly onLost: RebalanceHook | null;
}

const MEBIBYTE = 1024 * 1024;
const INT32_MAX = 0x7fff_ffff;

/** Checks the options and fills in the defaults. @throws ConfigError, which names the option */
export function resolveConsumerOptions(
  options: ConsumerOptions,
  client: { rack: string | null; defaultApiTimeoutMs: number },
): ResolvedConsumerOptions {
  refuseUnknownOptions("consumer", options);
  const groupId = checkGroupId(options);
  const atLeast = (name: keyof ConsumerOptions, least: number, byDefault: number): number =>
    Math.min(INT32_MAX, wholeNumber(name, options[name], least, byDefault));
  return {
    groupId,
    groupProtocol: oneOf("groupProtocol", options.groupProtocol, ["classic", "consumer"]),
    groupInstanceId: options.groupInstanceId ?? null,
    sessionTimeoutMs: atLeast("sessionTimeoutMs", 1, 45_000),
    heartbeatIntervalMs: atLeast("heartbeatIntervalMs", 1, 3_000),
    maxPollIntervalMs: atLeast("maxPollIntervalMs", 1, 300_000),
    partitionAssignors: options.partitionAssignors ?? ["range", "cooperative-sticky"],
    groupRemoteAssignor: options.groupRemoteAssignor ?? null,
    fetchMinBytes: atLeast("fetchMinBytes", 0, 1),
    fetchMaxBytes: atLeast("fetchMaxBytes", 1, 50 * MEBIBYTE),
    maxPartitionFetchBytes: atLeast("maxPartitionFetchBytes", 1, MEBIBYTE),
    fetchMaxWaitMs: atLeast("fetchMaxWaitMs", 0, 500),
    prefetchBytes: atLeast("prefetchBytes", 1, 32 * MEBIBYTE),
    maxPollRecords: atLeast("maxPollRecords", 1, 500),
    readCommitted:
      oneOf("isolationLevel", options.isolationLevel, ["read_committed", "read_uncommitted"]) === "read_committed",
    checkCrcs: options.checkCrcs ?? true,
    maxDecompressedBatchBytes: atLeast("maxDecompressedBatchBytes", 1, 128 * MEBIBYTE),
    reset: parseOffsetReset(options.autoOffsetReset ?? "latest"),
    rack: options.clientRack ?? client.rack,
    excludeInternalTopics: options.excludeInternalTopics ?? true,
    defaultApiTimeoutMs: atLeast("defaultApiTimeoutMs", 1, client.defaultApiTimeoutMs),
    commitsAfterProcessing:
      groupId !== null && oneOf("commit", options.commit, ["afterProcessing", "manual"]) === "afterProcessing",
    autoCommitIntervalMs: atLeast("autoCommitIntervalMs", 1, 5_000),
    onDeserializationError: options.onDeserializationError ?? "fail",
    onAssigned: options.onAssigned ?? null,
    onRevoked: options.onRevoked ?? null,
    onLost: options.onLost ?? options.onRevoked ?? null,
  };
}

function checkGroupId({ groupId, groupInstanceId }: ConsumerOptions): string | null {
  if (groupId === "") throw new ConfigError("groupId is empty");
  if (groupId === undefined && groupInstanceId !== undefined)
    throw new ConfigError("groupInstanceId is set, but there is no groupId");
  return groupId ?? null;
}

/** The value, or the first of those allowed. @throws ConfigError */
function oneOf<T extends string>(name: string, value: T | undefined, allowed: readonly [T, ...T[]]): T {
  if (value === undefined) return allowed[0];
  if (allowed.includes(value)) return value;
  throw new ConfigError(`${name} is ${JSON.stringify(value)}; it is one of ${allowed.join(", ")}`);
}
