// Which throttles a reassignment needs, and how they are set and taken away (KIP-73). Kafka keeps them in configs of brokers and topics.

import type { Admin, ConfigChanges, PartitionReassignment } from "@ottla/client";
import { CommandFailure } from "../../command-failure.ts";
import type { CommandIo } from "../../command-io.ts";
import { compareTexts, partitionText } from "../../text/java-format.ts";
import type { PartitionReplicas } from "./reassignment-file.ts";

const LEADER_RATE = "leader.replication.throttled.rate";
const FOLLOWER_RATE = "follower.replication.throttled.rate";
const FOLDER_RATE = "replica.alter.log.dirs.io.max.bytes.per.second";
const LEADERS = "leader.replication.throttled.replicas";
const FOLLOWERS = "follower.replication.throttled.replicas";

/** From which brokers to which a partition goes. */
export interface Move {
  readonly topic: string;
  readonly partition: number;
  readonly sources: readonly number[];
  readonly destinations: readonly number[];
}

/** Those under way, and over them those proposed. @throws CommandFailure for a partition without replicas */
export function plannedMoves(
  underWay: readonly PartitionReassignment[],
  proposed: readonly PartitionReplicas[],
  current: ReadonlyMap<string, readonly number[]>,
): Move[] {
  const moves = new Map<string, Move>();
  for (const { topic, partition, replicas, addingReplicas } of underWay) {
    const sources = replicas.filter((broker) => !addingReplicas.includes(broker));
    moves.set(partitionText({ topic, partition }), { topic, partition, sources, destinations: addingReplicas });
  }
  for (const { topic, partition, replicas } of proposed) {
    const name = partitionText({ topic, partition });
    const sources = moves.get(name)?.sources ?? current.get(name);
    if (sources === undefined) {
      throw new CommandFailure(`Trying to reassign a topic partition ${name} with 0 replicas`);
    }
    const destinations = replicas.filter((broker) => !sources.includes(broker));
    moves.set(name, { topic, partition, sources, destinations });
  }
  return [...moves.values()];
}

/** For each topic the replicas that are read from and those that are written to, as "partition:broker,…". */
export function throttledReplicas(moves: readonly Move[]): ConfigChanges[] {
  return [...Map.groupBy(moves, ({ topic }) => topic)].map(([name, own]) => ({
    type: "TOPIC" as const,
    name,
    set: {
      [LEADERS]: listed(own.flatMap(({ partition, sources }) => sources.map((broker) => `${partition}:${broker}`))),
      [FOLLOWERS]: listed(
        own.flatMap(({ partition, destinations }) => destinations.map((broker) => `${partition}:${broker}`)),
      ),
    },
  }));
}

function listed(replicas: readonly string[]): string {
  return [...new Set(replicas)].sort(compareTexts).join(",");
}

export async function throttleMoves(
  admin: Admin,
  io: CommandIo,
  { moves, bytesPerSecond }: { readonly moves: readonly Move[]; readonly bytesPerSecond: number },
): Promise<void> {
  await admin.incrementalAlterConfigs(throttledReplicas(moves));
  const brokers = new Set(moves.flatMap(({ sources, destinations }) => [...sources, ...destinations]));
  const set = { [LEADER_RATE]: bytesPerSecond, [FOLLOWER_RATE]: bytesPerSecond };
  await admin.incrementalAlterConfigs([...brokers].map((broker) => ({ type: "BROKER", name: String(broker), set })));
  io.out(`The inter-broker throttle limit was set to ${bytesPerSecond} B/s`);
}

export async function throttleFolders(
  admin: Admin,
  io: CommandIo,
  { brokers, bytesPerSecond }: { readonly brokers: readonly number[]; readonly bytesPerSecond: number },
): Promise<void> {
  const set = { [FOLDER_RATE]: bytesPerSecond };
  await admin.incrementalAlterConfigs(
    [...new Set(brokers)].map((broker) => ({ type: "BROKER", name: String(broker), set })),
  );
  io.out(`The replica-alter-dir throttle limit was set to ${bytesPerSecond} B/s`);
}

/** Of all brokers, and of the topics that were moved. */
export async function clearThrottles(
  admin: Admin,
  io: CommandIo,
  targets: readonly PartitionReplicas[],
): Promise<void> {
  const { nodes } = await admin.describeCluster();
  const brokers = [...new Set([...nodes.keys(), ...targets.flatMap(({ replicas }) => replicas)])];
  io.out(`Clearing broker-level throttles on broker${brokers.length === 1 ? "" : "s"} ${brokers.join(",")}`);
  await admin.incrementalAlterConfigs(
    brokers.map((broker) => ({
      type: "BROKER",
      name: String(broker),
      delete: [LEADER_RATE, FOLLOWER_RATE, FOLDER_RATE],
    })),
  );
  const topics = [...new Set(targets.map(({ topic }) => topic))];
  io.out(`Clearing topic-level throttles on topic${topics.length === 1 ? "" : "s"} ${topics.join(",")}`);
  await admin.incrementalAlterConfigs(topics.map((name) => ({ type: "TOPIC", name, delete: [LEADERS, FOLLOWERS] })));
}
