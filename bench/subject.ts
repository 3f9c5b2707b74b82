// What is measured: the floor, Ottla, and Apache Kafka as the reference, each behind the same few calls.
// Topics come and go with every measurement, so that what one left behind in memory and on disk does not slow the next.

import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import type { ReferenceKafka } from "../tools/reference.ts";
import { ServerProcess } from "./child.ts";
import { askOnce } from "./connection.ts";
import { pause } from "./load-produce.ts";
import {
  checkCreateTopicResponse,
  checkDeleteTopicResponse,
  createTopicFrame,
  deleteTopicFrame,
  listOffsetsErrorCode,
  listOffsetsFrame,
} from "./wire.ts";

export type SubjectName = "floor" | "ottla" | "kafka";

export interface Subject {
  readonly name: SubjectName;
  readonly pid: number;
  readonly port: number;
  readonly dataFolder: string;
  createTopic(topic: string, partitions: number): Promise<void>;
  /** Resolves when its files are gone. */
  dropTopic(topic: string): Promise<void>;
  stop(): Promise<void>;
}

/** Lines of server.properties. */
export type Properties = Readonly<Record<string, string>>;

const root = join(import.meta.dirname, "..");
const FILES_GONE_LIMIT_MS = 15_000;
const LEADER_READY_LIMIT_MS = 60_000;
const SCRATCH = join(root, ".cache", "bench");

/** Files of a deleted topic go soon; with Kafka's default of a minute they would fill the disk. Kafka spins at 0. */
const DELETE_SOON = { name: "log.segment.delete.delay.ms", value: "100" };

/** A new folder on the disk that the project is on. The caller removes it. */
export function scratchFolder(): string {
  mkdirSync(SCRATCH, { recursive: true });
  return mkdtempSync(join(SCRATCH, "run-"));
}

export async function startFloor(folder: string, nodeFlags: string[] = []): Promise<Subject> {
  const dataFolder = join(folder, "floor");
  const server = await startFloorProcess(dataFolder, { nodeFlags });
  return {
    name: "floor",
    pid: server.child.pid!,
    port: server.port,
    dataFolder,
    createTopic: async () => {},
    dropTopic: async (topic) => {
      const dropped = once(server.child, "message");
      server.child.send(topic);
      await dropped;
    },
    stop: () => server.stop(),
  };
}

export function startFloorProcess(
  dataFolder: string,
  options: { port?: number; nodeFlags?: string[] },
): Promise<ServerProcess> {
  mkdirSync(dataFolder, { recursive: true });
  return ServerProcess.start({
    script: join(root, "bench/floor.ts"),
    words: [dataFolder, String(options.port ?? 0)],
    nodeFlags: options.nodeFlags ?? [],
    ready: /ready (\d+)/,
    environment: { NODE_COMPILE_CACHE: join(dataFolder, "compiled") }, // as Ottla has, or its types are stripped at every start
    channel: true,
  });
}

export async function startOttla(
  folder: string,
  nodeFlags: string[] = [],
  properties: Properties = {},
): Promise<Subject> {
  const dataFolder = join(folder, "ottla");
  const server = await startOttlaProcess({ dataFolder, port: 0, nodeFlags, properties });
  return {
    name: "ottla",
    pid: server.child.pid!,
    port: server.port,
    dataFolder,
    ...topicsOverTheWire(server.port, dataFolder),
    stop: () => server.stop(),
  };
}

export function startOttlaProcess(options: {
  dataFolder: string;
  port: number;
  nodeFlags?: string[];
  properties?: Properties;
}): Promise<ServerProcess> {
  const properties = Object.entries({ [DELETE_SOON.name]: DELETE_SOON.value, ...options.properties });
  return ServerProcess.start({
    script: join(root, "packages/cli/bin/ottla.js"),
    words: [
      "start",
      "--port",
      String(options.port),
      "--data-dir",
      options.dataFolder,
      ...properties.flatMap(([name, value]) => ["--override", `${name}=${value}`]),
    ],
    nodeFlags: options.nodeFlags ?? [],
    ready: /Address +127\.0\.0\.1:(\d+)/,
  });
}

/** Apache Kafka with its own default heap of 1 GB. `reference` gives its classpath to Kafka's own tools. */
export async function startKafka(
  folder: string,
  properties: Properties = {},
): Promise<Subject & { reference: ReferenceKafka }> {
  const { startReferenceKafka } = await import("../tools/reference.ts");
  const dataFolder = join(folder, "kafka");
  const reference = await startReferenceKafka({
    dataDir: dataFolder,
    heapMegabytes: 1024,
    properties: { [DELETE_SOON.name]: DELETE_SOON.value, "log.initial.task.delay.ms": "100", ...properties },
  });
  return {
    name: "kafka",
    pid: reference.pid,
    port: reference.port,
    dataFolder,
    reference,
    ...topicsOverTheWire(reference.port, dataFolder),
    stop: () => reference.stop(),
  };
}

function topicsOverTheWire(port: number, dataFolder: string): Pick<Subject, "createTopic" | "dropTopic"> {
  return {
    createTopic: async (topic, partitions) => {
      checkCreateTopicResponse(await askOnce(port, createTopicFrame(topic, partitions)), topic);
      for (let partition = 0; partition < partitions; partition++) await leaderReady(port, topic, partition);
    },
    dropTopic: async (topic) => {
      checkDeleteTopicResponse(await askOnce(port, deleteTopicFrame(topic)), topic);
      const deadlineMs = performance.now() + FILES_GONE_LIMIT_MS;
      while (readdirSync(dataFolder).some((name) => name.startsWith(`${topic}-`))) {
        if (performance.now() > deadlineMs) throw new Error(`the files of topic ${topic} stay in ${dataFolder}`);
        await pause(20);
      }
    },
  };
}

// Kafka answers CreateTopics before its leaders serve.
async function leaderReady(port: number, topic: string, partition: number): Promise<void> {
  const deadlineMs = performance.now() + LEADER_READY_LIMIT_MS;
  for (;;) {
    const errorCode = listOffsetsErrorCode(await askOnce(port, listOffsetsFrame(topic, partition)), topic);
    if (errorCode === 0) return;
    if (performance.now() > deadlineMs) throw new Error(`${topic}-${partition} has no leader: error code ${errorCode}`);
    await pause(10);
  }
}

/** A port that was free a moment ago, for a server whose port must be known before it starts. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
