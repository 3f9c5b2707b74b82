// The command's output, input and end in a real process. Output is gathered and written in pieces: once the program has nothing more to
// do at the moment, or when a piece is full. A reader that went away is told to the command, not thrown.

import { constants } from "node:os";
import type { CommandIo } from "./command-io.ts";

const PIECE_BYTES = 64 * 1024;

export interface ProcessIo extends CommandIo {
  /** 128 and the signal's number, when a signal was what ended the command. */
  readonly signalCode: number | null;
  /** Why output was lost though somebody wanted it, as when a disk is full; null when it was not, or its reader has gone. */
  readonly outputError: Error | null;
  /** Resolves when everything is written, or cannot be. */
  end(): Promise<void>;
}

export function processIo(): ProcessIo {
  const output = new Output();
  const ending = new Ending();
  return {
    out: (line) => output.write(`${line}\n`),
    write: (piece) => output.write(piece),
    error: (line) => {
      // In the order in which both were said, when they go to one place.
      output.flush();
      process.stderr.write(`${line}\n`);
    },
    drained: () => output.drained(),
    end: () => output.end(),
    get isOutputClosed() {
      return output.isClosed;
    },
    get outputError() {
      return output.error;
    },
    input: process.stdin,
    isInteractive: process.stdin.isTTY && process.stdout.isTTY,
    get signal() {
      return ending.signal;
    },
    get signalCode() {
      return ending.code;
    },
  };
}

class Output {
  isClosed = false;
  error: Error | null = null;
  private piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
  private size = 0;
  private scheduled: NodeJS.Immediate | null = null;

  constructor() {
    process.stdout.on("error", (error: NodeJS.ErrnoException) => {
      this.isClosed = true;
      if (error.code !== "EPIPE" && error.code !== "ECONNRESET") this.error ??= error;
    });
  }

  write(piece: string | Uint8Array): void {
    if (this.isClosed) return;
    // No character of a string takes more than three bytes.
    const most = typeof piece === "string" ? piece.length * 3 : piece.length;
    if (most > PIECE_BYTES - this.size) this.flush();
    if (most > PIECE_BYTES) process.stdout.write(piece);
    else if (typeof piece === "string") this.size += this.piece.write(piece, this.size);
    else {
      this.piece.set(piece, this.size);
      this.size += piece.length;
    }
    this.scheduled ??= setImmediate(() => this.flush());
  }

  flush(): void {
    if (this.scheduled !== null) clearImmediate(this.scheduled);
    this.scheduled = null;
    if (this.size === 0 || this.isClosed) return;
    // The stream may keep it until the reader has it.
    process.stdout.write(this.piece.subarray(0, this.size));
    this.piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
    this.size = 0;
  }

  async drained(): Promise<void> {
    if (this.isClosed || !process.stdout.writableNeedDrain) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        process.stdout.off("drain", done).off("error", done);
        resolve();
      };
      process.stdout.on("drain", done).on("error", done);
    });
  }

  async end(): Promise<void> {
    this.flush();
    if (this.isClosed) return;
    await new Promise<void>((resolve) => {
      process.stdout.write("", (error) => {
        // The stream tells it to all a little later.
        if (error !== null && error !== undefined) this.isClosed = true;
        resolve();
      });
    });
  }
}

/** The first signal asks the command to end; the next one ends the process. A command that never asks is ended by the first. */
class Ending {
  code: number | null = null;
  private controller: AbortController | null = null;

  get signal(): AbortSignal {
    this.controller ??= this.listen();
    return this.controller.signal;
  }

  private listen(): AbortController {
    const controller = new AbortController();
    const end = (name: "SIGINT" | "SIGTERM"): void => {
      const code = 128 + constants.signals[name];
      if (this.code !== null) process.exit(code);
      this.code = code;
      controller.abort(new Error(name));
    };
    process.on("SIGINT", () => end("SIGINT")).on("SIGTERM", () => end("SIGTERM"));
    return controller;
  }
}
