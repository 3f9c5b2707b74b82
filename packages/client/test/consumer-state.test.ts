// Positions, what is in work, what may be committed, resets and truncation: tables and scripts without a broker.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { offsetsToCommit } from "../src/consumer/commit/commit-tracker.ts";
import { resolveConsumerOptions } from "../src/consumer/consumer-options.ts";
import type { ConsumerOptions } from "../src/consumer/consumer-options.ts";
import { EARLIEST, parseOffsetReset, timestampOf } from "../src/consumer/offset-reset.ts";
import { PartitionState } from "../src/consumer/partition-state.ts";
import { PartitionTable } from "../src/consumer/partition-table.ts";
import { applyEpochEnd } from "../src/consumer/positions/truncation.ts";
import { WorkWindow } from "../src/consumer/work-window.ts";
import { ConfigError } from "../src/errors.ts";

describe("what is in work", () => {
  test("records may finish in any order: the oldest unfinished one bounds the commit", () => {
    const window = new WorkWindow();
    for (const offset of [10, 11, 15, 16]) window.begin(offset, offset - 1);
    const oldest = (finished: number): [number, number] => {
      window.finish(finished);
      return [window.oldestOffset, window.oldestEpoch];
    };
    assert.deepEqual(oldest(15), [10, 9]);
    assert.deepEqual(oldest(10), [11, 10]);
    assert.deepEqual(oldest(11), [16, 15]);
    assert.deepEqual(oldest(16), [-1, -1]);
  });

  test("finishing twice, or what was never in work, does nothing", () => {
    const window = new WorkWindow();
    window.begin(1, -1);
    window.begin(2, -1);
    window.finish(2);
    window.finish(2);
    window.finish(7);
    assert.deepEqual([window.count, window.oldestOffset], [1, 1]);
  });

  test("a record that is set aside is waited for by nobody, and is not finished", () => {
    const window = new WorkWindow();
    let idle = 0;
    window.begin(1, -1);
    window.begin(2, -1);
    window.onIdle(() => idle++);
    window.finish(2);
    assert.equal(idle, 0);
    window.setAside(1);
    assert.deepEqual([idle, window.count, window.activeCount, window.oldestOffset], [1, 1, 0, 1]);
    window.finish(1);
    assert.deepEqual([window.count, window.activeCount], [0, 0]);
  });

  test("thousands in work at a time stay right", () => {
    const window = new WorkWindow();
    for (let offset = 0; offset < 3_000; offset++) window.begin(offset, -1);
    for (let offset = 2_999; offset > 0; offset -= 2) window.finish(offset);
    assert.equal(window.oldestOffset, 0);
    for (let offset = 0; offset < 1_000; offset += 2) window.finish(offset);
    assert.deepEqual([window.oldestOffset, window.count], [1_000, 1_000]);
    window.finishThrough(2_500);
    assert.deepEqual([window.oldestOffset, window.count], [2_502, 249]);
  });
});

function at(offset: number, leaderEpoch = -1): PartitionState {
  const state = new PartitionState({ topic: "orders", partition: 0 });
  state.setLeader(1, 5);
  state.seek({ offset, leaderEpoch }, { validate: false });
  return state;
}

describe("what is committed", () => {
  test("offset + 1 of what is done, with its leader epoch; nothing that is committed already", () => {
    const state = at(7, 3);
    assert.deepEqual(offsetsToCommit([state]), [{ topic: "orders", partition: 0, offset: 7, leaderEpoch: 3 }]);
    state.committed = 7;
    assert.deepEqual(offsetsToCommit([state]), []);
    state.window.begin(7, 3);
    state.position = 8;
    state.positionEpoch = 4;
    assert.deepEqual(offsetsToCommit([state]), [], "a record in work is not committed");
    state.window.finish(7);
    assert.deepEqual(offsetsToCommit([state]), [{ topic: "orders", partition: 0, offset: 8, leaderEpoch: 4 }]);
  });

  test("a position that was passed over control records alone is committed too", () => {
    const state = at(7);
    state.committed = 7;
    state.position = 9;
    assert.deepEqual(offsetsToCommit([state]), [{ topic: "orders", partition: 0, offset: 9 }]);
  });

  test("partitions without a position have nothing to commit", () => {
    const state = at(7);
    state.reset(EARLIEST);
    assert.deepEqual(offsetsToCommit([state, new PartitionState({ topic: "orders", partition: 1 })]), []);
  });

  test("a record from before a seek does not finish one from after it", () => {
    const state = at(0);
    const before = state.window;
    before.begin(5, -1);
    state.seek({ offset: 5, leaderEpoch: -1 }, { validate: false });
    state.window.begin(5, -1);
    state.position = 6;
    before.finish(5);
    assert.equal(state.committable()!.offset, 5);
  });

  test("a revocation waits for records from before a seek as well", async () => {
    const state = at(0);
    const before = state.window;
    before.begin(5, -1);
    state.seek({ offset: 9, leaderEpoch: -1 }, { validate: false });
    let isIdle = false;
    const idle = state.idle().then(() => (isIdle = true));
    await Promise.resolve();
    assert.ok(!isIdle);
    before.finish(5);
    await idle;
  });
});

describe("positions", () => {
  test("a new leader has to confirm a position whose epoch is known (KIP-320)", () => {
    const state = at(10, 4);
    const { version } = state;
    assert.ok(state.setLeader(2, 6));
    assert.deepEqual([state.phase, state.isDeliverable], ["validating", false]);
    assert.ok(state.version > version, "answers of the old leader are dropped");
    state.validated();
    assert.ok(state.isDeliverable);
    assert.ok(!state.setLeader(2, 6));
  });

  test("without an epoch there is nothing to confirm", () => {
    const state = at(10);
    state.setLeader(2, 6);
    assert.equal(state.phase, "fetching");
  });

  const truncations: {
    name: string;
    position: number;
    fetchOffset: number;
    end: { offset: number; leaderEpoch: number };
    reset?: null;
    expected: [phase: string, position: number, fetchOffset: number, error: string | undefined];
  }[] = [
    {
      name: "the log reaches further: it stands",
      position: 10,
      fetchOffset: 20,
      end: { offset: 25, leaderEpoch: 4 },
      expected: ["fetching", 10, 20, undefined],
    },
    {
      name: "the log ends at it: it stands",
      position: 10,
      fetchOffset: 20,
      end: { offset: 20, leaderEpoch: 4 },
      expected: ["fetching", 10, 20, undefined],
    },
    {
      name: "what was fetched ahead was cut off: it is fetched again, the application notices nothing",
      position: 10,
      fetchOffset: 20,
      end: { offset: 15, leaderEpoch: 4 },
      reset: null,
      expected: ["fetching", 10, 10, undefined],
    },
    {
      name: "what was read was cut off: back to where the logs part",
      position: 10,
      fetchOffset: 20,
      end: { offset: 6, leaderEpoch: 3 },
      expected: ["fetching", 6, 6, undefined],
    },
    {
      name: "what was read was cut off, without a reset: the application is told",
      position: 10,
      fetchOffset: 20,
      end: { offset: 6, leaderEpoch: 3 },
      reset: null,
      expected: ["validating", 10, 20, "LOG_TRUNCATION"],
    },
    {
      name: "the leader does not know the epoch: reset",
      position: 10,
      fetchOffset: 10,
      end: { offset: -1, leaderEpoch: -1 },
      expected: ["resetting", -1, -1, undefined],
    },
    {
      name: "the leader does not know the epoch, without a reset: the application is told",
      position: 10,
      fetchOffset: 10,
      end: { offset: -1, leaderEpoch: -1 },
      reset: null,
      expected: ["validating", 10, 10, "LOG_TRUNCATION"],
    },
  ];
  for (const { name, position, fetchOffset, end, reset, expected } of truncations) {
    test(`truncation: ${name}`, () => {
      const state = at(position, 4);
      state.fetchOffset = fetchOffset;
      state.setLeader(2, 6);
      applyEpochEnd(state, end, reset === null ? null : EARLIEST);
      assert.deepEqual([state.phase, state.position, state.fetchOffset, state.error?.code], expected);
    });
  }

  test("who got records is fetched last", () => {
    const table = new PartitionTable();
    const [first] = [0, 1, 2].map((partition) => table.add({ topic: "orders", partition }));
    table.moveToEnd(first!);
    assert.deepEqual(
      [...table].map(({ partition }) => partition),
      [1, 2, 0],
    );
    assert.deepEqual(table.topics(), ["orders"]);
    table.remove(first!);
    assert.equal(table.get({ topic: "orders", partition: 0 }), undefined);
  });
});

describe("autoOffsetReset", () => {
  const cases: [text: string, expected: unknown][] = [
    ["earliest", -2],
    ["latest", -1],
    ["by_duration:PT1H", 10_000_000 - 3_600_000],
    ["by_duration:P1DT2H3M4.5S", 100_000_000_000 - (86_400_000 + 7_200_000 + 180_000 + 4_500)],
    ["by_duration:P100000D", 0],
  ];
  for (const [text, expected] of cases) {
    test(text, () => {
      const nowMs = text.includes("DT") ? 100_000_000_000 : 10_000_000;
      assert.equal(timestampOf(parseOffsetReset(text)!, nowMs), expected);
    });
  }

  test("none is none", () => assert.equal(parseOffsetReset("none"), null));

  for (const text of [
    "by_duration",
    "by_duration:",
    "by_duration:P",
    "by_duration:PT",
    "by_duration:P1Y",
    "by_duration:-PT1H",
    "sometimes",
  ]) {
    test(`${text} is refused`, () => assert.throws(() => parseOffsetReset(text), ConfigError));
  }
});

describe("options", () => {
  const client = { rack: "b", defaultApiTimeoutMs: 60_000 };

  test("defaults are Kafka's, but for the isolation level", () => {
    const options = resolveConsumerOptions({ groupId: "g" }, client);
    assert.deepEqual(
      [
        options.fetchMinBytes,
        options.fetchMaxBytes,
        options.maxPartitionFetchBytes,
        options.fetchMaxWaitMs,
        options.maxPollRecords,
        options.maxPollIntervalMs,
        options.sessionTimeoutMs,
        options.heartbeatIntervalMs,
        options.autoCommitIntervalMs,
        options.checkCrcs,
        options.reset?.kind,
        options.rack,
      ],
      [1, 52_428_800, 1_048_576, 500, 500, 300_000, 45_000, 3_000, 5_000, true, "latest", "b"],
    );
    assert.deepEqual([options.readCommitted, options.commitsAfterProcessing], [true, true]);
  });

  const refused: [name: string, options: ConsumerOptions][] = [
    ["an empty groupId", { groupId: "" }],
    ["a groupInstanceId without a group", { groupInstanceId: "a" }],
    ["a negative fetchMinBytes", { fetchMinBytes: -1 }],
    ["maxPollRecords of 0", { maxPollRecords: 0 }],
    ["an unknown isolation level", { isolationLevel: "read_all" as never }],
    ["an unknown protocol", { groupId: "g", groupProtocol: "new" as never }],
    ["an unknown way to commit", { groupId: "g", commit: "auto" as never }],
  ];
  for (const [name, options] of refused) {
    test(`${name} is refused`, () => assert.throws(() => resolveConsumerOptions(options, client), ConfigError));
  }
});
