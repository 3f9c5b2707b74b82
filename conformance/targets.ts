// The brokers that the suites run against: ours in memory, ours on disk, or the reference Apache Kafka.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startReferenceKafka } from "../tools/reference.ts";

export interface Target {
  name: string;
  bootstrap: string;
  /** Null when nothing is on disk. */
  dataDir: string | null;
  /** Shuts down cleanly and throws when that fails; the data stays until remove(). */
  stop(): Promise<void>;
  remove(): Promise<void>;
}

const startLimitMs = 15_000;
const command = join(import.meta.dirname, "..", "packages", "cli", "bin", "ottla.js");

/** Killed members of groups are missed soon; the defaults would have each check wait for 45 s. */
const shortSessions: Record<string, string> = {
  "group.min.session.timeout.ms": "500",
  "group.consumer.min.session.timeout.ms": "500",
  "group.consumer.session.timeout.ms": "1500",
  "group.consumer.min.heartbeat.interval.ms": "50",
  "group.consumer.heartbeat.interval.ms": "200",
};

export async function startTargets(against: "ottla" | "reference"): Promise<Target[]> {
  if (against === "reference") return [await startReference(shortSessions)];
  return await Promise.all([
    startOttla("memory", undefined, shortSessions),
    startOttla("disk", undefined, shortSessions),
  ]);
}

/** Apache Kafka on a new folder, with lines of server.properties on top. */
export async function startReference(properties: Record<string, string> = {}): Promise<Target> {
  const dataDir = await mkdtemp(join(tmpdir(), "conformance-reference-"));
  const kafka = await startReferenceKafka({ dataDir, heapMegabytes: 512, properties });
  const remove = (): Promise<void> => rm(dataDir, { recursive: true, force: true });
  return { name: "reference", bootstrap: kafka.bootstrap, dataDir, stop: () => kafka.stop(), remove };
}

/** Starts `ottla start` as a user does; on disk in `known` or in a new folder. */
export async function startOttla(
  storage: "memory" | "disk",
  known?: string,
  properties: Record<string, string> = {},
): Promise<Target> {
  const dataDir = storage === "disk" ? (known ?? (await mkdtemp(join(tmpdir(), "conformance-disk-")))) : null;
  const where = dataDir === null ? ["--memory"] : ["--data-dir", dataDir];
  const overrides = Object.entries(properties).flatMap(([name, value]) => ["--override", `${name}=${value}`]);
  const words = [command, "start", ...where, "--port", "0", "--log-format", "json", ...overrides];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "pipe"] });
  const endWithParent = (): void => void child.kill("SIGKILL");
  process.on("exit", endWithParent);
  const bootstrap = await addressOf(child).catch((error: unknown) => {
    child.kill("SIGKILL");
    throw error;
  });
  return {
    name: storage,
    bootstrap,
    dataDir,
    async stop() {
      process.off("exit", endWithParent);
      if (child.exitCode !== null) throw new Error(`the broker (${storage}) ended by itself with ${child.exitCode}`);
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      const [code] = (await ended) as [number | null];
      if (code !== 0) throw new Error(`the broker (${storage}) ended with ${code} instead of 0`);
    },
    async remove() {
      if (dataDir !== null) await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Reads what the broker prints until it names the address it listens on; after that the output is drained. */
async function addressOf(child: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let output = "";
  const look = (chunk: Buffer): void => {
    if (output.length > 100_000) return;
    output += chunk.toString();
    const address = /"addresses":\["([^"]+)"/.exec(output);
    if (address !== null) resolve(address[1]!);
  };
  child.stdout!.on("data", look);
  child.stderr!.on("data", look);
  child.on("exit", (code) => reject(new Error(`the broker ended with ${code}:\n${output}`)));
  const limit = setTimeout(() => reject(new Error(`the broker named no address:\n${output}`)), startLimitMs);
  return await promise.finally(() => clearTimeout(limit));
}
