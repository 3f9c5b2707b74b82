// Reads a captured frame from text: hexadecimal digits as tcpdump, Wireshark, xxd or a log line give them, and finds out
// whether the frame's size stands in front. Pure.

import { apiKeyEntry } from "@ottla/protocol";
import { CommandError } from "../command-error.ts";

/** Kafka's default of socket.request.max.bytes: a larger number is no size. */
const MAX_REQUEST_BYTES = 100 * 1024 * 1024;

/** @throws CommandError naming the first character that is no hexadecimal digit. */
export function parseHex(text: string): Buffer {
  const digits = text.replace(/^\s*0x/i, "").replace(/[\s:]+/g, "");
  const wrong = /[^0-9a-f]/i.exec(digits);
  if (wrong !== null) {
    throw new CommandError(`${JSON.stringify(wrong[0])} is not a hexadecimal digit (after ${wrong.index} digits)`);
  }
  if (digits.length % 2 !== 0) throw new CommandError(`${digits.length} hexadecimal digits are not whole bytes`);
  if (digits.length === 0) throw new CommandError("there are no bytes to decode");
  return Buffer.from(digits, "hex");
}

/**
 * The frame without its size. A request whose size is larger than what is there is told apart from one without a size
 * by what follows: it must begin with a known API in a known version.
 * @throws CommandError when the bytes end before the frame does.
 */
export function frameOf(bytes: Buffer, kind: "request" | "response"): { frame: Buffer; size: number | null } {
  if (bytes.length < 8) throw new CommandError(`${bytes.length} bytes are less than the shortest ${kind}`);
  const size = bytes.readInt32BE(0);
  if (size === bytes.length - 4) return { frame: bytes.subarray(4), size };
  const beginsWithSize =
    kind === "request" && size <= MAX_REQUEST_BYTES && !beginsRequest(bytes, 0) && beginsRequest(bytes, 4);
  if (!beginsWithSize) return { frame: bytes, size: null };
  if (size > bytes.length - 4)
    throw new CommandError(`the frame says ${size} bytes, but only ${bytes.length - 4} are there`);
  throw new CommandError(`the frame says ${size} bytes, but ${bytes.length - 4} are there: more than one frame?`);
}

function beginsRequest(bytes: Buffer, at: number): boolean {
  if (bytes.length < at + 4) return false;
  const entry = apiKeyEntry(bytes.readInt16BE(at));
  const version = bytes.readInt16BE(at + 2);
  return entry !== undefined && version >= entry.versions.from && version <= entry.versions.to;
}
