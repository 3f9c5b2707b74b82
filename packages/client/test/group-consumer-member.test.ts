// The state machine of members of the consumer protocol (KIP-848), table by table.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ErrorName } from "@ottla/protocol";
import { brokerError, KafkaError } from "../src/errors.ts";
import { ConsumerDriver } from "./support/consumer-driver.ts";
import { viewOf } from "./support/classic-driver.ts";

const FULL = "topics=t timeout=300000";

describe("joining", () => {
  test("the first heartbeat tells everything, with epoch 0", () => {
    const driver = new ConsumerDriver({ rack: "r", assignor: "uniform", instance: "i" });
    assert.deepEqual(driver.subscribe(), [
      "heartbeat 0 topics=t rack=r assignor=uniform instance=i timeout=300000 owned=",
    ]);
    assert.deepEqual(driver.member.identity, { memberId: "", generationId: -1 });
    assert.deepEqual(driver.answered(1), []);
    assert.deepEqual(driver.member.identity, { memberId: "m1", generationId: 1 });
    assert.deepEqual(driver.wait(4_999), []);
    assert.deepEqual(driver.wait(1), ["heartbeat 1 instance=i"]);
  });

  test("a pattern of the broker is told, and taken back with an empty one", () => {
    const driver = new ConsumerDriver();
    assert.deepEqual(driver.subscribe([], "^t.*"), ["heartbeat 0 topics= regex=^t.* timeout=300000 owned="]);
    driver.answered(1);
    assert.deepEqual(driver.subscribe(["t"]), ["heartbeat 1 topics=t regex="]);
    driver.answered(1);
    assert.deepEqual(driver.subscribe(["t", "u"]), ["heartbeat 1 topics=t,u"]);
  });

  const refusals: readonly { error: ErrorName; now: readonly string[]; later: readonly string[] }[] = [
    { error: "COORDINATOR_LOAD_IN_PROGRESS", now: [], later: [`heartbeat 0 ${FULL} owned=`] },
    { error: "NOT_COORDINATOR", now: ["forgetCoordinator"], later: [`heartbeat 0 ${FULL} owned=`] },
    { error: "COORDINATOR_NOT_AVAILABLE", now: ["forgetCoordinator"], later: [`heartbeat 0 ${FULL} owned=`] },
    { error: "UNKNOWN_MEMBER_ID", now: [], later: [`heartbeat 0 ${FULL} owned=`] },
    { error: "TOPIC_AUTHORIZATION_FAILED", now: [], later: [`heartbeat 0 ${FULL} owned=`] },
    { error: "UNRELEASED_INSTANCE_ID", now: ["failed UNRELEASED_INSTANCE_ID"], later: [] },
    { error: "GROUP_ID_NOT_FOUND", now: ["abandon", "leave -1", "failed GROUP_ID_NOT_FOUND"], later: [] },
    {
      error: "GROUP_AUTHORIZATION_FAILED",
      now: ["abandon", "leave -1", "failed GROUP_AUTHORIZATION_FAILED"],
      later: [],
    },
    { error: "GROUP_MAX_SIZE_REACHED", now: ["abandon", "leave -1", "failed GROUP_MAX_SIZE_REACHED"], later: [] },
    { error: "UNSUPPORTED_ASSIGNOR", now: ["abandon", "leave -1", "failed UNSUPPORTED_ASSIGNOR"], later: [] },
    {
      error: "INVALID_REGULAR_EXPRESSION",
      now: ["abandon", "leave -1", "failed INVALID_REGULAR_EXPRESSION"],
      later: [],
    },
    { error: "UNSUPPORTED_VERSION", now: ["abandon", "leave -1", "failed UNSUPPORTED_VERSION"], later: [] },
    { error: "INVALID_REQUEST", now: ["abandon", "leave -1", "failed INVALID_REQUEST"], later: [] },
  ];
  for (const { error, now, later } of refusals) {
    test(`is answered ${error}`, () => {
      const driver = new ConsumerDriver();
      driver.subscribe();
      assert.deepEqual(driver.refused(error), now);
      assert.deepEqual(driver.wait(100), later);
    });
  }
});

describe("a member", () => {
  const refusals: readonly { error: ErrorName; now: readonly string[]; later: readonly string[]; owned: string }[] = [
    { error: "COORDINATOR_LOAD_IN_PROGRESS", now: [], later: [`heartbeat 1 ${FULL} owned=t:0`], owned: "t-0" },
    { error: "NOT_COORDINATOR", now: ["forgetCoordinator"], later: [`heartbeat 1 ${FULL} owned=t:0`], owned: "t-0" },
    { error: "TOPIC_AUTHORIZATION_FAILED", now: [], later: [`heartbeat 1 ${FULL} owned=t:0`], owned: "t-0" },
    { error: "FENCED_MEMBER_EPOCH", now: ["call lost t-0"], later: [], owned: "" },
    { error: "UNKNOWN_MEMBER_ID", now: ["call lost t-0"], later: [], owned: "" },
    { error: "GROUP_ID_NOT_FOUND", now: ["call lost t-0"], later: [], owned: "" },
    { error: "FENCED_INSTANCE_ID", now: ["call lost t-0"], later: [], owned: "" },
    { error: "GROUP_AUTHORIZATION_FAILED", now: ["abandon", "leave -1", "call lost t-0"], later: [], owned: "" },
  ];
  for (const { error, now, later, owned } of refusals) {
    test(`has its heartbeat answered ${error}`, () => {
      const driver = new ConsumerDriver().enter();
      assert.deepEqual(driver.wait(5_000), ["heartbeat 1"]);
      assert.deepEqual(driver.refused(error), now);
      assert.deepEqual(driver.wait(100), later);
      assert.equal(driver.owned, owned);
    });
  }

  test("who is fenced joins anew when the listener has given up what was lost", () => {
    for (const error of ["FENCED_MEMBER_EPOCH", "UNKNOWN_MEMBER_ID", "GROUP_ID_NOT_FOUND"] as const) {
      const driver = new ConsumerDriver().enter();
      driver.wait(5_000);
      driver.refused(error);
      assert.deepEqual(driver.called(), [`heartbeat 0 ${FULL} owned=`]);
    }
  });

  test("who is fenced for good is told so", () => {
    const driver = new ConsumerDriver({ instance: "i" }).enter();
    driver.wait(5_000);
    driver.refused("FENCED_INSTANCE_ID");
    assert.deepEqual(driver.called(), ["failed FENCED_INSTANCE_ID"]);
  });

  test("a heartbeat that is lost is sent again after a backoff, with everything", () => {
    const driver = new ConsumerDriver().enter();
    driver.wait(5_000);
    assert.deepEqual(driver.failed(), ["forgetCoordinator"]);
    assert.deepEqual(driver.wait(100), [`heartbeat 1 ${FULL} owned=t:0`]);
    assert.deepEqual(driver.failed(), ["forgetCoordinator"]);
    assert.deepEqual(driver.wait(199), []);
    assert.deepEqual(driver.wait(1), [`heartbeat 1 ${FULL} owned=t:0`]);
  });

  test("a broker that does not know the protocol fails the member", () => {
    const driver = new ConsumerDriver();
    driver.subscribe();
    assert.deepEqual(driver.failed(brokerError(35, null)), ["abandon", "leave -1", "failed UNSUPPORTED_VERSION"]);
  });
});

describe("reconciling", () => {
  test("what is assigned is taken, and told at once", () => {
    const driver = new ConsumerDriver();
    driver.subscribe();
    assert.deepEqual(driver.answered(1, "t-0 t-1"), ["call assigned t-0 t-1"]);
    assert.equal(driver.owned, "t-0 t-1");
    assert.deepEqual(driver.called(), ["heartbeat 1 owned=t:0,1"]);
    assert.deepEqual(driver.answered(1), []);
  });

  test("what goes is given back and told before what is new is taken", () => {
    const driver = new ConsumerDriver().enter("t-0 t-1");
    driver.wait(5_000);
    assert.deepEqual(driver.answered(2, "t-0 u-0"), ["call revoked t-1"]);
    assert.deepEqual(driver.called(), ["call assigned u-0", "heartbeat 2 owned=t:0;u:0"]);
  });

  test("heartbeats go on, with the newest epoch, while the listener gives back", () => {
    const driver = new ConsumerDriver().enter("t-0 t-1");
    driver.wait(5_000);
    driver.answered(2, "t-0");
    assert.deepEqual(driver.wait(5_000), ["heartbeat 2"]);
    assert.deepEqual(driver.answered(3), []);
    assert.equal(driver.member.identity.generationId, 3);
    assert.deepEqual(driver.called(), ["heartbeat 3 owned=t:0"]);
  });

  test("a newer assignment takes the place of the one under way", () => {
    const driver = new ConsumerDriver().enter("t-0 t-1");
    driver.wait(5_000);
    driver.answered(2, "t-0");
    driver.wait(5_000);
    assert.deepEqual(driver.answered(3, "t-1"), []);
    assert.deepEqual(driver.called(), ["call revoked t-0", "heartbeat 3 owned=t:0"]);
    driver.answered(3);
    assert.deepEqual(driver.called(), ["call assigned t-1", "heartbeat 3 owned=t:1"]);
  });

  test("an assignment that is there already is told as well", () => {
    const driver = new ConsumerDriver().enter();
    driver.wait(5_000);
    assert.deepEqual(driver.answered(2, "t-0"), ["heartbeat 2 owned=t:0"]);
  });

  test("a topic whose name is not known is asked for until it is", () => {
    const driver = new ConsumerDriver();
    driver.subscribe();
    assert.deepEqual(driver.answered(1, "t-0 new-0"), ["refresh all", "call assigned t-0"]);
    assert.deepEqual(driver.called(), ["heartbeat 1 owned=t:0"]);
    driver.answered(1);
    assert.deepEqual(driver.refreshed(), []);
    assert.deepEqual(driver.wait(100), ["refresh all"]);
    driver.do({ kind: "metadata", view: viewOf({ t: 2, new: 1 }) });
    assert.equal(driver.owned, "new-0 t-0");
  });

  test("a topic that was deleted and made again is given back and taken anew", () => {
    const driver = new ConsumerDriver().enter();
    const view = viewOf({ t: 2 });
    driver.do({ kind: "metadata", view: { ...view, topicNames: new Map([["id-of-t2", "t"]]) } });
    driver.wait(5_000);
    assert.deepEqual(driver.answered(2, "t2-0"), ["call revoked t-0"]);
    assert.deepEqual(driver.called(), ["call assigned t-0", "heartbeat 2 owned=t2:0"]);
  });
});

describe("ends", () => {
  test("unsubscribing gives back, heartbeating meanwhile, and leaves with epoch -1", () => {
    const driver = new ConsumerDriver().enter();
    assert.deepEqual(driver.subscribe(null), ["call revoked t-0"]);
    assert.deepEqual(driver.wait(5_000), ["heartbeat 1"]);
    assert.deepEqual(driver.called(), ["abandon", "leave -1"]);
    assert.equal(driver.member.isIdle, true);
    assert.equal(driver.member.dueMs, Infinity);
    assert.deepEqual(driver.subscribe(), [`heartbeat 0 ${FULL} owned=`]);
  });

  test("subscribing again while it gives back: it leaves first, and then joins", () => {
    const driver = new ConsumerDriver().enter();
    driver.subscribe(null);
    assert.deepEqual(driver.subscribe(), []);
    assert.deepEqual(driver.called(), ["abandon", "leave -1", `heartbeat 0 ${FULL} owned=`]);
  });

  const closes = [
    { name: "a dynamic member leaves", leaveGroup: undefined, expected: ["abandon", "leave -1", "abandon"] },
    { name: "a dynamic member that shall stay says nothing", leaveGroup: false, expected: ["abandon"] },
    {
      name: "a static one will be back",
      instance: "i",
      leaveGroup: undefined,
      expected: ["abandon", "leave -2", "abandon"],
    },
    {
      name: "a static one leaves for good",
      instance: "i",
      leaveGroup: true,
      expected: ["abandon", "leave -1", "abandon"],
    },
  ];
  for (const { name, instance, leaveGroup, expected } of closes) {
    test(`closing: ${name}`, () => {
      const driver = new ConsumerDriver(instance === undefined ? {} : { instance }).enter();
      assert.deepEqual(driver.do({ kind: "close", leaveGroup }), expected);
      assert.equal(driver.owned, "");
      assert.deepEqual(driver.do({ kind: "tick" }), []);
    });
  }

  test("an application that is late: the member leaves, loses what it had, and joins again when the application moves", () => {
    const driver = new ConsumerDriver().enter();
    driver.nowMs = 300_000;
    assert.deepEqual(driver.do({ kind: "tick" }), ["abandon", "leave -1", "call lost t-0"]);
    assert.deepEqual(driver.called(), []);
    assert.equal(driver.member.dueMs, Infinity);
    assert.deepEqual(driver.do({ kind: "waiting", isWaiting: true }), [`heartbeat 0 ${FULL} owned=`]);
  });

  test("a hook that throws fails the member, which leaves", () => {
    const driver = new ConsumerDriver();
    driver.subscribe();
    driver.answered(1, "t-0");
    const error = new KafkaError("the hook", { code: "REBALANCE_HOOK" });
    assert.deepEqual(driver.called(error), ["abandon", "leave -1", "call lost t-0"]);
    assert.deepEqual(driver.called(), ["failed REBALANCE_HOOK"]);
  });
});
