// A GroupContext for tests: Kafka's defaults (but no initial rebalance delay), a table of topics, seeded randomness.

import { RecordingLogger, SeededRandom } from "@ottla/base";
import type { Now, Outcome } from "../../src/runtime/outcome.ts";
import { Deadlines } from "../../src/runtime/deadlines.ts";
import { ClassicGroups } from "../../src/group/classic/classic-groups.ts";
import type { GroupCoordinatorConfig } from "../../src/group/group-config.ts";
import type { GroupContext } from "../../src/group/group-context.ts";
import { GroupCounters } from "../../src/group/group-counters.ts";
import type { GroupRecord } from "../../src/group/group-records.ts";
import type { Group } from "../../src/group/group.ts";
import type { TopicsView, TopicView } from "../../src/group/topics-view.ts";

export const testConfig: GroupCoordinatorConfig = {
  offsetMetadataMaxBytes: 4096,
  offsetsRetentionMs: 7 * 24 * 3_600_000,
  offsetsRetentionCheckIntervalMs: 600_000,
  groupMinSessionTimeoutMs: 6_000,
  groupMaxSessionTimeoutMs: 1_800_000,
  groupInitialRebalanceDelayMs: 0,
  groupMaxSize: 2_147_483_647,
  groupMaxRecordBytes: 1_048_588,
  consumerGroupMaxSize: 2_147_483_647,
  consumerGroupAssignors: ["uniform", "range"],
  consumerGroupMigrationPolicy: "bidirectional",
  consumerGroupRegexRefreshIntervalMs: 600_000,
  classicProtocolEnabled: true,
  consumerProtocolEnabled: true,
  consumerGroupSessionTimeoutMs: () => 45_000,
  consumerGroupHeartbeatIntervalMs: () => 5_000,
  consumerGroupAssignmentIntervalMs: () => 0,
};

export interface TestTopic {
  readonly id: string;
  readonly name: string;
  readonly partitions: number;
  /** Racks of every partition's replicas. */
  readonly racks?: readonly string[];
}

/** A view on these topics. Give a larger version for each change. */
export function topicsView(topics: readonly TestTopic[], version = 1): TopicsView {
  const views = topics.map(({ id, name, partitions, racks = [] }): TopicView => ({
    id,
    name,
    partitionCount: partitions,
    racksOf: () => racks,
  }));
  return {
    version,
    topic: (name) => views.find((view) => view.name === name),
    topicById: (id) => views.find((view) => view.id === id),
    names: () => views.map(({ name }) => name),
  };
}

/** What outlives a restart of the shard: configs, topics, randomness, log lines. The test may change it at any time. */
export class TestWorld {
  config: GroupCoordinatorConfig = testConfig;
  topics: TopicsView = topicsView([]);
  readonly counters = new GroupCounters();
  readonly random = new SeededRandom(7);
  readonly logger = new RecordingLogger();

  /** The context of one fresh shard. */
  context(): GroupContext {
    const context: GroupContext = {
      groups: new Map<string, Group>(),
      createSimpleGroup: (groupId) => new ClassicGroups(context).createSimpleGroup(groupId),
      deadlines: new Deadlines<(now: Now) => Outcome<GroupRecord>>(),
      config: () => this.config,
      topics: () => this.topics,
      counters: this.counters,
      random: this.random,
      logger: this.logger,
    };
    return context;
  }
}
