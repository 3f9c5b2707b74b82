// The checks of transactions and groups, tested on histories: one that keeps every promise, and planted violations of each.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TransactionHistory } from "../sim/transaction-history.ts";
import type { KnownTransaction, MemberTold, ReadValue, Told } from "../sim/transaction-history.ts";
import { checkTransactions, transactionChecks } from "../sim/transaction-checks.ts";

const PARTITIONS = ["debits-0", "credits-0"] as const;
const GROUP = "bank";
const SOURCE = "requests-0";

/** Writes histories with few words: two partitions, a group, and the logs that are kept beside them. */
class Story {
  readonly history = new TransactionHistory();
  readonly logs = new Map<string, ReadValue[]>(PARTITIONS.map((partition) => [partition, []]));
  committedOffset = -1;

  takeOver(holder: string, transactionalId = "teller"): void {
    this.history.takeOver({ transactionalId, holder }).ended = this.history.tick();
  }

  /** Values in both partitions, and an offset; with `there` false only the client believes so. */
  begin(name: string, offset = -1, holder = "teller-1", told: Told = "yes", there = true): KnownTransaction {
    const transaction = this.history.begin({ name, transactionalId: "teller", holder });
    for (const partition of PARTITIONS) this.write(transaction, partition, `${partition[0]}${name}`, told, there);
    const place = { group: GROUP, partition: SOURCE, offset };
    if (offset >= 0) this.call(this.history.commitOffset(transaction, place), told);
    return transaction;
  }

  write(
    transaction: KnownTransaction,
    partition: string,
    value: string,
    told: Told = "yes",
    there = told === "yes",
  ): void {
    this.call(this.history.write(transaction, partition, [value]), told);
    const log = this.logs.get(partition)!;
    if (there) log.push({ offset: log.length, value });
  }

  end(transaction: KnownTransaction, committed = true, told: Told = "yes"): KnownTransaction {
    this.call(this.history.askEnd(transaction, committed), told);
    for (const { offset } of committed ? transaction.offsets : []) this.committedOffset = offset;
    if (!committed) {
      for (const [partition, log] of this.logs) {
        const values = transaction.writes.flatMap((write) => write.values);
        this.logs.set(
          partition,
          log.filter(({ value }) => !values.includes(value)),
        );
      }
    }
    return transaction;
  }

  read(partition: string, records: readonly ReadValue[], changes: object = {}): void {
    const end = this.logs.get(partition)!.length;
    const [first, last] = [records[0]?.offset ?? end, records.at(-1)?.offset ?? end - 1];
    const bounds = { fetchOffset: first, nextOffset: last + 1, highWatermark: end, lastStableOffset: end };
    const begun = this.history.tick();
    const whole = { reader: "reader", partition, isolation: "read_committed", ...bounds, records } as const;
    this.history.reads.push({ ...whole, begun, ended: this.history.tick(), ...changes });
  }

  readOffset(offset = this.committedOffset): void {
    const begun = this.history.tick();
    this.history.offsetReadings.push({
      group: GROUP,
      partition: SOURCE,
      offset,
      begun,
      ended: this.history.tick(),
    });
  }

  member(given: Partial<MemberTold>): void {
    const begun = this.history.tick();
    const whole = { group: GROUP, generation: 1, member: "m1", instance: null, partitions: null };
    this.history.members.push({ ...whole, begun, ended: this.history.tick(), ...given });
  }

  memberCommit(given: Partial<MemberTold>, told: Told = "yes"): void {
    const begun = this.history.tick();
    const whole = { group: GROUP, generation: 1, member: "m1", instance: null };
    this.history.memberCommits.push({ ...whole, begun, ended: this.history.tick(), told, ...given });
  }

  late(told: Told, values: string[] = [], mustBeRefused = true): void {
    const begun = this.history.tick();
    this.history.late.push({ what: "a late write", values, mustBeRefused, told, begun, ended: this.history.tick() });
  }

  /** The scans after everything else. */
  finish(): TransactionHistory {
    for (const [partition, records] of this.logs) {
      const length = (records.at(-1)?.offset ?? -1) + 1;
      const bounds = { fetchOffset: 0, nextOffset: length, highWatermark: length, lastStableOffset: length };
      const begun = this.history.tick();
      const whole = { reader: "scan", partition, isolation: "read_committed", ...bounds, records } as const;
      this.history.scans.push({ ...whole, begun, ended: this.history.tick() });
    }
    const begun = this.history.tick();
    const offset = this.committedOffset;
    this.history.finalOffsets.push({ group: GROUP, partition: SOURCE, offset, begun, ended: this.history.tick() });
    return this.history;
  }

  private call(of: Parameters<TransactionHistory["told"]>[0], told: Told = "yes"): void {
    this.history.told(of, this.history.tick(), told);
  }
}

/** Commits, an abort, an answer that was lost, a zombie, a group whose members change: all in order. */
function goodStory(): Story {
  const story = new Story();
  story.takeOver("teller-1");
  story.readOffset();
  story.member({ partitions: [SOURCE] });
  story.end(story.begin("A", 3));
  story.readOffset();
  story.read("debits-0", story.logs.get("debits-0")!.slice(0, 1));
  story.end(story.begin("B", 5), false);
  const lost = story.begin("C", 5);
  story.end(lost, true, "unknown");
  story.readOffset();
  story.takeOver("teller-2");
  story.member({ generation: 2, member: "m2", partitions: [SOURCE] });
  const zombie = story.begin("D", 9, "teller-1", "no", false);
  story.end(zombie, false, "no");
  story.late("no", ["stray"]);
  story.memberCommit({}, "no");
  story.memberCommit({ generation: 2, member: "m2" });
  const reading = story.begin("E", 7, "teller-2");
  reading.readValues.push("dA");
  story.end(reading);
  story.read("credits-0", [...story.logs.get("credits-0")!]);
  story.history.progress.push({ what: "a restart", tookMs: 100, boundMs: 1000 });
  return story;
}

const planted: { fault: number; name: string; plant: (story: Story) => void }[] = [
  {
    fault: 6,
    name: "a reader is shown an aborted record",
    plant(story) {
      const aborted = story.begin("F", 9, "teller-2");
      story.read("debits-0", story.logs.get("debits-0")!.slice(-1));
      story.end(aborted, false);
    },
  },
  {
    fault: 6,
    name: "a transaction is committed whose producer died before it asked for that",
    plant: (story) => void story.begin("F", 9, "teller-2"),
  },
  {
    fault: 6,
    name: "a write that was refused is there",
    plant(story) {
      const transaction = story.begin("F", 9, "teller-2");
      story.write(transaction, "debits-0", "refused", "no", true);
      story.end(transaction);
    },
  },
  {
    fault: 6,
    name: "a value that nobody wrote",
    plant: (story) => void story.logs.get("debits-0")!.push({ offset: 9, value: "noise" }),
  },
  {
    fault: 7,
    name: "a reader is shown a record before its transaction ends",
    plant(story) {
      const transaction = story.begin("F", 9, "teller-2");
      story.read("debits-0", story.logs.get("debits-0")!.slice(-1));
      story.end(transaction);
    },
  },
  {
    fault: 7,
    name: "a last stable offset above the high watermark",
    plant: (story) => story.read("debits-0", [], { lastStableOffset: 99 }),
  },
  {
    fault: 7,
    name: "records beyond the last stable offset",
    plant: (story) =>
      story.read("debits-0", story.logs.get("debits-0")!.slice(0, 1), { lastStableOffset: 0, begun: 0 }),
  },
  {
    fault: 7,
    name: "a last stable offset that goes back",
    plant: (story) => story.read("debits-0", [], { lastStableOffset: 0 }),
  },
  {
    fault: 7,
    name: "a record that appears where a reader had passed",
    plant: (story) => story.read("debits-0", [], { fetchOffset: 0, nextOffset: 1 }),
  },
  {
    fault: 8,
    name: "a committed transaction lacks one of its partitions",
    plant(story) {
      story.end(story.begin("F", 9, "teller-2"));
      story.logs.get("credits-0")!.pop();
    },
  },
  {
    fault: 8,
    name: "a transaction that nobody knows the end of is there by half",
    plant(story) {
      story.end(story.begin("F", 9, "teller-2"), true, "unknown");
      story.logs.get("credits-0")!.pop();
    },
  },
  {
    fault: 8,
    name: "the offset of a transaction that is there is missing",
    plant(story) {
      story.end(story.begin("F", 9, "teller-2"));
      story.committedOffset = 7;
    },
  },
  {
    fault: 8,
    name: "the offset of a transaction that is not there is committed",
    plant(story) {
      story.end(story.begin("F", 9, "teller-2"), true, "unknown");
      for (const log of story.logs.values()) log.pop();
    },
  },
  {
    fault: 9,
    name: "two transactions read each other's writes",
    plant(story) {
      const [one, other] = [story.begin("F", -1, "teller-2"), story.begin("G", -1, "teller-2")];
      one.readValues.push("dG");
      other.readValues.push("dF");
      for (const transaction of [one, other]) story.end(transaction);
    },
  },
  {
    fault: 9,
    name: "a transaction reads what lies behind that of one which it comes before",
    plant(story) {
      const [first, second] = [story.begin("F", -1, "teller-2"), story.history.transactions[0]!];
      story.end(first);
      second.readValues.push("dF");
    },
  },
  {
    fault: 10,
    name: "a zombie's commit is taken",
    plant: (story) => void story.end(story.begin("F", 9, "teller-1")),
  },
  { fault: 10, name: "a late write is acknowledged", plant: (story) => story.late("yes") },
  {
    fault: 10,
    name: "a late write lands in the next transaction",
    plant(story) {
      const transaction = story.begin("F", 9, "teller-2");
      story.late("unknown", ["late"]);
      story.write(transaction, "debits-0", "late");
      story.end(transaction);
    },
  },
  {
    fault: 10,
    name: "a late abort ends the next transaction",
    plant(story) {
      const transaction = story.begin("F", 9, "teller-2", "yes", false);
      story.late("no", [], false);
      story.end(transaction, true, "no");
    },
  },
  {
    fault: 12,
    name: "a committed offset goes back",
    plant(story) {
      story.readOffset(7);
      story.readOffset(5);
    },
  },
  { fault: 12, name: "an offset of a transaction that was not committed", plant: (story) => story.readOffset(9) },
  { fault: 12, name: "a commit of an old generation is taken", plant: (story) => story.memberCommit({}) },
  {
    fault: 12,
    name: "a static member that was replaced commits",
    plant(story) {
      story.member({ generation: 3, member: "m3", instance: "i" });
      story.member({ generation: 3, member: "m4", instance: "i" });
      story.memberCommit({ generation: 3, member: "m3", instance: "i" });
    },
  },
  {
    fault: 12,
    name: "a partition is given to two members of a generation",
    plant: (story) => story.member({ generation: 2, member: "m3", partitions: [SOURCE] }),
  },
  {
    fault: 16,
    name: "a producer that hangs",
    plant: (story) =>
      void story.history.progress.push({ what: "the next transaction", tookMs: Infinity, boundMs: 1000 }),
  },
];

describe("checks of transactions", () => {
  it("say nothing of a history that keeps every promise", () => {
    assert.deepEqual(checkTransactions(goodStory().finish()), []);
  });

  it("let two transactions interleave their writes (G0)", () => {
    const story = goodStory();
    const [one, other] = [story.begin("F", -1, "teller-2"), story.begin("G", -1, "teller-2")];
    story.write(one, "debits-0", "dF2");
    other.readValues.push("dE");
    for (const transaction of [one, other]) story.end(transaction);
    assert.deepEqual(checkTransactions(story.finish()), []);
  });

  it("let a commit without an answer be either, as a whole", () => {
    const story = goodStory();
    const lost = story.begin("F", 9, "teller-2", "yes", false);
    lost.end = { committed: true, asked: story.history.tick(), attempts: [] };
    assert.deepEqual(checkTransactions(story.finish()), []);
  });

  it("let the clock end a transaction", () => {
    const story = goodStory();
    const transaction = story.begin("F", 9, "teller-2", "yes", false);
    story.history.expiries.push({ transactionalId: "teller", begun: story.history.tick() });
    story.end(transaction, true, "no");
    story.committedOffset = 7;
    assert.deepEqual(checkTransactions(story.finish()), []);
  });

  it("let a reset set committed offsets back", () => {
    const story = goodStory();
    story.history.resets.push({ group: GROUP, partition: SOURCE, begun: story.history.tick() });
    story.readOffset(0);
    assert.deepEqual(checkTransactions(story.finish()), []);
  });

  for (const { fault, name, plant } of planted) {
    it(`find fault ${fault}: ${name}`, () => {
      const story = goodStory();
      plant(story);
      const sentences = checkTransactions(story.finish());
      assert.ok(
        sentences.some((sentence) => sentence.startsWith(`fault ${fault}: `)),
        `found: ${sentences.join("; ")}`,
      );
    });
  }

  it("are all tried by a planted violation", () => {
    const tried = new Set<unknown>();
    for (const { fault, plant } of planted) {
      const story = goodStory();
      plant(story);
      const history = story.finish();
      for (const check of transactionChecks)
        if (check.fault === fault && check.check(history).length > 0) tried.add(check);
    }
    assert.deepEqual(
      transactionChecks.filter((check) => !tried.has(check)).map(({ promise }) => promise),
      [],
    );
  });
});
