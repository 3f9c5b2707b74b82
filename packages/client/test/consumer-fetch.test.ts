// The pure parts of fetching: what a session sends and expects, which broker is asked for what, and what a partition's answer does.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ZERO_UUID } from "@ottla/base";
import { errorCodes, RecordBatchBuilder } from "@ottla/protocol";
import { applyAnswer } from "../src/consumer/fetch/fetch-answer.ts";
import type { AnswerContext, PartitionAnswer } from "../src/consumer/fetch/fetch-answer.ts";
import { planFetches } from "../src/consumer/fetch/fetch-plan.ts";
import type { BrokerFacts } from "../src/consumer/fetch/fetch-plan.ts";
import { fetchRequest } from "../src/consumer/fetch/fetch-request.ts";
import { FetchSession } from "../src/consumer/fetch/fetch-session.ts";
import type { FetchEntry, SessionRequest } from "../src/consumer/fetch/fetch-session.ts";
import { EARLIEST } from "../src/consumer/offset-reset.ts";
import { PartitionState } from "../src/consumer/partition-state.ts";

const ID = "AAAAAAAAAAAAAAAAAAAAAQ";
const OTHER_ID = "AAAAAAAAAAAAAAAAAAAAAg";

function entry(partition: number, fetchOffset: number, more: Partial<FetchEntry> = {}): FetchEntry {
  const topic = more.topic ?? "orders";
  const base = { topicId: ID, partition, fetchOffset, leaderEpoch: 1, maxBytes: 1_000 };
  return { ...base, name: `${topic}-${partition}`, topic, ...more };
}

function shape({ sessionId, sessionEpoch, toSend, toForget }: SessionRequest): unknown {
  const text = (each: FetchEntry): string => `${each.name}@${each.fetchOffset}`;
  return [sessionId, sessionEpoch, toSend.map(text).join(" "), toForget.map((each) => each.name).join(" ")];
}

function answer(session: FetchSession, sessionId: number, partitions: readonly number[], errorCode = 0): boolean {
  const entries = partitions.map((partition) => session.entry("orders", ID, partition));
  return session.answered({ errorCode, sessionId, throttleTimeMs: 0, partitions: entries }).usable;
}

describe("a fetch session (KIP-227)", () => {
  test("begins in full, then names what changed, and what is forgotten", () => {
    const session = new FetchSession();
    assert.deepEqual(shape(session.next([entry(0, 10), entry(1, 20)])), [0, 0, "orders-0@10 orders-1@20", ""]);
    assert.ok(answer(session, 99, [0, 1]));
    assert.deepEqual(shape(session.next([entry(0, 15), entry(1, 20)])), [99, 1, "orders-0@15", ""]);
    assert.ok(answer(session, 99, [0]));
    assert.deepEqual(shape(session.next([entry(1, 20), entry(2, 0)])), [99, 2, "orders-2@0", "orders-0"]);
    assert.ok(answer(session, 99, []));
    assert.deepEqual(shape(session.next([entry(1, 20), entry(2, 0)])), [99, 3, "", ""]);
    assert.deepEqual(shape(session.end()!), [99, -1, "", ""]);
  });

  test("a new leader epoch or byte limit names the partition anew", () => {
    const session = new FetchSession();
    session.next([entry(0, 10)]);
    answer(session, 7, [0]);
    assert.deepEqual(shape(session.next([entry(0, 10, { leaderEpoch: 2 })])), [7, 1, "orders-0@10", ""]);
    answer(session, 7, []);
    assert.deepEqual(shape(session.next([entry(0, 10, { leaderEpoch: 2, maxBytes: 1 })])), [7, 2, "orders-0@10", ""]);
  });

  test("a topic that was made anew is forgotten by its old id and sent by its new one (KIP-516)", () => {
    const session = new FetchSession();
    session.next([entry(0, 10)]);
    answer(session, 7, [0]);
    const request = session.next([entry(0, 0, { topicId: OTHER_ID })]);
    assert.deepEqual(shape(request), [7, 1, "orders-0@0", "orders-0"]);
    assert.equal(request.toForget[0]!.topicId, ID);
  });

  test("a topic without an id keeps the request to names", () => {
    const session = new FetchSession();
    assert.ok(session.next([entry(0, 0)]).usesTopicIds);
    assert.ok(!session.next([entry(0, 0), entry(0, 0, { topic: "old", topicId: ZERO_UUID })]).usesTopicIds);
  });

  const failures: { name: string; after: (session: FetchSession) => unknown; next: unknown }[] = [
    {
      name: "FETCH_SESSION_ID_NOT_FOUND: begins anew without an id",
      after: (session) => assert.ok(!answer(session, 0, [], errorCodes.FETCH_SESSION_ID_NOT_FOUND)),
      next: [0, 0, "orders-0@10", ""],
    },
    {
      name: "INVALID_FETCH_SESSION_EPOCH: ends the session and begins another in one request",
      after: (session) => assert.ok(!answer(session, 0, [], errorCodes.INVALID_FETCH_SESSION_EPOCH)),
      next: [7, 0, "orders-0@10", ""],
    },
    {
      name: "FETCH_SESSION_TOPIC_ID_ERROR: begins anew, and metadata are asked for",
      after: (session) => {
        const errorCode = errorCodes.FETCH_SESSION_TOPIC_ID_ERROR;
        const verdict = session.answered({ errorCode, sessionId: 0, throttleTimeMs: 0, partitions: [] });
        assert.deepEqual({ ...verdict, reason: "" }, { usable: false, reason: "", refreshMetadata: true });
      },
      next: [7, 0, "orders-0@10", ""],
    },
    {
      name: "a lost request: the broker may or may not have seen it",
      after: (session) => session.failed(),
      next: [7, 0, "orders-0@10", ""],
    },
    {
      name: "an answer with a partition that was not asked for",
      after: (session) => assert.ok(!answer(session, 7, [0, 5])),
      next: [7, 0, "orders-0@10", ""],
    },
    {
      name: "the broker closed the session",
      after: (session) => assert.ok(answer(session, 0, [0])),
      next: [0, 0, "orders-0@10", ""],
    },
  ];
  for (const { name, after, next } of failures) {
    test(`incremental, ${name}`, () => {
      const session = new FetchSession();
      session.next([entry(0, 5)]);
      answer(session, 7, [0]);
      session.next([entry(0, 10)]);
      after(session);
      assert.deepEqual(shape(session.next([entry(0, 10)])), next);
    });
  }

  test("a broker without sessions (id 0) is always asked in full", () => {
    const session = new FetchSession();
    session.next([entry(0, 5)]);
    assert.ok(answer(session, 0, [0]));
    assert.deepEqual(shape(session.next([entry(0, 5)])), [0, 0, "orders-0@5", ""]);
    assert.equal(session.end(), null);
  });

  test("an empty answer to a full request is a throttled one (KIP-219), and no answer when nothing throttles", () => {
    for (const throttleTimeMs of [100, 0]) {
      const session = new FetchSession();
      session.next([entry(0, 5)]);
      const verdict = session.answered({ errorCode: 0, sessionId: 0, throttleTimeMs, partitions: [] });
      assert.equal(verdict.usable, false);
      assert.deepEqual(shape(session.next([entry(0, 5)])), [0, 0, "orders-0@5", ""]);
    }
  });

  test("the request groups by topic, with names and ids both, of which each version writes one", () => {
    const session = new FetchSession();
    const wanted = [entry(0, 1), entry(0, 2, { topic: "other", topicId: OTHER_ID }), entry(1, 3)];
    const limits = { maxWaitMs: 5, minBytes: 1, maxBytes: 10, readCommitted: true, rack: "a" };
    const request = fetchRequest(session.next(wanted), limits);
    assert.equal(request.isolationLevel, 1);
    assert.equal(request.rackId, "a");
    assert.deepEqual(
      request.topics.map(({ topic, topicId, partitions }) => [
        topic,
        topicId,
        partitions.map((each) => each.partition),
      ]),
      [
        ["orders", ID, [0, 1]],
        ["other", OTHER_ID, [0]],
      ],
    );
  });
});

function fetching(partition: number, leaderId = 1): PartitionState {
  const state = new PartitionState({ topic: "orders", partition });
  state.seek({ offset: 0, leaderEpoch: -1 }, { validate: false });
  state.setLeader(leaderId, 1);
  return state;
}

/** As if it had fetched so many bytes that the application has not read. */
function ahead(state: PartitionState, bytes: number): PartitionState {
  state.bufferedBytes += bytes;
  const end = { offset: 1, leaderEpoch: 1, at: bytes, isCorrupt: false };
  state.chunks.push({ sizeInBytes: bytes, end } as (typeof state.chunks)[number]);
  return state;
}

describe("which broker is asked for what", () => {
  const limits = { maxPartitionFetchBytes: 100, fetchMaxBytes: 1_000, prefetchBytes: 1_000 };
  const brokers: BrokerFacts = { isReady: () => true, isOnline: () => true };
  const idle = { ms: 0, bytesUnderWay: 0, bytesBuffered: 0 };
  const shapeOf = (states: PartitionState[], now = idle, facts = brokers, limit = limits): unknown =>
    planFetches(states, now, limit, facts).fetches.map(({ nodeId, states: asked, maxBytes }) => [
      nodeId,
      asked.map((state) => state.partition).join(","),
      maxBytes,
    ]);

  test("leaders, in the order of the partitions, each with its share of the budget", () => {
    const states = [fetching(0), fetching(1, 2), fetching(2)];
    assert.deepEqual(shapeOf(states), [
      [1, "0,2", 200],
      [2, "1", 100],
    ]);
  });

  test("one that is paused, held, revoked, without a position, or with an error to tell is not asked for", () => {
    const states = [0, 1, 2, 3, 4, 5].map((partition) => fetching(partition));
    states[0]!.paused = true;
    states[1]!.held = true;
    states[2]!.revoked = true;
    states[3]!.reset(EARLIEST);
    states[4]!.error = new Error("told first") as never;
    assert.deepEqual(shapeOf(states), [[1, "5", 100]]);
  });

  test("fetching goes on while the application has one chunk, and ends when enough is ahead", () => {
    const state = ahead(fetching(0), 100);
    assert.deepEqual(shapeOf([state]), [[1, "0", 100]]);
    assert.deepEqual(shapeOf([ahead(state, 100)]), []);
  });

  test("a broker with a partition that has enough ahead is not asked for the others: the long poll would hold it up", () => {
    const hot = ahead(ahead(fetching(0), 100), 100);
    assert.deepEqual(shapeOf([hot, fetching(1), fetching(2, 2)]), [[2, "2", 100]]);
  });

  test("but it is when a slow handler is what keeps that partition (noisy neighbour)", () => {
    const hot = ahead(ahead(fetching(0), 100), 100);
    hot.busy = true;
    assert.deepEqual(shapeOf([hot, fetching(1)]), [[1, "1", 100]]);
  });

  test("what is buffered and under way stays within the budget", () => {
    const states = [fetching(0), fetching(1, 2), fetching(2, 3)];
    assert.deepEqual(shapeOf(states, { ms: 0, bytesUnderWay: 500, bytesBuffered: 350 }), [[1, "0", 100]]);
    assert.deepEqual(shapeOf(states, { ms: 0, bytesUnderWay: 500, bytesBuffered: 450 }), []);
  });

  test("a budget smaller than one partition's limit still fetches, one broker at a time", () => {
    const small = { ...limits, prefetchBytes: 10 };
    assert.deepEqual(shapeOf([fetching(0), fetching(1, 2)], idle, brokers, small), [[1, "0", 10]]);
  });

  test("a broker that is busy, backing off or throttling is left alone", () => {
    const facts = { ...brokers, isReady: (nodeId: number) => nodeId === 2 };
    assert.deepEqual(shapeOf([fetching(0), fetching(1, 2)], idle, facts), [[2, "1", 100]]);
  });

  test("a partition without a leader asks for metadata; one that failed waits", () => {
    const waiting = fetching(1);
    waiting.retryAtMs = 50;
    const plan = planFetches([fetching(0, -1), waiting], idle, limits, brokers);
    assert.deepEqual([plan.fetches.length, plan.needsMetadata, plan.wakeAtMs], [0, true, 50]);
  });

  test("the preferred replica is read from until it expires or goes offline (KIP-392)", () => {
    const state = fetching(0);
    state.prefer(3, 100);
    assert.deepEqual(shapeOf([state]), [[3, "0", 100]]);
    assert.deepEqual(shapeOf([state], { ...idle, ms: 101 }), [[1, "0", 100]]);
    state.prefer(3, 500);
    assert.deepEqual(shapeOf([state], idle, { ...brokers, isOnline: () => false }), [[1, "0", 100]]);
    assert.equal(state.preferredReplica, -1);
  });
});

describe("what a partition's answer does", () => {
  const context: AnswerContext = {
    decode: { checkCrcs: true, readCommitted: false, maxDecompressedBatchBytes: 1_000_000 },
    nowMs: 10,
    preferUntilMs: 300_010,
    retryAtMs: 110,
    reset: EARLIEST,
  };
  const answerOf = (more: Partial<PartitionAnswer>): PartitionAnswer => ({
    partitionIndex: 0,
    errorCode: 0,
    highWatermark: 100,
    lastStableOffset: 90,
    logStartOffset: 5,
    divergingEpoch: { epoch: -1, endOffset: -1 },
    currentLeader: { leaderId: -1, leaderEpoch: -1 },
    snapshotId: { endOffset: -1, epoch: -1 },
    abortedTransactions: null,
    preferredReadReplica: -1,
    records: null,
    ...more,
  });
  const batchOf = (baseOffset: number): Buffer => {
    const builder = new RecordBatchBuilder({ baseOffset, partitionLeaderEpoch: 4 });
    builder.append({ timestamp: 1, value: Buffer.from("a") });
    return builder.build();
  };

  test("records come behind those that are there, and the next fetch goes on behind them", () => {
    const state = fetching(0);
    assert.equal(applyAnswer(state, answerOf({ records: batchOf(0) }), context).kind, "data");
    assert.equal(applyAnswer(state, answerOf({ records: batchOf(1) }), context).kind, "data");
    assert.deepEqual([state.position, state.fetchOffset, state.fetchEpoch, state.chunks.length], [0, 2, 4, 2]);
    assert.deepEqual([state.highWatermark, state.lastStableOffset, state.logStartOffset], [100, 90, 5]);
  });

  test("the replica that the leader prefers is remembered", () => {
    const state = fetching(0);
    applyAnswer(state, answerOf({ preferredReadReplica: 3 }), context);
    assert.deepEqual([state.readReplica(300_010), state.readReplica(300_011)], [3, 1]);
  });

  for (const name of [
    "NOT_LEADER_OR_FOLLOWER",
    "FENCED_LEADER_EPOCH",
    "UNKNOWN_TOPIC_OR_PARTITION",
    "UNKNOWN_TOPIC_ID",
    "INCONSISTENT_TOPIC_ID",
    "REPLICA_NOT_AVAILABLE",
    "KAFKA_STORAGE_ERROR",
    "OFFSET_NOT_AVAILABLE",
  ] as const) {
    test(`${name}: metadata are asked for, the partition waits, the position stays`, () => {
      const state = fetching(0);
      state.prefer(3, 1_000);
      assert.equal(applyAnswer(state, answerOf({ errorCode: errorCodes[name] }), context).kind, "refreshMetadata");
      assert.deepEqual(
        [state.retryAtMs, state.position, state.phase, state.preferredReplica],
        [110, 0, "fetching", -1],
      );
    });
  }

  for (const name of ["UNKNOWN_LEADER_EPOCH", "UNKNOWN_SERVER_ERROR"] as const) {
    test(`${name}: tried again after a while`, () => {
      const state = fetching(0);
      assert.equal(applyAnswer(state, answerOf({ errorCode: errorCodes[name] }), context).kind, "nothing");
      assert.equal(state.retryAtMs, 110);
    });
  }

  test("OFFSET_OUT_OF_RANGE: the position is reset", () => {
    const state = fetching(0);
    const effect = applyAnswer(state, answerOf({ errorCode: errorCodes.OFFSET_OUT_OF_RANGE }), context);
    assert.deepEqual([effect.kind, state.phase, state.resetTarget], ["findPosition", "resetting", EARLIEST]);
  });

  test("OFFSET_OUT_OF_RANGE without a reset: the application is told, and the position stays", () => {
    const state = fetching(0);
    applyAnswer(state, answerOf({ errorCode: errorCodes.OFFSET_OUT_OF_RANGE }), { ...context, reset: null });
    assert.deepEqual([state.error?.code, state.position, state.isDeliverable], ["NO_OFFSET", 0, false]);
  });

  test("OFFSET_OUT_OF_RANGE from a follower: back to the leader, no reset", () => {
    const state = fetching(0);
    state.prefer(3, 1_000);
    applyAnswer(state, answerOf({ errorCode: errorCodes.OFFSET_OUT_OF_RANGE }), context);
    assert.deepEqual([state.phase, state.readReplica(0)], ["fetching", 1]);
  });

  test("OFFSET_OUT_OF_RANGE of a fetch ahead: what was fetched before comes first", () => {
    const state = ahead(fetching(0), 10);
    applyAnswer(state, answerOf({ errorCode: errorCodes.OFFSET_OUT_OF_RANGE }), context);
    assert.deepEqual([state.phase, state.chunks.length, state.retryAtMs], ["fetching", 1, 110]);
  });

  for (const [name, code] of [
    ["TOPIC_AUTHORIZATION_FAILED", "TOPIC_AUTHORIZATION_FAILED"],
    ["CORRUPT_MESSAGE", "CORRUPT_RECORD"],
    ["UNSUPPORTED_COMPRESSION_TYPE", "UNSUPPORTED_COMPRESSION_TYPE"],
  ] as const) {
    test(`${name}: the application is told ${code}`, () => {
      const state = fetching(0);
      assert.equal(applyAnswer(state, answerOf({ errorCode: errorCodes[name] }), context).kind, "raise");
      assert.equal(state.error?.code, code);
    });
  }

  test("bytes without a whole batch are an error, not an endless loop", () => {
    const state = fetching(0);
    applyAnswer(state, answerOf({ records: batchOf(0).subarray(0, 30) }), context);
    assert.equal(state.error?.code, "CORRUPT_RECORD");
  });
});
