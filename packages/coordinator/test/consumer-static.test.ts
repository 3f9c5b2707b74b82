// Static members of consumer groups (KIP-345 in KIP-848): leaving for a while, coming back under another member id, and whoever else claims the instance.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Consumer, ConsumerDriver, settle } from "./support/consumer-driver.ts";

function stable(): ConsumerDriver {
  const driver = new ConsumerDriver({ t: 4 });
  const consumers = [
    new Consumer(driver, "a", { topics: ["t"], instance: "i" }),
    new Consumer(driver, "b", { topics: ["t"] }),
  ];
  settle(driver, consumers.slice(0, 1));
  settle(driver, consumers);
  driver.records();
  assert.equal(driver.has("a"), "t 0@2 1@2");
  return driver;
}

describe("a static member that leaves for a while", () => {
  test("keeps its partitions, as of epoch 0", () => {
    const driver = stable();
    assert.equal(driver.leave("a", { epoch: -2, instance: "i" }), "a@-2");
    assert.deepEqual(driver.records(), ["a@-2<2 Stable [t 0@0 1@0]"]);
    assert.equal(driver.beat("b", { epoch: 3 }), "b@3");
    assert.equal(driver.group().members.size, 2);
  });

  test("is replaced by whoever comes with its instance id, which is no reason for an epoch", () => {
    const driver = stable();
    driver.leave("a", { epoch: -2, instance: "i" });
    driver.records();
    assert.equal(driver.join("a2", { instance: "i" }), "a2@3 [t 0 1]");
    assert.deepEqual(driver.records(), [
      "forget assignment a",
      "forget target a",
      "forget member a",
      "member a2 of t",
      "target a2 [t 0 1]",
      "a2@0<0 Stable [t 0@0 1@0]",
      "a2@3<0 Stable [t 0@0 1@0]",
    ]);
    assert.equal(driver.state(), "Stable");
    assert.equal(driver.beat("b", { epoch: 3 }), "b@3");
  });

  test("and comes back with another subscription makes a new epoch", () => {
    const driver = stable();
    driver.setTopics({ t: 4, u: 1 });
    driver.leave("a", { epoch: -2, instance: "i" });
    assert.equal(driver.join("a2", { instance: "i", topics: ["t", "u"] }), "a2@4 [t 0 1 | u 0]");
    assert.equal(driver.group().groupEpoch, 4);
  });

  test("is fenced when its session ends before anybody is back", () => {
    const driver = stable();
    driver.leave("a", { epoch: -2, instance: "i" });
    for (let spent = 0; spent < 44_000; spent += 4000) {
      driver.advance(4000);
      driver.beat("b", { epoch: 3 });
    }
    assert.equal(driver.group().members.size, 2);
    driver.advance(1000);
    assert.deepEqual(driver.records().slice(-4), [
      "forget assignment a",
      "forget target a",
      "forget member a",
      "epoch 4",
    ]);
    assert.equal(driver.beat("b", { epoch: 3 }), "b@4 [t 0 1 2 3]");
  });

  test("in the midst of giving something up leaves that to the others", () => {
    const driver = new ConsumerDriver({ t: 4 });
    driver.join("a", { instance: "i" });
    driver.join("b");
    driver.beat("a", { epoch: 2, instance: "i" });
    assert.equal(driver.has("a"), "t 0@2 1@2, gives up t 2@2 3@2");
    driver.leave("a", { epoch: -2, instance: "i" });
    assert.equal(driver.has("a"), "t 0@0 1@0");
    assert.equal(driver.beat("b", { epoch: 3 }), "b@3 [t 2 3]");
  });
});

describe("an instance id", () => {
  test("that a living member has is not released", () => {
    const driver = stable();
    assert.equal(
      driver.join("x", { instance: "i" }),
      "UNRELEASED_INSTANCE_ID: Static member x with instance id i cannot join the group because the instance id is owned by a member.",
    );
    assert.deepEqual(driver.records(), []);
  });

  test("that was taken over fences the member that had it", () => {
    const driver = stable();
    driver.leave("a", { epoch: -2, instance: "i" });
    driver.join("a2", { instance: "i" });
    const fenced = "FENCED_INSTANCE_ID: Static member a with instance id i was fenced by member a2.";
    assert.equal(driver.beat("a", { epoch: 3, instance: "i" }), fenced);
    assert.equal(driver.leave("a", { epoch: -2, instance: "i" }), fenced);
    assert.equal(driver.leave("a", { epoch: -1, instance: "i" }), fenced);
  });

  test("that nobody has is unknown, unless it joins", () => {
    const driver = stable();
    const unknown = "UNKNOWN_MEMBER_ID: Instance id other is unknown.";
    assert.equal(driver.beat("a", { epoch: 3, instance: "other" }), unknown);
    assert.equal(driver.leave("a", { epoch: -2, instance: "other" }), unknown);
    assert.equal(driver.join("c", { instance: "other" }), "c@4 []");
  });

  test("keeps the epochs in order like any member", () => {
    const driver = stable();
    assert.equal(driver.beat("a", { instance: "i" }), "a@3");
    assert.match(driver.beat("a", { epoch: 9, instance: "i" }), /^FENCED_MEMBER_EPOCH/);
    assert.match(driver.beat("a", { epoch: 1, instance: "i" }), /^FENCED_MEMBER_EPOCH/);
  });

  test("does not count as one more member when the group is full", () => {
    const driver = stable();
    driver.world.config = { ...driver.world.config, consumerGroupMaxSize: 3 };
    driver.leave("a", { epoch: -2, instance: "i" });
    assert.equal(driver.join("a2", { instance: "i" }), "a2@3 [t 0 1]");
  });
});

test("a static member that leaves for good is gone, and its instance id free", () => {
  const driver = stable();
  assert.equal(driver.leave("a", { instance: "i" }), "a@-1");
  assert.equal(driver.group().staticMembers.size, 0);
  assert.equal(driver.join("n", { instance: "i" }), "n@5 [t 0 1]");
});

test("a replaced member takes over the pattern that its instance subscribed to", async () => {
  const { loadPatternEngine } = await import("../src/group/consumer/pattern-engine.ts");
  await loadPatternEngine();
  const driver = new ConsumerDriver({ t: 1 });
  driver.join("a", { instance: "i", regex: "t.*" });
  driver.advance(0);
  assert.equal(driver.beat("a", { instance: "i" }), "a@2 [t 0]");
  driver.leave("a", { epoch: -2, instance: "i" });
  assert.equal(driver.join("a2", { instance: "i", regex: "t.*" }), "a2@2 [t 0]");
  assert.equal(driver.group().subscriptions.subscribersOf("t.*"), 1);
  driver.leave("a2", { epoch: -2, instance: "i" });
  driver.join("a3", { instance: "i", topics: [], regex: "" });
  assert.equal(driver.group().resolvedPatterns.size, 0);
});

test("with the range assignor instances keep their partitions whatever their member ids are", () => {
  const driver = new ConsumerDriver({ t: 2 });
  const options = { topics: ["t"], assignor: "range" };
  settle(driver, [new Consumer(driver, "x", { ...options, instance: "i1" })]);
  const both = [new Consumer(driver, "m", { ...options, instance: "i2" })];
  both[0]!.poll();
  driver.beat("x", { instance: "i1" });
  driver.beat("x", { epoch: 2, instance: "i1", owns: "t 0" });
  both[0]!.poll();
  assert.deepEqual([driver.has("x"), driver.has("m")], ["t 0@2", "t 1@3"]);
  driver.leave("x", { epoch: -2, instance: "i1" });
  assert.equal(driver.join("z", { ...options, instance: "i1" }), "z@3 [t 0]");
});
