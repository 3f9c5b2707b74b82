// Fetch sessions (KIP-227) through the wire, as scripts with the answers of Kafka 4.3: what an incremental response leaves out, how
// errors come back, when a session ends, and that names and ids do not mix in one.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { errorName } from "@ottla/protocol";
import { fetchApi } from "@ottla/protocol/messages/01-fetch.ts";
import { deleteRecordsApi } from "@ottla/protocol/messages/21-delete-records.ts";
import { batchOf, Wire } from "./support/wire.ts";

const UNKNOWN_ID = "Zm9vYmFyYmF6cXV4MTIzNA";
const NEW_SESSION = 0;
const NO_SESSION = -1;

type Wanted = [topic: string, partition: number, offset: number];
type Forgotten = [topic: string, partition: number];

interface Step {
  sentence: string;
  epoch: number;
  wanted?: Wanted[];
  forgotten?: Forgotten[];
  /** Of the session: it goes on, ended, or was never there. */
  session?: "same" | "none";
  error?: string;
  /** "topic partition" with "records", "quiet" (news without records) or an error. */
  answers?: string[];
}

// Partitions a-0 and a-1 have records at offset 0, a-2 none, b-0 one at offset 0.
const SCRIPT: Step[] = [
  { sentence: "the same again", epoch: 1, answers: ["a 0 records", "a 1 records", "b 0 records"] },
  {
    sentence: "all read to their ends",
    epoch: 2,
    wanted: [
      ["a", 0, 1],
      ["a", 1, 1],
      ["b", 0, 1],
    ],
  },
  { sentence: "no news", epoch: 3 },
  { sentence: "an epoch that was used", epoch: 3, error: "INVALID_FETCH_SESSION_EPOCH", session: "none" },
  { sentence: "an epoch that is too new", epoch: 6, error: "INVALID_FETCH_SESSION_EPOCH", session: "none" },
  { sentence: "one partition more", epoch: 4, wanted: [["a", 2, 0]], answers: ["a 2 quiet"] },
  { sentence: "an offset out of range", epoch: 5, wanted: [["a", 0, 9]], answers: ["a 0 OFFSET_OUT_OF_RANGE"] },
  { sentence: "the error again, for it has not gone", epoch: 6, answers: ["a 0 OFFSET_OUT_OF_RANGE"] },
  { sentence: "the end of the error", epoch: 7, wanted: [["a", 0, 1]], answers: ["a 0 quiet"] },
  {
    sentence: "a partition that is not there",
    epoch: 8,
    wanted: [["a", 9, 0]],
    answers: ["a 9 UNKNOWN_TOPIC_OR_PARTITION"],
  },
  { sentence: "that it is still not there", epoch: 9, answers: ["a 9 UNKNOWN_TOPIC_OR_PARTITION"] },
  { sentence: "that it is forgotten", epoch: 10, forgotten: [["a", 9]] },
  { sentence: "a topic that is not there", epoch: 11, wanted: [["nope", 0, 0]], answers: ["nope 0 UNKNOWN"] },
  { sentence: "that the topic is forgotten", epoch: 12, forgotten: [["nope", 0]] },
  {
    sentence: "to forget what it never had",
    epoch: 13,
    forgotten: [
      ["nope", 0],
      ["a", 77],
    ],
  },
  {
    sentence: "to change and forget the same partition, which is forgotten",
    epoch: 14,
    wanted: [["a", 0, 0]],
    forgotten: [["a", 0]],
  },
  { sentence: "what is left", epoch: 15, wanted: [["b", 0, 0]], answers: ["b 0 records"] },
  {
    sentence: "to forget all, which ends it",
    epoch: 16,
    forgotten: [
      ["a", 1],
      ["a", 2],
      ["b", 0],
    ],
    session: "none",
  },
  { sentence: "itself after its end", epoch: 17, error: "FETCH_SESSION_ID_NOT_FOUND", session: "none" },
];

describe("a fetch session", () => {
  let wire: Wire;

  before(async () => {
    wire = await Wire.open();
    await wire.createTopics({ a: 3, b: 1, moved: 1 });
    for (const [topic, partition] of [
      ["a", 0],
      ["a", 1],
      ["b", 0],
    ] as const) {
      await wire.append(topic, partition, batchOf(["x"]));
    }
    for (let count = 0; count < 3; count++) await wire.append("moved", 0, batchOf(["x"]));
  });
  after(() => wire[Symbol.asyncDispose]());

  for (const version of [7, 12, 13, 18]) {
    it(`answers what it is told and asked, at version ${version}`, async () => {
      const { session } = await fetch(version, NEW_SESSION, 0, [
        ["a", 0, 0],
        ["a", 1, 0],
        ["b", 0, 0],
      ]);
      assert.notEqual(session, 0);
      for (const step of SCRIPT) {
        const result = await fetch(version, step.epoch, session, step.wanted, step.forgotten);
        assert.equal(result.error, step.error ?? "NONE", step.sentence);
        assert.equal(result.session, step.session === "none" ? 0 : session, step.sentence);
        const unknown = version < 13 ? "UNKNOWN_TOPIC_OR_PARTITION" : "UNKNOWN_TOPIC_ID";
        const answers = (step.answers ?? []).map((answer) => answer.replace(/UNKNOWN$/, unknown));
        assert.deepEqual(result.answers, answers, step.sentence);
      }
    });
  }

  it("is not made where the client wants none, and is where it wants one of nothing", async () => {
    assert.equal((await fetch(12, NO_SESSION, 0, [["a", 0, 0]])).session, 0);
    assert.notEqual((await fetch(12, NEW_SESSION, 0, [])).session, 0);
  });

  it("gives way to a new one that names it, and ends when the client says so", async () => {
    const { session } = await fetch(12, NEW_SESSION, 0, [["a", 0, 1]]);
    const next = await fetch(12, NEW_SESSION, session, [["a", 0, 1]]);
    assert.notEqual(next.session, session);
    assert.equal((await fetch(12, 1, session)).error, "FETCH_SESSION_ID_NOT_FOUND");
    assert.deepEqual(await fetch(12, NO_SESSION, next.session, [["a", 0, 0]]), {
      error: "NONE",
      session: 0,
      answers: ["a 0 records"],
    });
    assert.equal((await fetch(12, 1, next.session)).error, "FETCH_SESSION_ID_NOT_FOUND");
  });

  it("tells a log start that moved, once", async () => {
    const { session } = await fetch(12, NEW_SESSION, 0, [["moved", 0, 3]]);
    const topics = [{ name: wire.name("moved"), partitions: [{ partitionIndex: 0, offset: 2 }] }];
    await wire.call(deleteRecordsApi, 2, { topics, timeoutMs: 10_000 });
    assert.deepEqual((await fetch(12, 1, session)).answers, ["moved 0 quiet"]);
    assert.deepEqual((await fetch(12, 2, session)).answers, []);
  });

  for (const [first, second] of [
    [12, 13],
    [13, 12],
  ] as const) {
    it(`of version ${first} refuses version ${second}, and goes on as if nothing had been`, async () => {
      const { session } = await fetch(first, NEW_SESSION, 0, [["a", 0, 1]]);
      assert.equal((await fetch(second, 1, session)).error, "FETCH_SESSION_TOPIC_ID_ERROR");
      assert.deepEqual(await fetch(first, 1, session), { error: "NONE", session, answers: [] });
    });
  }

  async function fetch(
    version: number,
    sessionEpoch: number,
    sessionId: number,
    wanted: readonly Wanted[] = [],
    forgotten: readonly Forgotten[] = [],
  ): Promise<{ error: string; session: number; answers: string[] }> {
    const response = await wire.call(fetchApi, version, {
      maxWaitMs: 0,
      minBytes: 0,
      sessionId,
      sessionEpoch,
      topics: wanted.map(([topic, partition, fetchOffset]) => ({
        ...named(topic),
        partitions: [{ partition, fetchOffset, partitionMaxBytes: 10_000 }],
      })),
      forgottenTopicsData: forgotten.map(([topic, partition]) => ({ ...named(topic), partitions: [partition] })),
    });
    const answers = response.responses.flatMap(({ topic, topicId, partitions }) => {
      const name = version < 13 ? wire.plainName(topic) : topicOf(topicId);
      return partitions.map(({ partitionIndex, errorCode, records }) => {
        const news = records!.length > 0 ? "records" : "quiet";
        return `${name} ${partitionIndex} ${errorCode === 0 ? news : errorName(errorCode)}`;
      });
    });
    return { error: errorName(response.errorCode), session: response.sessionId, answers: answers.toSorted() };
  }

  function named(topic: string): { topic: string; topicId: string } {
    return { topic: wire.name(topic), topicId: topic === "nope" ? UNKNOWN_ID : wire.id(topic) };
  }

  function topicOf(topicId: string): string {
    return ["a", "b", "moved"].find((topic) => wire.id(topic) === topicId) ?? "nope";
  }
});
