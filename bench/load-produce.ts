// Produce load: every connection keeps a fixed number of prebuilt requests in flight and sends one again when it is answered.
// Nothing is encoded and nothing decoded but correlation id and error code, so that the server is what is measured.

import type { Socket } from "node:net";
import { buildBatch, type PrebuiltBatch } from "./batch.ts";
import { FrameCutter, openRawConnection } from "./connection.ts";
import { cpuSeconds, machineCpuSeconds } from "./process-usage.ts";
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

export interface Throughput extends Usage {
  records: number;
  requests: number;
  /** Bytes of record batches. */
  bytes: number;
}

/** Shares of one CPU, 1 = one core busy; null where /proc is missing. */
export interface Usage {
  seconds: number;
  serverCpu: number | null;
  loadCpu: number | null;
  /** All other processes and the kernel's own threads: what disturbs the measurement. */
  othersCpu: number | null;
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

/** Wall time, and the CPU time of server, generator and everybody else, between start and stop. */
export class Meter {
  private readonly serverPid: number;
  private startedMs = 0;
  private before: CpuTimes = { server: null, load: null, machine: null };

  constructor(serverPid: number) {
    this.serverPid = serverPid;
  }

  start(): void {
    this.before = this.now();
    this.startedMs = performance.now();
  }

  stop(): Usage {
    const seconds = (performance.now() - this.startedMs) / 1000;
    const after = this.now();
    const share = (name: keyof CpuTimes): number | null =>
      after[name] === null || this.before[name] === null ? null : (after[name] - this.before[name]) / seconds;
    const serverCpu = share("server");
    const loadCpu = share("load");
    const machineCpu = share("machine");
    const othersCpu =
      serverCpu === null || loadCpu === null || machineCpu === null
        ? null
        : Math.max(0, machineCpu - serverCpu - loadCpu);
    return { seconds, serverCpu, loadCpu, othersCpu };
  }

  private now(): CpuTimes {
    return { server: cpuSeconds(this.serverPid), load: cpuSeconds(process.pid), machine: machineCpuSeconds() };
  }
}

interface CpuTimes {
  server: number | null;
  load: number | null;
  machine: number | null;
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
