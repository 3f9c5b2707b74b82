// A connection for requests to coordinators: any number may be on their way, answers come in the order of the requests, as Kafka promises.

import type { Socket } from "node:net";
import { FrameCutter, openRawConnection } from "../connection.ts";

/** Answers of coordinators are small, and there are up to a thousand connections. */
const RECEIVE_BUFFER_BYTES = 16 * 1024;

type Answered = (response: Buffer) => void;

export class Caller {
  private socket: Socket | null = null;
  private closed = false;
  private readonly onLost: (error: Error) => void;
  private readonly waiting: Answered[] = [];
  private readonly cutter = new FrameCutter((frame) => {
    const answered = this.waiting.shift();
    if (answered === undefined) throw new Error("an answer to no request");
    answered(frame);
  });

  private constructor(onLost: (error: Error) => void) {
    this.onLost = onLost;
  }

  /** `onLost` hears of a connection that the server closed and of what a callback throws. */
  static async open(port: number, onLost: (error: Error) => void): Promise<Caller> {
    const caller = new Caller(onLost);
    caller.socket = await openRawConnection(port, (chunk) => caller.receive(chunk), RECEIVE_BUFFER_BYTES);
    caller.socket.once("close", () => {
      if (!caller.closed) onLost(new Error("the server closed a connection"));
    });
    return caller;
  }

  /** The response, size field included, is valid until the callback returns; `frame` may be changed from then on. */
  send(frame: Buffer, answered: Answered): void {
    this.waiting.push(answered);
    this.socket!.write(frame);
  }

  ask(frame: Buffer): Promise<Buffer> {
    return new Promise((resolve) => this.send(frame, (response) => resolve(Buffer.from(response))));
  }

  close(): void {
    this.closed = true;
    this.socket?.destroy();
  }

  private receive(chunk: Buffer): void {
    this.socket!.cork();
    try {
      this.cutter.push(chunk);
    } catch (error) {
      this.onLost(error instanceof Error ? error : new Error(String(error)));
    }
    this.socket!.uncork();
  }
}

/** Many connections, opened a few at a time so that no listener's backlog runs over. */
export async function openCallers(
  port: number,
  connections: number,
  onLost: (error: Error) => void,
): Promise<Caller[]> {
  const callers: Caller[] = [];
  while (callers.length < connections) {
    const next = Math.min(50, connections - callers.length);
    callers.push(...(await Promise.all(Array.from({ length: next }, () => Caller.open(port, onLost)))));
  }
  return callers;
}
