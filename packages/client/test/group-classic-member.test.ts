// The state machine of classic members, table by table: what follows from each answer in each state, and what comes at odd moments.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { errorCodes } from "@ottla/protocol";
import type { ErrorName } from "@ottla/protocol";
import { KafkaError } from "../src/errors.ts";
import { ClassicDriver, partitions, viewOf } from "./support/classic-driver.ts";

interface ErrorRow {
  readonly error: ErrorName;
  /** What follows at once, and what after the backoff. */
  readonly now: readonly string[];
  readonly later?: readonly string[];
  /** What is owned afterwards. */
  readonly owned: string;
}

const fatal = (error: ErrorName, left: readonly string[]): ErrorRow => ({
  error,
  now: [...left, "abandon", "call lost t-0", "then", `failed ${error}`],
  owned: "",
});

describe("a member that joins again", () => {
  // It owns t-0, and was told to join again.
  const rejoining = (): ClassicDriver => {
    const driver = new ClassicDriver().enter();
    driver.wait(3_000);
    assert.deepEqual(driver.beaten("REBALANCE_IN_PROGRESS"), ["join m1 with t-0: group is already rebalancing"]);
    return driver;
  };

  const table: readonly ErrorRow[] = [
    {
      error: "COORDINATOR_LOAD_IN_PROGRESS",
      now: [],
      later: ["join m1 with t-0: group is already rebalancing"],
      owned: "t-0",
    },
    {
      error: "REBALANCE_IN_PROGRESS",
      now: [],
      later: ["join m1 with t-0: group is already rebalancing"],
      owned: "t-0",
    },
    {
      error: "NOT_COORDINATOR",
      now: ["forgetCoordinator"],
      later: ["join m1 with t-0: group is already rebalancing"],
      owned: "t-0",
    },
    {
      error: "COORDINATOR_NOT_AVAILABLE",
      now: ["forgetCoordinator"],
      later: ["join m1 with t-0: group is already rebalancing"],
      owned: "t-0",
    },
    {
      error: "UNKNOWN_MEMBER_ID",
      now: ["abandon", "call lost t-0", "then", "join anew: group is already rebalancing"],
      owned: "",
    },
    fatal("FENCED_INSTANCE_ID", []),
    fatal("INCONSISTENT_GROUP_PROTOCOL", ["leave m1"]),
    fatal("INVALID_SESSION_TIMEOUT", ["leave m1"]),
    fatal("INVALID_GROUP_ID", ["leave m1"]),
    fatal("GROUP_AUTHORIZATION_FAILED", ["leave m1"]),
    fatal("GROUP_MAX_SIZE_REACHED", ["leave m1"]),
    fatal("UNSUPPORTED_VERSION", ["leave m1"]),
    fatal("UNKNOWN_SERVER_ERROR", ["leave m1"]),
  ];
  for (const row of table) {
    test(`is answered ${row.error}`, () => {
      const driver = rejoining();
      check(driver, driver.joined(row.error), row);
    });
  }

  test("loses the connection: the same again, after asking who coordinates", () => {
    const driver = rejoining();
    assert.deepEqual(driver.failed("join"), ["forgetCoordinator"]);
    assert.deepEqual(driver.wait(100), ["join m1 with t-0: group is already rebalancing"]);
    assert.deepEqual(driver.failed("join"), ["forgetCoordinator"]);
    assert.deepEqual(driver.wait(150), []);
    assert.deepEqual(driver.wait(50), ["join m1 with t-0: group is already rebalancing"]);
  });

  test("is told the same lost membership again and again: not in a loop", () => {
    const driver = new ClassicDriver();
    driver.subscribe();
    assert.deepEqual(driver.joined("UNKNOWN_MEMBER_ID"), [
      "abandon",
      "join anew: rebalance failed due to UNKNOWN_MEMBER_ID",
    ]);
    assert.deepEqual(driver.joined("UNKNOWN_MEMBER_ID"), ["abandon"]);
    assert.deepEqual(driver.wait(200), ["join anew: rebalance failed due to UNKNOWN_MEMBER_ID"]);
  });
});

describe("a member that waits for its assignment", () => {
  const syncing = (): ClassicDriver => {
    const driver = new ClassicDriver().enter();
    driver.do({ kind: "rejoin", reason: "because" });
    assert.deepEqual(driver.joined("NONE", { generation: 2 }), ["sync"]);
    return driver;
  };

  const table: readonly ErrorRow[] = [
    { error: "REBALANCE_IN_PROGRESS", now: ["join m1 with t-0: because"], owned: "t-0" },
    { error: "COORDINATOR_LOAD_IN_PROGRESS", now: [], later: ["join m1 with t-0: because"], owned: "t-0" },
    { error: "NOT_COORDINATOR", now: ["forgetCoordinator"], later: ["join m1 with t-0: because"], owned: "t-0" },
    {
      error: "COORDINATOR_NOT_AVAILABLE",
      now: ["forgetCoordinator"],
      later: ["join m1 with t-0: because"],
      owned: "t-0",
    },
    { error: "UNKNOWN_MEMBER_ID", now: ["abandon", "call lost t-0", "then", "join anew: because"], owned: "" },
    { error: "ILLEGAL_GENERATION", now: ["abandon", "call lost t-0", "then", "join m1: because"], owned: "" },
    fatal("FENCED_INSTANCE_ID", []),
    fatal("GROUP_AUTHORIZATION_FAILED", ["leave m1"]),
    fatal("INCONSISTENT_GROUP_PROTOCOL", ["leave m1"]),
  ];
  for (const row of table) {
    test(`is answered ${row.error}`, () => {
      const driver = syncing();
      check(driver, driver.synced(row.error), row);
    });
  }

  test("sends no commit, as the coordinator would refuse it", () => {
    const driver = syncing();
    assert.equal(driver.member.commitAccess, "later");
    driver.synced("NONE", "t-0");
    assert.equal(driver.member.commitAccess, "open");
  });
});

describe("a member with its part of a generation", () => {
  const table: readonly ErrorRow[] = [
    { error: "NONE", now: [], later: [], owned: "t-0" },
    { error: "REBALANCE_IN_PROGRESS", now: ["join m1 with t-0: group is already rebalancing"], owned: "t-0" },
    { error: "UNKNOWN_MEMBER_ID", now: ["abandon", "call lost t-0", "then", "join anew"], owned: "" },
    { error: "ILLEGAL_GENERATION", now: ["abandon", "call lost t-0", "then", "join m1"], owned: "" },
    { error: "NOT_COORDINATOR", now: ["forgetCoordinator"], later: ["heartbeat"], owned: "t-0" },
    { error: "COORDINATOR_NOT_AVAILABLE", now: ["forgetCoordinator"], later: ["heartbeat"], owned: "t-0" },
    { error: "COORDINATOR_LOAD_IN_PROGRESS", now: [], later: ["heartbeat"], owned: "t-0" },
    fatal("FENCED_INSTANCE_ID", []),
    fatal("GROUP_AUTHORIZATION_FAILED", ["leave m1"]),
  ];
  for (const row of table) {
    test(`has its heartbeat answered ${row.error}`, () => {
      const driver = new ClassicDriver().enter();
      assert.deepEqual(driver.wait(3_000), ["heartbeat"]);
      check(driver, driver.beaten(row.error), row);
    });
  }

  test("heartbeats every interval, one at a time, and again after a backoff when one is lost", () => {
    const driver = new ClassicDriver().enter();
    assert.deepEqual(driver.wait(2_999), []);
    assert.deepEqual(driver.wait(1), ["heartbeat"]);
    assert.deepEqual(driver.wait(20_000), []);
    assert.deepEqual(driver.failed("heartbeat"), ["forgetCoordinator"]);
    assert.deepEqual(driver.wait(100), ["heartbeat"]);
    driver.beaten("NONE");
    assert.deepEqual(driver.wait(2_999), []);
    assert.deepEqual(driver.wait(1), ["heartbeat"]);
  });

  const commits: readonly { error: ErrorName; now: readonly string[] }[] = [
    { error: "ILLEGAL_GENERATION", now: ["abandon", "call lost t-0"] },
    { error: "UNKNOWN_MEMBER_ID", now: ["abandon", "call lost t-0"] },
    {
      error: "REBALANCE_IN_PROGRESS",
      now: ["join m1 with t-0: offset commit failed since group is already rebalancing"],
    },
    { error: "FENCED_INSTANCE_ID", now: ["abandon", "call lost t-0"] },
  ];
  for (const { error, now } of commits) {
    test(`has a commit refused with ${error}`, () => {
      const driver = new ClassicDriver().enter();
      const { identity } = driver.member;
      assert.deepEqual(driver.do({ kind: "commitRefused", errorCode: errorCodes[error], identity }), now);
    });
  }

  test("does not mind a commit of an earlier generation that was refused", () => {
    const driver = new ClassicDriver().enter("t-0", 2);
    const identity = { memberId: "m1", generationId: 1 };
    assert.deepEqual(driver.do({ kind: "commitRefused", errorCode: errorCodes.ILLEGAL_GENERATION, identity }), []);
  });

  test("joins again when its subscription changes, and gives back what is not in it", () => {
    const driver = new ClassicDriver().enter();
    assert.deepEqual(driver.subscribe(["t", "u"]), ["join m1 with t-0: subscription has changed"]);
    const other = new ClassicDriver().enter();
    assert.deepEqual(other.subscribe(["u"]), ["call revoked t-0"]);
    assert.deepEqual(other.called(), ["join m1: subscription has changed"]);
  });
});

describe("rebalances", () => {
  test("the first join brings the member id, as KIP-394 wants it", () => {
    const driver = new ClassicDriver();
    assert.deepEqual(driver.subscribe(), ["join anew"]);
    assert.deepEqual(driver.joined("MEMBER_ID_REQUIRED", { memberId: "m7" }), ["join m7"]);
    assert.deepEqual(driver.joined("NONE", { memberId: "m7" }), ["sync"]);
    assert.deepEqual(driver.synced("NONE", "t-0 t-1"), ["call assigned t-0 t-1"]);
    assert.equal(driver.owned, "t-0 t-1");
  });

  test("the leader asks for the metadata of all topics, assigns and hands it in", () => {
    const driver = new ClassicDriver();
    driver.subscribe();
    assert.deepEqual(driver.joined("NONE", { leads: true, members: ["m1", "m2"] }), ["refresh t"]);
    assert.deepEqual(driver.refreshed(), ["sync m1:t-0 m2:t-1"]);
  });

  test("the leader heartbeats while it waits for metadata", () => {
    const driver = new ClassicDriver();
    driver.subscribe();
    driver.joined("NONE", { leads: true });
    assert.deepEqual(driver.wait(3_000), ["heartbeat"]);
  });

  test("the leader joins again when a topic gets partitions; a follower does not", () => {
    for (const leads of [true, false]) {
      const driver = new ClassicDriver();
      driver.subscribe();
      driver.joined("NONE", { leads });
      if (leads) driver.refreshed();
      driver.synced("NONE", "t-0");
      driver.called();
      const seen = driver.do({ kind: "metadata", view: viewOf({ t: 3 }) });
      assert.deepEqual(seen, leads ? ["join m1 with t-0: cached metadata has changed"] : []);
    }
  });

  test("an assignor that throws fails the member, which leaves", () => {
    const broken = { name: "broken", assign: () => assert.fail("no idea") };
    const driver = new ClassicDriver({ assignors: [broken] });
    driver.subscribe();
    driver.joined("NONE", { leads: true });
    assert.deepEqual(driver.refreshed(), ["leave m1", "abandon", "failed ASSIGNOR"]);
  });

  test("a cooperative member keeps what stays, gives back what goes, and joins again for what comes later", () => {
    const driver = new ClassicDriver().enter("t-0 t-1");
    driver.do({ kind: "rejoin", reason: "because" });
    driver.joined("NONE", { generation: 2 });
    assert.deepEqual(driver.synced("NONE", "t-0"), ["call revoked t-1"]);
    assert.equal(driver.owned, "t-0 t-1");
    assert.deepEqual(driver.called(), ["call assigned"]);
    assert.equal(driver.owned, "t-0");
    assert.deepEqual(driver.called(), ["join m1 with t-0: need to revoke partitions and re-join"]);
  });

  const unfinished: readonly {
    name: string;
    members: string[];
    skipAssignment?: boolean;
    assigned: string;
    later: string[];
  }[] = [
    {
      name: "when a partition waits to be given up",
      members: ["m1", "m2 t-0 t-1"],
      assigned: "",
      later: ["join m1: partitions that were given up have no owner"],
    },
    {
      name: "as a static leader that came back and cannot know",
      members: ["m1", "m2"],
      skipAssignment: true,
      assigned: "t-0",
      later: ["join m1 with t-0: partitions that were given up have no owner"],
    },
    { name: "not when everything has an owner", members: ["m1 t-0", "m2 t-1"], assigned: "t-0", later: [] },
    { name: "not when it came back alone", members: ["m1"], skipAssignment: true, assigned: "t-0 t-1", later: [] },
  ];
  for (const { name, members, skipAssignment = false, assigned, later } of unfinished) {
    test(`a cooperative leader looks after the next rebalance, if nobody else does: ${name}`, () => {
      const driver = new ClassicDriver({ instance: "i" });
      driver.subscribe();
      driver.joined("NONE", { leads: true, members, skipAssignment });
      driver.refreshed();
      driver.synced("NONE", assigned);
      driver.called();
      for (let beat = 1; beat < 3; beat++) {
        assert.deepEqual(driver.wait(3_000), ["heartbeat"]);
        driver.beaten("NONE");
      }
      assert.deepEqual(
        driver.wait(3_000).filter((seen) => seen !== "heartbeat"),
        later,
      );
    });
  }

  test("an eager member gives everything back before it joins again", () => {
    const driver = new ClassicDriver({ assignors: ["range"] }).enter("t-0 t-1");
    assert.deepEqual(driver.do({ kind: "rejoin", reason: "because" }), ["call revoked t-0 t-1"]);
    assert.deepEqual(driver.called(), ["join m1: because"]);
    driver.joined("NONE", { generation: 2 });
    assert.deepEqual(driver.synced("NONE", "t-1"), ["call assigned t-1"]);
  });

  test("heartbeats go on while the listener gives back, so that the session does not end", () => {
    const driver = new ClassicDriver({ assignors: ["range"] }).enter();
    driver.do({ kind: "rejoin", reason: "because" });
    assert.deepEqual(driver.wait(3_000), ["heartbeat"]);
    assert.deepEqual(driver.beaten("REBALANCE_IN_PROGRESS"), []);
    assert.deepEqual(driver.called(), ["join m1: because"]);
  });

  test("a generation that is lost while the listener gives back: what is left is lost", () => {
    const driver = new ClassicDriver().enter("t-0 t-1");
    driver.do({ kind: "rejoin", reason: "because" });
    driver.joined("NONE", { generation: 2 });
    driver.synced("NONE", "t-0");
    driver.wait(3_000);
    assert.deepEqual(driver.beaten("UNKNOWN_MEMBER_ID"), ["abandon"]);
    assert.equal(driver.member.commitAccess, "closed");
    assert.deepEqual(driver.called(), ["call lost t-0"]);
    assert.deepEqual(driver.called(), ["join anew: need to revoke partitions and re-join"]);
  });

  test("an assignment of topics that are no longer subscribed to is not taken", () => {
    const driver = new ClassicDriver();
    driver.subscribe();
    driver.joined("NONE");
    driver.subscribe(["u"]);
    assert.deepEqual(driver.synced("NONE", "t-0"), ["call assigned"]);
    assert.deepEqual(driver.called(), ["join m1: received assignment does not match the current subscription"]);
  });

  test("an assignment that cannot be read is none", () => {
    const driver = new ClassicDriver();
    driver.subscribe();
    driver.joined("NONE");
    const response = {
      throttleTimeMs: 0,
      errorCode: 0,
      protocolType: null,
      protocolName: null,
      assignment: Buffer.alloc(0),
    };
    assert.deepEqual(driver.do({ kind: "synced", id: 2, response }), ["call assigned"]);
  });

  test("answers that nobody waits for any more are of no interest", () => {
    const driver = new ClassicDriver();
    driver.subscribe();
    driver.failed("join");
    assert.deepEqual(driver.joined("NONE"), []);
    assert.equal(driver.member.identity.generationId, -1);
  });
});

describe("patterns", () => {
  test("metadata come before each join, and topics that the leader knew first are taken", () => {
    const driver = new ClassicDriver({ pattern: /^t/, topics: ["t"] });
    assert.deepEqual(driver.subscribe(), ["refresh all"]);
    assert.deepEqual(driver.refreshed(), ["join anew"]);
    driver.joined("NONE");
    assert.deepEqual(driver.synced("NONE", "t-0 tea-0 coffee-0"), ["call assigned t-0 tea-0"]);
  });

  test("a new topic that matches brings a rebalance", () => {
    const driver = new ClassicDriver({ pattern: /^t/, topics: ["t"] }).enter();
    assert.deepEqual(driver.subscribe(["t", "tea"]), ["refresh all"]);
    assert.deepEqual(driver.refreshed(), ["join m1 with t-0: subscription has changed"]);
  });

  test("what the leader knew first is no change when the metadata bring it", () => {
    const driver = new ClassicDriver({ pattern: /^t/, topics: ["t"] }).enter("t-0 tea-0");
    assert.deepEqual(driver.subscribe(["t", "tea"]), []);
  });
});

describe("an application that is late", () => {
  test("the member leaves, its partitions are lost, and it joins again when the application moves", () => {
    const driver = new ClassicDriver().enter();
    driver.do({ kind: "waiting", isWaiting: false });
    driver.wait(3_000);
    driver.beaten("NONE");
    driver.nowMs = 299_999;
    assert.ok(!driver.do({ kind: "tick" }).includes("leave m1"));
    driver.nowMs = 300_000;
    assert.deepEqual(driver.do({ kind: "tick" }), ["leave m1", "abandon", "call lost t-0"]);
    assert.deepEqual(driver.called(), []);
    assert.equal(driver.member.dueMs, Infinity);
    assert.deepEqual(driver.do({ kind: "progressed" }), ["join anew"]);
  });

  test("waiting for records is not late", () => {
    const driver = new ClassicDriver().enter();
    driver.do({ kind: "waiting", isWaiting: true });
    driver.nowMs = 10_000_000;
    assert.deepEqual(driver.do({ kind: "tick" }), ["heartbeat"]);
  });

  test("a listener that does not come back is late, though the application waits", () => {
    const driver = new ClassicDriver({ assignors: ["range"] }).enter();
    driver.do({ kind: "waiting", isWaiting: true });
    driver.do({ kind: "rejoin", reason: "because" });
    driver.nowMs = 300_000;
    assert.deepEqual(driver.do({ kind: "tick" }), ["leave m1", "abandon"]);
    assert.equal(driver.member.commitAccess, "closed");
    assert.deepEqual(driver.called(), ["join anew"]);
  });

  test("a static member only goes silent", () => {
    const driver = new ClassicDriver({ instance: "i" }).enter();
    driver.nowMs = 300_000;
    assert.deepEqual(driver.do({ kind: "tick" }), ["abandon", "call lost t-0"]);
  });
});

describe("leaving", () => {
  test("unsubscribing gives back, then leaves; the member may join again", () => {
    const driver = new ClassicDriver().enter();
    assert.deepEqual(driver.subscribe(null), ["call revoked t-0"]);
    assert.equal(driver.member.isIdle, false);
    assert.deepEqual(driver.called(), ["leave m1", "abandon"]);
    assert.equal(driver.member.isIdle, true);
    assert.deepEqual(driver.subscribe(), ["join anew"]);
  });

  test("subscribing again while it gives back: it leaves first, and then joins", () => {
    const driver = new ClassicDriver().enter();
    driver.subscribe(null);
    assert.deepEqual(driver.subscribe(), []);
    assert.deepEqual(driver.called(), ["leave m1", "abandon", "join anew"]);
  });

  test("unsubscribing while JoinGroup waits does not wait for it", () => {
    const driver = new ClassicDriver().enter();
    driver.do({ kind: "rejoin", reason: "because" });
    assert.deepEqual(driver.subscribe(null), ["abandon", "call revoked t-0"]);
    assert.equal(driver.member.commitAccess, "open");
    assert.deepEqual(driver.called(), ["leave m1", "abandon"]);
  });

  const closes = [
    { name: "a dynamic member leaves", leaveGroup: undefined, expected: ["leave m1", "abandon"] },
    { name: "a dynamic member that shall stay says nothing", leaveGroup: false, expected: ["abandon"] },
    { name: "a static member stays", instance: "i", leaveGroup: undefined, expected: ["abandon"] },
    {
      name: "a static member that shall leave leaves",
      instance: "i",
      leaveGroup: true,
      expected: ["leave m1", "abandon"],
    },
  ];
  for (const { name, instance, leaveGroup, expected } of closes) {
    test(`closing: ${name}, and nothing is due any more`, () => {
      const driver = new ClassicDriver(instance === undefined ? {} : { instance }).enter();
      assert.deepEqual(driver.do({ kind: "close", leaveGroup }), expected);
      assert.equal(driver.owned, "");
      assert.deepEqual(driver.do({ kind: "tick" }), []);
    });
  }

  test("closing: a static member that others wait for leaves, so that they get what it gave up", () => {
    const driver = new ClassicDriver({ instance: "i" }).enter("t-0 t-1");
    driver.do({ kind: "rejoin", reason: "because" });
    driver.joined("NONE", { generation: 2 });
    assert.deepEqual(driver.synced("NONE", "t-0"), ["call revoked t-1"]);
    assert.deepEqual(driver.do({ kind: "close", leaveGroup: undefined }), ["leave m1", "abandon"]);
  });

  test("a hook that throws fails the member, which leaves; a new subscription joins anew", () => {
    const driver = new ClassicDriver().enter();
    driver.do({ kind: "rejoin", reason: "because" });
    driver.joined("NONE", { generation: 2 });
    driver.synced("NONE", "");
    const error = new KafkaError("the hook", { code: "REBALANCE_HOOK" });
    assert.deepEqual(driver.called(error), ["leave m1", "abandon", "failed REBALANCE_HOOK"]);
    assert.deepEqual(driver.subscribe(), ["join anew"]);
  });
});

function check(driver: ClassicDriver, seen: string[], { now, later, owned }: ErrorRow): void {
  if (now.includes("then")) seen.push("then", ...driver.called());
  assert.deepEqual(seen, now);
  if (later !== undefined) assert.deepEqual(driver.wait(100), later);
  assert.equal(driver.owned, partitions(owned).length === 0 ? "" : owned);
}
