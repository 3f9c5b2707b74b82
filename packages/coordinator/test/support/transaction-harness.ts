// A transaction shard in the harness, with what its tables say about it in few words: commands by name, the state as one line.

import { ManualClock, RecordingLogger } from "@ottla/base";
import { errorName } from "@ottla/protocol";
import type { InitProducerIdResponse } from "@ottla/protocol/messages/22-init-producer-id.ts";
import type { EndTxnResponse } from "@ottla/protocol/messages/26-end-txn.ts";
import { TransactionCounters } from "../../src/transaction/transaction-counters.ts";
import { TransactionShard } from "../../src/transaction/transaction-shard.ts";
import { transactionRecordCodec } from "../../src/transaction/transaction-records.ts";
import type { TransactionRecord } from "../../src/transaction/transaction-records.ts";
import type { TransactionDescription } from "../../src/transaction/transaction-listing.ts";
import type { MarkerPartition, TransactionMarkers } from "../../src/transaction/transaction-markers.ts";
import type { Transaction } from "../../src/transaction/transaction.ts";
import { ShardHarness } from "./shard-harness.ts";

export const ID = "payments";
export const START_MS = new ManualClock().nowMs();

export interface TransactionHarnessOptions {
  /** The finalized level of transaction.version; 2 when not given. */
  transactionVersion?: number;
  /** Producer ids still to be given out; 1000, 1001… when not given. */
  producerIds?: number[];
}

export class TransactionHarness {
  readonly shards: ShardHarness<TransactionRecord, TransactionShard>;
  readonly config = {
    transactionMaxTimeoutMs: 900_000,
    transactionalIdExpirationMs: 7 * 24 * 3_600_000,
    abortTimedOutIntervalMs: 10_000,
    removeExpiredIntervalMs: 3_600_000,
  };
  readonly counters = new TransactionCounters();
  readonly logger = new RecordingLogger();
  coordinatorEpoch = 3;
  transactionVersion: number;
  /** How often the shard said that markers wait. */
  calls = 0;
  private readonly producerIds: number[] | null;
  private nextProducerId = 1000;

  constructor(options: TransactionHarnessOptions = {}) {
    this.transactionVersion = options.transactionVersion ?? 2;
    this.producerIds = options.producerIds ?? null;
    this.shards = new ShardHarness({
      codec: transactionRecordCodec,
      wallMs: START_MS,
      makeShard: () =>
        new TransactionShard({
          coordinatorEpoch: this.coordinatorEpoch,
          config: () => this.config,
          transactionVersion: () => this.transactionVersion,
          takeProducerId: () =>
            this.producerIds === null ? this.nextProducerId++ : (this.producerIds.shift() ?? null),
          markersWaiting: () => void this.calls++,
          counters: this.counters,
          logger: this.logger,
        }),
    });
  }

  init(
    producerId = -1,
    producerEpoch = -1,
    options: { version?: number; timeoutMs?: number; id?: string } = {},
  ): string {
    const request = {
      transactionalId: options.id ?? ID,
      transactionTimeoutMs: options.timeoutMs ?? 60_000,
      producerId,
      producerEpoch,
      enable2Pc: false,
      keepPreparedTxn: false,
    };
    const response = this.shards.ask<InitProducerIdResponse>((shard, pending, now) =>
      shard.initProducerId(request, options.version ?? 5, pending, now),
    );
    return told(response);
  }

  add(producerId: number, producerEpoch: number, partitions: Record<string, number[]>, clientVersion = 2): string {
    const claim = { transactionalId: ID, producerId, producerEpoch, topics: topicsOf(partitions) };
    return errorName(
      this.shards.ask<number>((shard, pending, now) => shard.addPartitions(claim, clientVersion, pending, now)),
    );
  }

  verify(producerId: number, producerEpoch: number, partitions: Record<string, number[]>): string {
    const claim = { transactionalId: ID, producerId, producerEpoch, topics: topicsOf(partitions) };
    const codes = this.shards.ask<readonly number[]>((shard, pending) => shard.verifyPartitions(claim, pending));
    return codes.map((code) => errorName(code)).join(" ");
  }

  end(producerId: number, producerEpoch: number, committed: boolean, version = 5): string {
    const request = { transactionalId: ID, producerId, producerEpoch, committed };
    const response = this.shards.ask<EndTxnResponse>((shard, pending, now) =>
      shard.endTransaction(request, version, pending, now),
    );
    return told(response);
  }

  markers(): readonly TransactionMarkers[] {
    return this.shards.ask<readonly TransactionMarkers[]>((shard, pending) => shard.takeMarkers(pending));
  }

  written(markers: TransactionMarkers, partitions: readonly MarkerPartition[] = markers.partitions): boolean {
    return this.shards.ask<boolean>((shard, pending, now) => shard.markersWritten(markers, partitions, pending, now));
  }

  /** Takes all markers and says that they are written. */
  complete(): void {
    for (const markers of this.markers()) this.written(markers);
  }

  /** The records since the last call, a line each. */
  records(): string[] {
    return this.shards.takeRecords().map(({ transaction }) => (transaction === null ? "forgotten" : line(transaction)));
  }

  /** The state of the transactional id, as DescribeTransactions has it. */
  state(id = ID): string {
    const described = this.describe(id);
    if (described.transactionState === "") return "unknown";
    return `${described.transactionState} ${described.producerId}/${described.producerEpoch}`;
  }

  describe(id = ID): TransactionDescription {
    return this.shards.ask<TransactionDescription>((shard, pending) => shard.describe(id, pending));
  }

  /** Fills the log with one state, as an earlier coordinator left it, and loads it. */
  load(transaction: Partial<Transaction> & Pick<Transaction, "state">): void {
    const value: Transaction = {
      transactionalId: ID,
      producerId: 7,
      previousProducerId: 7,
      nextProducerId: -1,
      producerEpoch: 5,
      lastProducerEpoch: -1,
      timeoutMs: 60_000,
      partitions: new Map(),
      startMs: transaction.state === "Empty" ? -1 : this.shards.now.wallMs,
      lastUpdateMs: this.shards.now.wallMs,
      clientTransactionVersion: 2,
      ...transaction,
    };
    const valueVersion = this.transactionVersion >= 1 ? 1 : 0;
    this.shards.seed([{ transactionalId: value.transactionalId, transaction: value, valueVersion }]);
    this.shards.restart();
    this.shards.takeRecords();
  }
}

export function line(transaction: Transaction): string {
  const { state, producerId, producerEpoch, partitions, clientTransactionVersion, nextProducerId } = transaction;
  const where = [...partitions].map(([topic, indexes]) => `${topic}:${[...indexes].join(",")}`).join(" ");
  const next = nextProducerId === -1 ? "" : ` then ${nextProducerId}`;
  return `${state} ${producerId}/${producerEpoch} v${clientTransactionVersion}${next} [${where}]`;
}

function told(response: { errorCode: number; producerId: number; producerEpoch: number }): string {
  const name = errorName(response.errorCode);
  return response.producerId === -1 ? name : `${name} ${response.producerId}/${response.producerEpoch}`;
}

function topicsOf(partitions: Record<string, number[]>): { topic: string; partitions: number[] }[] {
  return Object.entries(partitions).map(([topic, indexes]) => ({ topic, partitions: indexes }));
}
