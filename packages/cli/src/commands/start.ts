// `ottla start`: one broker in this process until a signal. Prints one screen when it is ready; log lines go to the same stdout.
// Ends with 0 after a clean stop, with 1 when the user's wishes cannot be met or the broker does not close in time.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Logger, LogLine } from "@ottla/base";
import { startNode, StartError } from "@ottla/broker";
import type { Node } from "@ottla/broker";
import { parseProperties } from "@ottla/metadata";
import { CommandError } from "../command-error.ts";
import { LogOutput } from "../log/log-output.ts";
import { prettyLine, prettyLogger } from "../log/pretty-logger.ts";
import { readyScreen } from "../start/ready-screen.ts";
import { startProperties } from "../start/start-properties.ts";
import { untilStopSignal } from "../start/stop-signals.ts";

export interface StartOptions {
  readonly host?: string;
  readonly port?: number;
  readonly dataDir?: string;
  readonly memory?: true;
  readonly config?: string;
  readonly override?: readonly string[];
  readonly logFormat?: "pretty" | "json";
  readonly logLevel?: LogLine["level"];
}

/** A broker that has not closed after this is left behind; what it acknowledged is on disk, and the next start recovers. */
const CLOSE_LIMIT_MS = 5000;
/** Compiled code is written to its folder when the start is long over, for the next start to use. */
const KEEP_COMPILED_CODE_AFTER_MS = 1000;

/** @throws CommandError when the options, the configuration or the surroundings do not let the broker start. */
export async function start(options: StartOptions): Promise<void> {
  if (options.memory === true && options.dataDir !== undefined) {
    throw new CommandError("--memory keeps nothing on disk: it does not go with --data-dir");
  }
  const properties = startProperties({
    ...options,
    ...(options.config === undefined ? {} : { file: readConfig(options.config) }),
  });
  const log = await openLog(options.logFormat);
  const logger = log(options.logLevel ?? "info");
  const stopSignal = untilStopSignal();
  const node = await startOrExplain({ properties, storage: options.memory === true ? "memory" : "disk", logger });
  tellReady(node, options, log("info"));
  keepCompiledCode();
  logger.info({ signal: await stopSignal }, "stopping");
  setTimeout(() => {
    logger.error({ limitMs: CLOSE_LIMIT_MS }, "did not close in time");
    process.exit(1);
  }, CLOSE_LIMIT_MS).unref();
  await node.close();
  logger.info({}, "stopped");
  process.exit(0);
}

function readConfig(path: string): Map<string, string> {
  try {
    return parseProperties(readFileSync(path, "utf8"));
  } catch (error) {
    throw new CommandError(`cannot read ${path}: ${(error as Error).message}`);
  }
}

async function startOrExplain(options: Parameters<typeof startNode>[0]): Promise<Node> {
  try {
    return await startNode(options);
  } catch (error) {
    if (error instanceof StartError) throw new CommandError(error.message);
    throw error;
  }
}

/** Makes loggers that share one output, by the least level that they show. */
async function openLog(format: StartOptions["logFormat"]): Promise<(level: LogLine["level"]) => Logger> {
  if (format === "json") {
    const { jsonLogger } = await import("../log/json-logger.ts");
    const output = new LogOutput(
      process.stdout,
      (count) => `{"level":"warn","dropped":${count},"msg":"log lines dropped"}\n`,
    );
    return (level) => jsonLogger({ level, write: (text) => output.write(text) });
  }
  const now = (): Date => new Date();
  const output = new LogOutput(process.stdout, (count) =>
    prettyLine(now(), { level: "warn", fields: { dropped: count }, sentence: "log lines dropped" }),
  );
  return (level) => prettyLogger({ level, write: (text) => output.write(text), now });
}

function tellReady(node: Node, { logFormat }: StartOptions, logger: Logger): void {
  const addresses = node.listeners.map(({ host, port }) => addressOf(host === "" ? "0.0.0.0" : host, port));
  const { clusterId } = node;
  const dataDir = node.dataDir === null ? null : resolve(node.dataDir);
  const startedInMs = Math.round(performance.now());
  if (logFormat === "json") logger.info({ addresses, clusterId, dataDir, startedInMs, pid: process.pid }, "ready");
  else process.stdout.write(readyScreen({ addresses, clusterId, dataDir, startedInMs }));
}

function addressOf(host: string, port: number): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function keepCompiledCode(): void {
  setTimeout(
    () => void import("node:module").then(({ flushCompileCache }) => flushCompileCache()),
    KEEP_COMPILED_CODE_AFTER_MS,
  ).unref();
}
