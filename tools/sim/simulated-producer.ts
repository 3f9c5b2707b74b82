// A producer of a simulation: numbered values to any partition, several batches under way, everything noted in the history. An idempotent one
// sends again what had no answer, with the same sequence numbers, when the broker is back; a plain one sends each batch once.

import { assert, ZERO_UUID } from "@ottla/base";
import type { SeededRandom } from "@ottla/base";
import { errorCodes, errorName, RecordBatchBuilder } from "@ottla/protocol";
import { produceApi } from "@ottla/protocol/messages/00-produce.ts";
import { initProducerIdApi } from "@ottla/protocol/messages/22-init-producer-id.ts";
import type { History, SentBatch } from "./history.ts";
import type { Caller } from "./wire-client.ts";

const PRODUCE_VERSION = 9;
const INIT_VERSION = 4;
/** What Kafka's idempotent producers have under way at most, because a log remembers five batches of a producer. */
export const IN_FLIGHT_LIMIT = 5;

/** A partition as topic and index; the history names it `topic-index`. */
export interface Place {
  readonly topic: string;
  readonly partition: number;
}

export function nameOf({ topic, partition }: Place): string {
  return `${topic}-${partition}`;
}

export interface ProducerOptions {
  readonly name: string;
  readonly idempotent: boolean;
  readonly history: History;
  readonly random: SeededRandom;
  nowMs(): number;
  /** Called with what no correct broker does. */
  blame(sentence: string): void;
}

interface Unanswered {
  readonly batch: SentBatch;
  readonly bytes: Buffer;
  underWay: boolean;
}

interface PartitionState {
  readonly place: Place;
  nextSequence: number;
  unanswered: Unanswered[];
  /** The broker's disk failed: nothing more is sent until the next start. */
  failed: boolean;
}

export class SimulatedProducer {
  /** -1 for a plain producer, and until `begin` succeeded. */
  producerId = -1;
  private readonly options: ProducerOptions;
  private readonly partitions = new Map<string, PartitionState>();
  private client: Caller | null = null;
  private sent = 0;

  constructor(options: ProducerOptions) {
    this.options = options;
  }

  /** Goes on with a broker that has just started: what is unanswered is sent again, in order. */
  begin(client: Caller): void {
    this.client = client;
    for (const state of this.partitions.values()) {
      state.failed = false;
      if (!this.options.idempotent) state.unanswered = [];
      for (const entry of state.unanswered) this.attempt(state, entry);
    }
  }

  /** Asks for a producer id, unless it has one; false when none came. Every answer is told to `given`. */
  async identify(given: (producerId: number) => void): Promise<boolean> {
    if (!this.options.idempotent || this.producerId !== -1) return true;
    const answer = await this.client!.call(initProducerIdApi, INIT_VERSION, {
      transactionalId: null,
      transactionTimeoutMs: 0,
    });
    if (answer.errorCode !== errorCodes.NONE) return false;
    given(answer.producerId);
    this.producerId = answer.producerId;
    return true;
  }

  /** Sends a batch of one to three records, unless too much is under way. Does not wait. */
  send(place: Place): void {
    const state = this.stateOf(place);
    const { idempotent, random } = this.options;
    if (this.client === null || state.failed || (idempotent && this.producerId === -1)) return;
    if (state.unanswered.length >= (idempotent ? IN_FLIGHT_LIMIT : 1)) return;
    const values = Array.from({ length: 1 + random.below(3) }, () => `${this.options.name}:${this.sent++}`);
    const bytes = this.encode(values, state);
    const batch = this.options.history.send({
      producer: this.options.name,
      partition: nameOf(place),
      values,
      once: true,
      bytes: bytes.length,
      timestampMs: this.options.nowMs(),
    });
    const entry = { batch, bytes, underWay: false };
    state.unanswered.push(entry);
    this.attempt(state, entry);
  }

  /** How many batches wait for an answer. */
  underWay(): number {
    let count = 0;
    for (const { unanswered } of this.partitions.values()) count += unanswered.filter((entry) => entry.underWay).length;
    return count;
  }

  private encode(values: readonly string[], state: PartitionState): Buffer {
    const { idempotent, random } = this.options;
    const sequence = { producerId: this.producerId, producerEpoch: 0, baseSequence: state.nextSequence };
    const builder = new RecordBatchBuilder(idempotent ? sequence : {});
    for (const value of values)
      builder.append({
        timestamp: this.options.nowMs(),
        key: random.bytes(random.below(150)),
        value: Buffer.from(value),
      });
    if (idempotent) state.nextSequence += values.length;
    return builder.build();
  }

  private attempt(state: PartitionState, entry: Unanswered): void {
    const client = this.client!;
    entry.underWay = true;
    const begun = this.options.history.tick();
    // The broker patches offsets into the bytes it was given.
    const partitionData = [{ index: state.place.partition, records: Buffer.from(entry.bytes) }];
    const answer = client.call(produceApi, PRODUCE_VERSION, {
      acks: -1,
      timeoutMs: 10_000,
      topicData: [{ name: state.place.topic, topicId: ZERO_UUID, partitionData }],
    });
    answer.then(
      (response) => this.answered(state, entry, begun, response.responses[0]!.partitionResponses[0]!),
      () => {
        // An end of the connection that comes late, when the batch has been sent again, tells nothing.
        if (client !== this.client) return;
        entry.underWay = false;
        this.options.history.answered(entry.batch, begun, { kind: "lost" });
      },
    );
  }

  private answered(
    state: PartitionState,
    entry: Unanswered,
    begun: number,
    result: { errorCode: number; baseOffset: number; logStartOffset: number },
  ): void {
    const { history } = this.options;
    entry.underWay = false;
    if (result.errorCode === errorCodes.NONE) {
      history.answered(entry.batch, begun, {
        kind: "acked",
        baseOffset: result.baseOffset,
        logStart: result.logStartOffset,
      });
      const at = state.unanswered.indexOf(entry);
      assert(at !== -1, "a batch is acknowledged once");
      if (at !== 0)
        this.options.blame(`${entry.batch.values[0]} was acknowledged before an earlier batch of its producer`);
      state.unanswered.splice(at, 1);
      return;
    }
    history.answered(entry.batch, begun, { kind: "failed" });
    state.failed = true;
    if (result.errorCode !== errorCodes.KAFKA_STORAGE_ERROR)
      this.options.blame(`${entry.batch.values[0]} to ${nameOf(state.place)} got ${errorName(result.errorCode)}`);
  }

  private stateOf(place: Place): PartitionState {
    const known = this.partitions.get(nameOf(place));
    if (known !== undefined) return known;
    const state: PartitionState = { place, nextSequence: 0, unanswered: [], failed: false };
    this.partitions.set(nameOf(place), state);
    return state;
  }
}
