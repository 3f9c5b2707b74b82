// The fuzz of fuzz-frames.ts against a broker of its own in this process, with its memory before and after.
// A first part of the run warms everything up (codecs compiled, topics made, pools filled); what counts is what comes after.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { startBroker } from "@ottla/testkit";
import { describeFinding, fuzzFrames } from "./fuzz-frames.ts";
import type { FuzzReport } from "./fuzz-frames.ts";

const GROWTH_BYTES_MAX = 50_000_000;
const WARM_UP_FRAMES = 10_000;
const SAMPLES = 5;
const SAMPLE_EVERY_MS = 40;

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
  const { seed, count, findingsMax = 20, log = () => {} } = options;
  await using broker = await startBroker();
  const warmUp = await fuzzFrames({ seed, count: Math.min(WARM_UP_FRAMES, count), port: broker.port, findingsMax });
  const beforeBytes = await settledRss();
  const left = count - warmUp.sent;
  const reports = [warmUp];
  if (left > 0)
    reports.push(await fuzzFrames({ seed, count: left, firstIndex: warmUp.sent, port: broker.port, findingsMax }));
  const grownBytes = (await settledRss()) - beforeBytes;
  for (const report of reports) log(summary(report));
  log(`RSS ${megabytes(beforeBytes)} before, ${megabytes(grownBytes)} more after`);
  const violations = reports.flatMap((report) => report.findings.map((finding) => describeFinding(seed, finding)));
  if (grownBytes > GROWTH_BYTES_MAX) violations.push(`RSS grew by ${megabytes(grownBytes)}`);
  return violations;
}

// Garbage is not growth, and memory given back by the collector leaves the process a moment later.
async function settledRss(): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  let smallest = Number.POSITIVE_INFINITY;
  for (let sample = 0; sample < SAMPLES; sample++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, SAMPLE_EVERY_MS));
    smallest = Math.min(smallest, process.memoryUsage.rss());
  }
  return smallest;
}

function summary(report: FuzzReport): string {
  const { sent, outcomes, checks, elapsedMs } = report;
  const reactions = `${outcomes.answered} answered, ${outcomes.closed} closed, ${outcomes.silent} silent`;
  return `${sent} frames in ${(elapsedMs / 1000).toFixed(1)} s: ${reactions}; a client that behaves was served ${checks} times`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(0)} MB`;
}
