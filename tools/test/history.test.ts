// The checks of histories, tested on histories: one that keeps every promise, and planted violations of each. A check that does not see
// its violation is worth nothing; one that sees others' as well does not say what is wrong.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { History } from "../sim/history.ts";
import type { SeenRecord, SentBatch } from "../sim/history.ts";
import { checkHistory, historyChecks } from "../sim/history-checks.ts";

const PARTITION = "orders-0";

/** Writes histories with few words: one partition, and a log that is kept beside it. */
class Story {
  readonly history = new History();
  readonly log: SeenRecord[] = [];
  leaderEpoch = 0;
  logStart = 0;

  send(producer: string, values: string[], once = true): SentBatch {
    return this.history.send({ producer, partition: PARTITION, values, once, bytes: 100, timestampMs: 0 });
  }

  /** The broker writes the batch and says so. */
  append(batch: SentBatch): SentBatch {
    const begun = this.history.tick();
    const baseOffset = this.write(batch);
    this.ack(batch, baseOffset, begun);
    return batch;
  }

  write(batch: SentBatch): number {
    const baseOffset = this.log.length;
    for (const value of batch.values) this.log.push({ offset: this.log.length, value, leaderEpoch: this.leaderEpoch });
    return baseOffset;
  }

  ack(batch: SentBatch, baseOffset: number, begun = this.history.tick()): void {
    this.history.answered(batch, begun, { kind: "acked", baseOffset, logStart: this.logStart });
  }

  poll(reader: string, fetchOffset: number, records: SeenRecord[], changes: object = {}): void {
    const { logStart } = this;
    const whole = { reader, fetchOffset, records, logStart, highWatermark: this.log.length, fromNewPosition: false };
    this.history.polled({ partition: PARTITION, begun: this.history.tick(), ...whole, ...changes });
  }

  deleteRecords(offset: number): void {
    this.history.allow(PARTITION, offset);
    const begun = this.history.tick();
    this.logStart = offset;
    this.history.noted(PARTITION, begun, { logStart: offset });
  }

  epochEnd(asked: number, epoch: number, endOffset: number): void {
    this.history.epochEnded({ partition: PARTITION, begun: this.history.tick(), asked, epoch, endOffset });
  }

  restart(): void {
    this.leaderEpoch++;
    this.history.restarted();
  }

  /** The scan after everything else. */
  end(records = this.log.slice(this.logStart)): History {
    const { logStart } = this;
    const begun = this.history.tick();
    const scan = { reader: "scan", partition: PARTITION, begun, ended: this.history.tick(), fetchOffset: logStart };
    this.history.scans.push({ ...scan, logStart, highWatermark: this.log.length, records, fromNewPosition: true });
    return this.history;
  }
}

/** Two producers, a repeat after a restart, a reader, deleted records: all in order. */
function goodStory(): Story {
  const story = new Story();
  story.append(story.send("a", ["a0", "a1"]));
  story.append(story.send("b", ["b0"]));
  story.poll("r", 0, story.log.slice(0, 2));
  const unanswered = story.send("a", ["a2"]);
  const begun = story.history.tick();
  const baseOffset = story.write(unanswered);
  story.history.answered(unanswered, begun, { kind: "lost" });
  story.restart();
  story.ack(unanswered, baseOffset);
  story.epochEnd(0, 0, 4);
  story.append(story.send("b", ["b1", "b2"]));
  story.poll("r", 2, story.log.slice(2, 6));
  story.deleteRecords(3);
  story.history.wasOutOfRange({ partition: PARTITION, begun: story.history.tick(), fetchOffset: 1 });
  return story;
}

const planted: { fault: number; name: string; plant: (story: Story) => History }[] = [
  {
    fault: 1,
    name: "an acknowledged record is gone",
    plant: (story) => {
      story.append(story.send("a", ["a3"]));
      story.log.pop();
      return story.end();
    },
  },
  {
    fault: 1,
    name: "a whole partition is gone",
    plant: (story) => {
      story.end();
      story.history.scans.length = 0;
      return story.history;
    },
  },
  {
    fault: 2,
    name: "an offset that was read holds another value later",
    plant: (story) => {
      story.poll("other", 5, story.log.slice(5, 6));
      const intruder = story.send("c", ["c0"]);
      story.history.answered(intruder, story.history.tick(), { kind: "lost" });
      story.log[5] = { ...story.log[5]!, value: "c0" };
      return story.end();
    },
  },
  {
    fault: 3,
    name: "a repeated batch is there twice",
    plant: (story) => {
      const repeated = story.append(story.send("a", ["a3"]));
      story.write(repeated);
      return story.end();
    },
  },
  {
    fault: 3,
    name: "a repeated batch is acknowledged at another offset",
    plant: (story) => {
      const repeated = story.append(story.send("a", ["a3"]));
      story.ack(repeated, 9);
      return story.end();
    },
  },
  {
    fault: 4,
    name: "a producer's records lie in another order than they were sent",
    plant: (story) => {
      const [first, second] = [story.send("a", ["a3"]), story.send("a", ["a4"])];
      story.ack(second, story.write(second));
      story.ack(first, story.write(first));
      return story.end();
    },
  },
  {
    fault: 4,
    name: "an offset below one that was acknowledged before",
    plant: (story) => {
      const early = story.send("a", ["a3"]);
      const place = story.write(early);
      story.append(story.send("b", ["b3"]));
      const late = story.send("c", ["c0"]);
      story.log[place] = { ...story.log[place]!, value: "c0" };
      story.ack(late, place);
      return story.end();
    },
  },
  {
    fault: 5,
    name: "a poll that skips an offset",
    plant: (story) => {
      story.poll("other", 3, [story.log[3]!, story.log[5]!]);
      return story.end();
    },
  },
  {
    fault: 5,
    name: "a poll whose offsets go back",
    plant: (story) => {
      story.poll("other", 4, [story.log[4]!, story.log[5]!, story.log[4]!]);
      return story.end();
    },
  },
  {
    fault: 5,
    name: "a reader that goes on elsewhere than it stopped",
    plant: (story) => {
      story.append(story.send("a", ["a3", "a4"]));
      story.poll("r", 7, story.log.slice(7, 8));
      return story.end();
    },
  },
  {
    fault: 5,
    name: "records above the high watermark",
    plant: (story) => {
      story.append(story.send("a", ["a3", "a4"]));
      story.poll("other", 7, story.log.slice(7, 8), { highWatermark: 7, begun: 0 });
      return story.end();
    },
  },
  {
    fault: 5,
    name: "nothing where there are records",
    plant: (story) => {
      story.poll("other", 4, []);
      return story.end();
    },
  },
  {
    fault: 6,
    name: "a value that nobody sent",
    plant: (story) => {
      story.log.push({ offset: 6, value: "noise", leaderEpoch: 1 });
      return story.end();
    },
  },
  {
    fault: 6,
    name: "a batch that was refused",
    plant: (story) => {
      const refused = story.send("a", ["a3"]);
      story.history.answered(refused, story.history.tick(), { kind: "refused" });
      story.write(refused);
      return story.end();
    },
  },
  {
    fault: 11,
    name: "a high watermark that goes back",
    plant: (story) => {
      story.history.noted(PARTITION, story.history.tick(), { highWatermark: 5 });
      return story.end();
    },
  },
  {
    fault: 11,
    name: "a log start that goes back",
    plant: (story) => {
      story.history.noted(PARTITION, story.history.tick(), { logStart: 2 });
      return story.end();
    },
  },
  {
    fault: 11,
    name: "a log start above the high watermark",
    plant: (story) => {
      story.history.allow(PARTITION, 9);
      story.history.noted(PARTITION, story.history.tick(), { logStart: 9, highWatermark: 8 });
      return story.end();
    },
  },
  {
    fault: 11,
    name: "a record of an older leader epoch behind one of a newer",
    plant: (story) => {
      story.leaderEpoch = 0;
      story.append(story.send("a", ["a3"]));
      return story.end();
    },
  },
  {
    fault: 11,
    name: "an epoch that ends before its last record",
    plant: (story) => {
      story.epochEnd(0, 0, 3);
      return story.end();
    },
  },
  {
    fault: 11,
    name: "an epoch that ends in the next",
    plant: (story) => {
      story.epochEnd(0, 0, 5);
      return story.end();
    },
  },
  {
    fault: 11,
    name: "an answer that does not know an epoch that there is",
    plant: (story) => {
      story.epochEnd(1, 0, 4);
      return story.end();
    },
  },
  {
    fault: 15,
    name: "a log start beyond what was to go",
    plant: (story) => {
      story.history.noted(PARTITION, story.history.tick(), { logStart: 4 });
      story.logStart = 4;
      return story.end();
    },
  },
  {
    fault: 15,
    name: "records that are out of range before the log start has moved",
    plant: (story) => {
      story.history.wasOutOfRange({ partition: PARTITION, begun: story.history.tick(), fetchOffset: 4 });
      return story.end();
    },
  },
  {
    fault: 15,
    name: "records below a log start that was told",
    plant: (story) => {
      story.poll("other", 2, story.log.slice(2));
      return story.end();
    },
  },
  {
    fault: 17,
    name: "bytes that match no checksum",
    plant: (story) => {
      story.history.garbage.push("the batch at 3 does not match its checksum");
      return story.end();
    },
  },
  {
    fault: 17,
    name: "an acknowledgement after a failed write",
    plant: (story) => {
      const failing = story.send("a", ["a3"]);
      story.history.answered(failing, story.history.tick(), { kind: "failed" });
      story.append(story.send("b", ["b3"]));
      return story.end();
    },
  },
];

describe("checks of histories", () => {
  it("say nothing of a history that keeps every promise", () => {
    assert.deepEqual(checkHistory(goodStory().end()), []);
  });

  it("say nothing of calls that overlap", () => {
    const story = goodStory();
    const [one, other] = [story.send("a", ["a3"]), story.send("b", ["b3"])];
    const begun = story.history.tick();
    story.ack(other, story.write(other), begun);
    story.ack(one, story.write(one), begun);
    // A slow answer names a high watermark that others have seen pass already.
    story.history.noted(PARTITION, begun, { highWatermark: 6, logStart: 3 });
    assert.deepEqual(checkHistory(story.end()), []);
  });

  it("let a producer without idempotence write a batch twice", () => {
    const story = goodStory();
    const repeated = story.append(story.send("plain", ["p0"], false));
    story.ack(repeated, story.write(repeated));
    assert.deepEqual(checkHistory(story.end()), []);
  });

  it("let a partition serve again after a start that followed its failure", () => {
    const story = goodStory();
    const failing = story.send("a", ["a3"]);
    story.history.answered(failing, story.history.tick(), { kind: "failed" });
    story.restart();
    story.append(failing);
    assert.deepEqual(checkHistory(story.end()), []);
  });

  for (const { fault, name, plant } of planted) {
    it(`find fault ${fault}: ${name}`, () => {
      const sentences = checkHistory(plant(goodStory()));
      assert.ok(
        sentences.some((sentence) => sentence.startsWith(`fault ${fault}: `)),
        `found: ${sentences.join("; ")}`,
      );
    });
  }

  it("are all tried by a planted violation", () => {
    const tried = new Set<unknown>();
    for (const { fault, plant } of planted) {
      const history = plant(goodStory());
      for (const check of historyChecks) if (check.fault === fault && check.check(history).length > 0) tried.add(check);
    }
    assert.deepEqual(
      historyChecks.filter((check) => !tried.has(check)).map(({ promise }) => promise),
      [],
    );
  });
});
