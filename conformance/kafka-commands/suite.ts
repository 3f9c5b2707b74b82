// Our kafka-* commands beside Apache Kafka's own, from its published jars: each command line is run by both on one cluster, and what they
// print and end with must be the same but for the differences that docs/reference/cli.md names.

import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ToolSession } from "../kafka-tools/tool-session.ts";
import type { ToolText } from "../kafka-tools/tool-session.ts";
import type { Report } from "../report.ts";
import { startOttla, startReference } from "../targets.ts";
import type { Target } from "../targets.ts";
import { differenceNames, leveled, sideNames } from "./differences.ts";
import type { DifferenceName } from "./differences.ts";
import { clientScript } from "./script/clients.ts";
import { clusterScript } from "./script/cluster.ts";
import { dumpSteps } from "./script/dump-log.ts";
import { files } from "./script/files.ts";
import { afterFourLines, fourLines } from "./script/four-lines.ts";
import { groupScript, member } from "./script/groups.ts";
import { differing, mistakes, unreachable } from "./script/mistakes.ts";
import { prepare, topicScript } from "./script/topics.ts";
import { pageProblems } from "./page.ts";
import { runKafkas, runOurs } from "./sides.ts";
import type { Step } from "./step.ts";

const untilLimitMs = 15_000;

/** What is run with all suites: not those steps that wait, nor each file on disk. */
export const quickParts: readonly string[] = ["four-lines", "mistakes", "topics", "clients", "groups", "cluster"];

export interface CommandsOptions {
  /** With "reference" the cluster is Apache Kafka's. */
  readonly against: "ottla" | "reference";
  /** Parts of the script by name; none is all. */
  readonly parts: readonly string[];
  /** Of what fails the outputs are shown whole. */
  readonly isVerbose: boolean;
}

export async function runKafkaCommands(report: Report, { against, parts, isVerbose }: CommandsOptions): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "conformance-commands-"));
  let target: Target | undefined;
  let comparison: Comparison | undefined;
  try {
    target = against === "ottla" ? await startOttla("disk", undefined, { "node.id": "1" }) : await startReference();
    const session = await ToolSession.start(target.bootstrap, { logs: true });
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    comparison = new Comparison({ session, folder, target, report, isVerbose });
    await runParts(comparison, parts);
  } finally {
    await comparison?.end();
    await target?.stop().catch(() => {}); // Stopped before its files were read, or it never started.
    await target?.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

async function runParts(comparison: Comparison, parts: readonly string[]): Promise<void> {
  const wanted = (name: string): boolean => parts.length === 0 || parts.includes(name);
  await comparison.prepare(prepare);
  if (wanted("four-lines")) await comparison.oneAfterTheOther(fourLines, afterFourLines);
  if (wanted("mistakes")) await comparison.all(mistakes);
  if (wanted("unreachable")) await comparison.all(unreachable);
  if (wanted("differing")) await comparison.all(differing);
  if (wanted("topics")) await comparison.all(topicScript);
  if (wanted("clients") || wanted("groups") || wanted("cluster")) await comparison.all(clientScript);
  if (wanted("groups")) {
    await comparison.all(groupScript);
    await comparison.withMember();
  }
  if (wanted("cluster")) await comparison.all(clusterScript);
  if (wanted("dump")) await comparison.dumps();
  if (parts.length === 0) await comparison.page();
}

interface Place {
  session: ToolSession;
  readonly folder: string;
  readonly target: Target;
  readonly report: Report;
  readonly isVerbose: boolean;
}

class Comparison {
  readonly used = new Set<DifferenceName>();
  private readonly place: Place;

  constructor(place: Place) {
    this.place = place;
  }

  /** What is there for both, made by ours. */
  async prepare(steps: readonly Step[]): Promise<void> {
    const { folder, target } = this.place;
    for (const step of steps) {
      const { code, stdout } = await runOurs(step, { folder, bootstrap: target.bootstrap, side: "" });
      if (code !== 0) throw new Error(`${step.command} ${step.line} ends with ${code}: ${stdout}`);
    }
  }

  async end(): Promise<void> {
    await this.place.session.end();
  }

  async all(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.one(step);
  }

  /** All steps by Kafka's commands, then all by ours, each with a cluster that has none of what they make. */
  async oneAfterTheOther(steps: readonly Step[], undo: readonly Step[]): Promise<void> {
    const { session, folder, target } = this.place;
    const place = { folder, bootstrap: target.bootstrap, side: "" };
    const kafkas: ToolText[] = [];
    for (const step of steps) kafkas.push(await runKafkas(step, place, session));
    await this.prepare(undo);
    const ours: ToolText[] = [];
    for (const step of steps) ours.push(await runOurs(step, place));
    await this.prepare(undo);
    for (const [index, step] of steps.entries()) {
      this.report(step, this.compared(step, { kafkas: kafkas[index]!, ours: ours[index]! }));
    }
  }

  /** A group that somebody is in, seen by both. */
  async withMember(): Promise<void> {
    const { session } = this.place;
    await session.startConsumer("member", member.words, member.ready);
    await this.all(member.steps);
    await session.stopConsumer("member");
  }

  /** Every file that the cluster left, once it has ended. */
  async dumps(): Promise<void> {
    const { target } = this.place;
    await target.stop();
    const entries = await readdir(target.dataDir!, { recursive: true, withFileTypes: true });
    // Folders of deleted topics go away by themselves.
    const found = entries.filter(
      (entry) =>
        !entry.parentPath.endsWith("-delete") &&
        entry.isFile() &&
        /\.(?:log|index|timeindex|txnindex|snapshot|checkpoint)$/.test(entry.name),
    );
    const paths = found.map((entry) => join(entry.parentPath, entry.name)).sort();
    const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
    // Empty files are all the same.
    const empty = paths.find((_, index) => sizes[index] === 0);
    for (const path of paths.filter((each, index) => sizes[index]! > 0 || each === empty)) {
      await this.all(dumpSteps(path));
    }
  }

  /** What is said of the comparison is what it has shown. */
  async page(): Promise<void> {
    const problems = await pageProblems(this.used);
    const { report, target } = this.place;
    const where = `${target.name} kafka-commands`;
    report.add(
      problems.length === 0 ? "ok" : "failed",
      where,
      ["docs/reference/cli.md is right", ...problems].join(": "),
    );
  }

  private async one(step: Step): Promise<void> {
    try {
      this.report(step, await this.difference(step));
    } catch (error) {
      this.report(step, `: ${(error as Error).stack}`);
      await this.reviveTools();
    }
  }

  private report({ command, line }: Step, difference: string | null): void {
    const { report, target } = this.place;
    const what = `${command} ${line}`.trim();
    report.add(difference === null ? "ok" : "failed", `${target.name} kafka-commands`, `${what}${difference ?? ""}`);
  }

  /** Tools that took too long were ended, and with them all that would follow. */
  private async reviveTools(): Promise<void> {
    await this.place.session.end();
    this.place.session = await ToolSession.start(this.place.target.bootstrap, { logs: true });
  }

  /** Null when the two are the same, or differ as the step says. */
  private async difference(step: Step): Promise<string | null> {
    const { session, folder, target } = this.place;
    const place = { folder, bootstrap: target.bootstrap };
    const deadline = Date.now() + untilLimitMs;
    for (;;) {
      // At the same time: what a tool costs is mostly its own start.
      const [kafkas, ours] = await Promise.all([
        runKafkas(step, { ...place, side: sideNames.kafka }, session),
        runOurs(step, { ...place, side: sideNames.ours }),
      ]);
      if (step.until?.test(leveled(kafkas, step)) === false && Date.now() < deadline) continue;
      return this.compared(step, { kafkas, ours });
    }
  }

  private compared(step: Step, { kafkas, ours }: { kafkas: ToolText; ours: ToolText }): string | null {
    const expected = leveled(kafkas, step);
    const actual = leveled(ours, step);
    if (step.kafkasLine !== undefined) this.used.add("Older spellings");
    if (step.differs !== undefined) return this.named(step, expected, actual);
    for (const name of differenceNames) {
      if (leveled(kafkas, step, name) !== leveled(ours, step, name)) this.used.add(name);
    }
    return this.firstDifference(expected, actual);
  }

  /** A step that tells of a difference fails when there is none, or when it is another. */
  private named({ differs }: Step, expected: string, actual: string): string | null {
    const { name, ours } = differs!;
    this.used.add(name);
    if (expected === actual) return `: prints what Kafka prints, so it does not differ by "${name}"`;
    if (ours.test(actual)) return null;
    return `: is not like ${ours}: ${actual}`;
  }

  private firstDifference(expected: string, actual: string): string | null {
    const wanted = expected.split("\n");
    const seen = actual.split("\n");
    const index = Array.from({ length: Math.max(wanted.length, seen.length) }, (_, at) => at).find(
      (at) => wanted[at] !== seen[at],
    );
    if (index === undefined) return null;
    if (this.place.isVerbose) console.log(`--- Kafka's:\n${expected}\n--- ours:\n${actual}`);
    return `: line ${index + 1} is "${seen[index] ?? ""}", Kafka prints "${wanted[index] ?? ""}"`;
  }
}
