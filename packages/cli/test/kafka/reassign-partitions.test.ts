// kafka-reassign-partitions: its files, throttles, sentences and placement as tables.

import assert from "node:assert/strict";
import { test } from "node:test";
import { listLines } from "../../src/kafka/commands/reassign-partitions.ts";
import { moveStateLines, partitionStateLines } from "../../src/kafka/commands/reassign/move-states.ts";
import { placeReplicas } from "../../src/kafka/commands/reassign/placement.ts";
import {
  checkExecutable,
  parseReassignment,
  parseTopicsToMove,
  reassignmentJson,
} from "../../src/kafka/commands/reassign/reassignment-file.ts";
import { plannedMoves, throttledReplicas } from "../../src/kafka/commands/reassign/throttles.ts";

test("reassignments are read, checked and written", () => {
  const text = '{"version":1,"partitions":[{"topic":"t","partition":0,"replicas":[1,2],"log_dirs":["any","/b"]}]}';
  const file = parseReassignment(text);
  assert.deepEqual(file, {
    partitions: [{ topic: "t", partition: 0, replicas: [1, 2] }],
    moves: [{ topic: "t", partition: 0, brokerId: 2, logDir: "/b" }],
  });
  assert.equal(reassignmentJson(file.partitions, new Map([["t-0-2", "/b"]])), text);
  assert.throws(
    () => parseReassignment('{"partitions":[{"topic":"t","partition":0,"replicas":[1],"log_dirs":[]}]}'),
    /Size of replicas list \[1\] is different from size of log dirs list \[\] for partition t-0/,
  );
  const twice = { partitions: [{ topic: "t", partition: 0, replicas: [1, 1] }], moves: [] };
  assert.throws(
    () => checkExecutable(twice),
    /Partition replica lists may not contain duplicate entries: t-0 contains multiple entries for 1/,
  );
  assert.deepEqual(parseTopicsToMove('{"topics":[{"topic":"t"}]}', "1,2"), { brokers: [1, 2], topics: ["t"] });
  assert.throws(() => parseTopicsToMove("{}", "1,1"), /Broker list contains duplicate entries: \[1\]/);
});

test("states of reassignments are sentences", () => {
  const target = { topic: "t", partition: 0, replicas: [1, 2] };
  assert.deepEqual(
    partitionStateLines([
      { target, replicas: [1, 2], isDone: true },
      { target: { ...target, partition: 1 }, replicas: [1], isDone: true },
      { target: { ...target, partition: 2 }, replicas: [], isDone: false },
    ]),
    [
      "Status of partition reassignment:",
      "Reassignment of partition t-0 is completed.",
      "There is no active reassignment of partition t-1, but replica set is 1 rather than 1,2.",
      "Reassignment of partition t-2 is still in progress.",
    ],
  );
  const move = { topic: "t", partition: 0, brokerId: 1, logDir: "/b" };
  const place = (path: string): { path: string; offsetLag: number } => ({ path, offsetLag: 0 });
  const at = (current: string | null, future: string | null) => ({
    move,
    places: {
      topic: "t",
      partition: 0,
      brokerId: 1,
      current: current === null ? null : place(current),
      future: future === null ? null : place(future),
    },
  });
  assert.deepEqual(
    moveStateLines([
      { move, places: undefined },
      at(null, null),
      at("/b", null),
      at("/a", null),
      at("/a", "/b"),
      at("/a", "/c"),
    ]),
    [
      "Partition t-0 cannot be found in any live log directory on broker 1.",
      "Partition t-0 is not found in any live log dir on broker 1. There is likely an offline log directory on the broker.",
      "Reassignment of replica t-0-1 completed successfully.",
      "Partition t-0 on broker 1 is not being moved from log dir /a to /b.",
      "Reassignment of replica t-0-1 is still in progress.",
      "Partition t-0 on broker 1 is being moved to log dir /c instead of /b.",
    ],
  );
  assert.deepEqual(listLines([]), ["No partition reassignments found."]);
  assert.deepEqual(
    listLines([{ topic: "t", partition: 0, replicas: [1, 2], addingReplicas: [2], removingReplicas: [] }]),
    ["Current partition reassignments:", "t-0: replicas: 1,2. adding: 2."],
  );
});

test("throttles name who is read from and who is written to", () => {
  const proposed = [{ topic: "t", partition: 0, replicas: [2, 3] }];
  const moves = plannedMoves([], proposed, new Map([["t-0", [1, 2]]]));
  assert.deepEqual(moves, [{ topic: "t", partition: 0, sources: [1, 2], destinations: [3] }]);
  assert.deepEqual(throttledReplicas(moves), [
    {
      type: "TOPIC",
      name: "t",
      set: { "leader.replication.throttled.replicas": "0:1,0:2", "follower.replication.throttled.replicas": "0:3" },
    },
  ]);
});

test("replicas are placed on different brokers and racks, leaders evenly", () => {
  const brokers = [1, 2, 3, 4, 5, 6].map((brokerId) => ({ brokerId, rack: `r${brokerId % 3}` }));
  const placed = placeReplicas(brokers, { partitions: 12, replicas: 3 });
  const leaders = Map.groupBy(placed, ([leader]) => leader!);
  assert.deepEqual(
    [...leaders.values()].map((own) => own.length),
    [2, 2, 2, 2, 2, 2],
  );
  for (const replicas of placed) assert.equal(new Set(replicas.map((replica) => replica % 3)).size, 3);
  assert.throws(
    () => placeReplicas([{ brokerId: 1, rack: null }], { partitions: 1, replicas: 2 }),
    /The target replication factor of 2 cannot be reached because only 1 broker\(s\) are registered\./,
  );
});
