// Reads a whole log, whole batches at a time, giving the event loop its turn between the pieces: how coordinators load.

import type { StreamedPart } from "@ottla/base";
import { batchFormat, errorName } from "@ottla/protocol";
import type { PartitionLog } from "@ottla/storage";

/** How much is read, and replayed, in one turn of the event loop. */
const PIECE_BYTES = 1024 * 1024;

/**
 * Calls `take` with whole batches from log start to log end, those that are appended meanwhile too. The buffer is valid during the call.
 * @throws when the log cannot be read.
 */
export async function readLog(
  log: PartitionLog,
  take: (batches: Buffer) => void,
  goesOn: () => boolean,
): Promise<void> {
  let offset = log.logStartOffset;
  while (goesOn() && offset < log.logEndOffset) {
    const read = log.read({ offset, maxBytes: PIECE_BYTES, minOneBatch: true, upTo: "logEnd" });
    if (!read.ok) throw new Error(`a log cannot be read at ${offset}: ${errorName(read.errorCode)}`);
    if (read.part === null) break;
    const bytes = Buffer.isBuffer(read.part) ? read.part : await readAll(read.part);
    if (!goesOn()) return;
    const next = endOffset(bytes);
    if (next === null || next <= offset) throw new Error(`a log cannot be read at ${offset}: no whole batch`);
    take(bytes);
    offset = next;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

async function readAll(part: StreamedPart): Promise<Buffer> {
  try {
    const bytes = Buffer.allocUnsafe(part.length);
    for (let at = 0; at < bytes.length;) at += await part.read(bytes.subarray(at), at);
    return bytes;
  } finally {
    part.release();
  }
}

function endOffset(bytes: Buffer): number | null {
  let end: number | null = null;
  for (let position = 0; position < bytes.length;) {
    const size = batchFormat.batchSizeAt(bytes, position);
    if (size <= 0) break;
    end = batchFormat.lastOffset(bytes, position) + 1;
    position += size;
  }
  return end;
}
