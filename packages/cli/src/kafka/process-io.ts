// The command's output, input and end in a real process. Output is gathered and written in pieces: once the program has nothing more to
// do at the moment, or when a piece is full. A reader that went away is told to the command, not thrown.

import { constants } from "node:os";
import type { CommandIo } from "./command-io.ts";

const PIECE_BYTES = 64 * 1024;

export interface ProcessIo extends CommandIo {
  /** 128 and the signal's number, when a signal was what ended the command. */
  readonly signalCode: number | null;
  /** Resolves when everything is written. */
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
    input: process.stdin,
    inputIsTerminal: process.stdin.isTTY,
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
  private pieces: (string | Uint8Array)[] = [];
  private size = 0;
  private scheduled: NodeJS.Immediate | null = null;

  constructor() {
    process.stdout.on("error", () => {
      this.isClosed = true;
    });
  }

  write(piece: string | Uint8Array): void {
    if (this.isClosed) return;
    this.pieces.push(piece);
    this.size += piece.length;
    if (this.size >= PIECE_BYTES) this.flush();
    else this.scheduled ??= setImmediate(() => this.flush());
  }

  flush(): void {
    if (this.scheduled !== null) clearImmediate(this.scheduled);
    this.scheduled = null;
    if (this.pieces.length === 0) return;
    const { pieces } = this;
    this.pieces = [];
    this.size = 0;
    if (!this.isClosed) process.stdout.write(joined(pieces));
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
      process.stdout.once("error", () => resolve());
      process.stdout.write("", () => resolve());
    });
  }
}

function joined(pieces: readonly (string | Uint8Array)[]): string | Uint8Array {
  if (pieces.every((piece) => typeof piece === "string")) return pieces.join("");
  return Buffer.concat(pieces.map((piece) => (typeof piece === "string" ? Buffer.from(piece) : piece)));
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
