// Who runs a command line: Apache Kafka's class, in a Java process that runs many or in one of its own; or our command, in this process or,
// where the end of a process is part of what is compared, by its launcher.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { runKafkaCommand } from "../../packages/cli/src/kafka/main.ts";
import type { CommandIo } from "../../packages/cli/src/kafka/command-io.ts";
import { referenceClasspath } from "../../tools/reference/jars.ts";
import type { ToolSession, ToolText } from "../kafka-tools/tool-session.ts";
import { wordsOf } from "./step.ts";
import type { Step, StepPlace } from "./step.ts";

const tools = "org.apache.kafka.tools.";
const classes: Readonly<Record<string, string>> = {
  "kafka-acls": `${tools}AclCommand`,
  "kafka-broker-api-versions": `${tools}BrokerApiVersionsCommand`,
  "kafka-cluster": `${tools}ClusterTool`,
  "kafka-configs": "kafka.admin.ConfigCommand",
  "kafka-console-consumer": `${tools}consumer.ConsoleConsumer`,
  "kafka-console-producer": `${tools}ConsoleProducer`,
  "kafka-consumer-groups": `${tools}consumer.group.ConsumerGroupCommand`,
  "kafka-consumer-perf-test": `${tools}ConsumerPerformance`,
  "kafka-delete-records": `${tools}DeleteRecordsCommand`,
  "kafka-dump-log": `${tools}DumpLogSegments`,
  "kafka-features": `${tools}FeatureCommand`,
  "kafka-get-offsets": `${tools}GetOffsetShell`,
  "kafka-groups": `${tools}GroupsCommand`,
  "kafka-leader-election": `${tools}LeaderElectionCommand`,
  "kafka-log-dirs": `${tools}LogDirsCommand`,
  "kafka-producer-perf-test": `${tools}ProducerPerformance`,
  "kafka-reassign-partitions": `${tools}reassign.ReassignPartitionsCommand`,
  "kafka-topics": `${tools}TopicCommand`,
  "kafka-transactions": `${tools}TransactionsCommand`,
  "kafka-verifiable-consumer": `${tools}VerifiableConsumer`,
  "kafka-verifiable-producer": `${tools}VerifiableProducer`,
};

const launchers = join(import.meta.dirname, "../../packages/cli/bin");
const quickStart = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Xmx256m"];
const processLimitMs = 60_000;

export async function runKafkas(step: Step, place: StepPlace, session: ToolSession): Promise<ToolText> {
  const mainClass = classes[nameOf(step)]!;
  const words = wordsOf(step.kafkasLine ?? step.line, place);
  if (!needsProcess(step)) return await session.runText([mainClass, ...words], step.input);
  return await runProcess("java", [...quickStart, "-cp", await referenceClasspath(), mainClass, ...words], step);
}

export async function runOurs(step: Step, place: StepPlace): Promise<ToolText> {
  const words = wordsOf(step.line, place);
  if (!needsProcess(step)) return await runHere(nameOf(step), words, step.input ?? "");
  return await runProcess(process.execPath, [join(launchers, `${nameOf(step)}.js`), ...words], step);
}

function needsProcess({ alone, interruptAfter }: Step): boolean {
  return alone === true || interruptAfter !== undefined;
}

function nameOf({ command }: Step): string {
  return command.replace(/\.sh$/, "");
}

async function runHere(name: string, words: readonly string[], input: string): Promise<ToolText> {
  let stdout = "";
  let stderr = "";
  const write = (piece: string | Uint8Array): void => {
    stdout += typeof piece === "string" ? piece : Buffer.from(piece).toString("utf8");
  };
  const io: CommandIo = {
    out: (text) => write(`${text}\n`),
    write,
    error: (text) => void (stderr += `${text}\n`),
    drained: () => Promise.resolve(),
    isOutputClosed: false,
    input: inputOf(input),
    isInteractive: false,
    signal: new AbortController().signal,
  };
  const code = await runKafkaCommand(name, words, io);
  return { code, stdout, stderr };
}

async function* inputOf(text: string): AsyncGenerator<Buffer> {
  if (text !== "") yield Buffer.from(text);
}

async function runProcess(program: string, words: readonly string[], step: Step): Promise<ToolText> {
  const child = spawn(program, words, { stdio: ["pipe", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
    if (step.interruptAfter !== undefined && stdout.split("\n").length > step.interruptAfter) child.kill("SIGINT");
  });
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on("error", () => {}); // It may end before it has read everything.
  child.stdin.end(step.input ?? "");
  const limit = setTimeout(() => child.kill("SIGKILL"), processLimitMs);
  const [code] = (await once(child, "close").finally(() => clearTimeout(limit))) as [number | null];
  return { code: code ?? -1, stdout, stderr };
}
