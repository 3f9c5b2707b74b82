// Fetch load: every connection keeps one Fetch in flight, as a consumer does, and asks for what follows as soon as a response ended.
// Two shapes: from the start of a log, beginning anew at its end; and at the tail, while producers append.

import type { Socket } from "node:net";
import { openRawConnection } from "./connection.ts";
import { FetchStream } from "./fetch-stream.ts";
import { Meter, pause, ProduceLoad, type ProduceShape, type Throughput } from "./load-produce.ts";
import { fetchFrame } from "./wire.ts";

const TAIL_WINDOW_BYTES = 4 * 1024 * 1024;

export interface FetchJob {
  kind: "fetch";
  port: number;
  serverPid: number;
  topic: string;
  connections: number;
  /** A reader that gets here begins again at offset 0. */
  logEndOffset: number;
  warmupMs: number;
  measureMs: number;
}

export interface TailJob extends ProduceShape {
  kind: "tail";
  warmupMs: number;
  measureMs: number;
}

export async function runFetch(job: FetchJob): Promise<Throughput> {
  const fetchers = await Promise.all(
    Array.from({ length: job.connections }, () =>
      Fetcher.open({ port: job.port, topic: job.topic, endOffset: job.logEndOffset }),
    ),
  );
  return measure(job, fetchers);
}

/**
 * Producers and one consumer that follows them; what is counted is what the consumer got. Producers run at most
 * `TAIL_WINDOW_BYTES` ahead, so that the figure is what both can keep up and the consumer stays at the tail.
 */
export async function runTail(job: TailJob): Promise<Throughput> {
  const producers = await ProduceLoad.open(job);
  const { bytes, recordCount } = producers.batch;
  producers.window = Math.ceil(TAIL_WINDOW_BYTES / bytes.length);
  const onAdvance = (nextOffset: number): void => producers.consumed(nextOffset / recordCount);
  const fetcher = await Fetcher.open({
    port: job.port,
    topic: job.topic,
    endOffset: Number.POSITIVE_INFINITY,
    onAdvance,
  });
  producers.start();
  try {
    return await measure(job, [fetcher]);
  } finally {
    await producers.stop();
  }
}

async function measure(
  job: { serverPid: number; warmupMs: number; measureMs: number },
  fetchers: Fetcher[],
): Promise<Throughput> {
  const sum = (value: (fetcher: Fetcher) => number): number =>
    fetchers.reduce((total, fetcher) => total + value(fetcher), 0);
  for (const fetcher of fetchers) fetcher.ask();
  const meter = new Meter(job.serverPid);
  await pause(job.warmupMs);
  const before = {
    bytes: sum((fetcher) => fetcher.bytes()),
    records: sum((fetcher) => fetcher.records()),
    requests: sum((fetcher) => fetcher.responses()),
  };
  meter.start();
  await Promise.race([pause(job.measureMs), ...fetchers.map((fetcher) => fetcher.lost)]);
  const usage = meter.stop();
  const result = {
    ...usage,
    bytes: sum((fetcher) => fetcher.bytes()) - before.bytes,
    records: sum((fetcher) => fetcher.records()) - before.records,
    requests: sum((fetcher) => fetcher.responses()) - before.requests,
  };
  for (const fetcher of fetchers) fetcher.close();
  return result;
}

/** One consumer's connection to partition 0. */
export class Fetcher {
  /** Rejects when the server closes the connection before `close` is called. */
  lost: Promise<never> = new Promise(() => {});
  private readonly frame: Buffer;
  private readonly offsetAt: number;
  private readonly stream: FetchStream;
  private readonly endOffset: number;
  private readonly onAdvance: ((nextOffset: number) => void) | null;
  private socket: Socket | null = null;
  private passedRecords = 0;
  private closed = false;

  private constructor(options: FetcherOptions) {
    const { frame, offsetAt } = fetchFrame({ topic: options.topic, partition: 0, maxWaitMs: 500, correlationId: 1 });
    this.frame = frame;
    this.offsetAt = offsetAt;
    this.endOffset = options.endOffset;
    this.onAdvance = options.onAdvance ?? null;
    this.stream = new FetchStream(() => this.advance());
  }

  static async open(options: FetcherOptions): Promise<Fetcher> {
    const fetcher = new Fetcher(options);
    const socket = await openRawConnection(options.port, (chunk) => fetcher.stream.push(chunk));
    fetcher.socket = socket;
    fetcher.lost = new Promise((_resolve, reject) => {
      socket.once("close", () => {
        if (!fetcher.closed) reject(new Error("the server closed a consumer's connection"));
      });
    });
    fetcher.lost.catch(() => {});
    return fetcher;
  }

  /** Sends the next Fetch. */
  ask(): void {
    this.frame.writeBigInt64BE(BigInt(this.stream.nextOffset), this.offsetAt);
    this.socket!.write(this.frame);
  }

  bytes(): number {
    return this.stream.batchBytes;
  }

  records(): number {
    return this.passedRecords + this.stream.nextOffset;
  }

  responses(): number {
    return this.stream.responses;
  }

  close(): void {
    this.closed = true;
    this.socket?.destroy();
  }

  // The request buffer is written again only after its response arrived, so the socket no longer needs it.
  private advance(): void {
    if (this.closed) return;
    this.onAdvance?.(this.stream.nextOffset);
    if (this.stream.nextOffset >= this.endOffset) {
      this.passedRecords += this.stream.nextOffset;
      this.stream.nextOffset = 0;
    }
    this.ask();
  }
}

interface FetcherOptions {
  port: number;
  topic: string;
  endOffset: number;
  onAdvance?: (nextOffset: number) => void;
}
