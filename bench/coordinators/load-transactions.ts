// Transactions, one after the other on each connection: one batch and its commit. Three flows write the same batches:
//   plain     an idempotent producer: Produce and nothing else, what transactions are compared with
//   classic   before KIP-890: AddPartitionsToTxn, Produce, EndTxn
//   implicit  since KIP-890: Produce adds the partition, EndTxn answers with the next epoch
// InitProducerId is asked once for each producer. CONCURRENT_TRANSACTIONS (the one before is not ended yet) is asked again at once.

import { buildBatch } from "../batch.ts";
import { failOn, producedRecordsAt, produceFrame, produceResponseLayout } from "../wire.ts";
import { openCallers, type Caller } from "./caller.ts";
import { isComing } from "./frames-offsets.ts";
import {
  addPartitionsErrorCode,
  addPartitionsFrame,
  endTransactionErrorCode,
  endTransactionFrame,
  initProducerIdFrame,
  readInitProducerId,
  readNextIdentity,
  stampBatch,
  type ProducerIdentity,
} from "./frames-transactions.ts";
import { Loop, type Counted, type Measured } from "./loop.ts";

export type Flow = "plain" | "classic" | "implicit";

export interface TransactionJob extends Measured {
  kind: "transaction";
  port: number;
  topic: string;
  /** Each producer writes to a partition of its own. */
  producers: number;
  flow: Flow;
  recordsPerBatch: number;
  recordBytes: number;
  /** Transactional ids are made of this and a number. */
  transactionalId: string;
}

const CONCURRENT_TRANSACTIONS = 51;
const PRODUCE_VERSIONS: Record<Flow, number> = { plain: 11, classic: 11, implicit: 12 };

export async function runTransactions(job: TransactionJob): Promise<Counted> {
  const loop = new Loop();
  const callers = await openCallers(job.port, job.producers, loop.lost);
  const producers = callers.map((caller, partition) => new Producer(job, { caller, loop, partition }));
  await loop.race(Promise.all(producers.map((producer) => producer.introduce())));
  const workers = producers.map((producer) => () => producer.begin());
  const result = await loop.measure(job, workers);
  for (const caller of callers) caller.close();
  return result;
}

class Producer {
  private readonly job: TransactionJob;
  private readonly caller: Caller;
  private readonly loop: Loop;
  private readonly partition: number;
  private readonly transactionalId: string;
  private readonly frame: Buffer;
  private readonly batchAt: number;
  private readonly errorCodeAt: number;
  private identity: ProducerIdentity = { producerId: -1, producerEpoch: -1 };
  private sequence = 0;

  constructor(job: TransactionJob, { caller, loop, partition }: { caller: Caller; loop: Loop; partition: number }) {
    this.job = job;
    this.caller = caller;
    this.loop = loop;
    this.partition = partition;
    this.transactionalId = `${job.transactionalId}-${partition}`;
    const { bytes } = buildBatch({
      recordBytes: job.recordBytes,
      batchBytes: Number.POSITIVE_INFINITY,
      timestampMs: Date.now(),
      records: job.recordsPerBatch,
    });
    this.frame = produceFrame({
      topic: job.topic,
      partition,
      acks: -1,
      records: bytes,
      correlationId: 1,
      version: PRODUCE_VERSIONS[job.flow],
      ...(job.flow === "plain" ? {} : { transactionalId: this.transactionalId }),
    });
    this.batchAt = producedRecordsAt(this.frame, bytes);
    this.errorCodeAt = produceResponseLayout(job.topic).errorCodeAt;
  }

  /** Gets its producer id. The coordinator may have to be loaded first, and a transaction of the same id be ended. */
  async introduce(): Promise<void> {
    for (;;) {
      const request = initProducerIdFrame(this.job.flow === "plain" ? null : this.transactionalId);
      const { errorCode, ...identity } = readInitProducerId(await this.caller.ask(request));
      this.identity = identity;
      if (errorCode === 0) return;
      if (errorCode !== CONCURRENT_TRANSACTIONS) isComing("InitProducerId", errorCode);
    }
  }

  begin(): void {
    if (this.job.flow === "classic") this.addPartition();
    else this.produce();
  }

  private addPartition(): void {
    const place = { topic: this.job.topic, partition: this.partition };
    this.caller.send(addPartitionsFrame(this.transactionalId, this.identity, place), (response) => {
      if (this.mustRepeat("AddPartitionsToTxn", addPartitionsErrorCode(response))) this.addPartition();
      else this.produce();
    });
  }

  private produce(): void {
    const { sequence, job } = this;
    stampBatch(this.frame, this.batchAt, { ...this.identity, sequence, isTransactional: job.flow !== "plain" });
    this.caller.send(this.frame, (response) => {
      if (this.mustRepeat("Produce", response.readInt16BE(this.errorCodeAt))) return this.produce();
      this.sequence += job.recordsPerBatch;
      if (job.flow === "plain") this.finish();
      else this.end();
    });
  }

  private end(): void {
    const version = this.job.flow === "implicit" ? 5 : 3;
    this.caller.send(endTransactionFrame(this.transactionalId, this.identity, version), (response) => {
      if (this.mustRepeat("EndTxn", endTransactionErrorCode(response))) return this.end();
      if (version === 5) {
        this.identity = readNextIdentity(response);
        this.sequence = 0;
      }
      this.finish();
    });
  }

  private finish(): void {
    if (this.loop.done()) this.begin();
  }

  private mustRepeat(api: string, errorCode: number): boolean {
    if (errorCode === 0) return false;
    if (errorCode !== CONCURRENT_TRANSACTIONS) failOn(api, errorCode);
    this.loop.remark("asked again, because the transaction before was not ended yet");
    return true;
  }
}
