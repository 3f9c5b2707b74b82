// A real Apache Kafka as one combined KRaft node (broker and controller) on free loopback ports, to record from and to compare with.
// Not a test dependency: `npm test` needs no Java. All children are ended by their process id; a temporary data folder goes with them.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { referenceClasspath } from "./jars.ts";

/** How long the broker may take until it answers, and how long a clean stop may take before it is killed. */
const startLimitMs = 90_000;
const stopLimitMs = 60_000;
const keptErrorCharacters = 20_000;

export interface ReferenceOptions {
  /** Kafka's log directory. It is formatted when it holds no meta.properties. Default: a temporary one, removed by stop(). */
  dataDir?: string;
  /** Lines of server.properties that come on top of the reference's own. */
  properties?: Record<string, string>;
  /** The clients' port; default: any free one. */
  port?: number;
  /** The controller's port, to be kept over restarts of one data folder; default: any free one. */
  controllerPort?: number;
  /** Java heap. Default 256, enough for recordings; a benchmark wants Kafka's own 1024. */
  heapMegabytes?: number;
}

export interface ToolResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface ToolOptions {
  stdin?: string;
  /** Ends the tool by force after so long; default 60 s. */
  limitMs?: number;
  environment?: Record<string, string>;
}

export interface ReferenceKafka {
  readonly bootstrap: string;
  readonly port: number;
  readonly controllerPort: number;
  readonly dataDir: string;
  readonly classpath: string;
  readonly pid: number;
  /** Stops cleanly, or at once with `kill` (SIGKILL). A data folder that the caller named stays. */
  stop(options?: { kill?: boolean }): Promise<void>;
  /** Runs one of Kafka's command line tools by its main class. */
  runTool(mainClass: string, tool: string[], options?: ToolOptions): Promise<ToolResult>;
}

/** Starts Apache Kafka and resolves once it accepts connections. Throws with the end of Kafka's log when it does not start. */
export async function startReferenceKafka(options: ReferenceOptions = {}): Promise<ReferenceKafka> {
  const classpath = await referenceClasspath();
  const runFolder = await mkdtemp(join(tmpdir(), "reference-kafka-"));
  try {
    return await startIn(runFolder, classpath, options);
  } catch (error) {
    await rm(runFolder, { recursive: true, force: true });
    throw error;
  }
}

/** Runs a Java main class of the reference's jars to its end. */
export async function runReferenceTool(
  mainClass: string,
  tool: string[],
  options: ToolOptions = {},
): Promise<ToolResult> {
  const classpath = await referenceClasspath();
  const child = spawn("java", [...toolFlags, "-cp", classpath, mainClass, ...tool], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, ...options.environment },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on("error", () => {}); // A tool that ends before it read everything closes the pipe; its exit code tells.
  child.stdin.end(options.stdin ?? "");
  const limit = setTimeout(() => child.kill("SIGKILL"), options.limitMs ?? 60_000);
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(limit);
  return { code, stdout, stderr };
}

/** Tools live for a second or two: the quick compiler alone and one collector thread halve their start. */
const toolFlags = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Xmx256m"];

async function startIn(runFolder: string, classpath: string, options: ReferenceOptions): Promise<ReferenceKafka> {
  const dataDir = options.dataDir ?? join(runFolder, "data");
  await mkdir(dataDir, { recursive: true });
  const port = options.port ?? (await freePort());
  const controllerPort = options.controllerPort ?? (await freePort());
  const propertiesFile = join(runFolder, "server.properties");
  const properties = serverProperties(dataDir, port, controllerPort, options.properties);
  await writeFile(propertiesFile, propertiesText(properties));
  if (!existsSync(join(dataDir, "meta.properties"))) await formatStorage(propertiesFile, properties);

  const heap = options.heapMegabytes ?? 256;
  const child = spawn(
    "java",
    [...serverFlags(heap), `-Djava.io.tmpdir=${runFolder}`, "-cp", classpath, "kafka.Kafka", propertiesFile],
    {
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(-keptErrorCharacters);
  });
  const endWithParent = (): void => void child.kill("SIGKILL");
  process.on("exit", endWithParent);
  child.on("exit", () => process.off("exit", endWithParent));
  if (!(await answers(child, port))) {
    await end(child, true);
    throw new Error(`Apache Kafka did not start:\n${complaint}`);
  }
  return {
    bootstrap: `127.0.0.1:${port}`,
    port,
    controllerPort,
    dataDir,
    classpath,
    pid: child.pid!,
    runTool: runReferenceTool,
    async stop({ kill = false } = {}) {
      await end(child, kill);
      await rm(runFolder, { recursive: true, force: true });
    },
  };
}

function serverProperties(
  dataDir: string,
  port: number,
  controllerPort: number,
  more: Record<string, string> = {},
): Record<string, string> {
  return {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.quorum.bootstrap.servers": `127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    "advertised.listeners": `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "log.dirs": dataDir,
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    ...more,
  };
}

function propertiesText(properties: Record<string, string>): string {
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

/** KRaft refuses an unformatted folder. `--standalone` makes this node the only voter, unless the properties name the voters. */
async function formatStorage(propertiesFile: string, properties: Record<string, string>): Promise<void> {
  const clusterId = Buffer.from(crypto.randomUUID().replaceAll("-", ""), "hex").toString("base64url");
  const voters = properties["controller.quorum.voters"] === undefined ? ["--standalone"] : [];
  const result = await runReferenceTool("kafka.tools.StorageTool", [
    "format",
    `--cluster-id=${clusterId}`, // One word: an id may begin with a dash.
    "--config",
    propertiesFile,
    ...voters,
  ]);
  if (result.code !== 0) throw new Error(`Kafka's storage tool refused to format:\n${result.stdout}${result.stderr}`);
}

function serverFlags(heapMegabytes: number): string[] {
  return [`-Xmx${heapMegabytes}m`, `-Xms${heapMegabytes}m`, "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-Xshare:auto"];
}

/** Whether the port accepts a connection before the limit; false as well when the process ended. */
async function answers(child: ChildProcess, port: number): Promise<boolean> {
  const deadline = Date.now() + startLimitMs;
  while (Date.now() < deadline && child.exitCode === null && child.signalCode === null) {
    if (await accepts(port)) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

async function accepts(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, "127.0.0.1");
  socket.on("connect", () => resolve(true));
  socket.on("error", () => resolve(false));
  const accepted = await promise;
  socket.destroy();
  return accepted;
}

async function end(child: ChildProcess, kill: boolean): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill(kill ? "SIGKILL" : "SIGTERM");
  const limit = setTimeout(() => child.kill("SIGKILL"), stopLimitMs);
  await ended;
  clearTimeout(limit);
}

/** A port that was free a moment ago. Kafka must know its ports before it starts, so a race with others remains. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
