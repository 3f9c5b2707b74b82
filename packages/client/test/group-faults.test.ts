// Members whose broker or network does what it should not: they come back by themselves, or are told why they cannot; closing keeps its bound;
// and what they tell of themselves.

import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, test } from "node:test";
import type { FaultAction } from "@ottla/testkit";
import type { MembershipOptions } from "../src/consumer/group/create-membership.ts";
import { createTopics } from "./support/created-topics.ts";
import { allRead, GroupReader, partitionsOf, until } from "./support/group-reader.ts";
import { isReference, startTarget } from "./target.ts";

const overrides = {
  "group.consumer.heartbeat.interval.ms": "50",
  "group.consumer.min.heartbeat.interval.ms": "50",
  "group.consumer.assignment.interval.ms": "0",
  "group.initial.rebalance.delay.ms": "0",
};

async function start(options: Partial<MembershipOptions> = {}) {
  const target = await startTarget({ overrides });
  const topic = target.topicName("orders");
  await createTopics(target.kafka().admin(), [{ name: topic, partitions: 2 }]);
  const groupId = target.topicName("group");
  // Requests that are dropped are sent again soon; a reference broker drops none, and may take its time.
  const requestTimeoutMs = isReference ? 30_000 : 1_000;
  const cluster = target.cluster({ requestTimeoutMs, clientId: "member", retryBackoffMs: 10 });
  const join = (more: Partial<MembershipOptions> = {}): GroupReader => {
    const all = { groupId, heartbeatIntervalMs: 50, assignors: ["cooperative-sticky"] as const, ...options, ...more };
    return new GroupReader(cluster, all).subscribe([topic]);
  };
  return { target, topic, groupId, cluster, join, all: partitionsOf(topic, 2) };
}

const troubles: readonly { readonly name: string; readonly action: FaultAction }[] = [
  { name: "answered NOT_COORDINATOR", action: { error: "NOT_COORDINATOR" } },
  { name: "answered COORDINATOR_LOAD_IN_PROGRESS", action: { error: "COORDINATOR_LOAD_IN_PROGRESS" } },
  { name: "answered COORDINATOR_NOT_AVAILABLE", action: { error: "COORDINATOR_NOT_AVAILABLE" } },
  { name: "dropped with its connection", action: { drop: "connection" } },
  { name: "carried out, and the answer lost", action: { loseAnswer: true } },
];

describe("a member joins though", { skip: isReference }, () => {
  const requests = [
    { api: "FindCoordinator", groupProtocol: "classic" },
    { api: "JoinGroup", groupProtocol: "classic" },
    { api: "SyncGroup", groupProtocol: "classic" },
    { api: "ConsumerGroupHeartbeat", groupProtocol: "consumer" },
  ] as const;
  for (const { api, groupProtocol } of requests) {
    for (const { name, action } of troubles) {
      // The id that a lost answer brought belongs to a member that nobody knows; the group waits for it until its session ends.
      if (api === "JoinGroup" && "loseAnswer" in action) continue;
      test(`its first two ${api} are ${name}`, async () => {
        const { target, join, all } = await start({ groupProtocol });
        await using _ = target;
        using fault = target.broker!.faults.add({ api, times: 2, action });
        const reader = join();
        await until([reader], () => allRead([reader], all), "joined");
        assert.equal(fault.hits, 2);
        assert.equal(reader.failure, null);
        await reader.membership.close();
      });
    }
  }
});

describe("a member stays though", { skip: isReference }, () => {
  for (const [api, groupProtocol] of [
    ["Heartbeat", "classic"],
    ["ConsumerGroupHeartbeat", "consumer"],
  ] as const) {
    for (const { name, action } of troubles) {
      test(`three of its heartbeats (${groupProtocol}) are ${name}`, async () => {
        const { target, join, all } = await start({ groupProtocol });
        await using _ = target;
        const reader = join();
        await until([reader], () => allRead([reader], all), "joined");
        using fault = target.broker!.faults.add({ api, times: 3, action });
        await fault.hit(3);
        const other = join();
        await until([reader, other], () => allRead([reader, other], all) && other.reading.size === 1, "shared");
        assert.ok(reader.told.every((each) => !each.startsWith("lost")));
        for (const each of [reader, other]) await each.membership.close();
      });
    }
  }
});

describe("a member that the group loses", { skip: isReference }, () => {
  test("is told by a heartbeat, loses what it had, and joins again", async () => {
    const { target, join, all } = await start();
    await using _ = target;
    const reader = join();
    await until([reader], () => allRead([reader], all), "joined");
    using fault = target.broker!.faults.add({ api: "Heartbeat", nth: 1, action: { error: "ILLEGAL_GENERATION" } });
    await until([reader], () => reader.told.length === 3 && allRead([reader], all), "back");
    assert.deepEqual(
      reader.told.map((each) => each.split(" ")[0]),
      ["assigned", "lost", "assigned"],
    );
    assert.equal(fault.hits, 1);
    await reader.membership.close();
  });

  test("with the consumer protocol as well", async () => {
    const { target, join, all } = await start({ groupProtocol: "consumer" });
    await using _ = target;
    const reader = join();
    await until([reader], () => allRead([reader], all), "joined");
    const action = { error: "FENCED_MEMBER_EPOCH" } as const;
    using fault = target.broker!.faults.add({ api: "ConsumerGroupHeartbeat", nth: 1, action });
    await until([reader], () => reader.told.length === 3 && allRead([reader], all), "back");
    assert.deepEqual(
      reader.told.map((each) => each.split(" ")[0]),
      ["assigned", "lost", "assigned"],
    );
    assert.equal(fault.hits, 1);
    await reader.membership.close();
  });

  test("because another one took its instance id: it fails for good, and says why", async () => {
    const { target, topic, cluster, join, all } = await start({ groupInstanceId: "one-of-two" });
    await using _ = target;
    const reader = join();
    await until([reader], () => allRead([reader], all), "joined");
    const other = join();
    await until([reader, other], () => reader.failure !== null && allRead([other], all), "taken over");
    assert.deepEqual([reader.failure?.code, reader.failure?.fatal], ["FENCED_INSTANCE_ID", true]);
    assert.match(reader.told.at(-1)!, /^lost/);
    // Coming back by itself it would fence the other one, which would do the same.
    let attempts = 0;
    const count = (): number => attempts++;
    subscribe("ottla:client:group:rebalance:start", count);
    reader.membership.waiting(true);
    await cluster.refreshMetadata();
    unsubscribe("ottla:client:group:rebalance:start", count);
    assert.equal(attempts, 0);
    assert.throws(() => reader.subscribe([topic]), { code: "FENCED_INSTANCE_ID" });
    for (const each of [reader, other]) await each.membership.close({ leaveGroup: true });
  });

  test("because its application is late: it leaves, others read, and it comes back when the application moves", async () => {
    const { target, join, all } = await start();
    await using _ = target;
    const late = join({ maxPollIntervalMs: 400 });
    await until([late], () => allRead([late], all), "joined");
    const other = join();
    await until([late, other], () => allRead([late, other], all) && other.reading.size === 1, "shared");
    late.membership.waiting(false);
    await until([late, other], () => allRead([other], all) && late.reading.size === 0, "left");
    assert.match(late.told.at(-1)!, /^lost/);
    late.membership.waiting(true);
    await until([late, other], () => allRead([late, other], all) && late.reading.size === 1, "back");
    for (const each of [late, other]) await each.membership.close();
  });

  test("because what it does with a rebalance fails: it leaves and says so", async () => {
    const { target, join, all } = await start();
    await using _ = target;
    const reader = join();
    reader.hook = () => {
      throw new Error("the hook's own");
    };
    await until([reader], () => reader.failure !== null, "failed");
    assert.equal(reader.failure?.code, "REBALANCE_HOOK");
    assert.match(String(reader.failure?.cause), /the hook's own/);
    const other = join();
    await until([other], () => allRead([other], all), "taken over");
    for (const each of [reader, other]) await each.membership.close();
  });

  test("that may not join is told so, and joins when it may and subscribes again", async () => {
    const { target, topic, join, all } = await start();
    await using _ = target;
    const action = { error: "GROUP_AUTHORIZATION_FAILED" } as const;
    const fault = target.broker!.faults.add({ api: "JoinGroup", action });
    const reader = join();
    await until([reader], () => reader.failure !== null, "refused");
    assert.equal(reader.failure?.code, "GROUP_AUTHORIZATION_FAILED");
    fault.remove();
    reader.subscribe([topic]);
    await until([reader], () => allRead([reader], all), "joined");
    await reader.membership.close();
  });
});

/** Far above the bounds that closing is given here, for a busy machine; far below the 30 s of a close that was given none. */
const BOUNDED_MS = 10_000;

describe("closing", { skip: isReference }, () => {
  for (const groupProtocol of ["classic", "consumer"] as const) {
    test(`keeps its bound when the coordinator does not answer (${groupProtocol})`, async () => {
      const { target, join, all } = await start({ groupProtocol });
      await using _ = target;
      const reader = join();
      await until([reader], () => allRead([reader], all), "joined");
      using fault = target.broker!.faults.add({
        api: ["LeaveGroup", "ConsumerGroupHeartbeat", "Heartbeat"],
        action: { hang: true },
      });
      const startMs = performance.now();
      await reader.membership.close({ timeoutMs: 100 });
      const tookMs = performance.now() - startMs;
      assert.ok(fault.hits > 0);
      assert.ok(tookMs < BOUNDED_MS, `${tookMs} ms`);
    });

    test(`while the member waits to join does not wait for it (${groupProtocol})`, async () => {
      const { target, join } = await start({ groupProtocol });
      await using _ = target;
      using fault = target.broker!.faults.add({ api: ["JoinGroup", "ConsumerGroupHeartbeat"], action: { hang: true } });
      const reader = join();
      await fault.hit(1);
      const startMs = performance.now();
      await reader.membership.close({ timeoutMs: 200 });
      assert.ok(performance.now() - startMs < BOUNDED_MS);
    });
  }

  test("twice is once, and nothing is taken afterwards", async () => {
    const { target, topic, join, all } = await start();
    await using _ = target;
    const reader = join();
    await until([reader], () => allRead([reader], all), "joined");
    await Promise.all([reader.membership.close(), reader.membership.close()]);
    assert.throws(() => reader.subscribe([topic]), /closed/);
    await assert.rejects(reader.membership.committed([{ topic, partition: 0 }]), /closed/);
    await reader.membership.unsubscribe();
    assert.deepEqual(reader.membership.owned(), []);
  });
});

describe("what members tell", () => {
  test("metrics have Java's names, and go with the member", async () => {
    const { target, cluster, topic, join, all } = await start();
    await using _ = target;
    const reader = join();
    await until([reader], () => allRead([reader], all), "joined");
    await reader.membership.commit([{ topic, partition: 0, offset: 1 }]);
    const metrics = new Map(
      cluster.metrics
        .snapshot()
        .filter(({ group }) => group === "consumer-coordinator-metrics")
        .map(({ name, value }) => [name, value]),
    );
    assert.equal(metrics.get("assigned-partitions"), 2);
    for (const name of ["join-total", "sync-total", "rebalance-total", "commit-total"])
      assert.equal(metrics.get(name), 1, name);
    for (const name of ["rebalance-latency-avg", "commit-latency-max", "join-time-avg", "last-heartbeat-seconds-ago"])
      assert.ok(metrics.has(name), name);
    await reader.membership.close();
    const left = cluster.metrics.snapshot().filter(({ group }) => group === "consumer-coordinator-metrics");
    assert.deepEqual(left, []);
  });

  test("diagnostics channels tell of rebalances", async () => {
    const { target, groupId, join, all } = await start();
    await using _ = target;
    const seen: string[] = [];
    const listeners = ["rebalance-start", "rebalance-end", "assigned", "left"].map((name) => {
      const listener = (message: unknown): void => {
        if ((message as { groupId: string }).groupId === groupId) seen.push(name);
      };
      subscribe(`ottla:client:group:${name}`, listener);
      return { name, listener };
    });
    const reader = join();
    await until([reader], () => allRead([reader], all), "joined");
    await reader.membership.close();
    for (const { name, listener } of listeners) unsubscribe(`ottla:client:group:${name}`, listener);
    assert.deepEqual(seen, ["rebalance-start", "rebalance-end", "assigned", "left"]);
  });
});
