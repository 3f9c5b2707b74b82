// What a node leaves behind when it stops, or when its start fails half-way: nothing open, and the lock given back last.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ManualClock } from "@ottla/base";
import { startNode } from "@ottla/broker";
import { MemoryFileSystem } from "@ottla/storage";
import type { File, FileLock } from "@ottla/storage";

/** Counts open files, and notes how many there are when the lock of the folder is given back. */
class WatchedFileSystem extends MemoryFileSystem {
  openPaths: string[] = [];
  openAtRelease: string[] | null = null;

  override open(path: string, mode: "read" | "append"): File {
    const file = super.open(path, mode);
    const { openPaths } = this;
    openPaths.push(path);
    const close = file.close.bind(file);
    file.close = () => {
      close();
      openPaths.splice(openPaths.indexOf(path), 1);
    };
    return file;
  }

  override lock(path: string): FileLock | null {
    const lock = super.lock(path);
    if (lock === null) return null;
    return {
      release: () => {
        this.openAtRelease = [...this.openPaths];
        lock.release();
      },
    };
  }
}

const properties = (listeners: string): ReadonlyMap<string, string> =>
  new Map([
    ["listeners", listeners],
    ["log.dirs", "/data"],
  ]);

async function create(node: Awaited<ReturnType<typeof startNode>>, name: string): Promise<void> {
  const topic = { name, numPartitions: 3, replicationFactor: 1, assignments: [], configs: [] };
  await node.broker.controller.createTopics({ topics: [topic], timeoutMs: 1000, validateOnly: false });
}

describe("the folder's lock is given back when no file of the node is open any more", () => {
  test("at a stop", async () => {
    const fileSystem = new WatchedFileSystem(new ManualClock());
    const node = await startNode({ properties: properties("PLAINTEXT://127.0.0.1:0"), fileSystem });
    await create(node, "orders");
    await node.close();
    assert.deepEqual(fileSystem.openAtRelease, []);
  });

  test("at a start that fails because its port is taken", async () => {
    const fileSystem = new WatchedFileSystem(new ManualClock());
    const first = await startNode({ properties: properties("PLAINTEXT://127.0.0.1:0"), fileSystem });
    await create(first, "orders");
    await first.close();
    await using taken = await listeningNode();
    fileSystem.openAtRelease = null;
    await assert.rejects(startNode({ properties: properties(`PLAINTEXT://127.0.0.1:${taken.port}`), fileSystem }), {
      name: "StartError",
    });
    assert.deepEqual(fileSystem.openAtRelease, []);
  });
});

async function listeningNode(): Promise<{ port: number } & AsyncDisposable> {
  const fileSystem = new MemoryFileSystem(new ManualClock());
  const node = await startNode({ properties: properties("PLAINTEXT://127.0.0.1:0"), fileSystem });
  return { port: node.listeners[0]!.port, [Symbol.asyncDispose]: () => node.close() };
}
