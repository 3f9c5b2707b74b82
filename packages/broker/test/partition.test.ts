// A partition as its leader sees it: what consumers may read of a log whose appends wait for their flush.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AppendResult, PartitionLog } from "@ottla/storage";
import { Partition } from "../src/partition.ts";

const LEADER = { leaderId: 1, leaderEpoch: 0, partitionEpoch: 0, replicas: [1], isr: [1] };

/** A log whose appends are in the file at once, and answered when the test says so. */
class SlowLog {
  logEndOffset = 4;
  highWatermark = 0;
  readonly waiting: ((result: Partial<AppendResult>) => void)[] = [];

  startLeaderEpoch(): void {}

  updateHighWatermark(offset: number): void {
    this.highWatermark = offset;
  }

  append(_records: Buffer, _options: unknown, done: (result: AppendResult) => void): void {
    this.logEndOffset++;
    this.waiting.push((result) => done(result as AppendResult));
  }
}

function partitionOn(log: SlowLog, state = LEADER): Partition {
  return new Partition({ topic: "t", topicId: "", index: 0, nodeId: 1 }, log as unknown as PartitionLog, state);
}

describe("the high watermark of a leader without followers", () => {
  it("begins at the log end", () => {
    const log = new SlowLog();
    partitionOn(log);
    assert.equal(log.highWatermark, 4);
  });

  it("moves over what is acknowledged, and not over what still waits for its flush", () => {
    const log = new SlowLog();
    const partition = partitionOn(log);
    for (let count = 0; count < 2; count++) partition.append(Buffer.alloc(0), "client", () => {});
    log.waiting[0]!({ errorCode: 0, lastOffset: 4, appendedBytes: 10, duplicate: false });
    assert.deepEqual([log.highWatermark, log.logEndOffset], [5, 6]);
    partition.update({ ...LEADER, partitionEpoch: 1 });
    assert.equal(log.highWatermark, 5);
    log.waiting[1]!({ errorCode: 0, lastOffset: 5, appendedBytes: 10, duplicate: false });
    assert.equal(log.highWatermark, 6);
  });

  it("does not move with an append that failed", () => {
    const log = new SlowLog();
    const partition = partitionOn(log);
    partition.append(Buffer.alloc(0), "client", () => {});
    log.waiting[0]!({ errorCode: 56, lastOffset: -1, appendedBytes: 0, duplicate: false });
    assert.equal(log.highWatermark, 4);
  });

  it("stays while another broker is in sync", () => {
    const log = new SlowLog();
    partitionOn(log, { ...LEADER, replicas: [1, 2], isr: [1, 2] });
    assert.equal(log.highWatermark, 0);
  });
});
