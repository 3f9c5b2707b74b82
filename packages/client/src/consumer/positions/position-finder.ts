// Finds positions for partitions that have none: the committed offset, else the reset's; and has positions confirmed when their leader
// changed. One request per broker and kind; partitions do not wait for each other. `pump` starts what can be started.

import type { Timer } from "@ottla/base";
import { offsetForLeaderEpochApi } from "@ottla/protocol/messages/23-offset-for-leader-epoch.ts";
import { NoOffsetError } from "../../errors.ts";
import type { KafkaError } from "../../errors.ts";
import type { CommittedOffset, TopicPartition } from "../../records.ts";
import { errorOf } from "../error-of.ts";
import { LATEST, timestampOf } from "../offset-reset.ts";
import type { PartitionState } from "../partition-state.ts";
import type { ReaderContext } from "../reader-context.ts";
import type { Answered } from "./offset-requests.ts";
import { epochEnds, listOffsets } from "./offset-requests.ts";
import { applyEpochEnd } from "./truncation.ts";

/** From this version on the API needs no more rights than reading does; with less, positions are not validated (Kafka does the same). */
const EPOCHS_FOR_CONSUMERS_SINCE = 3;

export type CommittedSource = (
  partitions: readonly TopicPartition[],
  options: { signal: AbortSignal },
) => Promise<readonly CommittedOffset[]>;

/** A state and its version when it was asked for. */
interface Pending {
  readonly state: PartitionState;
  readonly version: number;
}

export class PositionFinder {
  private readonly context: ReaderContext;
  /** null without a group. */
  private readonly committedSource: CommittedSource | null;
  private readonly aborting = new AbortController();
  private readonly work = new Set<Promise<void>>();
  private timer: Timer | null = null;
  private dueMs = Infinity;

  constructor(context: ReaderContext, committedSource: CommittedSource | null) {
    this.context = context;
    this.committedSource = committedSource;
  }

  /** Starts looking for what is not looked for yet. Partitions that are held back wait, unless `alsoHeld` names them. */
  pump(alsoHeld?: PartitionState): void {
    if (this.aborting.signal.aborted) return;
    const { partitions, cluster } = this.context;
    const nowMs = cluster.clock.monotonicMs();
    const uncommitted: PartitionState[] = [];
    const resets = new Map<number, PartitionState[]>();
    const validations = new Map<number, PartitionState[]>();
    let wakeAtMs = Infinity;
    for (const state of partitions) {
      if (state.phase === "fetching" || state.isResolving || state.revoked || state.error !== null) continue;
      if (state.held && state !== alsoHeld) continue;
      if (state.retryAtMs > nowMs) wakeAtMs = Math.min(wakeAtMs, state.retryAtMs);
      else if (state.phase === "initializing") uncommitted.push(state);
      else if (state.leaderId < 0) this.retryLater([state]);
      else if (state.phase === "validating" && state.leaderEpoch < 0) state.validated();
      else addTo(state.phase === "resetting" ? resets : validations, state);
    }
    if (uncommitted.length > 0) this.start(uncommitted, (pending) => this.askCommitted(pending));
    for (const [nodeId, states] of resets) this.start(states, (pending) => this.askOffsets(nodeId, pending));
    for (const [nodeId, states] of validations) this.start(states, (pending) => this.askEpochs(nodeId, pending));
    if (wakeAtMs < Infinity) this.wakeAt(wakeAtMs);
  }

  async close(): Promise<void> {
    this.timer?.cancel();
    this.aborting.abort();
    await Promise.all(this.work);
  }

  private start(states: readonly PartitionState[], ask: (pending: readonly Pending[]) => Promise<void>): void {
    const pending = states.map((state) => ({ state, version: state.version }));
    for (const state of states) state.isResolving = true;
    const work = this.perform(pending, ask);
    this.work.add(work);
    void work.finally(() => this.work.delete(work));
  }

  // Never rejects.
  private async perform(
    pending: readonly Pending[],
    ask: (pending: readonly Pending[]) => Promise<void>,
  ): Promise<void> {
    try {
      await ask(pending);
    } catch (error) {
      if (this.aborting.signal.aborted) return;
      const known = errorOf(error);
      const states = this.current(pending);
      if (known.retriable) this.retryLater(states);
      else for (const state of states) this.fail(state, known);
    } finally {
      for (const state of this.current(pending)) state.isResolving = false;
      if (!this.aborting.signal.aborted) this.context.changed();
    }
  }

  private async askCommitted(pending: readonly Pending[]): Promise<void> {
    const { signal } = this.aborting;
    const answers =
      this.committedSource === null
        ? []
        : await this.committedSource(
            pending.map(({ state }) => state),
            { signal },
          );
    const known = new Map(answers.map((answer) => [`${answer.topic}-${answer.partition}`, answer]));
    for (const state of this.current(pending)) {
      const { offset = null, leaderEpoch = null } = known.get(state.name) ?? {};
      if (offset !== null) {
        state.seek({ offset, leaderEpoch: leaderEpoch ?? -1 }, { validate: true });
        state.committed = offset;
        if (leaderEpoch !== null) this.context.cluster.noteLeaderEpoch(state.topic, state.partition, leaderEpoch);
      } else this.resetOrFail(state);
    }
  }

  private resetOrFail(state: PartitionState): void {
    const { reset } = this.context.options;
    if (reset !== null) return state.reset(reset);
    const { topic, partition } = state;
    const sentence = `nothing is committed for ${state.name}, and autoOffsetReset is "none"; seek to a position`;
    this.fail(state, new NoOffsetError(sentence, { topic, partition }));
  }

  private async askOffsets(nodeId: number, pending: readonly Pending[]): Promise<void> {
    const { cluster, lane, options } = this.context;
    const nowMs = cluster.clock.nowMs();
    const questions = pending.map(({ state, version }) => ({
      topic: state.topic,
      partition: state.partition,
      leaderEpoch: state.leaderEpoch,
      timestamp: timestampOf(state.resetTarget!, nowMs),
      state,
      version,
    }));
    const { readCommitted } = options;
    const limits = { lane, signal: this.aborting.signal, readCommitted };
    const answers = await listOffsets(cluster, nodeId, questions, limits);
    this.each(pending, answers, (state, { offset, leaderEpoch }) => {
      // No record is as young as that: the next one will be.
      if (offset < 0) return state.reset(LATEST);
      if (leaderEpoch >= 0) cluster.noteLeaderEpoch(state.topic, state.partition, leaderEpoch);
      // Without the epoch: what the leader told just now needs no confirmation.
      state.seek({ offset, leaderEpoch: -1 }, { validate: false });
    });
  }

  private async askEpochs(nodeId: number, pending: readonly Pending[]): Promise<void> {
    const { cluster, lane, options } = this.context;
    const { signal } = this.aborting;
    const version = await cluster.versionOf(nodeId, offsetForLeaderEpochApi, { lane, signal });
    if (version < EPOCHS_FOR_CONSUMERS_SINCE) {
      for (const state of this.current(pending)) state.validated();
      return;
    }
    const questions = pending.map(({ state: { topic, partition, fetchEpoch: epoch, leaderEpoch } }) => ({
      topic,
      partition,
      epoch,
      leaderEpoch,
    }));
    const answers = await epochEnds(cluster, nodeId, questions, { lane, signal });
    this.each(pending, answers, (state, end) => {
      applyEpochEnd(state, end, options.reset);
      if (state.phase !== "fetching" || state.fetchOffset === end.offset)
        cluster.logger.info({ partition: state.name, endOffset: end.offset }, "The log was cut before the position.");
    });
  }

  private each(
    pending: readonly Pending[],
    answers: readonly Answered<TopicPartition>[],
    found: (state: PartitionState, answer: Answered<TopicPartition> & { kind: "found" }) => void,
  ): void {
    const current = new Set(this.current(pending));
    const retries: PartitionState[] = [];
    for (const [index, answer] of answers.entries()) {
      const { state } = pending[index]!;
      if (!current.has(state)) continue;
      if (answer.kind === "found") found(state, answer);
      else if (answer.kind === "failed") this.fail(state, answer.error);
      else retries.push(state);
    }
    if (retries.length > 0) this.retryLater(retries);
  }

  // Those that nobody set elsewhere or took away since.
  private current(pending: readonly Pending[]): PartitionState[] {
    const { partitions } = this.context;
    return pending
      .filter(({ state, version }) => partitions.holds(state) && state.version === version && !state.revoked)
      .map(({ state }) => state);
  }

  private fail(state: PartitionState, error: KafkaError): void {
    state.error = error;
  }

  private retryLater(states: readonly PartitionState[]): void {
    const { cluster, partitions } = this.context;
    const nowMs = cluster.clock.monotonicMs();
    let soonestMs = Infinity;
    for (const state of states) {
      state.retryAtMs = nowMs + cluster.backoffMs(state.attempts++);
      soonestMs = Math.min(soonestMs, state.retryAtMs);
    }
    if (states.length === 0) return;
    const options = { signal: this.aborting.signal, allowAutoTopicCreation: partitions.isAnyUnseen() };
    cluster.refreshMetadata(options).catch((error: unknown) => {
      if (!this.aborting.signal.aborted && !errorOf(error).retriable) this.context.failed(errorOf(error));
    });
    this.wakeAt(soonestMs);
  }

  private wakeAt(atMs: number): void {
    if (this.timer !== null && this.dueMs <= atMs) return;
    this.timer?.cancel();
    const { clock } = this.context.cluster;
    this.dueMs = atMs;
    this.timer = clock.schedule(Math.max(1, atMs - clock.monotonicMs()), () => {
      this.timer = null;
      this.pump();
    });
  }
}

function addTo(byLeader: Map<number, PartitionState[]>, state: PartitionState): void {
  const list = byLeader.get(state.leaderId);
  if (list === undefined) byLeader.set(state.leaderId, [state]);
  else list.push(state);
}
