// An idempotent producer that keeps a history: numbered records to each partition, several requests in flight, every
// unanswered batch sent again with its sequence after a lost connection. What it was told is what the checker holds against the log.

import { ZERO_UUID } from "@ottla/base";
import { produceApi } from "@ottla/protocol/messages/00-produce.ts";
import { initProducerIdApi } from "@ottla/protocol/messages/22-init-producer-id.ts";
import { errorName, RecordBatchBuilder } from "@ottla/protocol";
import { WireClient } from "./wire-client.ts";

const PRODUCE_VERSION = 9;
const INIT_VERSION = 4;
const IN_FLIGHT = 5;
const RECORDS_A_BATCH = 20;
const RECONNECT_MS = 20;

/** One batch from the producer's side; `baseOffset` is null until it is acknowledged. */
export interface SentBatch {
  partition: number;
  firstNumber: number;
  records: number;
  baseOffset: number | null;
}

interface PartitionLoad {
  nextNumber: number;
  unanswered: { sent: SentBatch; bytes: Buffer }[];
}

export class IdempotentLoad {
  readonly batches: SentBatch[] = [];
  /** What no correct broker answers. */
  readonly violations: string[] = [];
  private readonly port: number;
  private readonly topic: string;
  private readonly partitions: PartitionLoad[];
  private producerId = -1;
  private running = true;
  private finished: Promise<void> | null = null;

  constructor(options: { port: number; topic: string; partitions: number }) {
    this.port = options.port;
    this.topic = options.topic;
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
        await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
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
    const answers = load.unanswered.map((entry) => this.send(client, load, entry));
    for (;;) {
      while (this.running && answers.length < IN_FLIGHT) {
        const entry = this.nextBatch(partition, load);
        load.unanswered.push(entry);
        answers.push(this.send(client, load, entry));
      }
      const first = answers.shift();
      if (first === undefined) return;
      await first;
    }
  }

  private send(client: WireClient, load: PartitionLoad, entry: { sent: SentBatch; bytes: Buffer }): Promise<void> {
    const answer = this.sendAndNote(client, load, entry);
    // Awaited in order; when an earlier one fails, nobody awaits this one any more.
    answer.catch(() => {});
    return answer;
  }

  private async sendAndNote(
    client: WireClient,
    load: PartitionLoad,
    entry: { sent: SentBatch; bytes: Buffer },
  ): Promise<void> {
    const { sent } = entry;
    const response = await client.call(produceApi, PRODUCE_VERSION, {
      transactionalId: null,
      acks: -1,
      timeoutMs: 30_000,
      topicData: [
        { name: this.topic, topicId: ZERO_UUID, partitionData: [{ index: sent.partition, records: entry.bytes }] },
      ],
    });
    const result = response.responses[0]!.partitionResponses[0]!;
    if (result.errorCode !== 0) {
      this.violations.push(`partition ${sent.partition} number ${sent.firstNumber}: ${errorName(result.errorCode)}`);
      throw new Error("refused");
    }
    sent.baseOffset = result.baseOffset;
    load.unanswered.splice(load.unanswered.indexOf(entry), 1);
  }

  private nextBatch(partition: number, load: PartitionLoad): { sent: SentBatch; bytes: Buffer } {
    const firstNumber = load.nextNumber;
    load.nextNumber += RECORDS_A_BATCH;
    const builder = new RecordBatchBuilder({
      producerId: this.producerId,
      producerEpoch: 0,
      baseSequence: firstNumber,
    });
    for (let number = firstNumber; number < load.nextNumber; number++) {
      builder.append({
        timestamp: 1_700_000_000_000 + number,
        key: null,
        value: Buffer.from(`${partition}:${number}`),
        headers: [],
      });
    }
    const sent: SentBatch = { partition, firstNumber, records: RECORDS_A_BATCH, baseOffset: null };
    this.batches.push(sent);
    return { sent, bytes: builder.build() };
  }
}
