// Fetch sessions by KIP-227: epochs, what a request changes, which session gives way when the cache is full.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SeededRandom, ZERO_UUID } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import type { FetchRequest } from "@ottla/protocol/messages/01-fetch.ts";
import { FetchSessionCache, nextEpoch, rotateTarget } from "../src/fetch/session.ts";
import type { FetchPlan } from "../src/fetch/session.ts";

const VERSION_WITH_NAMES = 12;
const VERSION_WITH_IDS = 13;
const noNames = (): string => "";

describe("a fetch session", () => {
  it("begins with epoch 0 and goes on with 1, 2, …; the request then names only changes", () => {
    const cache = newCache(10);
    const first = cache.plan(
      request(0, 0, [
        ["a", 0, 5],
        ["a", 1, 7],
      ]),
      VERSION_WITH_NAMES,
      0,
      noNames,
    );
    assert.equal(first.kind, "full");
    const id = sessionOf(first).id;
    assert.notEqual(id, 0);
    const second = cache.plan(request(id, 1, [["a", 1, 9]]), VERSION_WITH_NAMES, 1, noNames);
    assert.equal(second.kind, "incremental");
    assert.deepEqual(wanted(second), [
      ["a", 0, 5],
      ["a", 1, 9],
    ]);
    const third = cache.plan(request(id, 2, [["b", 0, 0]], [["a", 0]]), VERSION_WITH_NAMES, 2, noNames);
    assert.deepEqual(wanted(third), [
      ["a", 1, 9],
      ["b", 0, 0],
    ]);
  });

  it("is refused with a wrong epoch, an unknown id, or the other way to name topics", () => {
    const cache = newCache(10);
    const { id } = sessionOf(cache.plan(request(0, 0, [["a", 0, 0]]), VERSION_WITH_NAMES, 0, noNames));
    assert.deepEqual(cache.plan(request(id, 7, []), VERSION_WITH_NAMES, 0, noNames), {
      kind: "refused",
      errorCode: errorCodes.INVALID_FETCH_SESSION_EPOCH,
    });
    assert.deepEqual(cache.plan(request(id + 1, 1, []), VERSION_WITH_NAMES, 0, noNames), {
      kind: "refused",
      errorCode: errorCodes.FETCH_SESSION_ID_NOT_FOUND,
    });
    assert.deepEqual(cache.plan(request(id, 1, []), VERSION_WITH_IDS, 0, noNames), {
      kind: "refused",
      errorCode: errorCodes.FETCH_SESSION_TOPIC_ID_ERROR,
    });
  });

  it("ends with epoch -1, which still serves the partitions that the request names", () => {
    const cache = newCache(10);
    const { id } = sessionOf(cache.plan(request(0, 0, [["a", 0, 0]]), VERSION_WITH_NAMES, 0, noNames));
    const last = cache.plan(request(id, -1, [["a", 0, 3]]), VERSION_WITH_NAMES, 0, noNames);
    assert.equal(last.kind, "full");
    assert.deepEqual(wanted(last), [["a", 0, 3]]);
    assert.equal(cache.size, 0);
  });

  it("puts a partition that had data behind the others", () => {
    const cache = newCache(10);
    const session = sessionOf(
      cache.plan(
        request(0, 0, [
          ["a", 0, 0],
          ["a", 1, 0],
        ]),
        VERSION_WITH_NAMES,
        0,
        noNames,
      ),
    );
    rotateTarget(session, session.targets.get("a/0")!);
    assert.deepEqual([...session.targets.keys()], ["a/1", "a/0"]);
  });

  it("learns the name of a topic id that exists only later", () => {
    const cache = newCache(10);
    const id = "ZZZZZZZZZZZZZZZZZZZZZA";
    const session = sessionOf(cache.plan(requestById(0, 0, id), VERSION_WITH_IDS, 0, noNames));
    const next = cache.plan(request(session.id, 1, []), VERSION_WITH_IDS, 0, () => "named");
    assert.deepEqual(wanted(next), [["named", 0, 0]]);
  });

  it("counts epochs from 1 again after the largest int32", () => {
    assert.equal(nextEpoch(1), 2);
    assert.equal(nextEpoch(0x7fff_ffff), 1);
  });
});

describe("a full cache of fetch sessions", () => {
  it("makes no session while all are in use, and none at all with no slots", () => {
    const cache = newCache(1);
    cache.plan(request(0, 0, [["a", 0, 0]]), VERSION_WITH_NAMES, 0, noNames);
    const second = cache.plan(request(0, 0, [["b", 0, 0]]), VERSION_WITH_NAMES, 1000, noNames);
    assert.deepEqual([second.kind, second.kind === "full" ? second.session : undefined], ["full", null]);
    const none = newCache(0).plan(request(0, 0, [["b", 0, 0]]), VERSION_WITH_NAMES, 0, noNames);
    assert.equal(none.kind === "full" ? none.session : undefined, null);
  });

  it("evicts a session that nobody used for two minutes", () => {
    const cache = newCache(1);
    const old = sessionOf(cache.plan(request(0, 0, [["a", 0, 0]]), VERSION_WITH_NAMES, 0, noNames));
    sessionOf(cache.plan(request(0, 0, [["b", 0, 0]]), VERSION_WITH_NAMES, 120_001, noNames));
    const after = cache.plan(request(old.id, 1, []), VERSION_WITH_NAMES, 120_002, noNames);
    assert.deepEqual(after, { kind: "refused", errorCode: errorCodes.FETCH_SESSION_ID_NOT_FOUND });
  });

  it("evicts an old small session for a larger one, never for one of the same size", () => {
    const cache = newCache(1);
    const { id } = sessionOf(cache.plan(request(0, 0, [["a", 0, 0]]), VERSION_WITH_NAMES, 0, noNames));
    cache.plan(request(id, 1, []), VERSION_WITH_NAMES, 100_000, noNames);
    const same = cache.plan(request(0, 0, [["b", 0, 0]]), VERSION_WITH_NAMES, 130_000, noNames);
    assert.equal(same.kind === "full" ? same.session : undefined, null);
    sessionOf(
      cache.plan(
        request(0, 0, [
          ["b", 0, 0],
          ["b", 1, 0],
        ]),
        VERSION_WITH_NAMES,
        130_000,
        noNames,
      ),
    );
  });
});

describe("sessions that remember as many partitions as all may together", () => {
  const partitions = (topic: string, count: number): [string, number, number][] =>
    Array.from({ length: count }, (_, index) => [topic, index, 0]);
  const begin = (cache: FetchSessionCache, topic: string, count: number, nowMs = 0): FetchPlan =>
    cache.plan(request(0, 0, partitions(topic, count)), VERSION_WITH_NAMES, nowMs, noNames);
  const idOf = (plan: FetchPlan): number => (plan.kind === "refused" ? -1 : (plan.session?.id ?? 0));

  it("leave the next client without one, which is served all the same", () => {
    const cache = newCache(10, 5);
    sessionOf(begin(cache, "a", 3));
    const next = begin(cache, "b", 3);
    assert.deepEqual([idOf(next), wanted(next).length, cache.size], [0, 3, 1]);
    sessionOf(begin(cache, "c", 2));
  });

  it("make room when one ends or is stale", () => {
    const cache = newCache(10, 5);
    const first = sessionOf(begin(cache, "a", 4));
    cache.plan(request(first.id, -1, []), VERSION_WITH_NAMES, 0, noNames);
    sessionOf(begin(cache, "b", 2));
    sessionOf(begin(cache, "c", 3));
    sessionOf(begin(cache, "d", 5, 120_001));
    assert.equal(cache.size, 1);
    assert.equal(idOf(begin(cache, "e", 6, 300_000)), 0);
    assert.equal(cache.size, 1, "nothing gives way to what has no room anyway");
  });

  it("end the one that grows, and count what is forgotten", () => {
    const cache = newCache(10, 5);
    const { id } = sessionOf(begin(cache, "a", 4));
    const forgotten: [string, number][] = [
      ["a", 0],
      ["a", 1],
    ];
    const moved = cache.plan(request(id, 1, partitions("b", 3), forgotten), VERSION_WITH_NAMES, 0, noNames);
    assert.deepEqual([moved.kind, wanted(moved).length], ["incremental", 5]);
    const grown = cache.plan(request(id, 2, partitions("c", 1)), VERSION_WITH_NAMES, 0, noNames);
    assert.deepEqual([idOf(grown), wanted(grown).length, cache.size], [0, 6, 0]);
    sessionOf(begin(cache, "d", 5));
  });

  it("do not remember names that are too long for a topic, and answer for them all the same", () => {
    const cache = newCache(10, 5);
    const [longest, tooLong] = ["x".repeat(249), "x".repeat(250)];
    assert.deepEqual([idOf(begin(cache, tooLong, 1)), cache.size], [0, 0]);
    const { id } = sessionOf(begin(cache, longest, 1));
    const grown = cache.plan(request(id, 1, partitions(tooLong, 1)), VERSION_WITH_NAMES, 0, noNames);
    assert.deepEqual([idOf(grown), wanted(grown).length, cache.size], [0, 2, 0]);
    sessionOf(begin(cache, "d", 5));
  });
});

function newCache(slots: number, maxTargets?: number): FetchSessionCache {
  return new FetchSessionCache({
    slots,
    random: new SeededRandom(1),
    ...(maxTargets === undefined ? {} : { maxTargets }),
  });
}

function sessionOf(plan: FetchPlan): NonNullable<Extract<FetchPlan, { kind: "full" }>["session"]> {
  assert.equal(plan.kind, "full");
  assert.ok(plan.kind === "full" && plan.session !== null);
  return plan.session;
}

function wanted(plan: FetchPlan): [string, number, number][] {
  assert.notEqual(plan.kind, "refused");
  return plan.kind === "refused"
    ? []
    : plan.targets.map(({ topic, partition, fetchOffset }) => [topic, partition, fetchOffset]);
}

function request(
  sessionId: number,
  sessionEpoch: number,
  targets: [string, number, number][],
  forgotten: [string, number][] = [],
): FetchRequest {
  return {
    clusterId: null,
    replicaId: -1,
    replicaState: { replicaId: -1, replicaEpoch: -1 },
    maxWaitMs: 0,
    minBytes: 0,
    maxBytes: 1000,
    isolationLevel: 0,
    sessionId,
    sessionEpoch,
    rackId: "",
    topics: targets.map(([topic, partition, fetchOffset]) => fetchTopic(topic, ZERO_UUID, partition, fetchOffset)),
    forgottenTopicsData: forgotten.map(([topic, partition]) => ({
      topic,
      topicId: ZERO_UUID,
      partitions: [partition],
    })),
  };
}

function requestById(sessionId: number, sessionEpoch: number, topicId: string): FetchRequest {
  return { ...request(sessionId, sessionEpoch, []), topics: [fetchTopic("", topicId, 0, 0)] };
}

function fetchTopic(
  topic: string,
  topicId: string,
  partition: number,
  fetchOffset: number,
): FetchRequest["topics"][number] {
  return {
    topic,
    topicId,
    partitions: [
      {
        partition,
        fetchOffset,
        currentLeaderEpoch: -1,
        lastFetchedEpoch: -1,
        logStartOffset: -1,
        partitionMaxBytes: 1000,
        replicaDirectoryId: ZERO_UUID,
        highWatermark: -1,
      },
    ],
  };
}
