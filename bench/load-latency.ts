// Latency at a fixed rate: one record in a request of its own at every 200 µs, whether or not earlier ones were answered, and a
// consumer that follows. Every time counts from the moment the schedule wanted the record sent, so a server that stalls cannot hide
// what the stall did to those behind it (no coordinated omission). The sender spins: timers of a millisecond are too coarse.

import { buildBatch } from "./batch.ts";
import { FrameCutter, openRawConnection } from "./connection.ts";
import { Fetcher } from "./load-fetch.ts";
import { Meter } from "./load-produce.ts";
import { produceFrame, produceResponseLayout, RESPONSE_CORRELATION_AT } from "./wire.ts";

export interface LatencyJob {
  kind: "latency";
  port: number;
  serverPid: number;
  topic: string;
  recordBytes: number;
  recordsPerSecond: number;
  acks: number;
  warmupMs: number;
  measureMs: number;
}

/** Milliseconds. */
export interface Percentiles {
  p50: number;
  p99: number;
  p999: number;
}

export interface Latency {
  produce: Percentiles;
  /** From the wish to send to the arrival of the Fetch response with the record. */
  produceToFetch: Percentiles;
  serverCpu: number | null;
  othersCpu: number | null;
}

/** Requests on their way at most; more means that the server does not keep up and there is no latency to speak of. */
const SLOTS = 8192;
const GRACE_MS = 5000;

export async function runLatency(job: LatencyJob): Promise<Latency> {
  const records = Math.round(((job.warmupMs + job.measureMs) / 1000) * job.recordsPerSecond);
  const schedule = new Schedule(records, 1000 / job.recordsPerSecond);
  const sendSlot = await openProducer(job, schedule);
  const fetcher = await Fetcher.open({
    port: job.port,
    topic: job.topic,
    endOffset: Number.POSITIVE_INFINITY,
    onAdvance: (nextOffset) => schedule.fetchedUpTo(nextOffset),
  });
  fetcher.ask();
  const meter = new Meter(job.serverPid);
  meter.start();
  await Promise.race([schedule.run(sendSlot.send), fetcher.lost, sendSlot.lost]);
  const { serverCpu, othersCpu } = meter.stop();
  fetcher.close();
  sendSlot.close();
  const skipped = Math.round((job.warmupMs / 1000) * job.recordsPerSecond);
  return {
    produce: percentiles(schedule.produceMs.subarray(skipped)),
    produceToFetch: percentiles(schedule.fetchMs.subarray(skipped)),
    serverCpu,
    othersCpu,
  };
}

/** When each record is due, and how long after that it was acknowledged and fetched. */
class Schedule {
  readonly produceMs: Float64Array;
  readonly fetchMs: Float64Array;
  private readonly records: number;
  private readonly everyMs: number;
  private startMs = 0;
  private sent = 0;
  private acknowledged = 0;
  private fetched = 0;

  constructor(records: number, everyMs: number) {
    this.records = records;
    this.everyMs = everyMs;
    this.produceMs = new Float64Array(records);
    this.fetchMs = new Float64Array(records);
  }

  /** Calls `send` for every record in turn and resolves when the last was acknowledged and fetched. */
  run(send: (record: number) => void): Promise<void> {
    this.startMs = performance.now();
    return new Promise((resolve, reject) => {
      const tick = (): void => {
        const elapsedMs = performance.now() - this.startMs;
        if (this.sent < this.records) {
          const due = Math.min(this.records, Math.floor(elapsedMs / this.everyMs) + 1);
          while (this.sent < due) send(this.sent++);
        } else if (this.acknowledged === this.records && this.fetched === this.records) {
          return resolve();
        }
        if (this.sent - this.acknowledged > SLOTS || elapsedMs > this.records * this.everyMs + GRACE_MS) {
          return reject(new Error("the server does not keep up with the rate"));
        }
        setImmediate(tick);
      };
      tick();
    });
  }

  acknowledge(): void {
    const record = this.acknowledged++;
    this.produceMs[record] = performance.now() - this.dueMs(record);
  }

  fetchedUpTo(nextOffset: number): void {
    const nowMs = performance.now();
    for (; this.fetched < nextOffset; this.fetched++) this.fetchMs[this.fetched] = nowMs - this.dueMs(this.fetched);
  }

  private dueMs(record: number): number {
    return this.startMs + record * this.everyMs;
  }
}

interface SlotSender {
  send: (record: number) => void;
  lost: Promise<never>;
  close: () => void;
}

async function openProducer(job: LatencyJob, schedule: Schedule): Promise<SlotSender> {
  const { bytes: records } = buildBatch({ recordBytes: job.recordBytes, batchBytes: 0, timestampMs: Date.now() });
  const { topic, acks } = job;
  const frames = Array.from({ length: SLOTS }, (_, slot) =>
    produceFrame({ topic, partition: 0, acks, records, correlationId: slot }),
  );
  const { errorCodeAt } = produceResponseLayout(topic);
  let expected = 0;
  let fail: (error: Error) => void = () => {};
  const lost = new Promise<never>((_resolve, reject) => (fail = reject));
  lost.catch(() => {});
  const cutter = new FrameCutter((frame) => {
    const errorCode = frame.readInt16BE(errorCodeAt);
    if (errorCode !== 0) fail(new Error(`Produce was answered with error code ${errorCode}`));
    if (frame.readInt32BE(RESPONSE_CORRELATION_AT) !== expected) fail(new Error("responses out of order"));
    expected = (expected + 1) % SLOTS;
    schedule.acknowledge();
  });
  const socket = await openRawConnection(job.port, (chunk) => cutter.push(chunk));
  socket.once("close", () => fail(new Error("the server closed the producer's connection")));
  return { send: (record) => void socket.write(frames[record % SLOTS]!), lost, close: () => socket.destroy() };
}

function percentiles(values: Float64Array): Percentiles {
  const sorted = values.slice().sort();
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)]!;
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999) };
}
