// The producers of a soak: idempotent ones with many sends in flight, and transactional ones that commit, abort and take over from each other.
// They note what they sent and what they were told, and are closed and made anew from time to time.

import { setTimeout as sleep } from "node:timers/promises";
import type { SeededRandom } from "@ottla/base";
import { KafkaError } from "@ottla/client";
import type { Kafka, Producer, ProducerOptions, RecordMetadata, RecordToSend } from "@ottla/client";
import type { SentRecord, SoakHistory, SoakTransaction } from "./soak-history.ts";
import { valueOf } from "./soak-history.ts";

export interface SenderOptions {
  readonly name: string;
  readonly kafka: Kafka;
  readonly topic: string;
  readonly partitions: number;
  readonly random: SeededRandom;
  readonly history: SoakHistory;
  readonly producer: ProducerOptions;
  /** Whether it may give records up: those with a short `deliveryTimeoutMs`. */
  readonly mayFail: boolean;
}

const UNDER_WAY_MOST = 200;
const BURST_MOST = 16;
const PAUSE_MOST_MS = 150;
const LIVES_LEAST_MS = 4_000;
const LIVES_MORE_MS = 8_000;
const CLOSE_BOUND_MS = 8_000;
const KEYS = 7;

/** What every sender has: a life of several producers, and the records that it sent. */
abstract class Sender {
  protected readonly options: SenderOptions;
  private number = 0;
  private lives = 0;

  constructor(options: SenderOptions) {
    this.options = options;
  }

  /** Resolves when the signal is aborted and the last producer is closed. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { random, history, name } = this.options;
    while (!signal.aborted) {
      const life = `${name}.${++this.lives}`;
      const until = performance.now() + LIVES_LEAST_MS + random.below(LIVES_MORE_MS);
      const producer = this.options.kafka.producer(this.options.producer);
      try {
        await this.live(producer, life, () => !signal.aborted && performance.now() < until);
      } catch (error) {
        history.fault(`${life} failed with ${describeError(error)}`);
        await sleep(100);
      }
      await closeTimed(history, `closing the producer ${life}`, CLOSE_BOUND_MS, () =>
        producer.close({ timeoutMs: CLOSE_BOUND_MS }),
      );
    }
  }

  protected abstract live(producer: Producer, life: string, goesOn: () => boolean): Promise<void>;

  /** The next record, and its place in the history. */
  protected next(life: string, transaction: SoakTransaction | null): { sent: SentRecord; record: RecordToSend } {
    const { random, topic, partitions, history } = this.options;
    const sent: SentRecord = { producer: life, number: this.number++, topic, transaction, outcome: null };
    history.sent.push(sent);
    const place = random.chance(0.7) ? { partition: random.below(partitions) } : {};
    return { sent, record: { topic, ...place, key: `${life}-${random.below(KEYS)}`, value: valueOf(sent) } };
  }

  /** Notes how the record fares. Never rejects. */
  protected async follow(sent: SentRecord, sending: Promise<RecordMetadata>): Promise<void> {
    try {
      const { partition, offset } = await sending;
      sent.outcome = { partition, offset };
    } catch (error) {
      sent.outcome = "failed";
      this.failed(sent, error);
    }
  }

  protected failed(sent: SentRecord, error: unknown): void {
    const isClosed = error instanceof KafkaError && error.code === "CLOSED";
    const isExpected = error instanceof KafkaError && (this.options.mayFail || isClosed);
    if (!isExpected) this.options.history.fault(`${valueOf(sent)} was given up: ${describeError(error)}`);
  }

  protected pause(): Promise<void> {
    return sleep(this.options.random.below(PAUSE_MOST_MS));
  }
}

export class IdempotentSender extends Sender {
  protected async live(producer: Producer, life: string, goesOn: () => boolean): Promise<void> {
    const { random } = this.options;
    const underWay = new Set<Promise<void>>();
    while (goesOn()) {
      for (let left = 1 + random.below(BURST_MOST); left > 0; left--) {
        const { sent, record } = this.next(life, null);
        const followed = this.follow(sent, producer.send(record)).finally(() => underWay.delete(followed));
        underWay.add(followed);
      }
      if (random.chance(0.05)) await producer.flush();
      while (underWay.size > UNDER_WAY_MOST) await Promise.race(underWay);
      await this.pause();
    }
    // Half of them are closed with all acknowledged, the others close with records under way.
    if (random.chance(0.5)) await Promise.all(underWay);
  }
}

class ChangedMind extends Error {
  override name = "ChangedMind";
}

export class TransactionalSender extends Sender {
  protected async live(producer: Producer, life: string, goesOn: () => boolean): Promise<void> {
    while (goesOn()) {
      const transaction: SoakTransaction = { producer: life, commitAsked: null, told: "open" };
      this.options.history.transactions.push(transaction);
      const goes = await this.transact(producer, life, transaction);
      if (!goes) return;
      await this.pause();
    }
  }

  // False when the producer cannot go on.
  private async transact(producer: Producer, life: string, noted: SoakTransaction): Promise<boolean> {
    const { random, history } = this.options;
    const followed: Promise<void>[] = [];
    try {
      await producer.transaction(async (transaction) => {
        for (let left = random.below(12); left > 0; left--) {
          const { sent, record } = this.next(life, noted);
          const sending = transaction.send(record);
          followed.push(this.follow(sent, sending));
          if (random.chance(0.1)) await sending;
        }
        if (random.chance(0.2)) await this.pause();
        if (random.chance(0.25)) throw new ChangedMind("it is to be aborted");
        noted.commitAsked = history.tick();
      });
      noted.told = "committed";
    } catch (error) {
      noted.told = error instanceof ChangedMind ? "aborted" : "unknown";
      if (error instanceof ChangedMind) return true;
      if (!(error instanceof KafkaError)) throw error;
      if (error.fatal || !(error.abortable || error.retriable)) {
        history.fault(`${life} cannot go on: ${describeError(error)}`);
        return false;
      }
    } finally {
      await Promise.all(followed);
    }
    return true;
  }

  // Records of a transaction fail with it.
  protected override failed(sent: SentRecord, error: unknown): void {
    if (!(error instanceof KafkaError)) super.failed(sent, error);
  }
}

/** Closes something and notes how long it took. Never rejects: a close that does is a fault. */
export async function closeTimed(
  history: SoakHistory,
  what: string,
  boundMs: number,
  close: () => Promise<void>,
): Promise<void> {
  const begunMs = performance.now();
  const stalledBeforeMs = history.stalls.totalMs;
  try {
    await close();
  } catch (error) {
    history.fault(`${what} rejected with ${describeError(error)}`);
  }
  const stalledMs = history.stalls.totalMs - stalledBeforeMs;
  history.closings.push({ what, boundMs, tookMs: performance.now() - begunMs, stalledMs });
}

export function describeError(error: unknown): string {
  if (!(error instanceof KafkaError)) return error instanceof Error ? (error.stack ?? error.message) : String(error);
  const cause = error.cause === undefined ? "" : `, because of ${describeError(error.cause)}`;
  return `${error.name} ${error.code}: ${error.message}${cause}`;
}
