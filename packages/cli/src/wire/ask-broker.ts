// Sends one request to a broker of whatever make and gives back the response frame: enough for a command that asks one
// question, and no client. Every way to fail is a CommandError with the address in it.

import { connect } from "node:net";
import type { Socket } from "node:net";
import { CommandError } from "../command-error.ts";

/** A broker that says nothing for so long is not waited for. */
const ANSWER_LIMIT_MS = 5000;
/** No answer that a command asks for is larger; what announces more does not speak Kafka's protocol. */
const MAX_RESPONSE_BYTES = 1024 * 1024;
const DEFAULT_PORT = 9092;

export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
}

/** Reads host:port, host alone (port 9092) or [IPv6]:port. */
export function parseAddress(text: string): BrokerAddress {
  const [, ipv6, name, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = ipv6 ?? name;
  const number = port === undefined ? DEFAULT_PORT : Number(port);
  if (host === undefined || number > 65_535) throw new CommandError(`${text} is no address: it should be HOST:PORT`);
  return { host, port: number };
}

/** The response to one request, without the size in front of it. Both are frames; the socket is closed afterwards. */
export function askBroker(address: BrokerAddress, request: Buffer): Promise<Buffer> {
  const name = `${address.host}:${address.port}`;
  return new Promise((resolve, reject) => {
    const socket = connect({ ...address, timeout: ANSWER_LIMIT_MS });
    const fail = (sentence: string): void => {
      socket.destroy();
      reject(new CommandError(`${name} ${sentence}`));
    };
    socket.once("connect", () => {
      const size = Buffer.alloc(4);
      size.writeInt32BE(request.length);
      socket.write(Buffer.concat([size, request]));
    });
    socket.once("timeout", () => fail(`did not answer within ${ANSWER_LIMIT_MS / 1000} s`));
    socket.once("error", (error: NodeJS.ErrnoException) => fail(failureSentence(error)));
    socket.once("close", () => fail("closed the connection without an answer"));
    collectFrame(socket, fail, (frame) => {
      socket.destroy();
      resolve(frame);
    });
  });
}

function collectFrame(socket: Socket, fail: (sentence: string) => void, done: (frame: Buffer) => void): void {
  let received = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    received = Buffer.concat([received, chunk]);
    if (received.length < 4) return;
    const length = received.readInt32BE();
    if (length < 4 || length > MAX_RESPONSE_BYTES) fail("answered with something that is not Kafka's protocol");
    else if (received.length >= length + 4) done(received.subarray(4, length + 4));
  });
}

function failureSentence(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case "ECONNREFUSED":
      return "refused the connection: nothing listens there";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "is not known: its name cannot be resolved";
    case "ECONNRESET":
    case "EPIPE":
      return "closed the connection without an answer";
    default:
      return `cannot be reached: ${error.message}`;
  }
}
