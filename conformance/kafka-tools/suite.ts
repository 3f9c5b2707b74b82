// Apache Kafka's own command line tools, from its published jars, against two brokers: the same commands in the same order, whose
// output must be the same but for addresses, ids and times. One of the brokers is always Apache Kafka.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runReferenceTool } from "../../tools/reference.ts";
import type { Report } from "../report.ts";
import { startOttla, startReference } from "../targets.ts";
import type { Target } from "../targets.ts";
import { normalise } from "./normalise.ts";
import { script, tools } from "./script.ts";
import type { Step, ToolStep } from "./script.ts";
import { ToolSession } from "./tool-session.ts";
import type { ToolOutput } from "./tool-session.ts";

const untilLimitMs = 15_000;
const resetFile = "orders,0,2\norders,2,1\n";

/** With `--against reference` Apache Kafka is compared with itself, which shows that what is compared is the same each time. */
export async function runKafkaTools(report: Report, against: "ottla" | "reference"): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "conformance-tools-"));
  const targets: Target[] = [];
  const sessions: ToolSession[] = [];
  try {
    targets.push(await startReference());
    targets.push(
      against === "ottla" ? await startOttla("disk", undefined, { "node.id": "1" }) : await startReference(),
    );
    for (const { bootstrap } of targets) sessions.push(await ToolSession.start(bootstrap));
    const file = join(folder, "offsets.csv");
    await writeFile(file, resetFile);
    const sides = sessions.map((session) => new Side(session, file));
    const place: Place = { kafka: sides[0]!, other: sides[1]!, where: `${targets[1]!.name} kafka-tools`, report };
    for (const step of script) await compare(step, place);
  } finally {
    for (const session of sessions) await session.end();
    for (const target of targets) await target.stop();
    for (const target of targets) await target.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Place {
  kafka: Side;
  other: Side;
  where: string;
  report: Report;
}

async function compare(step: Step, { kafka, other, where, report }: Place): Promise<void> {
  // At the same time: what a tool costs is mostly its own start.
  const [expected, actual] = await Promise.all([
    kafka.run(step),
    other.run(step).catch((error: unknown) => [`failed: ${(error as Error).message}`]),
  ]);
  const what = step.check ?? "";
  const difference = firstDifference(expected, actual);
  if (difference === null) {
    if (step.check !== undefined) report.add("ok", where, what);
  } else {
    report.add("failed", where, `${what || JSON.stringify(step)}: ${difference}`);
  }
}

/** One broker's part of the comparison. */
class Side {
  private readonly session: ToolSession;
  private readonly file: string;
  /** The start of the open transaction that was last described. */
  private openOffset = "0";

  constructor(session: ToolSession, file: string) {
    this.session = session;
    this.file = file;
  }

  /** Throws when the step cannot be done. Returns the lines to compare. */
  async run(step: Step): Promise<string[]> {
    if (step.kind === "tool") return await this.runTool(step);
    if (step.kind === "produce") {
      const producer = "org.apache.kafka.tools.VerifiableProducer";
      const words = ["--bootstrap-server", this.session.bootstrap, ...step.words];
      const { stdout, stderr } = await runReferenceTool(producer, words);
      return normalise([...stdout.split("\n"), ...stderr.split("\n")], { unordered: true });
    }
    if (step.kind === "stop") {
      const { stdout } = await this.session.stopConsumer(step.consumer);
      return normalise(consumerEvents(stdout), { unordered: true });
    }
    if (step.kind === "sees") await this.session.consumerSees(step.consumer, step.pattern!);
    else await this.session.startConsumer(step.consumer, step.words!, step.pattern!);
    return [];
  }

  private async runTool(step: ToolStep): Promise<string[]> {
    const mainClass = tools[step.tool];
    const words = step.words.map((word) => (word === "FILE" ? this.file : word === "OPEN" ? this.openOffset : word));
    const connect = mainClass === undefined ? [] : ["--bootstrap-server", this.session.bootstrap];
    const line = [mainClass ?? step.tool, ...connect, ...words];
    const deadline = Date.now() + untilLimitMs;
    for (;;) {
      const output = await this.session.run(line);
      const lines = linesOf(output, step);
      this.openOffset = /^\d+ \d+ -?\d+ \d+ \S+ (\d+)$/m.exec(lines.join("\n"))?.[1] ?? this.openOffset;
      if (step.until === undefined || step.until.test(lines.join("\n"))) {
        const expectedCode = step.code ?? 0;
        if (output.code !== expectedCode) return [`ends with ${output.code}, expected ${expectedCode}`, ...lines];
        return lines;
      }
      if (Date.now() > deadline) return [`never prints ${String(step.until)}`, ...lines];
    }
  }
}

function linesOf({ stdout, stderr }: ToolOutput, { unordered = false }: ToolStep): string[] {
  return [...normalise(stdout, { unordered }), ...normalise(stderr.filter(isNews), { unordered })];
}

/** Stack traces name lines of Kafka's own code; what they are about stands in their first line. */
function isNews(line: string): boolean {
  return !/^\s+(?:at |\.\.\. )/.test(line);
}

/** How often a consumer was handed records, and committed, is a matter of time; which ones is not. */
function consumerEvents(lines: readonly string[]): string[] {
  const kept = lines.filter((line) => !/"name":"(?:records_consumed|offsets_committed)"/.test(line));
  const commits = lines.filter((line) => line.includes('"offsets_committed"'));
  return [...kept, commits.at(-1) ?? "no commit"];
}

function firstDifference(expected: readonly string[], actual: readonly string[]): string | null {
  const length = Math.max(expected.length, actual.length);
  for (let index = 0; index < length; index++) {
    if (expected[index] !== actual[index])
      return `line ${index + 1} is "${actual[index] ?? ""}", Kafka prints "${expected[index] ?? ""}"`;
  }
  const failure = expected.find((line) => /^(?:ends with|never prints)/.test(line));
  return failure === undefined ? null : `on both brokers: ${expected.join(" / ")}`;
}
