// What answers make of what the client knew.

import assert from "node:assert/strict";
import { test } from "node:test";
import { errorCodes } from "@ottla/protocol";
import type { MetadataResponse } from "@ottla/protocol/messages/03-metadata.ts";
import type { MetadataView } from "../src/network/cluster.ts";
import { emptyView, withLeaders, withResponse } from "../src/network/metadata-view.ts";

const FIRST_ID = "AAAAAAAAAAAAAAAAAAAAAQ";
const SECOND_ID = "AAAAAAAAAAAAAAAAAAAAAg";

interface TopicInput {
  name: string;
  topicId?: string;
  errorCode?: number;
  /** Leader and epoch by partition. */
  leaders?: readonly (readonly [leaderId: number, leaderEpoch: number])[];
}

function response(...topics: readonly TopicInput[]): MetadataResponse {
  return {
    throttleTimeMs: 0,
    brokers: [1, 2].map((nodeId) => ({ nodeId, host: "h", port: nodeId, rack: null })),
    clusterId: "c",
    controllerId: 1,
    topics: topics.map(({ name, topicId = FIRST_ID, errorCode = 0, leaders = [[1, 5]] }) => ({
      errorCode,
      name,
      topicId,
      isInternal: false,
      partitions: leaders.map(([leaderId, leaderEpoch], partitionIndex) => ({
        errorCode: 0,
        partitionIndex,
        leaderId,
        leaderEpoch,
        replicaNodes: [1, 2],
        isrNodes: [1],
        offlineReplicas: [],
      })),
      topicAuthorizedOperations: 0,
    })),
    clusterAuthorizedOperations: 0,
    errorCode: 0,
  };
}

const leaderOf = (view: MetadataView, topic: string, partition = 0): [number, number] => {
  const { leaderId, leaderEpoch } = view.topics.get(topic)!.partitions[partition]!;
  return [leaderId, leaderEpoch];
};

test("a leader epoch that goes back is an answer from the past, and passed over", () => {
  const before = withResponse(
    emptyView,
    response({
      name: "a",
      leaders: [
        [1, 5],
        [1, 5],
      ],
    }),
    "all",
  );
  const after = withResponse(
    before,
    response({
      name: "a",
      leaders: [
        [2, 4],
        [2, 6],
      ],
    }),
    "all",
  );
  assert.deepEqual(leaderOf(after, "a", 0), [1, 5]);
  assert.deepEqual(leaderOf(after, "a", 1), [2, 6]);
});

test("a topic created anew begins with its own epochs", () => {
  const before = withResponse(emptyView, response({ name: "a", leaders: [[1, 5]] }), "all");
  const after = withResponse(before, response({ name: "a", topicId: SECOND_ID, leaders: [[2, 0]] }), "all");
  assert.deepEqual(leaderOf(after, "a"), [2, 0]);
  assert.deepEqual([...after.topicNames], [[SECOND_ID, "a"]]);
});

test("an epoch that the broker does not tell is taken as it is", () => {
  const before = withResponse(emptyView, response({ name: "a", leaders: [[1, 5]] }), "all");
  assert.deepEqual(leaderOf(withResponse(before, response({ name: "a", leaders: [[2, -1]] }), "all"), "a"), [2, -1]);
});

test("topics that were not asked for stay, those that were and are not told of go", () => {
  const before = withResponse(emptyView, response({ name: "a" }, { name: "b", topicId: SECOND_ID }), "all");
  const after = withResponse(before, response(), new Set(["b"]));
  assert.deepEqual([...after.topics.keys()], ["a"]);
  assert.deepEqual([...withResponse(before, response(), "all").topics.keys()], []);
});

test("an error that passes leaves what was known; one that does not takes it", () => {
  const before = withResponse(emptyView, response({ name: "a" }, { name: "b" }), "all");
  const after = withResponse(
    before,
    response(
      { name: "a", errorCode: errorCodes.LEADER_NOT_AVAILABLE, leaders: [] },
      { name: "b", errorCode: errorCodes.UNKNOWN_TOPIC_OR_PARTITION, leaders: [] },
      { name: "c", errorCode: errorCodes.TOPIC_AUTHORIZATION_FAILED, leaders: [] },
    ),
    new Set(["a", "b", "c"]),
  );
  assert.deepEqual([...after.topics.keys()], ["a"]);
  assert.deepEqual(
    [...after.topicErrors],
    [
      ["a", errorCodes.LEADER_NOT_AVAILABLE],
      ["b", errorCodes.UNKNOWN_TOPIC_OR_PARTITION],
      ["c", errorCodes.TOPIC_AUTHORIZATION_FAILED],
    ],
  );
});

test("the next good answer takes the error away", () => {
  const failed = response({ name: "a", errorCode: errorCodes.LEADER_NOT_AVAILABLE, leaders: [] });
  const before = withResponse(emptyView, failed, new Set(["a"]));
  assert.deepEqual([...withResponse(before, response({ name: "a" }), new Set(["a"])).topicErrors], []);
});

test("partitions are dense by number, whatever their order in the answer", () => {
  const told = response({
    name: "a",
    leaders: [
      [1, 1],
      [2, 2],
      [1, 3],
    ],
  });
  told.topics[0]!.partitions.reverse();
  told.topics[0]!.partitions.splice(1, 1);
  const { partitions } = withResponse(emptyView, told, "all").topics.get("a")!;
  assert.deepEqual(
    partitions.map(({ partition, leaderId }) => [partition, leaderId]),
    [
      [0, 1],
      [1, -1],
      [2, 1],
    ],
  );
});

test("a new leader that a Produce or Fetch answer tells of counts when its epoch is newer (KIP-951)", () => {
  const before = withResponse(emptyView, response({ name: "a", leaders: [[1, 5]] }), "all");
  const leader = { topic: "a", partition: 0, leaderId: 3, leaderEpoch: 6 };
  const after = withLeaders(before, [leader], [{ nodeId: 3, host: "new", port: 3, rack: null }])!;
  assert.deepEqual(leaderOf(after, "a"), [3, 6]);
  assert.equal(after.brokers.get(3)?.host, "new");
  assert.equal(after.updates, before.updates + 1);
  assert.equal(withLeaders(before, [{ ...leader, leaderEpoch: 5 }], []), null, "not newer");
  assert.equal(withLeaders(before, [leader], []), null, "a leader without an address");
  assert.equal(withLeaders(before, [{ ...leader, topic: "b" }], []), null, "a topic that is not known");
});
