// A cluster in memory that keeps Kafka's rules for idempotent producers (ProducerAppendInfo, ProducerStateManager) and breaks whatever a test
// wants broken: errors, lost answers, connections that end, leaders that move. Time is a ManualClock, chance is seeded.
// Its brokers share one log for each partition: replication is perfect, and whoever leads has all of it.

import { ManualClock, SeededRandom, silentLogger } from "@ottla/base";
import { batchFormat, errorCodes, readRecords } from "@ottla/protocol";
import type { ProduceFields } from "../../src/producer/produce-request.ts";
import { ConnectionError } from "../../src/errors.ts";
import { MetricRegistry } from "../../src/metrics.ts";
import type {
  Cluster,
  MetadataView,
  PartitionMetadata,
  RequestOptions,
  TopicMetadata,
} from "../../src/network/cluster.ts";
import { resolveOptions } from "../../src/options.ts";

const TOPIC_ID = "AAAAAAAAAAAAAAAAAAAAAQ";
const REMEMBERED_BATCHES = 5;

/** What becomes of one Produce request. */
export interface Fate {
  /** Answered with this error for each partition, and nothing is written. */
  readonly error?: number;
  /** Written, but the answer says this error. */
  readonly errorAfterWriting?: number;
  /** The records that are to blame (KIP-467). */
  readonly recordErrors?: readonly { batchIndex: number; batchIndexErrorMessage: string | null }[];
  /** The connection ends: before the request is handled, or after. */
  readonly disconnect?: "before" | "after";
  /** The answer tells of a throttle. */
  readonly throttleMs?: number;
  readonly delayMs?: number;
}

export interface SimulationOptions {
  readonly seed?: number;
  readonly partitions?: number;
  readonly brokers?: number;
  readonly maxBatchBytes?: number;
  /** NOT_LEADER_OR_FOLLOWER comes with the leader (KIP-951). */
  readonly tellsLeaders?: boolean;
  readonly initErrors?: readonly number[];
  readonly fate?: (request: ProduceFields, nodeId: number) => Fate;
}

interface ProducerState {
  epoch: number;
  lastSequence: number;
  batches: { base: number; last: number; offset: number }[];
}

interface Waiting {
  readonly fields: ProduceFields;
  readonly fate: Fate;
  isHandled: boolean;
  response: unknown;
  resolve(response: unknown): void;
  reject(error: unknown): void;
}

export class SimulatedCluster {
  readonly clock = new ManualClock();
  readonly random: SeededRandom;
  readonly logger = silentLogger;
  readonly options = resolveOptions({ bootstrapServers: "simulated:9092", retryBackoffMs: 10, retryBackoffMaxMs: 40 });
  readonly metrics = new MetricRegistry();
  /** Values by partition, as written. */
  readonly logs: string[][];
  /** Epochs with which batches were written. */
  readonly epochs: number[][];
  readonly leaders: number[];
  readonly leaderEpochs: number[];
  metadata: MetadataView;
  producerIds = 0;
  produceRequests = 0;
  initRequests = 0;
  /** What the producer made of leaders in answers. */
  readonly appliedLeaders: unknown[] = [];
  private readonly states = new Map<string, ProducerState>();
  private readonly connections = new Map<number, Waiting[]>();
  private readonly listeners = new Set<(view: MetadataView) => void>();
  private readonly settings: SimulationOptions;

  constructor(settings: SimulationOptions = {}) {
    this.settings = settings;
    this.random = new SeededRandom(settings.seed ?? 1);
    const count = settings.partitions ?? 1;
    const brokers = settings.brokers ?? 1;
    this.logs = Array.from({ length: count }, () => []);
    this.epochs = Array.from({ length: count }, () => []);
    this.leaders = this.logs.map((_, partition) => 1 + (partition % brokers));
    this.leaderEpochs = this.logs.map(() => 0);
    this.metadata = this.view();
  }

  /** As the producer takes it. */
  get cluster(): Cluster {
    return this as unknown as Cluster;
  }

  moveLeader(partition: number, nodeId: number): void {
    this.leaders[partition] = nodeId;
    this.leaderEpochs[partition]!++;
  }

  /** The broker forgets the producer on the partition, as with its state expired, or with its log's end lost. */
  forgetProducer(partition: number): void {
    for (const key of this.states.keys()) if (key.startsWith(`${partition}/`)) this.states.delete(key);
  }

  async send(
    nodeId: number | null,
    api: { name: string },
    body: unknown,
    options: RequestOptions = {},
  ): Promise<unknown> {
    if (api.name === "InitProducerId") {
      await this.delay(1);
      const errorCode = this.settings.initErrors?.[this.initRequests++] ?? 0;
      if (errorCode !== 0) return { throttleTimeMs: 0, errorCode, producerId: -1, producerEpoch: -1 };
      return { throttleTimeMs: 0, errorCode, producerId: this.producerIds++, producerEpoch: 0 };
    }
    this.produceRequests++;
    const fields = (body as (version: number) => ProduceFields)(13);
    const copied = copyOf(fields);
    const fate = this.settings.fate?.(copied, nodeId!) ?? {};
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { fields: copied, fate, isHandled: false, response: null, resolve, reject };
      const line = this.connections.get(nodeId!) ?? [];
      this.connections.set(nodeId!, line);
      line.push(waiting);
      this.clock.schedule(fate.delayMs ?? 1, () => this.arrive(nodeId!, waiting));
      this.clock.schedule(options.timeoutMs ?? 30_000, () => {
        if (this.connections.get(nodeId!)?.includes(waiting) === true) this.disconnect(nodeId!);
      });
    });
  }

  versionOf(): Promise<number> {
    return Promise.resolve(13);
  }

  onMetadata(listener: (view: MetadataView) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  interest(): () => void {
    return () => {};
  }

  async refreshMetadata(): Promise<MetadataView> {
    await this.delay(2);
    this.update();
    return this.metadata;
  }

  async topicMetadata(): Promise<TopicMetadata> {
    await this.delay(1);
    return this.metadata.topics.get("t")!;
  }

  noteLeaderEpoch(): void {}

  applyLeaders(leaders: readonly unknown[]): void {
    this.appliedLeaders.push(...leaders);
    this.update();
  }

  backoffMs(attempt: number): number {
    return Math.min(10 * 2 ** attempt, 40);
  }

  delay(ms: number): Promise<void> {
    return new Promise((resolve) => void this.clock.schedule(ms, resolve));
  }

  closeLane(): void {}

  // Requests of a connection are handled, and answered, in their order: one that is slow holds up those behind it.
  private arrive(nodeId: number, waiting: Waiting): void {
    (waiting as { isHere?: boolean }).isHere = true;
    const line = this.connections.get(nodeId) ?? [];
    while (line.length > 0 && (line[0] as { isHere?: boolean }).isHere === true) {
      const first = line[0]!;
      if (first.fate.disconnect === "before") return this.disconnect(nodeId);
      this.handle(first, nodeId);
      if (first.fate.disconnect === "after") return this.disconnect(nodeId);
      line.shift();
      first.resolve(first.response);
    }
  }

  // Some of the requests that were on their way are handled still, though nobody hears of it.
  private disconnect(nodeId: number): void {
    const line = this.connections.get(nodeId) ?? [];
    this.connections.delete(nodeId);
    const handled = this.random.below(line.length + 1);
    for (const [index, waiting] of line.entries()) {
      const isStopped = line.slice(0, index + 1).some(({ fate }) => fate.disconnect === "before");
      if (index < handled && !isStopped && !waiting.isHandled) this.handle(waiting, nodeId);
      waiting.reject(new ConnectionError("the connection ended"));
    }
  }

  private handle(waiting: Waiting, nodeId: number): void {
    waiting.isHandled = true;
    const { fields, fate } = waiting;
    waiting.response = {
      responses: fields.topicData.map((topic) => ({
        name: "",
        topicId: topic.topicId,
        partitionResponses: topic.partitionData.map(({ index, records }) => {
          const answer =
            fate.error === undefined ? this.write(index, records as Buffer, nodeId) : { errorCode: fate.error };
          const errorCode = answer.errorCode === 0 ? (fate.errorAfterWriting ?? 0) : answer.errorCode;
          return {
            baseOffset: -1,
            ...answer,
            index,
            errorCode,
            logAppendTimeMs: -1,
            logStartOffset: 0,
            errorMessage: null,
            recordErrors: fate.recordErrors ?? [],
            currentLeader: this.leaderTold(index, errorCode),
          };
        }),
      })),
      throttleTimeMs: fate.throttleMs ?? 0,
      nodeEndpoints: [],
    };
  }

  private leaderTold(partition: number, errorCode: number): { leaderId: number; leaderEpoch: number } {
    if (errorCode !== errorCodes.NOT_LEADER_OR_FOLLOWER || this.settings.tellsLeaders !== true)
      return { leaderId: -1, leaderEpoch: -1 };
    return { leaderId: this.leaders[partition]!, leaderEpoch: this.leaderEpochs[partition]! };
  }

  private write(partition: number, bytes: Buffer, nodeId: number): { errorCode: number; baseOffset?: number } {
    if (this.leaders[partition] !== nodeId) return { errorCode: errorCodes.NOT_LEADER_OR_FOLLOWER };
    if (bytes.length > (this.settings.maxBatchBytes ?? Infinity)) return { errorCode: errorCodes.MESSAGE_TOO_LARGE };
    if (!batchFormat.verifyCrc(bytes, 0)) return { errorCode: errorCodes.CORRUPT_MESSAGE };
    const log = this.logs[partition]!;
    const producerId = batchFormat.producerId(bytes, 0);
    if (producerId >= 0) {
      const refused = this.checkSequence(partition, bytes, producerId);
      if (refused !== null) return refused;
    }
    const baseOffset = log.length;
    for (const record of readRecords(bytes)) log.push(record.value!.toString());
    this.epochs[partition]!.push(batchFormat.producerEpoch(bytes, 0));
    return { errorCode: 0, baseOffset };
  }

  private checkSequence(
    partition: number,
    bytes: Buffer,
    producerId: number,
  ): { errorCode: number; baseOffset?: number } | null {
    const epoch = batchFormat.producerEpoch(bytes, 0);
    const base = batchFormat.baseSequence(bytes, 0);
    const last = batchFormat.lastSequence(bytes, 0);
    const key = `${partition}/${producerId}`;
    const state = this.states.get(key);
    const offset = this.logs[partition]!.length;
    if (state !== undefined) {
      if (epoch < state.epoch) return { errorCode: errorCodes.INVALID_PRODUCER_EPOCH };
      const known =
        epoch === state.epoch ? state.batches.find((each) => each.base === base && each.last === last) : undefined;
      if (known !== undefined) return { errorCode: 0, baseOffset: known.offset };
      const expected = epoch > state.epoch ? 0 : batchFormat.incrementSequence(state.lastSequence, 1);
      if (base !== expected) return { errorCode: errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER };
    }
    const batches = state !== undefined && state.epoch === epoch ? state.batches : [];
    this.states.set(key, {
      epoch,
      lastSequence: last,
      batches: [...batches, { base, last, offset }].slice(-REMEMBERED_BATCHES),
    });
    return null;
  }

  private update(): void {
    this.metadata = this.view();
    for (const listener of this.listeners) listener(this.metadata);
  }

  private view(): MetadataView {
    const partitions = this.logs.map((_, partition): PartitionMetadata => {
      const leaderId = this.leaders[partition]!;
      const leaderEpoch = this.leaderEpochs[partition]!;
      return { partition, leaderId, leaderEpoch, replicas: [], isr: [], offlineReplicas: [] };
    });
    return {
      clusterId: "simulated",
      controllerId: 1,
      brokers: new Map(),
      topics: new Map([["t", { name: "t", topicId: TOPIC_ID, isInternal: false, partitions }]]),
      topicErrors: new Map(),
      topicNames: new Map([[TOPIC_ID, "t"]]),
      updates: 1,
    };
  }
}

// What the socket has taken no longer changes when the producer writes other sequences into the batch.
function copyOf(fields: ProduceFields): ProduceFields {
  return {
    ...fields,
    topicData: fields.topicData.map((topic) => ({
      ...topic,
      partitionData: topic.partitionData.map(({ index, records }) => ({
        index,
        records: Buffer.concat(records as Buffer[]),
      })),
    })),
  };
}

/** Lets promises settle, then moves the clock, until `until` holds or so much time has passed. */
export async function runUntil(simulation: SimulatedCluster, until: () => boolean, limitMs = 600_000): Promise<void> {
  const { clock } = simulation;
  for (const endMs = clock.monotonicMs() + limitMs; !until() && clock.monotonicMs() < endMs;) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(1);
  }
}
