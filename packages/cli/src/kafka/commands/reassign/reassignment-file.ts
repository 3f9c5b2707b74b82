// The JSON files of kafka-reassign-partitions, read and written. Pure.

import type { ReplicaMove, TopicPartition } from "@ottla/client";
import { CommandFailure } from "../../command-failure.ts";
import { comparePartitions, partitionText } from "../../text/java-format.ts";
import { JsonNode } from "../../text/json-text.ts";

/** A partition and the brokers of its replicas. */
export interface PartitionReplicas extends TopicPartition {
  readonly replicas: readonly number[];
}

export interface ReassignmentFile {
  readonly partitions: readonly PartitionReplicas[];
  /** Replicas that are to be in a certain folder. */
  readonly moves: readonly ReplicaMove[];
}

const ANY = "any";

function checkVersion(json: JsonNode): void {
  const version = json.field("version")?.integer ?? 1;
  if (version !== 1) throw new CommandFailure(`Not supported version field value ${version}`);
}

/** @throws CommandFailure */
export function parseReassignment(text: string): ReassignmentFile {
  const json = JsonNode.parse(text);
  checkVersion(json);
  const moves = new Map<string, ReplicaMove>();
  const partitions = (json.field("partitions")?.elements ?? []).map((each) => {
    const topic = each.needed("topic").text;
    const partition = each.needed("partition").integer;
    const replicas = each.needed("replicas").elements.map((replica) => replica.integer);
    const folders = each.field("log_dirs")?.elements.map((folder) => folder.text) ?? replicas.map(() => ANY);
    if (folders.length !== replicas.length) {
      throw new CommandFailure(
        `Size of replicas list [${replicas.join(", ")}] is different from size of log dirs list [${folders.join(", ")}] for partition ${partitionText({ topic, partition })}`,
      );
    }
    for (const [index, logDir] of folders.entries()) {
      const brokerId = replicas[index]!;
      if (logDir !== ANY) moves.set(`${topic}-${partition}-${brokerId}`, { topic, partition, brokerId, logDir });
    }
    return { topic, partition, replicas };
  });
  return { partitions, moves: [...moves.values()] };
}

/** What cannot be executed is refused. @throws CommandFailure */
export function checkExecutable({ partitions }: ReassignmentFile): void {
  if (partitions.length === 0) throw new CommandFailure("Partition reassignment list cannot be empty");
  if (partitions.some(({ replicas }) => replicas.length === 0)) {
    throw new CommandFailure("Partition replica list cannot be empty");
  }
  const repeated = duplicates(partitions.map(partitionText));
  if (repeated.length > 0) {
    throw new CommandFailure(`Partition reassignment contains duplicate topic partitions: ${repeated.join(",")}`);
  }
  const twice = partitions
    .map((each) => ({ name: partitionText(each), brokers: duplicates(each.replicas) }))
    .filter(({ brokers }) => brokers.length > 0)
    .map(({ name, brokers }) => `${name} contains multiple entries for ${brokers.join(",")}`);
  if (twice.length > 0) {
    throw new CommandFailure(`Partition replica lists may not contain duplicate entries: ${twice.join(". ")}`);
  }
}

/** @throws CommandFailure */
export function parseTopicsToMove(text: string, brokerList: string): { brokers: number[]; topics: string[] } {
  const brokers = brokerList.split(",").map((broker) => {
    if (!/^[+-]?\d+$/.test(broker)) throw new CommandFailure(`For input string: "${broker}"`);
    return Number(broker);
  });
  const repeated = duplicates(brokers);
  if (repeated.length > 0) {
    throw new CommandFailure(`Broker list contains duplicate entries: [${repeated.join(", ")}]`);
  }
  const json = JsonNode.parse(text);
  checkVersion(json);
  const topics = (json.field("topics")?.elements ?? []).map((each) => each.needed("topic").text);
  const twice = duplicates(topics);
  if (twice.length > 0) {
    throw new CommandFailure(`List of topics to reassign contains duplicate entries: [${twice.join(", ")}]`);
  }
  return { brokers, topics };
}

/** Folders by "topic-partition-broker"; "any" where none is known. */
export function reassignmentJson(
  partitions: readonly PartitionReplicas[],
  folders: ReadonlyMap<string, string>,
): string {
  const sorted = [...partitions].sort(comparePartitions).map(({ topic, partition, replicas }) => ({
    topic,
    partition,
    replicas,
    log_dirs: replicas.map((broker) => folders.get(`${topic}-${partition}-${broker}`) ?? ANY),
  }));
  return JSON.stringify({ version: 1, partitions: sorted });
}

function duplicates<T>(all: readonly T[]): T[] {
  return [...new Set(all.filter((each, index) => all.indexOf(each) !== index))];
}
