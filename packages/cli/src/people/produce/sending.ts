// Records on their way: sent in groups, so many bytes without an outcome at most, counted, and the first failures told. The input is read
// no faster than records leave.

import { AbortedError, ClosedError, KafkaError, SendError } from "@ottla/client";
import type { Producer, RecordToSend } from "@ottla/client";

/** Bytes of records that have no outcome yet. */
const MAX_UNDER_WAY_BYTES = 4 * 1024 * 1024;
/** And groups of records, which may be small. */
const MAX_UNDER_WAY_GROUPS = 1000;
/** So many failures are told one by one. */
const MAX_TOLD = 10;

export interface NumberedRecord {
  /** Which piece of the input it was, from 1. */
  readonly number: number;
  readonly record: RecordToSend;
}

export interface Outcome {
  readonly written: number;
  readonly failed: number;
  /** Of keys and values that were written. */
  readonly bytes: number;
}

export class Sending {
  private readonly producer: Producer;
  private readonly tell: (line: string) => void;
  private readonly named: string;
  private written = 0;
  private failed = 0;
  private bytes = 0;
  private underWayBytes = 0;
  private readonly underWay = new Set<Promise<void>>();
  private fault: Error | null = null;
  /** What makes it pointless to send more: the producer cannot go on. */
  private fatal: KafkaError | null = null;

  /** @param named what a piece of the input is called, such as "line" */
  constructor(producer: Producer, named: string, tell: (line: string) => void) {
    this.producer = producer;
    this.named = named;
    this.tell = tell;
  }

  get outcome(): Outcome {
    const { written, failed, bytes } = this;
    return { written, failed, bytes };
  }

  /** Nothing that is sent from now on can succeed. */
  get isHopeless(): boolean {
    return this.fatal !== null;
  }

  /** Resolves when there is room for more. */
  async send(group: readonly NumberedRecord[]): Promise<void> {
    if (group.length === 0) return;
    const bytes = group.reduce((sum, { record }) => sum + sizeOf(record), 0);
    this.underWayBytes += bytes;
    const sent = this.producer
      .send(group.map(({ record }) => record))
      .then(
        () => {
          this.written += group.length;
          this.bytes += bytes;
        },
        (error: unknown) => this.partlyFailed(group, error),
      )
      .catch((error: Error) => {
        this.fault ??= error;
      })
      .finally(() => {
        this.underWayBytes -= bytes;
        this.underWay.delete(sent);
      });
    this.underWay.add(sent);
    while (this.underWayBytes > MAX_UNDER_WAY_BYTES || this.underWay.size > MAX_UNDER_WAY_GROUPS) {
      const [oldest] = this.underWay;
      await oldest;
    }
    this.passOn();
  }

  /** A piece of the input that is no record. */
  refuse(number: number, reason: string): void {
    this.failed += 1;
    if (this.failed <= MAX_TOLD) this.tell(`${this.named} ${number} was not written: ${reason}`);
    if (this.failed === MAX_TOLD + 1) this.tell("more failed; they are only counted");
  }

  /** Resolves when everything has its outcome. */
  async end(): Promise<Outcome> {
    await Promise.all(this.underWay);
    this.passOn();
    return this.outcome;
  }

  private partlyFailed(group: readonly NumberedRecord[], error: unknown): void {
    for (const [index, { number, record }] of group.entries()) {
      const own = error instanceof SendError ? error.results[index] : error;
      if (error instanceof SendError && !(own instanceof KafkaError)) {
        this.written += 1;
        this.bytes += sizeOf(record);
        continue;
      }
      if (!(own instanceof KafkaError)) throw error;
      if (own.fatal || own instanceof ClosedError) this.fatal ??= own;
      this.refuse(number, own instanceof AbortedError ? "interrupted" : `${own.message} (${own.code})`);
    }
  }

  private passOn(): void {
    if (this.fault !== null) throw this.fault;
  }
}

function sizeOf({ key, value }: RecordToSend): number {
  return (key?.length ?? 0) + (value?.length ?? 0);
}
