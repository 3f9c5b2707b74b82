// Where log lines leave the process. A reader that stands still costs bounded memory: above the limit lines are dropped and
// counted, and the count is told as soon as there is room. A reader that went away (a closed pipe) costs nothing and stops nothing.

import type { Writable } from "node:stream";

/** Bytes that may wait for a slow reader of the log. */
const MAX_PENDING_BYTES = 1024 * 1024;

export class LogOutput {
  private readonly stream: Writable;
  private readonly maxPendingBytes: number;
  private readonly droppedLine: (count: number) => string;
  private dropped = 0;
  private gone = false;

  /** `droppedLine` makes the line that tells how many lines are missing. */
  constructor(stream: Writable, droppedLine: (count: number) => string, maxPendingBytes = MAX_PENDING_BYTES) {
    this.stream = stream;
    this.droppedLine = droppedLine;
    this.maxPendingBytes = maxPendingBytes;
    stream.on("error", () => {
      this.gone = true;
    });
  }

  /** Takes whole lines, each with its line break. */
  write(lines: string): void {
    if (this.gone) return;
    if (this.stream.writableLength > this.maxPendingBytes) {
      this.dropped++;
      return;
    }
    if (this.dropped > 0) {
      this.stream.write(this.droppedLine(this.dropped));
      this.dropped = 0;
    }
    this.stream.write(lines);
  }
}
