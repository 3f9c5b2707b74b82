// Sends seeded frames (see frames.ts) at a running broker over many short connections, judges every reaction, and has a
// witness check all the while that a client that behaves is served. Bounded in connections, time and findings.

import { assert } from "@ottla/base";
import { Lane } from "./fuzz-lane.ts";
import type { LaneHost, Outcome } from "./fuzz-lane.ts";
import { FrameSource } from "./frames.ts";
import type { FuzzFrame } from "./frames.ts";
import { Witness } from "./witness.ts";

const TICK_MS = 5;
const TOPICS = ["fuzz-0", "fuzz-1", "fuzz-2", "fuzz-3"];

export interface FuzzOptions {
  /** Frames are the same for the same seed, but for the ids that the broker gave its topics. */
  readonly seed: number;
  readonly count: number;
  /** Of a broker on 127.0.0.1 that serves PLAINTEXT and was just started. */
  readonly port: number;
  /** Default 0: to send again only a part of a run. */
  readonly firstIndex?: number;
  /** Connections at once. Default 32. */
  readonly connections?: number;
  /** The witness checks after so many frames. Default 2,000. */
  readonly checkEvery?: number;
  /** The run stops when so much was found. Default 20. */
  readonly findingsMax?: number;
  /** When the run must be over. Default 120,000. */
  readonly limitMs?: number;
}

/** A frame to which the broker reacted in a way that it may not, or a check of the witness that failed. */
export interface FuzzFinding {
  readonly index: number;
  readonly kind: string;
  readonly what: string;
  readonly frameHex: string;
}

export interface FuzzReport {
  readonly seed: number;
  readonly sent: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  /** Rounds in which the witness was served. */
  readonly checks: number;
  readonly findings: readonly FuzzFinding[];
  readonly elapsedMs: number;
}

/** Resolves when all frames are sent, too much was found, or time is up (which is a finding too). */
export async function fuzzFrames(options: FuzzOptions): Promise<FuzzReport> {
  const witness = new Witness(options.port, options.seed);
  const { served, topicIds } = await witness.prepare(TOPICS);
  const source = new FrameSource({ seed: options.seed, served, topics: TOPICS, topicIds });
  const run = new FuzzRun(options, source, witness);
  return run.start();
}

/** One line for a finding, with what sends the frame again. */
export function describeFinding(seed: number, finding: FuzzFinding): string {
  return `seed ${seed} frame ${finding.index} (${finding.kind}): ${finding.what}; the frame: ${finding.frameHex}`;
}

class FuzzRun implements LaneHost {
  readonly port: number;
  private readonly options: FuzzOptions;
  private readonly source: FrameSource;
  private readonly witness: Witness;
  private readonly lanes = new Set<Lane>();
  private readonly outcomes: Record<Outcome, number> = { answered: 0, closed: 0, silent: 0 };
  private readonly findings: FuzzFinding[] = [];
  private taken = 0;
  private checks = 0;
  private checking = false;
  private checkedAt = 0;
  private whenDone: () => void = () => {};

  constructor(options: FuzzOptions, source: FrameSource, witness: Witness) {
    assert(options.count > 0, "a run sends frames");
    this.options = options;
    this.port = options.port;
    this.source = source;
    this.witness = witness;
  }

  async start(): Promise<FuzzReport> {
    const startedMs = performance.now();
    await this.check();
    const done = new Promise<void>((resolve) => {
      this.whenDone = resolve;
    });
    const ticks = setInterval(() => this.tick(startedMs), TICK_MS);
    const lanes = Array.from({ length: this.options.connections ?? 32 }, () => new Lane(this));
    for (const lane of lanes) this.lanes.add(lane);
    for (const lane of lanes) lane.next();
    await done;
    clearInterval(ticks);
    await this.check();
    await this.judged("not everything can be read back", () => this.witness.readAll(TOPICS));
    return {
      seed: this.options.seed,
      sent: this.taken,
      outcomes: this.outcomes,
      checks: this.checks,
      findings: this.findings,
      elapsedMs: performance.now() - startedMs,
    };
  }

  /** For Lane. */
  take(): FuzzFrame | null {
    if (this.taken === this.options.count || this.findings.length >= (this.options.findingsMax ?? 20)) return null;
    if (this.taken - this.checkedAt >= (this.options.checkEvery ?? 2000)) {
      this.checkedAt = this.taken;
      if (!this.checking) void this.check();
    }
    return this.source.frame((this.options.firstIndex ?? 0) + this.taken++);
  }

  /** For Lane. */
  settled(outcome: Outcome): void {
    this.outcomes[outcome]++;
  }

  /** For Lane. */
  found(frame: FuzzFrame, what: string): void {
    this.findings.push({ index: frame.index, kind: frame.kind, what, frameHex: frame.bytes.toString("hex") });
  }

  /** For Lane. */
  unreachable(error: Error): void {
    this.give(`the broker takes no connection: ${error.message}`);
  }

  /** For Lane. */
  finished(lane: Lane): void {
    this.lanes.delete(lane);
    if (this.lanes.size === 0) this.whenDone();
  }

  private tick(startedMs: number): void {
    const nowMs = performance.now();
    if (nowMs - startedMs > (this.options.limitMs ?? 120_000))
      this.give(`not over after ${Math.round(nowMs - startedMs)} ms`);
    for (const lane of this.lanes) lane.tick(nowMs);
  }

  private async check(): Promise<void> {
    this.checking = true;
    await this.judged("the witness is not served", async () => {
      await this.witness.check();
      this.checks++;
    });
    this.checking = false;
  }

  private async judged(complaint: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.give(`${complaint}: ${String(error)}`);
    }
  }

  // Ends the run. What was in flight then is not judged.
  private give(what: string): void {
    this.findings.push({ index: (this.options.firstIndex ?? 0) + this.taken, kind: "run", what, frameHex: "" });
    for (const lane of this.lanes) lane.abandon();
    this.lanes.clear();
    this.whenDone();
  }
}
