// Metrics of groups and transactions: read beside what a few requests did.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { ZERO_UUID } from "@ottla/base";
import { RecordBatchBuilder } from "@ottla/protocol";
import { offsetCommitApi } from "@ottla/protocol/messages/08-offset-commit.ts";
import { joinGroupApi } from "@ottla/protocol/messages/11-join-group.ts";
import { syncGroupApi } from "@ottla/protocol/messages/14-sync-group.ts";
import { consumerGroupHeartbeatApi } from "@ottla/protocol/messages/68-consumer-group-heartbeat.ts";
import { startBroker } from "@ottla/testkit";
import type { TestBroker } from "@ottla/testkit";
import { TransactionalCalls } from "../../../tools/sim/transactional-calls.ts";
import { WireClient } from "../../../tools/sim/wire-client.ts";
import { createTopics } from "../../../tools/sim/wire-reads.ts";

const GROUP_METRICS = "kafka_server_group_coordinator_metrics";
const MANAGER = "kafka_coordinator_group_groupmetadatamanager";
const TRANSACTIONS = "ottla_transaction_coordinator";

describe("metrics of coordinators", () => {
  let broker: TestBroker;
  let client: WireClient;
  let producer: TransactionalCalls;

  before(async () => {
    broker = await startBroker({ overrides: { "offsets.topic.num.partitions": "2" } });
    client = await WireClient.connect(broker.port);
    await createTopics(broker.port, [{ name: "orders", partitions: 2 }]);
    producer = new TransactionalCalls(() => client, "payments", "new");
    await producer.findCoordinators("readers");
  });
  after(async () => {
    client.close();
    await broker.close();
  });

  /** The values of a metric; by label where it has one. */
  function read(name: string): unknown {
    const metric = broker.node.metrics().find((candidate) => candidate.name === name);
    if (metric === undefined) return undefined;
    const values = metric.samples.map(({ labels, value }) => [Object.values(labels)[0], value] as const);
    return values[0]![0] === undefined ? values[0]![1] : Object.fromEntries(values);
  }

  async function becomes(name: string, value: unknown): Promise<void> {
    for (let turn = 0; turn < 10_000 && !isDeepStrictEqual(read(name), value); turn++) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.deepEqual(read(name), value);
  }

  it("tell which partitions are loaded, and how long that took", () => {
    assert.deepEqual(read(`${GROUP_METRICS}_num_partitions`), { loading: 0, active: 2, failed: 0 });
    const [longest, mean] = ["max", "avg"].map((each) => Number(read(`${GROUP_METRICS}_partition_load_time_${each}`)));
    assert.ok(longest! >= mean! && mean! >= 0, `${longest} ${mean}`);
  });

  it("count a group that only commits, and its offsets", async () => {
    const partitions = [0, 1].map((partitionIndex) => ({ partitionIndex, committedOffset: 1, committedMetadata: "" }));
    await client.call(offsetCommitApi, 8, {
      groupId: "readers",
      memberId: "",
      topics: [{ name: "orders", topicId: ZERO_UUID, partitions }],
    });
    assert.equal(read(`${GROUP_METRICS}_offset_commit_count`), 2);
    assert.equal(read(`${MANAGER}_numoffsets`), 2);
    assert.equal(read(`${MANAGER}_numgroupsempty`), 1);
  });

  it("count a classic group in each state of its rebalance, and who waits", async () => {
    const { memberId } = await client.call(joinGroupApi, 9, joinRequest(await memberIdFrom(client)));
    assert.equal(read(`${MANAGER}_numgroupscompletingrebalance`), 1);
    assert.equal(read(`${GROUP_METRICS}_group_completed_rebalance_count`), 0);
    const sync = { groupId: "workers", generationId: 1, memberId, protocolType: "consumer", protocolName: "range" };
    await client.call(syncGroupApi, 5, { ...sync, assignments: [{ memberId, assignment: Buffer.from("all") }] });
    assert.equal(read(`${MANAGER}_numgroupsstable`), 1);
    assert.equal(read(`${MANAGER}_numgroups`), 2);
    assert.equal(read(`${GROUP_METRICS}_group_completed_rebalance_count`), 1);
    // A second member that joins waits for the first.
    const other = await WireClient.connect(broker.port);
    const joining = other.call(joinGroupApi, 9, joinRequest(await memberIdFrom(other))).catch(() => {});
    await becomes("ottla_coordinator_waiting_requests", { group: 1, transaction: 0 });
    assert.equal(read(`${MANAGER}_numgroupspreparingrebalance`), 1);
    other.close();
    await joining;
  });

  it("count a group of the consumer protocol apart", async () => {
    await client.call(consumerGroupHeartbeatApi, 1, {
      groupId: "watchers",
      memberId: "a",
      memberEpoch: 0,
      rebalanceTimeoutMs: 10_000,
      subscribedTopicNames: ["orders"],
      topicPartitions: [],
    });
    assert.deepEqual(read(`${GROUP_METRICS}_group_count`), { classic: 2, consumer: 1 });
    const states = { Empty: 0, Assigning: 0, Reconciling: 0, Stable: 1 };
    assert.deepEqual(read(`${GROUP_METRICS}_consumer_group_count`), states);
    assert.equal(read(`${GROUP_METRICS}_consumer_group_rebalance_count`), 1);
  });

  it("count transactions by state and end, and their markers", async () => {
    await producer.init(60_000);
    const batch = (sequence: number): Buffer => {
      const { producerId, producerEpoch } = producer;
      const builder = new RecordBatchBuilder({
        producerId,
        producerEpoch,
        baseSequence: sequence,
        isTransactional: true,
      });
      builder.append({ timestamp: 1_700_000_000_000, value: Buffer.from("paid") });
      return builder.build();
    };
    await producer.produce({ topic: "orders", partition: 0 }, batch(0));
    const states = { Empty: 0, Ongoing: 0, PrepareCommit: 0, PrepareAbort: 0, CompleteCommit: 0, CompleteAbort: 0 };
    assert.deepEqual(read(`${TRANSACTIONS}_transactional_ids`), { ...states, Ongoing: 1 });
    await producer.end(true);
    await producer.produce({ topic: "orders", partition: 0 }, batch(0));
    await producer.end(false);
    // EndTxn is answered before the markers are written.
    await becomes("ottla_transaction_markers_written_total", 2);
    assert.equal(read(`${TRANSACTIONS}_committed_total`), 1);
    assert.equal(read(`${TRANSACTIONS}_aborted_total`), 1);
    assert.equal(read(`${TRANSACTIONS}_timed_out_total`), 0);
  });
});

function joinRequest(memberId: string) {
  return {
    groupId: "workers",
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    memberId,
    protocolType: "consumer",
    protocols: [{ name: "range", metadata: Buffer.alloc(4) }],
  };
}

// Whoever joins without a member id is told one and must come again (KIP-394).
async function memberIdFrom(client: WireClient): Promise<string> {
  return (await client.call(joinGroupApi, 9, joinRequest(""))).memberId;
}
