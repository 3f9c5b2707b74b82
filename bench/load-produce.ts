// Produce load: every connection keeps a fixed number of prebuilt requests in flight and sends one again when it is answered.
// Nothing is encoded and nothing decoded but correlation id and error code, so that the server is what is measured.

import type { Socket } from "node:net";
import { buildBatch, type PrebuiltBatch } from "./batch.ts";
import { FrameCutter, openRawConnection } from "./connection.ts";
import { cpuSeconds } from "./process-usage.ts";
import { produceFrame, produceResponseLayout, RESPONSE_CORRELATION_AT } from "./wire.ts";

/** What producers send, and where. */
export interface ProduceShape {
  port: number;
  serverPid: number;
  topic: string;
  recordBytes: number;
  batchBytes: number;
  acks: number;
  connections: number;
  inFlight: number;
  /** Connection n sends to partition n, otherwise all send to partition 0. */
  distinctPartitions: boolean;
}

export interface ProduceJob extends ProduceShape {
  kind: "produce";
  warmupMs: number;
  /** The measured time; `totalBytes` ends it earlier when that many bytes of batches were acknowledged. */
  measureMs: number;
  totalBytes: number;
}

export interface Throughput {
  seconds: number;
  records: number;
  requests: number;
  /** Bytes of record batches. */
  bytes: number;
  /** Share of one CPU, 1 = one core busy; null where /proc is missing. */
  serverCpu: number | null;
  loadCpu: number | null;
}

export async function runProduce(job: ProduceJob): Promise<Throughput> {
  const load = await ProduceLoad.open(job);
  load.start();
  const meter = new Meter(job.serverPid);
  await pause(job.warmupMs);
  const before = load.acknowledged;
  meter.start();
  await Promise.race([pause(job.measureMs), load.reached(Math.ceil(job.totalBytes / load.batch.bytes.length))]);
  const requests = load.acknowledged - before;
  const usage = meter.stop();
  await load.stop();
  return { ...usage, requests, records: requests * load.batch.recordCount, bytes: requests * load.batch.bytes.length };
}

/** Wall time and CPU time of server and generator between start and stop. */
export class Meter {
  private readonly serverPid: number;
  private startedMs = 0;
  private serverCpu: number | null = null;
  private loadCpu: number | null = null;

  constructor(serverPid: number) {
    this.serverPid = serverPid;
  }

  start(): void {
    this.serverCpu = cpuSeconds(this.serverPid);
    this.loadCpu = cpuSeconds(process.pid);
    this.startedMs = performance.now();
  }

  stop(): { seconds: number; serverCpu: number | null; loadCpu: number | null } {
    const seconds = (performance.now() - this.startedMs) / 1000;
    const share = (before: number | null, after: number | null): number | null =>
      before === null || after === null ? null : (after - before) / seconds;
    return {
      seconds,
      serverCpu: share(this.serverCpu, cpuSeconds(this.serverPid)),
      loadCpu: share(this.loadCpu, cpuSeconds(process.pid)),
    };
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Producers that run from `start` to `stop`. A refused batch or a closed connection makes `stop` throw. */
export class ProduceLoad {
  acknowledged = 0;
  readonly batch: PrebuiltBatch;
  /** Requests that may be acknowledged and not yet passed to `consumed`; beyond, producers wait. */
  window = Number.POSITIVE_INFINITY;
  private readonly producers: Producer[] = [];
  private readonly parked: (() => void)[] = [];
  private consumedRequests = 0;
  private stopping = false;
  private failure: Error | null = null;
  private awaited = Number.POSITIVE_INFINITY;
  private reach: () => void = () => {};

  private constructor(shape: ProduceShape) {
    this.batch = buildBatch({ recordBytes: shape.recordBytes, batchBytes: shape.batchBytes, timestampMs: Date.now() });
  }

  static async open(shape: ProduceShape): Promise<ProduceLoad> {
    const load = new ProduceLoad(shape);
    for (let index = 0; index < shape.connections; index++) {
      load.producers.push(await load.openProducer(shape, shape.distinctPartitions ? index : 0));
    }
    return load;
  }

  start(): void {
    for (const producer of this.producers) producer.start();
  }

  /** Resolves when that many requests were acknowledged since `start`, or when something failed. */
  reached(requests: number): Promise<void> {
    this.awaited = requests;
    return new Promise((resolve) => (this.reach = resolve));
  }

  /** A consumer has that many requests' records: producers that wait may go on. */
  consumed(requests: number): void {
    this.consumedRequests = requests;
    while (this.parked.length > 0 && this.mayGoOn()) this.parked.shift()!();
  }

  /** Waits for what is in flight, then closes the connections. */
  async stop(): Promise<void> {
    this.stopping = true;
    for (const goOn of this.parked.splice(0)) goOn();
    await Promise.all(this.producers.map((producer) => producer.drained));
    for (const producer of this.producers) producer.socket.destroy();
    if (this.failure !== null) throw this.failure;
  }

  private mayGoOn(): boolean {
    return this.acknowledged - this.consumedRequests < this.window;
  }

  private acknowledge(): void {
    this.acknowledged++;
    if (this.acknowledged === this.awaited) this.reach();
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.stopping = true;
    this.reach();
  }

  private async openProducer(shape: ProduceShape, partition: number): Promise<Producer> {
    const { topic, acks, inFlight: slots } = shape;
    const frames = Array.from({ length: slots }, (_, slot) =>
      produceFrame({ topic, partition, acks, records: this.batch.bytes, correlationId: slot }),
    );
    const { errorCodeAt } = produceResponseLayout(topic);
    let inFlight = 0;
    let drain: () => void = () => {};
    const drained = new Promise<void>((resolve) => (drain = resolve));
    const send = (slot: number): void => {
      inFlight++;
      socket.write(frames[slot]!);
    };
    const goOn = (slot: number): void => {
      if (!this.stopping) send(slot);
      else if (inFlight === 0) drain();
    };
    const cutter = new FrameCutter((frame) => {
      inFlight--;
      const errorCode = frame.readInt16BE(errorCodeAt);
      const slot = frame.readInt32BE(RESPONSE_CORRELATION_AT);
      if (errorCode !== 0) this.fail(new Error(`Produce was answered with error code ${errorCode}`));
      this.acknowledge();
      if (this.mayGoOn() || this.stopping) goOn(slot);
      else this.parked.push(() => goOn(slot));
    });
    const socket = await openRawConnection(shape.port, (chunk) => {
      socket.cork();
      cutter.push(chunk);
      socket.uncork();
    });
    socket.once("close", () => {
      if (inFlight > 0) this.fail(new Error("the server closed a producer's connection"));
      drain();
    });
    const start = (): void => {
      for (let slot = 0; slot < slots; slot++) send(slot);
    };
    return { socket, drained, start };
  }
}

interface Producer {
  socket: Socket;
  drained: Promise<void>;
  start(): void;
}
