// The write side of one log: appends wait until the end of the turn and leave in one write; what comes while a write is under way
// forms the next group. After a failed write or sync nothing is acknowledged any more.
// Invariants: one write at a time; the log's state changes only after its bytes are in the file; answers leave in order of arrival,
// but for refusals, which need no write.

import { assert } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import { AppendGroup } from "./append-group.ts";
import type { WaitingAppend } from "./append-group.ts";
import type { File } from "./file-system.ts";
import type { AppendOptions, AppendResult } from "./log-results.ts";
import { rollSegment } from "./log-state.ts";
import type { LogState } from "./log-state.ts";
import type { Segment } from "./segment.ts";

/** A group takes no further append beyond this. */
const GROUP_LIMIT_BYTES = 16 * 1024 * 1024;
/** Linux takes at most this many buffers in one writev. */
const GROUP_LIMIT_BUFFERS = 1024;

export interface AppenderHooks {
  /** Whether appends are refused. */
  isOffline(): boolean;
  /** A write failed; the log goes offline. */
  failed(error: unknown): void;
  /** `segment` was the active one and is no longer. */
  rolled(segment: Segment): void;
  /** Records were written; a promise when the answer must wait for the disk. */
  written(): Promise<void> | null;
}

export class LogAppender {
  private readonly state: LogState;
  private readonly hooks: AppenderHooks;
  private waiting: WaitingAppend[] = [];
  private scheduled = false;
  private writing = false;
  private onIdle: (() => void)[] = [];
  private readonly runTurn = (): void => {
    this.scheduled = false;
    this.pump();
  };

  constructor(state: LogState, hooks: AppenderHooks) {
    this.state = state;
    this.hooks = hooks;
  }

  append(records: Buffer, options: AppendOptions, done: (result: AppendResult) => void): void {
    this.waiting.push({ records, options, done, checked: null });
    if (this.scheduled || this.writing) return;
    this.scheduled = true;
    this.state.context.scheduler.endOfTurn(this.runTurn);
  }

  /** Resolves when nothing waits and nothing is being written. */
  idle(): Promise<void> {
    if (!this.writing && this.waiting.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.onIdle.push(resolve));
  }

  /** True while a write is under way: the active segment must not be touched. */
  isWriting(): boolean {
    return this.writing;
  }

  private pump(): void {
    while (!this.writing && this.waiting.length > 0) {
      if (this.hooks.isOffline()) {
        this.refuseWaiting();
        break;
      }
      const group = this.gather();
      if (group.bytes > 0) this.write(group);
      else if (group.members.length > 0) this.answer(group);
    }
    if (this.writing || this.onIdle.length === 0) return;
    const idle = this.onIdle;
    this.onIdle = [];
    for (const resolve of idle) resolve();
  }

  private gather(): AppendGroup {
    const { state } = this;
    const waiting = this.waiting;
    this.waiting = [];
    let group = this.newGroup();
    let index = 0;
    while (index < waiting.length && group.bytes < GROUP_LIMIT_BYTES && group.buffers.length < GROUP_LIMIT_BUFFERS) {
      const outcome = group.add(waiting[index]!);
      if (outcome === "added" || outcome === "answered") {
        index++;
        continue;
      }
      if (outcome === "roll" && group.members.length > 0) break;
      if (outcome === "failed") this.fail(group, group.failure);
      else this.roll(group.rollOffset);
      group = this.newGroup();
      // What waits is then refused.
      if (this.hooks.isOffline()) break;
    }
    // Callbacks of refusals may have appended meanwhile: those come after what is left.
    if (index < waiting.length) this.waiting = waiting.slice(index).concat(this.waiting);
    assert(group.bytes === 0 || group.nextOffset > state.logEndOffset, "a group that writes moves the log end");
    return group;
  }

  private newGroup(): AppendGroup {
    const { config, segments, producers, logStartOffset, logEndOffset, context } = this.state;
    return new AppendGroup({
      config,
      segment: segments.active,
      producers,
      logStartOffset,
      logEndOffset,
      nowMs: context.clock.nowMs(),
    });
  }

  private roll(baseOffset: number): void {
    const { active } = this.state.segments;
    try {
      rollSegment(this.state, baseOffset);
    } catch (error) {
      this.hooks.failed(error);
      return;
    }
    this.hooks.rolled(active);
  }

  private write(group: AppendGroup): void {
    const file = this.openForAppend(group);
    if (file === null) return;
    this.writing = true;
    let returned = false;
    file.appendv(group.buffers, (error) => {
      this.writing = false;
      if (error === null) this.commit(group);
      else this.fail(group, error);
      // When the write completed at once, the loop that called goes on by itself.
      if (returned) this.pump();
    });
    returned = true;
  }

  private openForAppend(group: AppendGroup): File | null {
    try {
      return this.state.segments.active.appender();
    } catch (error) {
      this.fail(group, error);
      return null;
    }
  }

  private commit(group: AppendGroup): void {
    const { state } = this;
    const { active } = state.segments;
    for (const batch of group.batches) {
      if (batch.leaderEpoch >= 0 && batch.leaderEpoch !== state.leaderEpochs.latestEpoch()) {
        state.leaderEpochs.assign(batch.leaderEpoch, batch.baseOffset);
      }
      active.appended(batch);
    }
    state.logEndOffset = group.nextOffset;
    if (this.noteAborted(group.nextOffset)) this.answer(group);
    else group.refuseAll(errorCodes.KAFKA_STORAGE_ERROR);
  }

  /** False when the aborted transactions of before cannot be read: the log is offline then, and recovery finds all of them in it. */
  private noteAborted(nextOffset: number): boolean {
    const { indexes } = this.state.segments.active;
    const ended = this.state.producers.commit(nextOffset);
    try {
      for (const aborted of ended) indexes.transactionIndexForAppend().append(aborted);
    } catch (error) {
      this.hooks.failed(error);
      return false;
    }
    return true;
  }

  /** Answers what is in the file, once it is durable where it must be. That goes for duplicates too: the first attempt may still wait. */
  private answer(group: AppendGroup): void {
    const { state } = this;
    const flushed = this.hooks.written();
    if (flushed === null) {
      group.answerAll(state.logStartOffset);
      return;
    }
    flushed.then(
      () => group.answerAll(state.logStartOffset),
      () => group.refuseAll(errorCodes.KAFKA_STORAGE_ERROR),
    );
  }

  private fail(group: AppendGroup, error: unknown): void {
    const { active } = this.state.segments;
    this.state.producers.discard();
    this.hooks.failed(error);
    try {
      active.appender().truncate(active.size);
    } catch (second) {
      // What is left behind the last good batch is cut by recovery: the folder of an offline log is never closed cleanly.
      this.state.context.logger.warn(
        { path: active.path, error: second },
        "the rest of a failed write could not be cut off",
      );
    }
    group.refuseAll(errorCodes.KAFKA_STORAGE_ERROR);
  }

  private refuseWaiting(): void {
    const waiting = this.waiting;
    this.waiting = [];
    const group = this.newGroup();
    for (const one of waiting) group.refuse(one, { errorCode: errorCodes.KAFKA_STORAGE_ERROR });
  }
}
