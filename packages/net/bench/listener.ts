// The listener beside its floor: a bare node:net server that cuts frames out of data events and answers each at once.
// The load runs in a process of its own. Run: node packages/net/bench/listener.ts [seconds per figure]

import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { silentLogger } from "@ottla/base";
import type { Clock, StreamedPart } from "@ottla/base";
import { ConnectionCounter, startListener } from "@ottla/net";
import type { NetRequest } from "@ottla/net";

const IN_FLIGHT = 5;
const ANSWER_BYTES = 60;
const WARM_UP_MS = 300;
const PRODUCE = 0;
const FETCH = 1;
const [role = "main", ...rest] = process.argv.slice(2);

interface Shape {
  readonly name: string;
  readonly connections: number;
  readonly apiKey: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

const shapes: Shape[] = [
  {
    name: "16 KB frames, 1 connection",
    connections: 1,
    apiKey: PRODUCE,
    requestBytes: 16_500,
    responseBytes: ANSWER_BYTES,
  },
  {
    name: "16 KB frames, 4 connections",
    connections: 4,
    apiKey: PRODUCE,
    requestBytes: 16_500,
    responseBytes: ANSWER_BYTES,
  },
  {
    name: "1 MB frames, 1 connection",
    connections: 1,
    apiKey: PRODUCE,
    requestBytes: 1_048_700,
    responseBytes: ANSWER_BYTES,
  },
  {
    name: "1 MB frames, 4 connections",
    connections: 4,
    apiKey: PRODUCE,
    requestBytes: 1_048_700,
    responseBytes: ANSWER_BYTES,
  },
  {
    name: "100 B frames, 100 connections",
    connections: 100,
    apiKey: PRODUCE,
    requestBytes: 100,
    responseBytes: ANSWER_BYTES,
  },
  {
    name: "1 MB streamed answers, 1 connection",
    connections: 1,
    apiKey: FETCH,
    requestBytes: 100,
    responseBytes: 1_048_576,
  },
];

const clock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  schedule: (delayMs, action) => {
    const timer = setTimeout(action, delayMs).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Stands for a file range whose pages the kernel has: one copy into the target. */
class CopiedPart implements StreamedPart {
  readonly length: number;

  constructor(length: number) {
    this.length = length;
  }

  read(target: Buffer, position: number): number {
    source.copy(target, 0, position, position + target.length);
    return target.length;
  }

  release(): void {}
}

const source = Buffer.alloc(1_048_576, 7);

async function serveOttla(responseBytes: number): Promise<number> {
  const answer = Buffer.alloc(ANSWER_BYTES);
  const respond = (request: NetRequest): void => {
    if (responseBytes === ANSWER_BYTES) request.respond([answer]);
    else request.respond([new CopiedPart(responseBytes)]);
  };
  const listener = await startListener({
    name: "BENCH",
    host: "127.0.0.1",
    port: 0,
    clock,
    logger: silentLogger,
    limits: {
      maxFrameBytes: 100_000_000,
      maxConnections: new ConnectionCounter(10_000),
      maxIdleMs: 600_000,
      maxInFlightRequests: 16,
      maxInFlightBytes: 8 * 1024 * 1024,
      maxPendingResponseBytes: 1_000_000,
      streamChunkBytes: Number(process.env["CHUNK"] ?? 256 * 1024),
    },
    bulkApiKeys: new Set([PRODUCE]),
    onRequest: respond,
  });
  return listener.port;
}

/** The floor: no limits, no order, one buffer for the frames that straddle chunks; long answers are copied once, as from a file. */
function serveBare(requestBytes: number, responseBytes: number): Promise<number> {
  const answer = Buffer.alloc(4 + responseBytes);
  answer.writeInt32BE(responseBytes);
  const server = createServer({ noDelay: true }, (socket) => {
    const frame = Buffer.alloc(4 + requestBytes);
    let filled = 0;
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      let at = 0;
      while (at < chunk.length) {
        const size = filled === 0 && chunk.length - at >= 4 ? chunk.readInt32BE(at) : requestBytes;
        const count = Math.min(4 + size - filled, chunk.length - at);
        if (count < 4 + size) chunk.copy(frame, filled, at, at + count);
        at += count;
        filled += count;
        if (filled < 4 + size) return;
        filled = 0;
        socket.write(responseBytes === ANSWER_BYTES ? answer : Buffer.concat([answer]));
      }
    });
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

async function load(port: number, shape: Shape, seconds: number): Promise<number> {
  const frame = Buffer.alloc(4 + shape.requestBytes, 7);
  frame.writeInt32BE(shape.requestBytes);
  frame.writeInt16BE(shape.apiKey, 4);
  let answers = 0;
  const drive = (socket: Socket): void => {
    let received = 0;
    socket.on("data", (chunk: Buffer) => {
      received += chunk.length;
      for (; received >= 4 + shape.responseBytes; received -= 4 + shape.responseBytes) {
        answers++;
        socket.write(frame);
      }
    });
    for (let sent = 0; sent < IN_FLIGHT; sent++) socket.write(frame);
  };
  for (let number = 0; number < shape.connections; number++) {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true }, () => drive(socket));
  }
  await wait(WARM_UP_MS);
  const [before, startedMs] = [answers, performance.now()];
  await wait(seconds * 1000);
  return ((answers - before) / (performance.now() - startedMs)) * 1000;
}

const wait = (delayMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, delayMs));

function child(...args: (string | number)[]): { process: ChildProcess; message: Promise<number> } {
  const started = fork(import.meta.filename, args.map(String));
  return {
    process: started,
    message: new Promise((resolve) => started.once("message", (value) => resolve(value as number))),
  };
}

async function measure(kind: string, shape: Shape, seconds: number): Promise<number> {
  const server = child(kind, shape.requestBytes, shape.responseBytes);
  const client = child("load", await server.message, JSON.stringify(shape), seconds);
  const perSecond = await client.message;
  server.process.kill();
  client.process.kill();
  return perSecond;
}

async function main(seconds: number): Promise<void> {
  console.log("shape".padEnd(38), "bare/s".padStart(9), "ottla/s".padStart(9), "MB/s".padStart(7), "ratio".padStart(6));
  for (const shape of shapes) {
    const bare = await measure("bare", shape, seconds);
    const ottla = await measure("ottla", shape, seconds);
    const megabytes = (ottla * Math.max(shape.requestBytes, shape.responseBytes)) / 1e6;
    const figures = [bare.toFixed(0).padStart(9), ottla.toFixed(0).padStart(9), megabytes.toFixed(0).padStart(7)];
    console.log(shape.name.padEnd(38), ...figures, (ottla / bare).toFixed(2).padStart(6));
  }
}

if (role === "bare") process.send!(await serveBare(Number(rest[0]), Number(rest[1])));
else if (role === "ottla") process.send!(await serveOttla(Number(rest[1])));
else if (role === "load") process.send!(await load(Number(rest[0]), JSON.parse(rest[1]), Number(rest[2])));
else await main(Number(process.argv[2] ?? 3));
