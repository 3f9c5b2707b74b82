// An idempotent producer over a real connection: numbered values to each partition, in every codec, several requests in flight, every
// unanswered batch sent again with its sequence after a lost connection. What it was told goes into the history.

import { ZERO_UUID } from "@ottla/base";
import { produceApi } from "@ottla/protocol/messages/00-produce.ts";
import { initProducerIdApi } from "@ottla/protocol/messages/22-init-producer-id.ts";
import { errorName, RecordBatchBuilder } from "@ottla/protocol";
import type { History, SentBatch } from "./history.ts";
import { WireClient } from "./wire-client.ts";

const PRODUCE_VERSION = 9;
const INIT_VERSION = 4;
const IN_FLIGHT = 5;
const RECORDS_A_BATCH = 20;
const RECONNECT_MS = 20;
const CODECS = ["none", "gzip", "snappy", "lz4", "zstd"] as const;
/** Between two new batches of a partition: enough to be in the middle of something at any time, without records by the million. */
const BATCH_INTERVAL_MS = 4;

export interface LoadOptions {
  readonly port: number;
  readonly topic: string;
  readonly partitions: number;
  readonly history: History;
  /** Tells the producers of one topic apart. Default: the topic. */
  readonly name?: string;
}

interface Unanswered {
  batch: SentBatch;
  bytes: Buffer;
}

interface PartitionLoad {
  nextNumber: number;
  unanswered: Unanswered[];
}

export class IdempotentLoad {
  /** What no correct broker answers. */
  readonly violations: string[] = [];
  private readonly port: number;
  private readonly topic: string;
  private readonly name: string;
  private readonly history: History;
  private readonly partitions: PartitionLoad[];
  private producerId = -1;
  private running = true;
  private finished: Promise<void> | null = null;

  constructor(options: LoadOptions) {
    this.port = options.port;
    this.topic = options.topic;
    this.name = options.name ?? options.topic;
    this.history = options.history;
    this.partitions = Array.from({ length: options.partitions }, () => ({ nextNumber: 0, unanswered: [] }));
  }

  start(): void {
    this.finished = this.run();
  }

  /** Stops making new batches and resolves when every batch is acknowledged. */
  async finish(): Promise<void> {
    this.running = false;
    await this.finished;
  }

  /** Ends it, whatever is unanswered. */
  abandon(): void {
    this.running = false;
    for (const load of this.partitions) load.unanswered.length = 0;
  }

  private async run(): Promise<void> {
    while (this.running || this.partitions.some(({ unanswered }) => unanswered.length > 0)) {
      if (this.violations.length > 0) return;
      try {
        const client = await WireClient.connect(this.port);
        try {
          await this.produceOver(client);
        } finally {
          client.close();
        }
      } catch {
        // The broker was killed: that is what this load is for.
        await pause(RECONNECT_MS);
      }
    }
  }

  private async produceOver(client: WireClient): Promise<void> {
    if (this.producerId === -1) {
      const answer = await client.call(initProducerIdApi, INIT_VERSION, {
        transactionalId: null,
        transactionTimeoutMs: 0,
      });
      if (answer.errorCode !== 0) throw new Error(`InitProducerId: ${errorName(answer.errorCode)}`);
      this.producerId = answer.producerId;
    }
    await Promise.all(this.partitions.map((_, partition) => this.producePartition(client, partition)));
  }

  // All requests of a partition go over one connection in order; a rejected one ends the connection's use.
  private async producePartition(client: WireClient, partition: number): Promise<void> {
    const load = this.partitions[partition]!;
    const answers = load.unanswered.map((entry) => this.send(client, partition, entry));
    for (;;) {
      while (this.running && answers.length < IN_FLIGHT) {
        const entry = this.nextBatch(partition, load);
        load.unanswered.push(entry);
        answers.push(this.send(client, partition, entry));
      }
      const first = answers.shift();
      if (first === undefined) return;
      await first;
      if (this.running) await pause(BATCH_INTERVAL_MS);
    }
  }

  private send(client: WireClient, partition: number, entry: Unanswered): Promise<void> {
    const answer = this.sendAndNote(client, partition, entry);
    // Awaited in order; when an earlier one fails, nobody awaits this one any more.
    answer.catch(() => {});
    return answer;
  }

  private async sendAndNote(client: WireClient, partition: number, entry: Unanswered): Promise<void> {
    const { history } = this;
    const { batch, bytes } = entry;
    const begun = history.tick();
    let response;
    try {
      response = await client.call(produceApi, PRODUCE_VERSION, {
        transactionalId: null,
        acks: -1,
        timeoutMs: 30_000,
        topicData: [{ name: this.topic, topicId: ZERO_UUID, partitionData: [{ index: partition, records: bytes }] }],
      });
    } catch (error) {
      history.answered(batch, begun, { kind: "lost" });
      throw error;
    }
    const { errorCode, baseOffset, logStartOffset } = response.responses[0]!.partitionResponses[0]!;
    if (errorCode !== 0) {
      this.violations.push(`${batch.values[0]} to ${batch.partition} got ${errorName(errorCode)}`);
      throw new Error("refused");
    }
    history.answered(batch, begun, { kind: "acked", baseOffset, logStart: logStartOffset });
    const load = this.partitions[partition]!;
    load.unanswered = load.unanswered.filter((other) => other !== entry);
  }

  private nextBatch(partition: number, load: PartitionLoad): Unanswered {
    const firstNumber = load.nextNumber;
    load.nextNumber += RECORDS_A_BATCH;
    const builder = new RecordBatchBuilder({
      producerId: this.producerId,
      producerEpoch: 0,
      baseSequence: firstNumber,
      compression: CODECS[(firstNumber / RECORDS_A_BATCH) % CODECS.length]!,
    });
    const values: string[] = [];
    const timestampMs = Date.now();
    for (let number = firstNumber; number < load.nextNumber; number++) {
      values.push(`${this.name}:${partition}:${number}`);
      builder.append({ timestamp: timestampMs, key: null, value: Buffer.from(values.at(-1)!), headers: [] });
    }
    const bytes = builder.build();
    const place = { producer: this.name, partition: `${this.topic}-${partition}` };
    const batch = this.history.send({ ...place, values, once: true, bytes: bytes.length, timestampMs });
    return { batch, bytes };
  }
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
