// What all logs of a folder share: files, time, turns of the event loop, the log of lines, and who is told of events.

import type { Clock, Logger, Random } from "@ottla/base";
import type { FileSystem } from "./file-system.ts";
import { FolderSyncs } from "./folder-syncs.ts";
import { OpenFiles } from "./open-files.ts";
import type { PartitionLog } from "./partition-log.ts";
import { ReadPace } from "./read-pace.ts";

/** When the work gathered in a turn of the event loop is done. */
export interface TurnScheduler {
  /** Runs `action` once, after what is now on the stack and in the current turn's callbacks. */
  endOfTurn(action: () => void): void;
}

/** What a log tells its owner. Called synchronously; must not throw. */
export interface LogEvents {
  /** A write or a sync failed: the log answers KAFKA_STORAGE_ERROR until the next start. */
  wentOffline(log: PartitionLog, error: unknown): void;
  /** These files are renamed to `.deleted` and to be removed after file.delete.delay.ms. */
  removeLater(paths: string[], delayMs: number): void;
}

export interface LogContext {
  fileSystem: FileSystem;
  openFiles: OpenFiles;
  folderSyncs: FolderSyncs;
  readPace: ReadPace;
  clock: Clock;
  scheduler: TurnScheduler;
  logger: Logger;
  random: Random;
  events: LogEvents;
  /** producer.id.expiration.ms */
  producerIdExpirationMs: number;
}

export type LogContextOptions = Omit<LogContext, "openFiles" | "folderSyncs" | "readPace" | "events"> & {
  events?: Partial<LogEvents>;
};

/** A context for logs that stand alone; removals happen by the clock. */
export function createLogContext(options: LogContextOptions): LogContext {
  const { fileSystem, clock, logger } = options;
  const events: LogEvents = {
    wentOffline: () => {},
    removeLater: (paths, delayMs) => {
      clock.schedule(delayMs, () => {
        for (const path of paths) {
          fileSystem
            .remove(path)
            .catch((error: unknown) => logger.warn({ path, error }, "a deleted file could not be removed"));
        }
      });
    },
    ...options.events,
  };
  const readPace = new ReadPace(fileSystem, clock);
  return {
    ...options,
    openFiles: new OpenFiles(fileSystem),
    folderSyncs: new FolderSyncs(fileSystem),
    readPace,
    events,
  };
}
