// The floor: a bare server on node:net that does what no broker can leave out, and nothing else, as the measure for one.
// It frames requests, checks the CRC32C of the batch, appends to a file and answers; for a fetch it reads the file and writes it to the socket.
// Requests have the one shape that load.ts sends. Started as a process of its own: node bench/floor.ts FOLDER PORT; prints "ready PORT".
//
// Variants that were measured and dropped: 'data' events (a fresh 64 KB buffer for every read costs 30 % more CPU), frames kept as
// lists of chunks, larger receive buffers, appends through the thread pool, fetched ranges sent in smaller pieces.

import { createServer, Socket, type AddressInfo } from "node:net";
import { FloorLog } from "./floor-log.ts";
import { FETCH_KEY, FETCH_MAX_PARTITION_BYTES, PRODUCE_KEY } from "./wire.ts";

const RECEIVE_BYTES = 64 * 1024;
const FRAME_BYTES = 1024 * 1024 + 4096;
const HEAD_BYTES = 128;
const END_OF_FETCH = Buffer.alloc(3); // no tags of partition, topic, response

const folder = process.argv[2]!;
const logs = new Map<string, FloorLog>();
const framePool: Buffer[] = [];

const server = createServer({ pauseOnConnect: true }, (accepted) => serve(accepted));
server.listen(Number(process.argv[3] ?? 0), "127.0.0.1", () =>
  process.stdout.write(`ready ${(server.address() as AddressInfo).port}\n`),
);
process.on("SIGTERM", () => process.exit());
process.on("disconnect", () => process.exit());
process.on("message", (topic: string) => {
  dropTopic(topic);
  process.send!("dropped");
});

// Node gives an accepted socket no way to receive into a buffer of our own; a second Socket over the same handle does.
function serve(accepted: Socket): void {
  const { _handle: handle } = accepted as unknown as { _handle: object };
  const connection = new Connection();
  const onread = { buffer: () => connection.target(), callback: (bytesRead: number) => connection.receive(bytesRead) };
  const socket = new Socket({ handle, onread } as object);
  connection.socket = socket;
  socket.on("error", () => socket.destroy());
  socket.setNoDelay(true);
  socket.resume();
}

/** Cuts requests out of the byte stream and answers them. The end of a frame that straddles two reads is read to its place. */
class Connection {
  socket!: Socket;
  private readonly buffer = Buffer.allocUnsafeSlow(RECEIVE_BYTES);
  private readonly sendBuffer = Buffer.allocUnsafeSlow(FETCH_MAX_PARTITION_BYTES);
  /** What is appended to it in one read of the socket is written in one call, before the answers leave. */
  private log: FloorLog | null = null;
  private bufferFilled = 0;
  private frame: Buffer | null = null;
  private frameBytes = 0;
  private frameFilled = 0;

  target(): Buffer {
    if (this.frame !== null) return this.frame.subarray(this.frameFilled, this.frameBytes);
    return this.bufferFilled === 0 ? this.buffer : this.buffer.subarray(this.bufferFilled);
  }

  receive(bytesRead: number): boolean {
    this.socket.cork();
    if (this.frame !== null) this.receiveFrame(this.frame, bytesRead);
    else this.receiveChunk(this.buffer.subarray(0, this.bufferFilled + bytesRead));
    this.socket.uncork();
    return true;
  }

  private receiveFrame(frame: Buffer, bytesRead: number): void {
    this.frameFilled += bytesRead;
    if (this.frameFilled < this.frameBytes) return;
    this.answer(frame.subarray(0, this.frameBytes));
    this.flushLog();
    framePool.push(frame);
    this.frame = null;
  }

  private receiveChunk(chunk: Buffer): void {
    let at = 0;
    while (chunk.length - at >= 4) {
      const end = at + 4 + chunk.readInt32BE(at);
      if (end > chunk.length) break;
      this.answer(chunk.subarray(at, end));
      at = end;
    }
    this.flushLog();
    this.bufferFilled = 0;
    if (chunk.length - at >= 4) {
      this.frame = framePool.pop() ?? Buffer.allocUnsafeSlow(FRAME_BYTES);
      this.frameBytes = 4 + chunk.readInt32BE(at);
      this.frameFilled = chunk.copy(this.frame, 0, at);
    } else {
      this.bufferFilled = chunk.copy(this.buffer, 0, at);
    }
  }

  private flushLog(): void {
    this.log?.flush();
    this.log = null;
  }

  private answer(frame: Buffer): void {
    const apiKey = frame.readInt16BE(4);
    const bodyAt = 14 + frame.readInt16BE(12) + 1;
    if (apiKey === PRODUCE_KEY) this.answerProduce(frame, bodyAt);
    else if (apiKey === FETCH_KEY) this.answerFetch(frame, bodyAt);
    else this.socket.write(Buffer.concat([Buffer.from([0, 0, 0, 4]), frame.subarray(8, 12)]));
  }

  private answerProduce(frame: Buffer, bodyAt: number): void {
    const nameAt = bodyAt + 1 + 2 + 4 + 1;
    const partitionAt = nameAt + frame[nameAt]! + 1;
    let recordsAt = partitionAt + 4;
    while (frame[recordsAt]! >= 0x80) recordsAt++;
    const log = logOf(frame, nameAt, partitionAt);
    if (log !== this.log) this.flushLog();
    this.log = log;
    const baseOffset = log.append(frame.subarray(recordsAt + 1, frame.length - 3));
    const response = Buffer.alloc(HEAD_BYTES);
    let at = copyHead({ response, at: 9, frame, nameAt, partitionAt });
    at = response.writeInt16BE(0, at);
    at = response.writeBigInt64BE(BigInt(baseOffset), at);
    at = response.writeBigInt64BE(-1n, at);
    at = response.writeBigInt64BE(0n, at);
    response[at] = 1; // no record errors; then no message, no tags, no throttling
    at += 1 + 1 + 1 + 1 + 4 + 1;
    response.writeInt32BE(at - 4, 0);
    this.socket.write(response.subarray(0, at));
  }

  private answerFetch(frame: Buffer, bodyAt: number): void {
    const nameAt = bodyAt + 4 + 4 + 4 + 4 + 1 + 4 + 4 + 1;
    const partitionAt = nameAt + frame[nameAt]! + 1;
    const offset = Number(frame.readBigInt64BE(partitionAt + 8));
    const log = logOf(frame, nameAt, partitionAt);
    if (offset >= log.nextOffset) {
      const held = Buffer.from(frame);
      log.waiting.push(() => this.answerFetch(held, bodyAt));
      return;
    }
    const { position, bytesAfter } = log.locate(offset);
    const bytes = Math.min(bytesAfter, FETCH_MAX_PARTITION_BYTES);
    const response = Buffer.alloc(HEAD_BYTES);
    let at = copyHead({ response, at: 9 + 4 + 2 + 4, frame, nameAt, partitionAt }) + 2;
    at = response.writeBigInt64BE(BigInt(log.nextOffset), at);
    at = response.writeBigInt64BE(BigInt(log.nextOffset), at);
    at += 8 + 1;
    at = response.writeInt32BE(-1, at);
    for (let rest = bytes + 1; rest > 0; rest >>>= 7) response[at++] = rest > 0x7f ? (rest & 0x7f) | 0x80 : rest;
    response.writeInt32BE(at - 4 + bytes + 3, 0);
    // The buffer is free again: a consumer asks for more only when it has the whole response.
    const records = this.sendBuffer.subarray(0, bytes);
    log.read(records, position);
    this.socket.cork();
    this.socket.write(response.subarray(0, at));
    this.socket.write(records);
    this.socket.write(END_OF_FETCH);
    this.socket.uncork();
  }
}

function logOf(frame: Buffer, nameAt: number, partitionAt: number): FloorLog {
  const name = `${frame.toString("latin1", nameAt + 1, nameAt + frame[nameAt]!)}-${frame.readInt32BE(partitionAt)}`;
  let log = logs.get(name);
  if (log === undefined) {
    log = new FloorLog(folder, name);
    logs.set(name, log);
  }
  return log;
}

// Correlation id at its place, and at `at` what request and response share: one topic, its name, one partition, its number.
function copyHead(copy: { response: Buffer; at: number; frame: Buffer; nameAt: number; partitionAt: number }): number {
  copy.frame.copy(copy.response, 4, 8, 12);
  copy.response[copy.at] = 2;
  const end = copy.partitionAt + 4;
  copy.frame.copy(copy.response, copy.at + 1, copy.nameAt, end);
  return copy.at + 1 + end - copy.nameAt;
}

function dropTopic(topic: string): void {
  for (const [name, log] of logs) {
    if (!name.startsWith(`${topic}-`)) continue;
    log.remove();
    logs.delete(name);
  }
}
