// The node behind a test broker, and its files: started, put aside for another state of the same cluster, ended as by a crash and started again.
// One of these at a time; the listeners and the connections on them stay through all but a crash.

import { silentLogger } from "@ottla/base";
import type { Clock, Logger, Random } from "@ottla/base";
import { startNode } from "@ottla/broker";
import type { Node, RequestInterceptor } from "@ottla/broker";
import type { MetadataImage } from "@ottla/metadata";
import { DiskFileSystem, MemoryFileSystem } from "@ottla/storage";
import type { FileSystem } from "@ottla/storage";
import { DyingFileSystem } from "./dying-file-system.ts";

export interface EngineOptions {
  /** Broker configs, listeners included. */
  readonly properties: ReadonlyMap<string, string>;
  readonly storage: "disk" | "memory";
  readonly logger: Logger;
  /** Undefined: the system's. */
  readonly clock: Clock | undefined;
  readonly random: Random;
  readonly interceptor: RequestInterceptor;
}

/** All that a broker in memory holds, at one moment. `restore` goes back to it, as often as you like. */
export class Snapshot {
  /** For Engine, as all that is here. */
  readonly metadata: MetadataImage;
  private readonly files: MemoryFileSystem;

  constructor(files: MemoryFileSystem, metadata: MetadataImage) {
    this.files = files;
    this.metadata = metadata;
  }

  /** To be changed. */
  copyOfFiles(): MemoryFileSystem {
    return this.files.copy();
  }
}

interface Running {
  readonly node: Node;
  readonly files: DyingFileSystem;
  readonly logger: MutableLogger;
}

export class Engine {
  private readonly options: EngineOptions;
  private readonly begun: Snapshot | null;
  private running: Running;
  private isDown = false;
  private isClosed = false;
  /** The change under way, or the last one: they happen one after another. */
  private changes: Promise<void> = Promise.resolve();

  private constructor(options: EngineOptions, running: Running) {
    this.options = options;
    this.running = running;
    this.begun = options.storage === "memory" ? this.snapshot() : null;
  }

  /** @throws StartError */
  static async start(options: EngineOptions): Promise<Engine> {
    const { storage, clock } = options;
    const files =
      storage === "disk" ? new DiskFileSystem() : new MemoryFileSystem(clock ?? { nowMs: () => Date.now() });
    return new Engine(options, await startOn(files, options, {}));
  }

  /** The node that serves; after a crash the one that did. */
  get node(): Node {
    return this.running.node;
  }

  /** Whether it crashed and was not started again. */
  get hasCrashed(): boolean {
    return this.isDown;
  }

  snapshot(): Snapshot {
    const { node, files } = this.running;
    const { inner } = files;
    if (!(inner instanceof MemoryFileSystem)) throw new TypeError("a broker with a dataDir has no snapshots");
    return new Snapshot(inner.copy(), node.broker.image());
  }

  /** Puts another state behind the listeners: that of a snapshot, or the one it began with. */
  restore(snapshot: Snapshot | null = this.begun): Promise<void> {
    if (snapshot === null) throw new TypeError("a broker with a dataDir cannot be reset");
    return this.change(async () => {
      if (this.isDown) throw new Error("the broker has crashed: restart() it first");
      const { metadata } = snapshot;
      const successorOf = this.running.node;
      this.running = await startOn(snapshot.copyOfFiles(), this.options, { metadata, successorOf });
    });
  }

  /** Ends the node as if its process ended: nothing more reaches the files, and unsynced tails of logs are torn. */
  crash(tornTailBytes: number, cutConnections: () => void): Promise<void> {
    return this.change(async () => {
      if (this.isDown) throw new Error("the broker has crashed already");
      const { node, files, logger } = this.running;
      this.isDown = true;
      files.die();
      logger.mute();
      cutConnections();
      await node.close();
      files.tear(tornTailBytes);
    });
  }

  /** Starts again on the same ports, with the files as the crash left them. */
  restart(): Promise<void> {
    return this.change(async () => {
      if (!this.isDown) throw new Error("only a broker that has crashed is started again");
      const { node, files } = this.running;
      const listeners = node.listeners.map(({ name, host, port }) => `${name}://${hostOf(host)}:${port}`).join(",");
      const metadata = node.broker.image();
      this.running = await startOn(files.inner, this.options, {
        listeners,
        ...(this.options.storage === "memory" ? { metadata } : {}),
      });
      this.isDown = false;
    });
  }

  /** Waits for the change under way. */
  close(): Promise<void> {
    return this.change(async () => {
      this.isClosed = true;
      await this.running.node.close();
    });
  }

  private change(action: () => Promise<void>): Promise<void> {
    const changed = this.changes.then(() => {
      if (this.isClosed) throw new Error("the broker is closed");
      return action();
    });
    this.changes = changed.catch(() => {});
    return changed;
  }
}

/** What a node finds or takes over. */
interface Beginning {
  readonly listeners?: string;
  readonly metadata?: MetadataImage;
  readonly successorOf?: Node;
}

async function startOn(
  fileSystem: FileSystem,
  { properties, storage, logger: lines, clock, random, interceptor }: EngineOptions,
  { listeners, ...more }: Beginning,
): Promise<Running> {
  const files = new DyingFileSystem(fileSystem);
  const logger = new MutableLogger(lines);
  const node = await startNode({
    properties: listeners === undefined ? properties : new Map([...properties, ["listeners", listeners]]),
    storage,
    fileSystem: files,
    logger,
    random,
    interceptor,
    ...(clock === undefined ? {} : { clock }),
    ...more,
  });
  return { node, files, logger };
}

function hostOf(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** A process that has ended says nothing. */
class MutableLogger implements Logger {
  private logger: Logger;

  constructor(logger: Logger) {
    this.logger = logger;
  }

  mute(): void {
    this.logger = silentLogger;
  }

  debug(...line: Parameters<Logger["debug"]>): void {
    this.logger.debug(...line);
  }

  info(...line: Parameters<Logger["info"]>): void {
    this.logger.info(...line);
  }

  warn(...line: Parameters<Logger["warn"]>): void {
    this.logger.warn(...line);
  }

  error(...line: Parameters<Logger["error"]>): void {
    this.logger.error(...line);
  }
}
