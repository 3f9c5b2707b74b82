// Reads the lines that suites print, shows them and keeps count. The last line is what a runner reads: "N passed, N failed, N skipped".

export type Verdict = "ok" | "failed" | "skipped";

/** A reason is shown this far: some clients name every record that they could not send. */
const shownCharacters = 600;
const line = /^(ok|failed|skipped) (.+)$/;

export class Report {
  readonly counts: Record<Verdict, number> = { ok: 0, failed: 0, skipped: 0 };
  private readonly skippedIsFailed: boolean;

  /** With `skippedIsFailed` a client that cannot be run counts as a failure: so it is where everything is to be installed. */
  constructor({ skippedIsFailed }: { skippedIsFailed: boolean }) {
    this.skippedIsFailed = skippedIsFailed;
  }

  /** One check of one suite on one target. */
  add(verdict: Verdict, where: string, what: string): void {
    const counted = verdict === "skipped" && this.skippedIsFailed ? "failed" : verdict;
    this.counts[counted] += 1;
    this.show(counted, where, what);
  }

  /** A check whose failure, or absence, is written down and explained; it never fails the run. */
  addExplained(where: string, what: string): void {
    this.counts.skipped += 1;
    this.show("skipped", where, what);
  }

  /** Takes over all lines that a suite printed. Returns how many there were. */
  addOutput(where: string, output: string): number {
    const checks = output.split("\n").flatMap((text) => {
      const match = line.exec(text.trimEnd());
      return match === null ? [] : [{ verdict: match[1] as Verdict, what: match[2]! }];
    });
    for (const { verdict, what } of checks) this.add(verdict, where, what);
    return checks.length;
  }

  closingLine(): string {
    return `${this.counts.ok} passed, ${this.counts.failed} failed, ${this.counts.skipped} skipped`;
  }

  private show(verdict: Verdict, where: string, what: string): void {
    console.log(`${verdict.padEnd(7)} ${where.padEnd(26)} ${what.slice(0, shownCharacters)}`);
  }
}
