// `ottla cluster …`: the verdicts of a cluster's health, which are pure, and both commands against a broker.

import assert from "node:assert/strict";
import * as runner from "node:test";
import { KafkaError } from "@ottla/client";
import type {
  ClusterNode,
  LogDirDescription,
  PartitionDescription,
  QuorumReplica,
  TopicDescription,
} from "@ottla/client";
import { useBroker } from "@ottla/testkit";
import type { HealthView } from "../../src/people/cluster/cluster-view.ts";
import { checkHealth, isHealthy } from "../../src/people/cluster/health.ts";
import { healthLines } from "../../src/people/cluster/show-health.ts";
import { ottlaCommand } from "./run-people.ts";

const { describe, test } = runner;
const broker = useBroker(runner);
const NOW = 1_000_000_000;

function node(nodeId: number, isFenced = false): ClusterNode {
  return { nodeId, host: `b${nodeId}`, port: 9092, rack: null, isFenced };
}

function topic(name: string, ...partitions: Partial<PartitionDescription>[]): TopicDescription {
  const whole = { leaderId: 1, leaderEpoch: 0, replicas: [1, 2, 3], isr: [1, 2, 3], offlineReplicas: [] };
  const unknown = { eligibleLeaderReplicas: null, lastKnownEligibleLeaderReplicas: null };
  return {
    name,
    topicId: "id",
    isInternal: false,
    authorizedOperations: null,
    partitions: partitions.map((partition, at) => ({ ...whole, ...unknown, partition: at, ...partition })),
  };
}

function folder(free: number, error: KafkaError | null = null): LogDirDescription {
  return { path: "/data", error, replicas: [], totalBytes: 1000, usableBytes: free * 1000, isCordoned: false };
}

function voter(replicaId: number, lastCaughtUpTimestampMs: number | null): QuorumReplica {
  return { replicaId, directoryId: "d", logEndOffset: 0, lastFetchTimestampMs: null, lastCaughtUpTimestampMs };
}

function quorum(leaderId: number, ...voters: QuorumReplica[]): HealthView["quorum"] {
  return { value: { leaderId, leaderEpoch: 1, highWatermark: 0, voters, observers: [], nodes: new Map() } };
}

const unsupported = new KafkaError("not here", { code: "UNSUPPORTED_VERSION" });
const late = new KafkaError("no answer", { code: "TIMEOUT", retriable: true });

const well: HealthView = {
  cluster: {
    clusterId: "c",
    controllerId: 1,
    nodes: new Map([1, 2, 3].map((id) => [id, node(id)])),
    authorizedOperations: null,
  },
  topics: { value: [topic("orders", {}, {})] },
  logDirs: new Map([1, 2, 3].map((id) => [id, [folder(0.5)]])),
  silentBrokers: new Map(),
  features: { value: { finalized: new Map(), finalizedEpoch: null, supported: new Map() } },
  quorum: quorum(1, voter(1, null), voter(2, NOW - 10), voter(3, NOW - 10)),
  minInsyncReplicas: new Map([["orders", 2]]),
  groups: { value: [] },
  longTransactions: { value: [] },
  reassignments: { value: [] },
};

describe("health:", () => {
  test("all is ok where nothing is amiss", () => {
    const checks = checkHealth(well, NOW);
    assert.deepEqual(
      checks.filter(({ verdict }) => verdict !== "ok"),
      [],
    );
    assert.equal(isHealthy(checks), true);
  });

  const nodes = new Map([node(1), node(2), node(3, true)].map((each) => [each.nodeId, each]));
  const rows: readonly (readonly [
    sentence: string,
    change: Partial<HealthView>,
    expected: readonly (readonly unknown[])[],
  ])[] = [
    [
      "a fenced broker is a warning",
      { cluster: { ...well.cluster, nodes } },
      [["brokers", "warning", "2 of 3 up, 1 fenced", ["3"]]],
    ],
    [
      "a broker that does not answer is bad",
      { silentBrokers: new Map([[2, late]]) },
      [["brokers", "bad", "2 of 3 up, 1 silent", ["2"]]],
    ],
    ["one that may not be asked is up", { silentBrokers: new Map([[2, unsupported]]) }, []],
    [
      "voters without a leader are bad",
      { quorum: quorum(-1, voter(1, null)) },
      [["controller", "bad", "the voters have no leader", []]],
    ],
    [
      "a voter that is behind is a warning",
      { quorum: quorum(1, voter(1, null), voter(2, NOW - 60_000), voter(3, null)) },
      [["controller", "warning", "1 leads 3 voters, 2 behind", ["2", "3"]]],
    ],
    ["without a quorum the controller counts", { quorum: { error: unsupported } }, []],
    [
      "and none is bad",
      { quorum: { error: unsupported }, cluster: { ...well.cluster, controllerId: null } },
      [["controller", "bad", "there is none", []]],
    ],
    [
      "a partition without a leader is offline, and under-replicated besides",
      { topics: { value: [topic("orders", {}, { leaderId: null, isr: [] })] } },
      [
        ["offline partitions", "bad", "1 of 2", ["orders-1"]],
        ["under-replicated", "warning", "1 of 2", ["orders-1"]],
      ],
    ],
    [
      "one that cannot be written to with acks=all is bad",
      { topics: { value: [topic("orders", { isr: [1] }, { isr: [1, 2] })] } },
      [
        ["under min.insync.replicas", "bad", "1 of 2", ["orders-0"]],
        ["under-replicated", "warning", "2 of 2", ["orders-0", "orders-1"]],
      ],
    ],
    [
      "a folder that is offline is bad",
      { logDirs: new Map([[1, [folder(0.5, new KafkaError("x", { code: "KAFKA_STORAGE_ERROR" }))]]]) },
      [["log folders", "bad", "1 of 1 offline", ["1:/data"]]],
    ],
    [
      "a disk that fills up is a warning",
      {
        logDirs: new Map([
          [1, [folder(0.5)]],
          [2, [folder(0.1)]],
        ]),
      },
      [["disks", "warning", "least free: 10% (100 B) on 2:/data", ["2:/data"]]],
    ],
    [
      "one that is almost full is bad",
      { logDirs: new Map([[1, [folder(0.02)]]]) },
      [["disks", "bad", "least free: 2% (20 B) on 1:/data", ["1:/data"]]],
    ],
    [
      "a transaction that is open for long is a warning",
      { longTransactions: { value: [{ transactionalId: "t", producerId: 1, state: "Ongoing", coordinatorId: 1 }] } },
      [["transactions", "warning", "1 open for more than 15m 0s", ["t"]]],
    ],
    [
      "what is not told is unknown",
      { topics: { error: late }, groups: { error: unsupported } },
      [
        ["offline partitions", "unknown", "the cluster does not tell (TIMEOUT)", []],
        ["under min.insync.replicas", "unknown", "the cluster does not tell (TIMEOUT)", []],
        ["under-replicated", "unknown", "the cluster does not tell (TIMEOUT)", []],
        ["groups", "unknown", "the cluster does not tell (UNSUPPORTED_VERSION)", []],
      ],
    ],
  ];
  for (const [sentence, change, expected] of rows) {
    test(sentence, () => {
      const checks = checkHealth({ ...well, ...change }, NOW);
      const amiss = checks.filter(({ verdict }) => verdict !== "ok");
      assert.deepEqual(
        amiss.map(({ check, verdict, detail, items }) => [check, verdict, detail, items]),
        expected,
      );
      assert.equal(
        isHealthy(checks),
        expected.every(([, verdict]) => verdict === "unknown"),
      );
    });
  }

  test("what is bad stands on top with its names, twenty of them at most", () => {
    const partitions = Array.from({ length: 25 }, () => ({ leaderId: null }));
    const checks = checkHealth({ ...well, topics: { value: [topic("orders", ...partitions)] } }, NOW);
    const lines = healthLines(checks, { width: Infinity, paint: (_, text) => text });
    assert.deepEqual(lines.slice(1, 3), ["bad      offline partitions         25 of 25", "    orders-0"]);
    assert.deepEqual([lines[21], lines[22]], ["    orders-19", "    and 5 more"]);
    assert.match(lines[23]!, /^ok +brokers/);
  });
});

test("a broker that is well is told so with 0", async () => {
  const { stdout, code } = await ottlaCommand(`cluster health -b ${broker().bootstrap} -o json`);
  const told = JSON.parse(stdout) as { isHealthy: boolean; checks: { check: string; verdict: string }[] };
  assert.deepEqual([told.isHealthy, code], [true, 0]);
  assert.deepEqual(
    told.checks
      .filter(({ verdict }) => verdict === "ok")
      .map(({ check }) => check)
      .includes("offline partitions"),
    true,
  );
});

test("one that is not is told so with 1, and the rest is told all the same", async () => {
  await ottlaCommand(`topic create orders ledger -c min.insync.replicas=2 -b ${broker().bootstrap}`);
  await ottlaCommand(`topic create payments -b ${broker().bootstrap}`);
  broker().faults.add({ api: "DescribeLogDirs", action: { error: "CLUSTER_AUTHORIZATION_FAILED" } });
  broker().faults.add({ api: "ListGroups", action: { error: "GROUP_AUTHORIZATION_FAILED" } });
  const { stdout, code } = await ottlaCommand(`cluster health -b ${broker().bootstrap}`);
  assert.deepEqual(stdout.split("\n").slice(0, 6), [
    `${broker().bootstrap} is NOT WELL`,
    "",
    "VERDICT  CHECK                      DETAIL",
    "bad      under min.insync.replicas  2 of 3",
    "    ledger-0",
    "    orders-0",
  ]);
  assert.match(stdout, /^unknown +groups +the cluster does not tell \(GROUP_AUTHORIZATION_FAILED\)$/m);
  assert.match(stdout, /^unknown +log folders +no broker tells$/m);
  assert.match(stdout, /^ok +brokers +1 of 1 up$/m);
  assert.equal(code, 1);
});

test("brokers are shown with what they carry, and features with their levels", async () => {
  await ottlaCommand(`topic create orders -p 3 -b ${broker().bootstrap}`);
  const { stdout, code } = await ottlaCommand(`cluster describe -b ${broker().bootstrap} -o json`);
  const told = JSON.parse(stdout) as Record<string, unknown>;
  assert.deepEqual(
    [code, told["clusterId"], told["controllerId"], told["partitions"]],
    [0, broker().node.clusterId, 1, 3],
  );
  assert.deepEqual(told["brokers"], [
    {
      id: 1,
      host: "127.0.0.1",
      port: broker().port,
      rack: null,
      state: "up",
      leaders: 3,
      replicas: 3,
      sizeBytes: 0,
      usableBytes: null,
    },
  ]);
  const features = told["features"] as { name: string; finalized: number }[];
  assert.equal(
    features.some(({ name, finalized }) => name === "metadata.version" && finalized > 0),
    true,
  );
});
