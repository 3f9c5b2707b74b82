// The checks of the soak see what they are for: a history that keeps every promise, and the same with one violation planted each.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { describe, test } from "node:test";
import { checkSoak } from "../sim/soak-checks.ts";
import { SoakHistory, valueOf } from "../sim/soak-history.ts";
import { LeakWatch } from "../sim/soak-leaks.ts";
import type { Handling, LoggedRecord, Ownership, SentRecord, SoakTransaction } from "../sim/soak-history.ts";

/** Two members share a group at each isolation level; the first gives orders-0 to the second after two of four records. */
class Sound extends SoakHistory {
  readonly committed: SoakTransaction = { producer: "t", commitAsked: null, told: "committed" };
  readonly aborted: SoakTransaction = { producer: "t", commitAsked: null, told: "aborted" };
  readonly all: LoggedRecord[] = [];
  readonly first: Ownership;
  readonly second: Ownership;

  constructor() {
    super();
    this.groups.push({ id: "all", topics: ["orders"], readCommitted: false });
    this.groups.push({ id: "settled", topics: ["orders"], readCommitted: true });
    this.transactions.push(this.committed, this.aborted);
    this.write("p", 0, null);
    this.write("t", 0, this.committed);
    this.write("t", 1, this.aborted);
    this.write("p", 1, null);
    this.committed.commitAsked = this.tick();
    this.log.set("orders-0", this.all);
    this.first = this.own("all", "one");
    this.handle("all", "one", 0);
    this.handle("all", "one", 1);
    this.read("all", 2);
    Object.assign(this.first, { ended: this.tick(), how: "revoked" });
    this.second = this.own("all", "two");
    this.handle("all", "two", 2);
    this.handle("all", "two", 3);
    this.read("all", 4);
    this.own("settled", "three");
    for (const offset of [0, 1, 3]) this.handle("settled", "three", offset);
    this.read("settled", 4);
    this.closings.push({ what: "closing two", boundMs: 1_000, tookMs: 900, stalledMs: 0 });
  }

  write(producer: string, number: number, transaction: SoakTransaction | null): SentRecord {
    const offset = this.all.length;
    const sent: SentRecord = { producer, number, topic: "orders", transaction, outcome: { partition: 0, offset } };
    this.sent.push(sent);
    this.all.push({ offset, value: valueOf(sent), isCommitted: transaction !== this.aborted });
    return sent;
  }

  own(group: string, member: string): Ownership {
    const begun = this.tick();
    const ownership: Ownership = { group, member, partition: "orders-0", begun, ended: null, how: null };
    this.ownerships.push(ownership);
    return ownership;
  }

  handle(group: string, member: string, offset: number, lane = member): Handling {
    const { value } = this.all[offset]!;
    const begun = this.tick();
    const ended = this.tick();
    const handling = { offset, value, member, lane, delivered: begun, begun, ended, isDone: true };
    this.handled(group, "orders-0", handling);
    return handling;
  }

  read(group: string, offset: number): void {
    this.readings.push({ group, partition: "orders-0", offset, asked: this.tick(), answered: this.tick() });
  }

  handlingsOf(group: string): Handling[] {
    return this.handlings.get(group)!.get("orders-0")!;
  }
}

const violations: readonly (readonly [name: string, plant: (history: Sound) => void, sentence: RegExp])[] = [
  ["a record is lost", ({ all }) => void all.pop(), /p:1 was acknowledged at orders-0@3, where there is nothing/],
  [
    "another record is where it was acknowledged",
    ({ sent }) => void (sent[0]!.outcome = { partition: 0, offset: 1 }),
    /p:0 was acknowledged at orders-0@1, where there is t:0/,
  ],
  [
    "a record is there twice",
    ({ all }) => void all.push({ offset: 4, value: "p:0", isCommitted: true }),
    /p:0 is at orders-0@0 and at orders-0@4/,
  ],
  [
    "records are reordered",
    ({ sent, all }) => {
      sent[0]!.outcome = { partition: 0, offset: 3 };
      sent[3]!.outcome = { partition: 0, offset: 0 };
      Object.assign(all[0]!, { value: "p:1" });
      Object.assign(all[3]!, { value: "p:0" });
    },
    /p in orders-0: number 0 is at 3, number 1 at 0/,
  ],
  [
    "a record comes from nowhere",
    ({ all }) => void all.push({ offset: 4, value: "x:0", isCommitted: true }),
    /x:0 is at orders-0@4/,
  ],
  [
    "a committed transaction is not visible",
    ({ all }) => void Object.assign(all[1]!, { isCommitted: false }),
    /was committed, and 0 of 1 records are visible/,
  ],
  [
    "an aborted transaction is visible",
    ({ all }) => void Object.assign(all[2]!, { isCommitted: true }),
    /was aborted, and 1 records are visible/,
  ],
  [
    "a transaction of unknown fate is visible in part",
    (history) => {
      history.committed.told = "unknown";
      history.write("t", 2, history.committed);
      Object.assign(history.all[4]!, { isCommitted: false });
    },
    /is visible in part: 1 of 2/,
  ],
  [
    "a transaction is visible that nobody committed",
    ({ committed }) => Object.assign(committed, { told: "unknown", commitAsked: null }),
    /is visible, and nobody asked for its commit/,
  ],
  [
    "close takes too long",
    ({ closings }) => void closings.push({ what: "closing one", boundMs: 1_000, tookMs: 2_600, stalledMs: 500 }),
    /closing one took 2600 ms, 500 of them without a turn; its bound is 1000 ms/,
  ],
  ["something else", (history) => history.fault("a leak"), /nothing else went wrong: a leak/],
  [
    "a record is never handled",
    (history) => void history.handlingsOf("settled").pop(),
    /settled never handled p:1 at orders-0@3/,
  ],
  [
    "a handler threw, and the record did not come again",
    (history) => void (history.handlingsOf("all")[3]!.isDone = false),
    /all never handled p:1 at orders-0@3/,
  ],
  [
    "a record has another value",
    (history) => void Object.assign(history.handlingsOf("all")[0]!, { value: "p:1" }),
    /all got p:1 at orders-0@0, where there is another/,
  ],
  [
    "two members own a partition",
    ({ first, second }) => void (first.ended = second.begun + 1),
    /orders-0 of all was given to two while one had it/,
  ],
  [
    "a record goes to a member that gave its partition back",
    (history) => void history.handle("all", "one", 3, "late"),
    /one got orders-0@3 after the partition was revoked/,
  ],
  [
    "a record goes to a member that never had the partition",
    (history) => void history.handle("all", "four", 3),
    /four got orders-0@3 and never had the partition/,
  ],
  [
    "a partition is given back with a record in work",
    (history) => void (history.handlingsOf("all")[1]!.ended = history.tick()),
    /one had orders-0@1 in work when it gave the partition back/,
  ],
  [
    "a record comes twice to its owner",
    (history) => void history.handle("all", "two", 3),
    /two of all got orders-0@3 after 3/,
  ],
  [
    "a record comes while the one before it is in work",
    (history) => {
      const before = history.handle("settled", "three", 3, "lane");
      history.write("p", 2, null);
      history.handle("all", "two", 4);
      history.handle("settled", "three", 4, "lane");
      before.ended = history.tick();
    },
    /three of settled got orders-0@4 while 3 was in work/,
  ],
  [
    "a commit is ahead of what was handled",
    (history) => {
      history.write("p", 2, null);
      history.read("all", 5);
      history.handle("all", "two", 4);
      history.handle("settled", "three", 4);
    },
    /all had committed orders-0@5, and 4 was not handled/,
  ],
  [
    "a committed offset goes back",
    (history) => history.read("all", 1),
    /orders-0 of all was committed up to 4, and then up to 1/,
  ],
  [
    "an aborted record is shown",
    (history) => void history.handle("settled", "three", 2, "another"),
    /settled was shown t:1 at orders-0@2, which was aborted/,
  ],
  [
    "an open record is shown",
    (history) => void (history.committed.commitAsked = history.tick()),
    /settled was shown t:0 at orders-0@1, which was open/,
  ],
];

describe("the watch for leaks", () => {
  const leaks: readonly (readonly [name: string, leak: () => Promise<() => void>, sentence: RegExp])[] = [
    [
      "a timer",
      async () => {
        const timer = setTimeout(() => {}, 60_000);
        return () => clearTimeout(timer);
      },
      /a leak: \d+ Timeout/,
    ],
    [
      "a socket",
      async () => {
        const server = createServer().listen(0, "127.0.0.1");
        await once(server, "listening");
        return () => void server.close();
      },
      /a leak: \d+ TCPServerWrap|a leak: \d+ TCPSERVERWRAP/i,
    ],
    [
      "a rejection that nobody handles",
      async () => {
        process.emit("unhandledRejection", new Error("nobody looked"), Promise.resolve());
        return () => {};
      },
      /an unhandled rejection: Error: nobody looked/,
    ],
  ];
  for (const [name, leak, sentence] of leaks) {
    test(`planted: ${name}`, async () => {
      const history = new SoakHistory();
      // What the test runner does with a rejection is not what is tried here.
      const others = process.listeners("unhandledRejection");
      process.removeAllListeners("unhandledRejection");
      const watch = new LeakWatch(history);
      const mend = await leak();
      await watch.end(0);
      for (const other of others) process.on("unhandledRejection", other);
      mend();
      assert.match(history.faults.join("\n"), sentence);
    });
  }

  test("nothing is left", async () => {
    const history = new SoakHistory();
    await new LeakWatch(history).end(0);
    assert.deepEqual(history.faults, []);
  });
});

describe("the checks of the soak", () => {
  test("what nobody can help is excused: a process without a turn, a member without a session", () => {
    const history = new Sound();
    history.closings.push({ what: "closing one", boundMs: 1_000, tookMs: 2_600, stalledMs: 700 });
    Object.assign(history.first, { ended: history.second.begun + 1, isSilent: true });
    const owners = checkSoak(history).filter((sentence) => !sentence.startsWith("only the owner"));
    assert.deepEqual(owners, []);
  });

  test("a sound history keeps every promise", () => {
    assert.deepEqual(checkSoak(new Sound()), []);
  });

  test("who lost a partition may hear of it after the next owner", () => {
    const history = new Sound();
    Object.assign(history.first, { how: "lost", ended: history.second.begun + 1 });
    assert.deepEqual(checkSoak(history), []);
  });

  test("a record that failed may be there or not", () => {
    const history = new Sound();
    history.sent[3]!.outcome = "failed";
    history.sent.push({ producer: "p", number: 9, topic: "orders", transaction: null, outcome: "failed" });
    assert.deepEqual(checkSoak(history), []);
  });

  for (const [name, plant, sentence] of violations) {
    test(`planted: ${name}`, () => {
      const history = new Sound();
      plant(history);
      assert.match(checkSoak(history).join("\n"), sentence);
    });
  }
});
