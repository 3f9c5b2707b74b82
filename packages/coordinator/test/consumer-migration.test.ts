// Groups that change their protocol while they live (KIP-848): up with the first member of the consumer protocol, down when the last has gone.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { errorName } from "@ottla/protocol";
import type { ClassicGroup } from "../src/group/classic/classic-group.ts";
import { assignmentBytes, ClassicClient } from "./support/classic-client.ts";
import { Consumer, ConsumerDriver, GROUP, settle } from "./support/consumer-driver.ts";
import { classicGroup, mixedGroup, stateOf } from "./support/migrating-group.ts";

describe("a classic group that a member of the consumer protocol joins", () => {
  test("stays as it is when its records as a consumer group do not fit one batch; members that vanish are missed", () => {
    const { driver, first, second } = classicGroup({ groupMaxRecordBytes: 700 });
    const waiting = first.join();
    assert.match(driver.join("c"), /^UNKNOWN_SERVER_ERROR: .* do not fit one batch\.$/);
    assert.deepEqual([driver.records(), stateOf(driver), waiting.waits], [[], "classic PreparingRebalance", true]);
    second.join();
    assert.equal(first.joined(waiting), "generation 2");
    driver.advance(70_000);
    assert.equal(stateOf(driver), "classic Empty");
  });

  test("becomes a consumer group, with its generation as epoch and all that its members have", () => {
    const { driver, first, second } = classicGroup();
    const answer = driver.join("c");
    assert.equal(answer, "c@2 []");
    const named = driver
      .records()
      .map((record) => record.replaceAll(first.memberId, "1").replaceAll(second.memberId, "2"));
    assert.deepEqual(named, [
      "forget GroupMetadata",
      "member 1 of t (classic)",
      "member 2 of t (classic)",
      "epoch 1",
      "target 1 [t 0 1]",
      "target 2 [t 2]",
      "targets 1",
      "1@1<1 Stable [t 0@1 1@1]",
      "2@1<1 Stable [t 2@1]",
      "member c of t",
      "epoch 2",
      "target 1 [t 0]",
      "target c [t 1]",
      "targets 2",
      "c@2<0 UnreleasedPartitions []",
    ]);
    assert.equal(stateOf(driver), "consumer Reconciling");
  });

  test("sends its members to join again; each gives up what it must, and the new one gets it", () => {
    const { driver, first, second } = classicGroup();
    driver.join("c");
    assert.equal(second.heartbeat(), "REBALANCE_IN_PROGRESS");
    assert.equal(second.enter(), "generation 2");
    assert.equal(second.sync(), "t 2");
    assert.equal(first.heartbeat(), "REBALANCE_IN_PROGRESS");
    // What it shall give up it still has when it joins, so it stays in its generation with less.
    assert.equal(first.enter(), "generation 1");
    assert.equal(first.sync(), "t 0");
    assert.equal(driver.beat("c"), "c@2");
    assert.equal(first.heartbeat(), "REBALANCE_IN_PROGRESS");
    assert.equal(first.enter(), "generation 2");
    assert.equal(first.sync(), "t 0");
    assert.equal(first.heartbeat(), "NONE");
    assert.equal(driver.beat("c"), "c@2 [t 1]");
    assert.equal(stateOf(driver), "consumer Stable");
  });

  test("answers those who wait for a generation, so that they join again", () => {
    const { driver, first, second } = classicGroup();
    const third = new ClassicClient(driver);
    third.memberId = third.join().answer.memberId;
    const waiting = third.join();
    assert.equal(stateOf(driver), "classic PreparingRebalance");
    assert.equal(driver.join("c"), "c@2 []");
    assert.equal(errorName(waiting.answer.errorCode), "REBALANCE_IN_PROGRESS");
    assert.equal(stateOf(driver), "consumer Reconciling");
    assert.deepEqual([first.heartbeat(), second.heartbeat()], ["REBALANCE_IN_PROGRESS", "REBALANCE_IN_PROGRESS"]);
  });

  test("answers those who wait for their assignment", () => {
    const driver = new ConsumerDriver();
    const client = new ClassicClient(driver);
    const other = new ClassicClient(driver);
    for (const each of [client, other]) each.memberId = each.join().answer.memberId;
    const joins = [client.join(), other.join()];
    driver.advance(0);
    client.joined(joins[0]!);
    other.joined(joins[1]!);
    assert.equal(other.sync(), "waits");
    assert.equal(stateOf(driver), "classic CompletingRebalance");
    assert.equal(driver.join("c"), "c@2 [t 2]");
    assert.equal(other.heartbeat(), "REBALANCE_IN_PROGRESS");
    assert.equal(other.enter(), "generation 2");
  });

  test("that forms for the first time, too", () => {
    const driver = new ConsumerDriver({ t: 3 }, { groupInitialRebalanceDelayMs: 3000 });
    const client = new ClassicClient(driver);
    client.memberId = client.join().answer.memberId;
    const waiting = client.join();
    assert.equal(driver.join("c"), "c@1 [t 1 2]");
    assert.equal(errorName(waiting.answer.errorCode), "REBALANCE_IN_PROGRESS");
    assert.equal(client.enter(), "generation 1");
    assert.equal(client.sync(), "t 0");
  });

  test("whose leader gave one partition to two, and one that is not there: the first keeps it", () => {
    const driver = new ConsumerDriver();
    const [first, second] = [new ClassicClient(driver), new ClassicClient(driver)];
    for (const client of [first, second]) client.memberId = client.join().answer.memberId;
    const joins = [first.join(), second.join()];
    driver.advance(0);
    first.joined(joins[0]!);
    second.joined(joins[1]!);
    const assignments = [
      [first.memberId, "t 0 1 7 | gone 0"],
      [second.memberId, "t 1 2"],
    ] as const;
    first.sync(new Map(assignments));
    driver.join("c");
    assert.equal(driver.has(first.memberId), "t 0@1 1@1");
    assert.equal(driver.has(second.memberId), "t 2@1");
  });

  const refusals = [
    {
      name: "when upgrades are not allowed",
      config: { consumerGroupMigrationPolicy: "downgrade" },
      because: "online upgrade is disabled",
    },
    {
      name: "when it is larger than consumer groups may be",
      config: { consumerGroupMaxSize: 1 },
      because: "the group size exceeds the consumer group maximum size",
    },
  ] as const;
  for (const { name, config, because } of refusals) {
    test(`stays as it is ${name}`, () => {
      const { driver, first, second } = classicGroup(config);
      const sentence = `Cannot upgrade classic group orders to consumer group because ${because}.`;
      assert.equal(driver.join("c"), `GROUP_ID_NOT_FOUND: ${sentence}`);
      assert.deepEqual(driver.records(), []);
      assert.deepEqual([first.heartbeat(), second.heartbeat()], ["NONE", "NONE"]);
    });
  }

  test("stays as it is when an assignment cannot be read, or has an assignor's own data", () => {
    const cases = [
      { bytes: Buffer.from("0003ff", "hex"), because: "the embedded consumer protocol is malformed" },
      {
        bytes: assignmentBytes("t 0", Buffer.from("x")),
        because:
          "an unsupported custom assignor is in use. Please refer to the documentation or switch to a default assignor before re-attempting the upgrade",
      },
    ];
    for (const { bytes, because } of cases) {
      const { driver, first } = classicGroup();
      const group = driver.harness.shard.context.groups.get(GROUP) as ClassicGroup;
      group.members.get(first.memberId)!.assignment = bytes;
      const sentence = `Cannot upgrade classic group orders to consumer group because ${because}.`;
      assert.equal(driver.join("c"), `GROUP_ID_NOT_FOUND: ${sentence}`);
      assert.equal(first.heartbeat(), "NONE");
    }
  });

  test("stays as it is, and nobody who waits is sent away, when the member is refused for another reason", () => {
    const { driver } = classicGroup({ consumerGroupMaxSize: 2 });
    const third = new ClassicClient(driver);
    third.memberId = third.join().answer.memberId;
    const waiting = third.join();
    assert.match(driver.join("c"), /^GROUP_ID_NOT_FOUND/);
    assert.equal(waiting.waits, true);
    assert.equal(stateOf(driver), "classic PreparingRebalance");
  });
});

describe("a consumer group whose last member of the consumer protocol goes", () => {
  test("becomes a classic group, and its members form a new generation", () => {
    const { driver, first, second } = mixedGroup();
    const generation = driver.group().groupEpoch;
    driver.leave("c");
    assert.equal(stateOf(driver), "classic PreparingRebalance");
    const records = driver.records();
    assert.equal(records.at(-1), "GroupMetadata");
    assert.equal(records.filter((record) => record.startsWith("forget member")).length, 3);
    assert.deepEqual([first.heartbeat(), second.heartbeat()], Array(2).fill("REBALANCE_IN_PROGRESS"));
    const joins = [first.join(), second.join()];
    assert.deepEqual(
      [first.joined(joins[0]!), second.joined(joins[1]!)],
      Array(2).fill(`generation ${generation + 1}`),
    );
    const all = new Map([
      [first.memberId, "t 0 1"],
      [second.memberId, "t 2"],
    ]);
    for (const client of [first, second]) client.sync(all);
    assert.deepEqual([first.sync(), second.sync()], ["t 0 1", "t 2"]);
    assert.equal(stateOf(driver), "classic Stable");
  });

  test("is the same after the shard was loaded again", () => {
    const { driver, first, second } = mixedGroup();
    driver.leave("c");
    driver.harness.restart();
    // The record keeps the group as it was turned: Stable, as Kafka loads it.
    assert.equal(stateOf(driver), "classic Stable");
    assert.deepEqual([first.heartbeat(first.generation), second.heartbeat(second.generation)], ["NONE", "NONE"]);
    assert.deepEqual([first.sync(), second.sync()].sort(), [first.owned, second.owned].sort());
  });

  test("by its session's end, too", () => {
    const { driver, first, second } = mixedGroup();
    for (let spent = 0; spent < 45_000; spent += 5000) {
      driver.advance(5000);
      first.heartbeat();
      second.heartbeat();
    }
    assert.equal(stateOf(driver), "classic PreparingRebalance");
  });

  test("by a classic member that takes a static member's place, which disturbs nobody", () => {
    const driver = new ConsumerDriver();
    const consumer = new Consumer(driver, "c", { topics: ["t"], instance: "i" });
    const client = new ClassicClient(driver);
    consumer.poll();
    client.enter();
    client.sync();
    for (let round = 0; round < 5; round++) {
      consumer.poll();
      client.poll();
    }
    const had = [...consumer.owned].length;
    assert.equal(stateOf(driver), "consumer Stable");
    driver.beat("c", { epoch: -2, instance: "i" });
    const downgraded = new ClassicClient(driver, { instance: "i" });
    assert.match(downgraded.enter(), /^generation \d+$/);
    assert.equal(stateOf(driver), "classic Stable");
    assert.equal(downgraded.sync().split(" ").length - 1, had);
    assert.equal(client.heartbeat(), "NONE");
    driver.harness.restart();
    assert.equal(stateOf(driver), "classic Stable");
    assert.equal(client.heartbeat(), "NONE");
  });

  for (const policy of ["upgrade", "disabled"] as const) {
    test(`stays a consumer group with the policy "${policy}"`, () => {
      const { driver, first } = mixedGroup();
      driver.world.config = { ...driver.world.config, consumerGroupMigrationPolicy: policy };
      driver.leave("c");
      assert.equal(stateOf(driver), "consumer Assigning");
      assert.equal(first.heartbeat(), "NONE");
    });
  }

  test("stays a consumer group when classic groups may not be that large", () => {
    const { driver } = mixedGroup();
    driver.world.config = { ...driver.world.config, groupMaxSize: 1 };
    driver.leave("c");
    assert.equal(stateOf(driver), "consumer Assigning");
  });

  test("and the last of all leaves an empty consumer group, which a classic member may take over", () => {
    const driver = new ConsumerDriver();
    driver.join("c");
    driver.leave("c");
    assert.equal(stateOf(driver), "consumer Empty");
    const client = new ClassicClient(driver);
    assert.equal(client.enter(), "generation 1");
    assert.equal(stateOf(driver), "classic CompletingRebalance");
  });
});

test("a group that goes up, down and up again keeps its members", () => {
  const { driver, first, second } = mixedGroup();
  driver.leave("c");
  const joins = [first.join(), second.join()];
  first.joined(joins[0]!);
  second.joined(joins[1]!);
  const all = new Map([
    [first.memberId, "t 0 1"],
    [second.memberId, "t 2"],
  ]);
  for (const client of [first, second]) client.sync(all);
  for (const client of [first, second]) client.sync();
  const consumers = [new Consumer(driver, "d"), new Consumer(driver, "e")];
  consumers[0]!.poll();
  first.leave();
  second.leave();
  settle(driver, consumers);
  assert.equal(stateOf(driver), "consumer Stable");
});

describe("records of a group that do not fit one batch", () => {
  test("leave a consumer group what it is when its last member of the consumer protocol leaves", () => {
    const { driver, consumer } = mixedGroup();
    driver.world.config = { ...driver.world.config, groupMaxRecordBytes: 600 };
    assert.equal(driver.leave(consumer.name), `${consumer.name}@-1`);
    assert.equal(stateOf(driver), "consumer Assigning");
  });

  test("leave members that were to go together in their group, with their sessions", () => {
    const { driver, first, second } = mixedGroup();
    driver.world.config = { ...driver.world.config, groupMaxRecordBytes: 300 };
    const { shard, now } = driver.harness;
    const members = [first, second].map(({ memberId }) => ({ memberId, groupInstanceId: null, reason: null }));
    // What the runtime refuses is never replayed.
    shard.leave({ groupId: GROUP, memberId: "", members }, CLIENT, { id: -1, refused: () => never() }, now);
    driver.advance(20_000);
    assert.deepEqual([...driver.group().members.keys()], ["c"]);
  });

  test("do not hide from a consumer group that its topics changed", () => {
    const driver = new ConsumerDriver({ t: 1 });
    driver.join("a");
    driver.setTopics({ t: 2 });
    const { shard, now } = driver.harness;
    const refused = shard.consumerHeartbeat(driver.request("a"), CLIENT, { id: -1, refused: () => never() }, now);
    assert.ok(refused.records.length > 0);
    assert.equal(driver.beat("a"), "a@3 [t 0 1]");
  });
});

const CLIENT = { clientId: "app", clientHost: "/127.0.0.1", apiVersion: 1 };

function never(): never {
  throw new Error("the harness refuses nothing");
}
