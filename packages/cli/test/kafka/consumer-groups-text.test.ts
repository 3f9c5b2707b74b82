// kafka-consumer-groups: its tables, dates, durations and plans, each as Kafka's own command prints or reads it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { memberTable, stateTable } from "../../src/kafka/commands/consumer-groups/describe-members.ts";
import { offsetRows, offsetTable } from "../../src/kafka/commands/consumer-groups/describe-offsets.ts";
import { parseStates, parseTypes } from "../../src/kafka/commands/consumer-groups/groups-filter.ts";
import { parseTopicPartitions } from "../../src/kafka/commands/consumer-groups/offsets-lookup.ts";
import { parseResetPlan, resetPlanLines } from "../../src/kafka/commands/consumer-groups/reset-plan.ts";
import { parseDateTime, parseDuration } from "../../src/kafka/commands/consumer-groups/reset-times.ts";

const coordinator = { nodeId: 1, host: "127.0.0.1", port: 9092, rack: null };
const member = (name: string, count: number, more: object = {}) => ({
  memberId: `${name}-7ab54b3c`,
  groupInstanceId: null,
  rackId: null,
  clientId: name,
  host: "/127.0.0.1",
  assignment: Array.from({ length: count }, (_, partition) => ({ topic: name, partition })),
  targetAssignment: null,
  memberEpoch: null,
  isUpgraded: null,
  ...more,
});
const group = {
  groupId: "readers",
  type: "Classic" as const,
  isSimple: false,
  state: "Stable" as const,
  members: [member("one", 1), member("two", 2, { groupInstanceId: "static-two" })],
  assignor: "range",
  coordinator,
  authorizedOperations: null,
  groupEpoch: null,
  targetAssignmentEpoch: null,
};

test("the table of offsets begins with the members that have most", () => {
  const committed = [
    { topic: "two", partition: 1, offset: 5, leaderEpoch: 3, metadata: "" },
    { topic: "free", partition: 0, offset: 1, leaderEpoch: null, metadata: "" },
  ];
  const endOffsets = new Map([["two-0", 4], ["two-1", 9], ["one-0", 0]]); // prettier-ignore
  const rows = offsetRows({ group, committed, endOffsets }, true);
  assert.deepEqual(offsetTable(rows, true), [
    "",
    "GROUP           TOPIC           PARTITION  LEADER-EPOCH    CURRENT-OFFSET  LOG-END-OFFSET  LAG             CONSUMER-ID     HOST            CLIENT-ID",
    "readers         two             0          -               -               4               -               two-7ab54b3c    /127.0.0.1      two",
    "readers         two             1          3               5               9               4               two-7ab54b3c    /127.0.0.1      two",
    "readers         one             0          -               -               0               -               one-7ab54b3c    /127.0.0.1      one",
    "readers         free            0          -               1               -               -               -               -               -",
  ]);
});

test("the table of members has a column for instances where there are some", () => {
  assert.deepEqual(memberTable(group, false, true), [
    "",
    "GROUP           CONSUMER-ID     GROUP-INSTANCE-ID HOST            CLIENT-ID       #PARTITIONS     ",
    "readers         one-7ab54b3c                      /127.0.0.1      one             1               ",
    "readers         two-7ab54b3c    static-two        /127.0.0.1      two             2               ",
  ]);
  assert.deepEqual(memberTable({ ...group, members: [member("one", 2)] }, true, true), [
    "",
    "GROUP           CONSUMER-ID     HOST            CLIENT-ID       #PARTITIONS     CURRENT-EPOCH   CURRENT-ASSIGNMENT   TARGET-EPOCH    TARGET-ASSIGNMENT   ",
    "readers         one-7ab54b3c    /127.0.0.1      one             2               -               one:0,1              -               -                   ",
  ]);
});

test("the state of a group is one line", () => {
  assert.deepEqual(stateTable(group, true), [
    "",
    "GROUP           COORDINATOR (ID)          ASSIGNMENT-STRATEGY  STATE                GROUP-EPOCH     TARGET-ASSIGNMENT-EPOCH   #MEMBERS",
    "readers         127.0.0.1:9092  (1)       range                Stable               -               -                         2",
  ]);
});

test("states and types are read in any case", () => {
  assert.deepEqual(parseStates("STABLE, empty"), ["Stable", "Empty"]);
  assert.deepEqual(parseTypes("Classic,consumer"), ["Classic", "Consumer"]);
  assert.throws(() => parseTypes("share"), /Invalid types list 'share'\. Valid types are: Classic, Consumer/);
});

const times: { text: string; ms: number | RegExp }[] = [
  { text: "2020-01-01T00:00:00.000", ms: Date.UTC(2020, 0, 1) },
  { text: "2020-01-01T00:00:00.5", ms: Date.UTC(2020, 0, 1) + 5 },
  { text: "2020-01-01T00:00:00.000Z", ms: Date.UTC(2020, 0, 1) },
  { text: "2020-01-01T02:00:00.000+02:00", ms: Date.UTC(2020, 0, 1) },
  { text: "2020-01-01T00:00:00.000-05", ms: Date.UTC(2020, 0, 1, 5) },
  { text: "2020-01-01T00:00:00", ms: /Unparseable date: "2020-01-01T00:00:00Z"/ },
  { text: "2020-13-01T00:00:00.000", ms: /Unparseable date/ },
  { text: "2020-01-01", ms: /does not contain a 'T'/ },
];

describe("dates of --to-datetime", () => {
  for (const { text, ms } of times) {
    test(text, () => {
      if (typeof ms === "number") assert.equal(parseDateTime(text), ms);
      else assert.throws(() => parseDateTime(text), ms);
    });
  }
});

const durations: { text: string; ms: number | null }[] = [
  { text: "P1D", ms: 86_400_000 },
  { text: "PT0S", ms: 0 },
  { text: "pt1h30m", ms: 5_400_000 },
  { text: "PT1.5S", ms: 1500 },
  { text: "-PT1M", ms: -60_000 },
  { text: "PT-1M", ms: -60_000 },
  { text: "P1DT", ms: null },
  { text: "P", ms: null },
  { text: "1h", ms: null },
];

describe("durations of --by-duration", () => {
  for (const { text, ms } of durations) {
    test(text, () => {
      if (ms === null) assert.throws(() => parseDuration(text), /Text cannot be parsed to a Duration/);
      else assert.equal(parseDuration(text), ms);
    });
  }
});

test("plans are written and read with and without groups", () => {
  const plan = new Map([["g", [{ topic: "a,b", partition: 1, offset: 2 }]]]);
  assert.deepEqual(resetPlanLines(plan, { withGroups: false }), [`"a,b",1,2`]);
  assert.deepEqual(resetPlanLines(plan, { withGroups: true }), [`g,"a,b",1,2`]);
  assert.deepEqual(parseResetPlan(`"a,b",1,2\n`, ["g"]), plan);
  assert.deepEqual(parseResetPlan(`g,"a,b",1,2`, ["g", "h"]), plan);
  assert.throws(() => parseResetPlan("t,1,2", ["g", "h"]), /Not 4 columns/);
});

test("partitions of a topic are named behind a colon", () => {
  assert.deepEqual(parseTopicPartitions("t:0,3"), [
    { topic: "t", partition: 0 },
    { topic: "t", partition: 3 },
  ]);
  assert.throws(() => parseTopicPartitions("t:x"), /Invalid partition 'x' specified in topic arg 't:x''/);
  assert.throws(() => parseTopicPartitions("t:"), /Invalid topic arg 't:', expected topic name and partitions/);
});
