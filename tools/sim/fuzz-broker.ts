// The fuzz of fuzz-frames.ts against a broker in a process of its own, with that process's memory before and after.
// A run in front of it warms the broker up (codecs compiled, topics made, sessions and pools filled); what counts is what comes after.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, startBrokerProcess } from "./broker-process.ts";
import type { BrokerProcess } from "./broker-process.ts";
import { describeFinding, fuzzFrames } from "./fuzz-frames.ts";
import type { FuzzReport } from "./fuzz-frames.ts";

const GROWTH_BYTES_MAX = 50_000_000;
/**
 * V8 widens its young generation while it pleases, by up to 48 MB, and lets garbage lie in the old one, by some 80 MB beside the 30 MB that live.
 * Both kept small, what grows is what the broker keeps; one that keeps more than this ends for lack of memory.
 */
const NODE_FLAGS = "--max-semi-space-size=2 --max-old-space-size=80";
/** So many frames in front of the run are warm-up, as a share of it. */
const WARM_UP_SHARE = 0.5;
/** With fewer the memory is reported and not judged. */
const JUDGED_WARM_UP_FRAMES = 50_000;
const CLEAN_EXIT = 0;

export interface FuzzBrokerOptions {
  readonly seed: number;
  readonly count: number;
  /** See FuzzOptions. */
  readonly findingsMax?: number;
  /** Called with a line on what was done. */
  readonly log?: (line: string) => void;
}

/** What was wrong, a line each; none when all holds. */
export async function fuzzBroker(options: FuzzBrokerOptions): Promise<string[]> {
  const dataDir = mkdtempSync(join(tmpdir(), "ottla-fuzz-"));
  const broker = await startSmall(await freePort(), dataDir);
  try {
    const violations = await fuzz(broker, options);
    const code = await broker.stop("SIGTERM");
    if (code !== CLEAN_EXIT) violations.push(`after the run the broker did not end cleanly: ${code}`);
    return violations;
  } finally {
    await broker.stop("SIGKILL");
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function startSmall(port: number, dataDir: string): Promise<BrokerProcess> {
  const { NODE_OPTIONS: inherited } = process.env;
  process.env["NODE_OPTIONS"] = `${inherited ?? ""} ${NODE_FLAGS}`;
  try {
    return startBrokerProcess({ port, dataDir });
  } finally {
    if (inherited === undefined) delete process.env["NODE_OPTIONS"];
    else process.env["NODE_OPTIONS"] = inherited;
  }
}

async function fuzz(broker: BrokerProcess, options: FuzzBrokerOptions): Promise<string[]> {
  const { seed, count, findingsMax = 20, log = () => {} } = options;
  const { port } = broker;
  const reports = [await fuzzFrames({ seed, port, findingsMax, count: Math.ceil(count * WARM_UP_SHARE) })];
  const firstIndex = reports[0]!.sent;
  const beforeBytes = broker.residentBytes();
  reports.push(await fuzzFrames({ seed, port, findingsMax, firstIndex, count }));
  const grownBytes = broker.residentBytes() - beforeBytes;
  for (const report of reports) log(summary(report));
  log(`RSS ${megabytes(beforeBytes)} before, ${megabytes(grownBytes)} more after`);
  const violations = reports.flatMap((report) => report.findings.map((finding) => describeFinding(seed, finding)));
  const judged = firstIndex >= JUDGED_WARM_UP_FRAMES;
  if (judged && grownBytes > GROWTH_BYTES_MAX) violations.push(`RSS grew by ${megabytes(grownBytes)}`);
  return violations;
}

function summary(report: FuzzReport): string {
  const { sent, outcomes, checks, elapsedMs } = report;
  const reactions = `${outcomes.answered} answered, ${outcomes.closed} closed, ${outcomes.silent} silent`;
  return `${sent} frames in ${(elapsedMs / 1000).toFixed(1)} s: ${reactions}; a client that behaves was served ${checks} times`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(0)} MB`;
}
