// The options of a producer, with Kafka's defaults (ProducerConfig), and what they become once checked.

import { compress, compressionLevels, compressionNames } from "@ottla/protocol";
import type { CompressionName } from "@ottla/protocol";
import { ConfigError } from "../errors.ts";
import { refuseUnknownOptions } from "../option-names.ts";
import { wholeNumber } from "../options.ts";
import type { ResolvedClientOptions } from "../options.ts";
import type { CompressionChoice } from "./batch.ts";
import type { ProducerInterceptor } from "./interceptors.ts";
import type { PartitionFunction } from "./partitioner.ts";

export interface ProducerOptions {
  /**
   * Who must have a record before it counts as written: "all" replicas in sync, 1 for the leader alone, 0 for nobody (then offsets are
   * -1 and losses go unnoticed). Default "all".
   */
  readonly acks?: "all" | 1 | 0;
  /**
   * No record is written twice or out of order through retries (KIP-98). Default true, or false when `acks` is not "all", which it needs;
   * asking for both is a ConfigError.
   */
  readonly idempotent?: boolean;
  /** Makes the producer transactional: whoever begins with the same id later takes over, and this one is fenced. */
  readonly transactionalId?: string;
  /** The broker aborts a transaction that is open for longer. 1 or more. Default 60,000. */
  readonly transactionTimeoutMs?: number;
  /** A partition's batch of this size is sent without waiting for more. 1 or more. Default 16,384, as batch.size. */
  readonly batchSizeBytes?: number;
  /**
   * How far a batch may grow while its broker still has `maxInFlight` requests to answer: it would wait anyway, and fewer, larger batches
   * cost both sides less. Java has no such thing; set it to `batchSizeBytes` to be exactly as Java. Default: 512 KiB, or
   * `batchSizeBytes` or `maxRequestBytes` if that is more or less. Where the topic allows less, batches are split.
   */
  readonly maxBatchBytes?: number;
  /**
   * How long records wait for company. Only while another request to the same broker has no answer yet: with none under way they are
   * sent at the end of the event loop's turn, so that a lone awaited `send` never waits. 0 or more. Default 5, as linger.ms of Kafka 4.
   */
  readonly lingerMs?: number;
  /**
   * Requests without an answer per broker, 1 to 5. Default 5. Order is kept through retries if the producer is idempotent, or with 1.
   */
  readonly maxInFlight?: number;
  /**
   * From `send` to its outcome, retries included; at least lingerMs + requestTimeoutMs. Default 120,000, or that sum if it is more.
   */
  readonly deliveryTimeoutMs?: number;
  /** How often a batch is tried again within `deliveryTimeoutMs`. 0 or more, idempotent 1 or more. Default: no bound. */
  readonly retries?: number;
  /** How long the broker may take for a request. Default: the client's, 30,000. */
  readonly requestTimeoutMs?: number;
  /** The largest request, and the largest record before compression. 1 or more. Default 1,048,576. */
  readonly maxRequestBytes?: number;
  /** Memory of records that are not acknowledged yet. When it is used up, `send` waits. 1 or more. Default 33,554,432. */
  readonly bufferMemoryBytes?: number;
  /** How long a `send` may wait for metadata and for memory. 0 or more. Default 60,000. */
  readonly maxBlockMs?: number;
  /** Default "none". The codecs run in the event loop. */
  readonly compression?: CompressionName;
  /** gzip 1 to 9, lz4 1 to 17, zstd -131072 to 22. Default: the codec's, as in Kafka. */
  readonly compressionLevel?: number;
  /**
   * "default": murmur2 of the key, and records without one stick to a partition for `batchSizeBytes`, then go to another, rather to one
   * with a short line (KIP-794). "roundRobin": each record to the next partition. Or a function, which must answer at once.
   */
  readonly partitioner?: "default" | "roundRobin" | PartitionFunction;
  /** The default partitioner does as if records had no keys. Default false. */
  readonly ignoreKeys?: boolean;
  /** Whether the default partitioner looks at the partitions' lines at all. Default true. */
  readonly adaptivePartitioning?: boolean;
  /** Partitions whose broker has taken nothing for so long are not chosen. 0, the default, for never leaving one out. */
  readonly partitionerAvailabilityTimeoutMs?: number;
  /** See ProducerInterceptor: tracing headers and the like. In this order. */
  readonly interceptors?: readonly ProducerInterceptor[];
}

export interface ResolvedProducerOptions {
  readonly acks: -1 | 0 | 1;
  readonly idempotent: boolean;
  readonly transactionalId: string | null;
  readonly transactionTimeoutMs: number;
  readonly batchSizeBytes: number;
  readonly maxBatchBytes: number;
  readonly lingerMs: number;
  readonly maxInFlight: number;
  readonly deliveryTimeoutMs: number;
  readonly retries: number;
  readonly requestTimeoutMs: number;
  readonly maxRequestBytes: number;
  readonly bufferMemoryBytes: number;
  readonly maxBlockMs: number;
  readonly compression: CompressionChoice;
  readonly partitioner: "default" | "roundRobin" | PartitionFunction;
  readonly ignoreKeys: boolean;
  readonly adaptivePartitioning: boolean;
  readonly partitionerAvailabilityTimeoutMs: number;
  readonly interceptors: readonly ProducerInterceptor[];
}

const MAX_IN_FLIGHT = 5;
const DEFAULT_GROWN_BATCH_BYTES = 512 * 1024;
const INT32_MAX = 0x7fff_ffff;

/** Checks the options and fills in the defaults. @throws ConfigError, which names the option */
export function resolveProducerOptions(
  options: ProducerOptions,
  client: Pick<ResolvedClientOptions, "requestTimeoutMs">,
): ResolvedProducerOptions {
  refuseUnknownOptions("producer", options);
  const atLeast = (name: keyof ProducerOptions, least: number, byDefault: number): number =>
    wholeNumber(name, options[name], least, byDefault);
  const requestTimeoutMs = atLeast("requestTimeoutMs", 1, client.requestTimeoutMs);
  const transactionTimeoutMs = atLeast("transactionTimeoutMs", 1, 60_000);
  const lingerMs = atLeast("lingerMs", 0, 5);
  const batchSizeBytes = atLeast("batchSizeBytes", 1, 16_384);
  const maxRequestBytes = atLeast("maxRequestBytes", 1, 1_048_576);
  const grown = Math.min(Math.max(DEFAULT_GROWN_BATCH_BYTES, batchSizeBytes), maxRequestBytes);
  const maxInFlight = atLeast("maxInFlight", 1, MAX_IN_FLIGHT);
  for (const [name, value] of Object.entries({ requestTimeoutMs, transactionTimeoutMs }))
    if (value > INT32_MAX) throw new ConfigError(`${name} is ${value}; brokers take 31 bits`);
  checkPartitioner(options.partitioner ?? "default");
  if (maxInFlight > MAX_IN_FLIGHT) throw new ConfigError(`maxInFlight is ${maxInFlight}; brokers remember 5 batches`);
  return {
    ...delivery(options),
    transactionTimeoutMs,
    batchSizeBytes,
    maxBatchBytes: atLeast("maxBatchBytes", Math.min(batchSizeBytes, maxRequestBytes), grown),
    lingerMs,
    maxInFlight,
    deliveryTimeoutMs: deliveryTimeout(options, lingerMs + requestTimeoutMs),
    requestTimeoutMs,
    maxRequestBytes,
    bufferMemoryBytes: atLeast("bufferMemoryBytes", 1, 33_554_432),
    maxBlockMs: atLeast("maxBlockMs", 0, 60_000),
    compression: compressionChoice(options),
    partitioner: options.partitioner ?? "default",
    ignoreKeys: options.ignoreKeys ?? false,
    adaptivePartitioning: options.adaptivePartitioning ?? true,
    partitionerAvailabilityTimeoutMs: atLeast("partitionerAvailabilityTimeoutMs", 0, 0),
    interceptors: options.interceptors ?? [],
  };
}

type Delivery = Pick<ResolvedProducerOptions, "acks" | "idempotent" | "transactionalId" | "retries">;

function delivery(options: ProducerOptions): Delivery {
  const { acks = "all", transactionalId = null } = options;
  if (acks !== "all" && acks !== 0 && acks !== 1) throw new ConfigError(`acks is ${String(acks)}, not "all", 1 or 0`);
  const retries = wholeNumber("retries", options.retries, 0, INT32_MAX);
  const canBeIdempotent = acks === "all" && retries > 0;
  const wanted = options.idempotent ?? (transactionalId !== null || canBeIdempotent);
  if (wanted && !canBeIdempotent) throw new ConfigError('an idempotent producer needs acks "all" and retries');
  if (transactionalId !== null && !wanted) throw new ConfigError("a transactional producer is idempotent");
  if (transactionalId === "") throw new ConfigError("transactionalId is empty");
  return { acks: acks === "all" ? -1 : acks, idempotent: wanted, transactionalId, retries };
}

function checkPartitioner(partitioner: unknown): void {
  if (partitioner !== "default" && partitioner !== "roundRobin" && typeof partitioner !== "function")
    throw new ConfigError(`there is no partitioner ${JSON.stringify(partitioner)}`);
}

function deliveryTimeout(options: ProducerOptions, leastMs: number): number {
  if (options.deliveryTimeoutMs === undefined) return Math.max(120_000, leastMs);
  const chosen = wholeNumber("deliveryTimeoutMs", options.deliveryTimeoutMs, 0, 0);
  if (chosen < leastMs)
    throw new ConfigError(`deliveryTimeoutMs is ${chosen}, less than lingerMs + requestTimeoutMs (${leastMs})`);
  return chosen;
}

function compressionChoice({ compression = "none", compressionLevel }: ProducerOptions): CompressionChoice {
  if (!compressionNames.includes(compression))
    throw new ConfigError(`there is no compression "${compression as string}"`);
  if (compressionLevel === undefined) return usable({ name: compression, level: null });
  if (compression === "none" || compression === "snappy") throw new ConfigError(`${compression} has no levels`);
  const { from, to } = compressionLevels[compression];
  if (!Number.isInteger(compressionLevel) || compressionLevel < from || compressionLevel > to)
    throw new ConfigError(`compressionLevel of ${compression} is ${compressionLevel}, not ${from} to ${to}`);
  return usable({ name: compression, level: compressionLevel });
}

// A codec whose native part cannot be loaded is found out here and not in the midst of sending.
function usable(choice: CompressionChoice): CompressionChoice {
  try {
    compress(choice.name, choice.level, Buffer.alloc(1));
    return choice;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`compression ${choice.name} cannot be used here: ${reason}`);
  }
}
