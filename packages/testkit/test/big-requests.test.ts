// Requests with 100,000 entries are answered in time that grows with them, not with their square: one client must not hold up the rest.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { errorName } from "@ottla/protocol";
import { describeGroupsApi } from "@ottla/protocol/messages/15-describe-groups.ts";
import { createTopicsApi } from "@ottla/protocol/messages/19-create-topics.ts";
import { describeLogDirsApi } from "@ottla/protocol/messages/35-describe-log-dirs.ts";
import { listOffsetsApi } from "@ottla/protocol/messages/02-list-offsets.ts";
import { startBroker } from "@ottla/testkit";
import type { TestBroker } from "@ottla/testkit";
import { WireClient } from "../../../tools/sim/wire-client.ts";
import { createTopics } from "../../../tools/sim/wire-reads.ts";

const ENTRIES = 100_000;
/** Of processor time, which other programs do not lengthen: about twenty times what they take, and far below what squares take. */
const LIMIT_MS = 5000;

describe(`${ENTRIES} entries`, () => {
  let broker: TestBroker;
  let client: WireClient;

  before(async () => {
    broker = await startBroker();
    await createTopics(broker.port, [{ name: "t", partitions: 1 }]);
    client = await WireClient.connect(broker.port);
  });

  after(async () => {
    client.close();
    await broker.close();
  });

  it("of one partition in ListOffsets are refused as one", async () => {
    const partition = { partitionIndex: 0, currentLeaderEpoch: -1, timestamp: -1 };
    const request = {
      replicaId: -1,
      isolationLevel: 0,
      topics: [{ name: "t", partitions: Array.from({ length: ENTRIES }, () => partition) }],
      timeoutMs: 0,
    };
    const { topics } = await timed(() => client.call(listOffsetsApi, 7, request));
    assert.deepEqual(
      topics[0]!.partitions.map(({ errorCode }) => errorName(errorCode)),
      ["INVALID_REQUEST"],
    );
  });

  it("of one topic in DescribeLogDirs are answered once", async () => {
    const topics = Array.from({ length: ENTRIES }, (_, index) => ({ topic: "t", partitions: [index] }));
    const { results } = await timed(() => client.call(describeLogDirsApi, 4, { topics }));
    assert.deepEqual(
      results[0]!.topics.map(({ name, partitions }) => [name, partitions.map(({ partitionIndex }) => partitionIndex)]),
      [["t", [0]]],
    );
  });

  it("that name every topic twice in CreateTopics are refused", async () => {
    const topics = Array.from({ length: ENTRIES }, (_, index) => ({
      name: `same-beginning-of-a-long-name-${index >> 1}`,
      numPartitions: 1,
      replicationFactor: 1,
      assignments: [],
      configs: [],
    }));
    const request = { topics, timeoutMs: 1000, validateOnly: false };
    const response = await timed(() => client.call(createTopicsApi, 5, request));
    assert.equal(response.topics.length, ENTRIES / 2);
    assert.deepEqual([...new Set(response.topics.map(({ errorCode }) => errorName(errorCode)))], ["INVALID_REQUEST"]);
  });
});

describe("a request whose arrays have", () => {
  const groups = (count: number) => ({
    groups: Array.from({ length: count }, () => ""),
    includeAuthorizedOperations: false,
  });

  it("250,000 elements is answered, one with more loses its connection, and others notice nothing", async () => {
    await using broker = await startBroker();
    const [client, other] = await Promise.all([WireClient.connect(broker.port), WireClient.connect(broker.port)]);
    const described = await timed(() => client.call(describeGroupsApi, 5, groups(250_000)));
    assert.equal(described.groups.length, 250_000);
    await assert.rejects(client.call(describeGroupsApi, 5, groups(250_001)));
    assert.equal((await other.call(describeGroupsApi, 5, groups(1))).groups.length, 1);
    client.close();
    other.close();
  });
});

async function timed<Answer>(action: () => Promise<Answer>): Promise<Answer> {
  const begun = process.cpuUsage();
  const answer = await action();
  const { user, system } = process.cpuUsage(begun);
  const tookMs = (user + system) / 1000;
  assert.ok(tookMs < LIMIT_MS, `took ${Math.round(tookMs)} ms`);
  return answer;
}
