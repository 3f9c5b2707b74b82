// One Java process that runs Kafka's command line tools against one broker (Tools.java), and the verifiable consumers that run beside
// it, each in a process of its own as its users start it.

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { referenceClasspath } from "../../tools/reference/jars.ts";

export interface ToolOutput {
  code: number;
  stdout: string[];
  stderr: string[];
}

const quickStart = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Xmx256m"];
const toolLimitMs = 60_000;

/** What a tool printed, as it did. */
export interface ToolText {
  code: number;
  stdout: string;
  stderr: string;
}

const consumerLimitMs = 30_000;

export class ToolSession {
  readonly bootstrap: string;
  private readonly classpath: string;
  private readonly child: ChildProcess;
  private readonly lines: AsyncIterator<string>;
  private readonly consumers = new Map<string, VerifiableConsumer>();

  private constructor(bootstrap: string, classpath: string, logs: boolean) {
    this.bootstrap = bootstrap;
    this.classpath = classpath;
    const follow = `-Dreference.log.follow=${logs}`;
    const words = [...quickStart, follow, "-cp", classpath, join(import.meta.dirname, "Tools.java"), bootstrap];
    this.child = spawn("java", words, { stdio: ["pipe", "pipe", "inherit"] });
    this.child.stdin!.on("error", () => {}); // The one who waits for an answer is told that the tools ended.
    this.lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
  }

  /** With `logs` what tools log is part of what they print on stderr. */
  static async start(bootstrap: string, { logs = false } = {}): Promise<ToolSession> {
    return new ToolSession(bootstrap, await referenceClasspath(), logs);
  }

  /** Runs one tool, or one step of a transaction. Only one at a time. Throws when the session ended or takes too long. */
  async run(words: readonly string[]): Promise<ToolOutput> {
    const { code, stdout, stderr } = await this.runText(words);
    return { code, stdout: linesOf(stdout), stderr: linesOf(stderr) };
  }

  /** The same with the very text; `input` is what the tool reads. */
  async runText(words: readonly string[], input = ""): Promise<ToolText> {
    const read = input === "" ? [] : [`<${Buffer.from(input).toString("base64")}`];
    this.child.stdin!.write(`${[...read, ...words].join("\t")}\n`);
    const limit = setTimeout(() => this.child.kill("SIGKILL"), toolLimitMs);
    const texts = { stdout: "", stderr: "" };
    try {
      for (;;) {
        const { value, done } = await this.lines.next();
        if (done === true) throw new Error(`the tools ended during ${words.join(" ")}`);
        if (value.startsWith("code ")) return { ...texts, code: Number(value.slice(5)) };
        if (value.startsWith("1 ")) texts.stdout = Buffer.from(value.slice(2), "base64").toString();
        if (value.startsWith("2 ")) texts.stderr = Buffer.from(value.slice(2), "base64").toString();
      }
    } finally {
      clearTimeout(limit);
    }
  }

  /** Starts kafka-verifiable-consumer; resolves once one of its lines fulfils `until`, such as that it owns all partitions. */
  async startConsumer(name: string, words: readonly string[], until: RegExp): Promise<void> {
    const consumer = new VerifiableConsumer(this.classpath, ["--bootstrap-server", this.bootstrap, ...words]);
    this.consumers.set(name, consumer);
    await consumer.sees(until);
  }

  /** Resolves when the consumer prints such a line, or did. */
  async consumerSees(name: string, pattern: RegExp): Promise<void> {
    await this.consumers.get(name)!.sees(pattern);
  }

  /** Asks the consumer to leave and returns all that it printed. */
  async stopConsumer(name: string): Promise<ToolOutput> {
    const consumer = this.consumers.get(name)!;
    this.consumers.delete(name);
    return await consumer.stop("SIGTERM");
  }

  async end(): Promise<void> {
    for (const consumer of this.consumers.values()) await consumer.stop("SIGKILL");
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, "exit");
    this.child.stdin!.end();
    const limit = setTimeout(() => this.child.kill("SIGKILL"), toolLimitMs);
    await ended.finally(() => clearTimeout(limit));
  }
}

class VerifiableConsumer {
  private readonly child: ChildProcess;
  private readonly output: ToolOutput = { code: 0, stdout: [], stderr: [] };
  private readonly closed: Promise<unknown[]>;
  private look = (): void => {};

  constructor(classpath: string, words: readonly string[]) {
    const consumer = "org.apache.kafka.tools.VerifiableConsumer";
    this.child = spawn("java", [...quickStart, "-cp", classpath, consumer, ...words], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.closed = once(this.child, "close");
    createInterface({ input: this.child.stdout! }).on("line", (line) => {
      this.output.stdout.push(line);
      this.look();
    });
    createInterface({ input: this.child.stderr! }).on("line", (line) => void this.output.stderr.push(line));
  }

  async sees(pattern: RegExp): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.look = () => {
      if (this.output.stdout.some((line) => pattern.test(line))) resolve();
    };
    const limit = setTimeout(() => {
      const last = [...this.output.stdout.slice(-3), ...this.output.stderr.slice(-3)].join(" / ");
      reject(new Error(`no line of the consumer is like ${String(pattern)}; its last are: ${last}`));
    }, consumerLimitMs);
    this.look();
    await promise.finally(() => clearTimeout(limit));
  }

  async stop(signal: "SIGTERM" | "SIGKILL"): Promise<ToolOutput> {
    this.child.kill(signal);
    const limit = setTimeout(() => this.child.kill("SIGKILL"), consumerLimitMs);
    const [code] = (await this.closed.finally(() => clearTimeout(limit))) as [number | null];
    return { ...this.output, code: code ?? -1 };
  }
}

function linesOf(text: string): string[] {
  return text === "" ? [] : text.replace(/\r?\n$/, "").split(/\r?\n/);
}
