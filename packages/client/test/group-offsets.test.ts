// Commits and committed offsets of a membership, against a broker: whose they may be, and what becomes of them when the group changes or
// the coordinator is in trouble.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ErrorName } from "@ottla/protocol";
import type { MembershipOptions } from "../src/consumer/group/create-membership.ts";
import { KafkaError } from "../src/errors.ts";
import { createTopics } from "./support/created-topics.ts";
import { allRead, GroupReader, partitionsOf, until } from "./support/group-reader.ts";
import { isReference, startTarget } from "./target.ts";
import type { Target } from "./target.ts";

const overrides = {
  "group.consumer.heartbeat.interval.ms": "50",
  "group.consumer.min.heartbeat.interval.ms": "50",
  "group.consumer.assignment.interval.ms": "0",
  "group.initial.rebalance.delay.ms": "0",
};

const protocols = ["classic", "consumer"] as const;

async function start(options: Partial<MembershipOptions> = {}) {
  const target = await startTarget({ overrides });
  const topic = target.topicName("orders");
  await createTopics(target.kafka().admin(), [{ name: topic, partitions: 2 }]);
  const groupId = target.topicName("group");
  const join = (more: Partial<MembershipOptions> = {}): GroupReader => {
    const all = { groupId, heartbeatIntervalMs: 50, assignors: ["cooperative-sticky"] as const, ...options, ...more };
    return new GroupReader(target.cluster({ retryBackoffMs: 10 }), all).subscribe([topic]);
  };
  return { target, topic, groupId, join, all: partitionsOf(topic, 2) };
}

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof KafkaError && error.code === code;
}

function alone(target: Target, groupId: string): GroupReader {
  return new GroupReader(target.cluster({ retryBackoffMs: 10 }), { groupId });
}

for (const groupProtocol of protocols) {
  describe(`offsets of members of the ${groupProtocol} protocol`, () => {
    test("what is committed is there, with leader epoch and metadata; the rest is null", async () => {
      const { target, topic, join, all } = await start({ groupProtocol });
      await using _ = target;
      const reader = join();
      await until([reader], () => allRead([reader], all), "joined");
      await reader.membership.commit([{ topic, partition: 0, offset: 7, leaderEpoch: 0, metadata: "here" }]);
      assert.deepEqual(
        await reader.membership.committed([
          { topic, partition: 1 },
          { topic, partition: 0 },
        ]),
        [
          { topic, partition: 1, offset: null, leaderEpoch: null, metadata: "" },
          { topic, partition: 0, offset: 7, leaderEpoch: 0, metadata: "here" },
        ],
      );
      await reader.membership.close();
    });

    test("commits of one turn go together, the last of a partition counts, and none is lost", async () => {
      const { target, topic, join, all } = await start({ groupProtocol });
      await using _ = target;
      const reader = join();
      await until([reader], () => allRead([reader], all), "joined");
      const offsets = Array.from({ length: 50 }, (_unused, offset) => ({ topic, partition: offset % 2, offset }));
      await Promise.all(offsets.map((each) => reader.membership.commit([each])));
      const committed = await reader.membership.committed([
        { topic, partition: 0 },
        { topic, partition: 1 },
      ]);
      assert.deepEqual(
        committed.map(({ offset }) => offset),
        [48, 49],
      );
      await reader.membership.close();
    });

    test("what is given back can be committed while the listener works on it, and not afterwards", async () => {
      const { target, topic, join, all } = await start({ groupProtocol });
      await using _ = target;
      const one = join();
      await until([one], () => allRead([one], all), "joined");
      one.hook = async (call, partitions) => {
        if (call !== "revoked") return;
        await one.membership.commit(partitions.map((each) => ({ ...each, offset: 5 })));
      };
      const other = join();
      await until([one, other], () => allRead([one, other], all) && other.reading.size === 1, "shared");
      const [given] = other.membership.owned();
      const [committed] = await other.membership.committed([given!]);
      assert.equal(committed!.offset, 5);
      await assert.rejects(one.membership.commit([{ ...given!, offset: 6 }]), hasCode("COMMIT_FAILED"));
      assert.equal((await other.membership.committed([given!]))[0]!.offset, 5);
      for (const each of [one, other]) await each.membership.close();
      await assert.rejects(one.membership.commit([{ topic, partition: 0, offset: 1 }]), hasCode("CLOSED"));
    });

    test("who has no group commits as long as nobody is in it", async () => {
      const { target, topic, groupId, join, all } = await start({ groupProtocol });
      await using _ = target;
      const outside = alone(target, groupId);
      await outside.membership.commit([{ topic, partition: 1, offset: 3 }]);
      const reader = join();
      await until([reader], () => allRead([reader], all), "joined");
      assert.equal((await reader.membership.committed([{ topic, partition: 1 }]))[0]!.offset, 3);
      await assert.rejects(outside.membership.commit([{ topic, partition: 1, offset: 4 }]), hasCode("COMMIT_FAILED"));
      await reader.membership.close();
      await outside.membership.close();
    });
  });
}

describe("commits that cannot be", () => {
  test("an offset that is none, an unknown partition, a signal, a time that is over", async () => {
    const { target, topic, groupId } = await start();
    await using _ = target;
    const { membership } = alone(target, groupId);
    await assert.rejects(membership.commit([{ topic, partition: 0, offset: -1 }]), hasCode("CONFIG"));
    const missing = [{ topic, partition: 9, offset: 1 }];
    await assert.rejects(membership.commit(missing, { timeoutMs: 150 }), hasCode("TIMEOUT"));
    await assert.rejects(membership.commit(missing, { signal: AbortSignal.abort() }), hasCode("ABORTED"));
    await assert.rejects(membership.commit(missing, { signal: AbortSignal.timeout(50) }), hasCode("ABORTED"));
    const tooLarge = [{ topic, partition: 0, offset: 1, metadata: "x".repeat(5_000) }];
    await assert.rejects(membership.commit(tooLarge), hasCode("OFFSET_METADATA_TOO_LARGE"));
    await membership.commit([]);
    await membership.close();
  });

  test("one that is refused does not hold up the others", async () => {
    const { target, topic, groupId } = await start();
    await using _ = target;
    const { membership } = alone(target, groupId);
    const bad = membership.commit([{ topic, partition: 9, offset: 1 }], { timeoutMs: 2_000 });
    bad.catch(() => {});
    for (let offset = 1; offset <= 3; offset++) await membership.commit([{ topic, partition: 0, offset }]);
    assert.equal((await membership.committed([{ topic, partition: 0 }]))[0]!.offset, 3);
    await membership.close();
    await assert.rejects(bad, hasCode("CLOSED"));
  });
});

describe("a coordinator in trouble", { skip: isReference }, () => {
  const passing: readonly ErrorName[] = [
    "COORDINATOR_LOAD_IN_PROGRESS",
    "COORDINATOR_NOT_AVAILABLE",
    "NOT_COORDINATOR",
    "REQUEST_TIMED_OUT",
  ];
  for (const error of passing) {
    test(`a commit that is answered ${error} is tried again`, async () => {
      const { target, topic, join, all } = await start();
      await using _ = target;
      const reader = join();
      await until([reader], () => allRead([reader], all), "joined");
      using fault = target.broker!.faults.add({ api: "OffsetCommit", times: 2, action: { error } });
      await reader.membership.commit([{ topic, partition: 0, offset: 4 }]);
      assert.equal(fault.hits, 2);
      assert.equal((await reader.membership.committed([{ topic, partition: 0 }]))[0]!.offset, 4);
      await reader.membership.close();
    });
  }

  for (const error of ["COORDINATOR_LOAD_IN_PROGRESS", "NOT_COORDINATOR", "UNSTABLE_OFFSET_COMMIT"] as const) {
    test(`committed offsets that are answered ${error} are asked for again`, async () => {
      const { target, topic, groupId } = await start();
      await using _ = target;
      const { membership } = alone(target, groupId);
      await membership.commit([{ topic, partition: 0, offset: 4 }]);
      using fault = target.broker!.faults.add({ api: "OffsetFetch", times: 2, action: { error } });
      assert.equal((await membership.committed([{ topic, partition: 0 }]))[0]!.offset, 4);
      assert.equal(fault.hits, 2);
      await membership.close();
    });
  }

  test("a lost answer is no lost commit, and an older one does not come after a newer one", async () => {
    const { target, topic, join, all } = await start();
    await using _ = target;
    const reader = join();
    await until([reader], () => allRead([reader], all), "joined");
    using fault = target.broker!.faults.add({ api: "OffsetCommit", nth: 1, action: { loseAnswer: true } });
    const first = reader.membership.commit([{ topic, partition: 0, offset: 4 }]);
    await fault.hit();
    const second = reader.membership.commit([{ topic, partition: 0, offset: 5 }]);
    await Promise.all([first, second]);
    assert.equal((await reader.membership.committed([{ topic, partition: 0 }]))[0]!.offset, 5);
    assert.equal(fault.hits, 1);
    await reader.membership.close();
  });

  test("a commit that is answered ILLEGAL_GENERATION fails, what was owned is lost, and the member is back", async () => {
    const { target, topic, join, all } = await start();
    await using _ = target;
    const reader = join();
    await until([reader], () => allRead([reader], all), "joined");
    const error = "ILLEGAL_GENERATION";
    using fault = target.broker!.faults.add({ api: "OffsetCommit", nth: 1, action: { error } });
    await assert.rejects(
      reader.membership.commit([{ topic, partition: 0, offset: 4 }]),
      (failure) => hasCode("COMMIT_FAILED")(failure) && hasCode(error)((failure as KafkaError).cause),
    );
    await until([reader], () => reader.told.length === 3 && allRead([reader], all), "back");
    assert.deepEqual(
      reader.told.map((each) => each.split(" ")[0]),
      ["assigned", "lost", "assigned"],
    );
    assert.equal(fault.hits, 1);
    await reader.membership.close();
  });

  test("a stale member epoch is tried again with the newer one", async () => {
    const { target, topic, join, all } = await start({ groupProtocol: "consumer" });
    await using _ = target;
    const reader = join();
    await until([reader], () => allRead([reader], all), "joined");
    using fault = target.broker!.faults.add({ api: "OffsetCommit", nth: 1, action: { error: "STALE_MEMBER_EPOCH" } });
    await reader.membership.commit([{ topic, partition: 0, offset: 4 }]);
    assert.deepEqual(reader.told.length, 1);
    assert.equal(fault.hits, 1);
    await reader.membership.close();
  });

  test("who may not use the group is told so, by each call", async () => {
    const { target, topic, groupId } = await start();
    await using _ = target;
    const { membership } = alone(target, groupId);
    const action = { error: "GROUP_AUTHORIZATION_FAILED" } as const;
    using commits = target.broker!.faults.add({ api: "OffsetCommit", action });
    using fetches = target.broker!.faults.add({ api: "OffsetFetch", action });
    await assert.rejects(membership.commit([{ topic, partition: 0, offset: 4 }]), hasCode(action.error));
    await assert.rejects(membership.committed([{ topic, partition: 0 }]), hasCode(action.error));
    assert.deepEqual([commits.hits, fetches.hits], [1, 1]);
    await membership.close();
  });
});
