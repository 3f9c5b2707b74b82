// When the client asks for metadata: together, not too often, by age, until it gets them; and where it turns when nobody answers.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ManualClock } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import type { MetadataRequestInput, MetadataResponse } from "@ottla/protocol/messages/03-metadata.ts";
import { ClosedError, ConnectionError, TimeoutError } from "../src/errors.ts";
import type { KafkaError } from "../src/errors.ts";
import { MetadataCache } from "../src/network/metadata-cache.ts";
import { Waits } from "../src/network/waits.ts";
import { resolveOptions } from "../src/options.ts";

interface Asked {
  readonly topics: readonly string[] | null;
  readonly mayCreate: boolean | undefined;
  answer(topics?: Readonly<Record<string, number>>, more?: Partial<MetadataResponse>): void;
  fail(error: KafkaError): void;
}

/** A cache whose requests a test answers itself. */
class Bench {
  readonly clock = new ManualClock();
  readonly waits = new Waits(this.clock);
  readonly asked: Asked[] = [];
  rebootstraps = 0;
  readonly cache = new MetadataCache({
    options: resolveOptions({ bootstrapServers: "a:1" }),
    clock: this.clock,
    waits: this.waits,
    backoffMs: () => 100,
    request: (body) => this.request(body(13)),
    rebootstrap: () => void this.rebootstraps++,
    onBrokers: () => {},
  });

  /** Lets promises run. */
  async settle(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }

  close(): void {
    this.waits.close(new ClosedError("client"));
    this.cache.close();
  }

  private request(body: MetadataRequestInput): Promise<MetadataResponse> {
    const { promise, resolve, reject } = Promise.withResolvers<MetadataResponse>();
    const names = body.topics === null ? null : body.topics.map(({ name }) => name!);
    this.asked.push({
      topics: names,
      mayCreate: body.allowAutoTopicCreation,
      answer: (errors = {}, more = {}) => resolve({ ...response(names ?? [], errors), ...more }),
      fail: reject,
    });
    return promise;
  }
}

function response(names: readonly string[], errors: Readonly<Record<string, number>>): MetadataResponse {
  const partition = { errorCode: 0, partitionIndex: 0, leaderId: 1, leaderEpoch: 3 };
  const nodes = { replicaNodes: [1], isrNodes: [1], offlineReplicas: [] };
  return {
    throttleTimeMs: 0,
    brokers: [{ nodeId: 1, host: "h", port: 1, rack: null }],
    clusterId: "c",
    controllerId: 1,
    topics: names.map((name) => ({
      errorCode: errors[name] ?? 0,
      name,
      topicId: "AAAAAAAAAAAAAAAAAAAAAA",
      isInternal: false,
      partitions: (errors[name] ?? 0) === 0 ? [{ ...partition, ...nodes }] : [],
      topicAuthorizedOperations: 0,
    })),
    clusterAuthorizedOperations: 0,
    errorCode: 0,
  };
}

describe("together", () => {
  test("who asks in one turn shares a request, who asks while it is under way shares the next", async () => {
    const bench = new Bench();
    const first = Promise.all([
      bench.cache.topic("a", {}),
      bench.cache.topic("b", {}),
      bench.cache.refresh({ allowAutoTopicCreation: true }),
    ]);
    await bench.settle();
    assert.deepEqual(
      bench.asked.map(({ topics }) => topics),
      [["a", "b"]],
    );
    const second = Promise.all([bench.cache.topic("c", {}), bench.cache.topic("d", {})]);
    await bench.settle();
    assert.equal(bench.asked.length, 1);
    bench.asked[0]!.answer();
    await first;
    await bench.settle();
    assert.deepEqual(bench.asked[1]!.topics, ["c", "d"]);
    bench.asked[1]!.answer();
    assert.deepEqual(
      (await second).map(({ name }) => name),
      ["c", "d"],
    );
    assert.equal(bench.cache.view.updates, 2);
    bench.close();
  });

  test("a refresh waits for the backoff after the last answer; a new topic does not", async () => {
    const bench = new Bench();
    const first = bench.cache.refresh({ allowAutoTopicCreation: true });
    await bench.settle();
    bench.asked[0]!.answer();
    await first;
    const second = bench.cache.refresh({ allowAutoTopicCreation: true });
    await bench.settle();
    assert.equal(bench.asked.length, 1);
    const topic = bench.cache.topic("new", {});
    await bench.settle();
    assert.deepEqual(bench.asked[1]!.topics, ["new"]);
    bench.asked[1]!.answer();
    await Promise.all([second, topic]);
    const third = bench.cache.refresh({ allowAutoTopicCreation: true });
    bench.clock.advance(99);
    await bench.settle();
    assert.equal(bench.asked.length, 2);
    bench.clock.advance(1);
    await bench.settle();
    assert.equal(bench.asked.length, 3);
    bench.asked[2]!.answer();
    await third;
    bench.close();
  });

  test("a refresh for a topic of new interest does not wait either, and only once", async () => {
    const bench = new Bench();
    const first = bench.cache.refresh({ allowAutoTopicCreation: true });
    await bench.settle();
    bench.asked[0]!.answer();
    await first;
    bench.cache.interest(["new", "missing"]);
    const second = bench.cache.refresh({ allowAutoTopicCreation: true });
    await bench.settle();
    assert.deepEqual(bench.asked[1]!.topics, ["new", "missing"]);
    bench.asked[1]!.answer({ missing: errorCodes.UNKNOWN_TOPIC_OR_PARTITION });
    await second;
    const third = bench.cache.refresh({ allowAutoTopicCreation: true });
    await bench.settle();
    assert.equal(bench.asked.length, 2);
    bench.clock.advance(100);
    await bench.settle();
    bench.asked[2]!.answer();
    await third;
    bench.close();
  });

  test("topics that are not there are asked for again together, after the backoff", async () => {
    const bench = new Bench();
    const unknown = { a: errorCodes.UNKNOWN_TOPIC_OR_PARTITION, b: errorCodes.UNKNOWN_TOPIC_OR_PARTITION };
    const first = bench.cache.topic("a", {});
    await bench.settle();
    bench.asked[0]!.answer(unknown);
    await bench.settle();
    bench.clock.advance(50);
    const second = bench.cache.topic("b", {});
    await bench.settle();
    bench.asked[1]!.answer(unknown);
    await bench.settle();
    // The first is due again, but the last answer came 50 ms ago.
    bench.clock.advance(50);
    await bench.settle();
    assert.equal(bench.asked.length, 2);
    bench.clock.advance(50);
    await bench.settle();
    assert.deepEqual(
      bench.asked.slice(2).map(({ topics }) => topics),
      [["a", "b"]],
    );
    bench.asked[2]!.answer();
    assert.deepEqual([(await first).name, (await second).name], ["a", "b"]);
    bench.close();
  });

  test("a refresh that is not told to create topics creates none", async () => {
    const bench = new Bench();
    const refreshed = bench.cache.refresh({});
    await bench.settle();
    bench.asked[0]!.answer();
    await refreshed;
    assert.equal(bench.asked[0]!.mayCreate, false);
    bench.close();
  });

  test("topics that may be created and those that may not are not asked for together", async () => {
    const bench = new Bench();
    const both = Promise.all([
      bench.cache.topic("a", { allowAutoTopicCreation: true }),
      bench.cache.topic("b", { allowAutoTopicCreation: false }),
    ]);
    await bench.settle();
    bench.asked[0]!.answer();
    await bench.settle();
    bench.asked[1]!.answer();
    await both;
    assert.deepEqual(
      bench.asked.map(({ topics, mayCreate }) => [topics, mayCreate]),
      [
        [["a"], true],
        [["b"], false],
      ],
    );
    bench.close();
  });
});

describe("which topics", () => {
  test("those of interest, by how many there are; all when somebody wants all", async () => {
    const bench = new Bench();
    const ask = async (): Promise<readonly string[] | null> => {
      const refreshed = bench.cache.refresh({});
      bench.clock.advance(100);
      await bench.settle();
      bench.asked.at(-1)!.answer();
      await refreshed;
      return bench.asked.at(-1)!.topics;
    };
    const ends = [bench.cache.interest(["a"]), bench.cache.interest(["a", "b"]), bench.cache.interest("all")];
    assert.equal(await ask(), null);
    ends[2]!();
    assert.deepEqual(await ask(), ["a", "b"]);
    ends[1]!();
    ends[1]!();
    assert.deepEqual(await ask(), ["a"]);
    assert.deepEqual([...bench.cache.view.topics.keys()], ["a"]);
    ends[0]!();
    assert.deepEqual(await ask(), []);
    bench.close();
  });

  test("a topic that was asked for once is refreshed for five minutes", async () => {
    const bench = new Bench();
    const topic = bench.cache.topic("a", {});
    await bench.settle();
    bench.asked[0]!.answer();
    await topic;
    for (const [afterMs, expected] of [
      [299_000, ["a"]],
      [2_000, []],
    ] as const) {
      bench.clock.advance(afterMs);
      const refreshed = bench.cache.refresh({});
      await bench.settle();
      bench.asked.at(-1)!.answer();
      await refreshed;
      assert.deepEqual(bench.asked.at(-1)!.topics, expected);
    }
    bench.close();
  });
});

describe("until it gets them", () => {
  test("an error that passes is tried again after the backoff", async () => {
    const bench = new Bench();
    const topic = bench.cache.topic("a", {});
    await bench.settle();
    bench.asked[0]!.answer({ a: errorCodes.LEADER_NOT_AVAILABLE });
    await bench.settle();
    bench.clock.advance(100);
    await bench.settle();
    bench.asked[1]!.fail(new ConnectionError("gone"));
    await bench.settle();
    bench.clock.advance(100);
    await bench.settle();
    bench.asked[2]!.answer();
    assert.equal((await topic).name, "a");
    bench.close();
  });

  test("an error that does not pass is thrown, with Kafka's name", async () => {
    const bench = new Bench();
    const topic = bench.cache.topic("a", {}).catch((error: unknown) => error);
    await bench.settle();
    bench.asked[0]!.answer({ a: errorCodes.TOPIC_AUTHORIZATION_FAILED });
    const error = (await topic) as KafkaError;
    assert.deepEqual([error.code, error.context.topic], ["TOPIC_AUTHORIZATION_FAILED", "a"]);
    bench.close();
  });

  test("when the time is over, the TimeoutError's cause is the last error", async () => {
    const bench = new Bench();
    const topic = bench.cache.topic("a", { timeoutMs: 150 }).catch((error: unknown) => error);
    await bench.settle();
    bench.asked[0]!.answer({ a: errorCodes.UNKNOWN_TOPIC_OR_PARTITION });
    await bench.settle();
    bench.clock.advance(100);
    await bench.settle();
    bench.clock.advance(50);
    const error = (await topic) as KafkaError;
    assert.equal(error instanceof TimeoutError, true);
    assert.equal((error.cause as KafkaError).code, "UNKNOWN_TOPIC_OR_PARTITION");
    bench.close();
  });

  test("a signal ends the wait at once", async () => {
    const bench = new Bench();
    const controller = new AbortController();
    const topic = bench.cache.topic("a", { signal: controller.signal });
    await bench.settle();
    controller.abort();
    await assert.rejects(topic, { name: "AbortError" });
    bench.close();
  });

  test("closing ends every wait", async () => {
    const bench = new Bench();
    const waits = [bench.cache.topic("a", {}), bench.cache.refresh({})];
    await bench.settle();
    bench.close();
    for (const wait of waits) await assert.rejects(wait, ClosedError);
    await assert.rejects(bench.cache.refresh({}), ClosedError);
  });
});

describe("by itself", () => {
  test("after metadataMaxAgeMs, again and again, without creating topics", async () => {
    const bench = new Bench();
    const first = bench.cache.refresh({});
    await bench.settle();
    bench.asked[0]!.answer();
    await first;
    for (const round of [1, 2]) {
      bench.clock.advance(300_000);
      await bench.settle();
      assert.equal(bench.asked.length, 1 + round);
      assert.equal(bench.asked[round]!.mayCreate, false);
      bench.asked[round]!.answer();
      await bench.settle();
    }
    bench.close();
  });

  test("after metadataMaxAgeMs when only one topic was ever asked for, as a producer does", async () => {
    const bench = new Bench();
    const topic = bench.cache.topic("a", {});
    await bench.settle();
    bench.asked[0]!.answer();
    await topic;
    bench.clock.advance(200_000);
    const later = bench.cache.topic("b", {});
    await bench.settle();
    bench.asked[1]!.answer();
    await later;
    // From the first on: one new topic after the other must not put it off for ever.
    bench.clock.advance(100_000);
    await bench.settle();
    assert.deepEqual(bench.asked[2]?.topics, ["a", "b"]);
    bench.close();
  });

  test("when a newer leader epoch was seen, and not for one that it knows", async () => {
    const bench = new Bench();
    const topic = bench.cache.topic("a", {});
    await bench.settle();
    bench.asked[0]!.answer();
    await topic;
    bench.clock.advance(1_000);
    bench.cache.noteLeaderEpoch("a", 0, 3);
    await bench.settle();
    assert.equal(bench.asked.length, 1);
    bench.cache.noteLeaderEpoch("a", 0, 4);
    bench.cache.noteLeaderEpoch("a", 0, 4);
    await bench.settle();
    assert.equal(bench.asked.length, 2);
    bench.asked[1]!.answer();
    bench.close();
  });

  test("listeners hear of every update; one that throws harms nobody", async () => {
    const bench = new Bench();
    const heard: number[] = [];
    bench.cache.listen(() => {
      throw new Error("mine");
    });
    const end = bench.cache.listen(({ updates }) => heard.push(updates));
    const first = bench.cache.refresh({});
    await bench.settle();
    bench.asked[0]!.answer();
    await first;
    bench.cache.applyLeaders([{ topic: "none", partition: 0, leaderId: 1, leaderEpoch: 9 }], []);
    end();
    assert.deepEqual(heard, [1]);
    bench.close();
  });
});

describe("begins anew with the bootstrap servers (KIP-1102)", () => {
  test("when no metadata came for metadataRecoveryRebootstrapTriggerMs", async () => {
    const bench = new Bench();
    bench.cache.refresh({ timeoutMs: 1_000_000 }).catch(() => {});
    for (let passedMs = 0; passedMs < 300_000; passedMs += 60_000) {
      await bench.settle();
      bench.asked.at(-1)!.fail(new ConnectionError("gone"));
      await bench.settle();
      assert.equal(bench.rebootstraps, 0);
      bench.clock.advance(60_000);
    }
    await bench.settle();
    bench.asked.at(-1)!.fail(new ConnectionError("gone"));
    await bench.settle();
    assert.equal(bench.rebootstraps, 1);
    bench.close();
  });

  test("when the broker says so", async () => {
    const bench = new Bench();
    bench.cache.refresh({}).catch(() => {});
    await bench.settle();
    bench.asked[0]!.answer({}, { errorCode: errorCodes.REBOOTSTRAP_REQUIRED });
    await bench.settle();
    assert.equal(bench.rebootstraps, 1);
    bench.close();
  });
});
