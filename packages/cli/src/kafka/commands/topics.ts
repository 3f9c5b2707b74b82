// `kafka-topics`: create, delete, describe, list topics and change their partitions. Kafka: org.apache.kafka.tools.TopicCommand.

import type { Admin, NewTopic, PartitionReassignment, TopicDescription } from "@ottla/client";
import { withAdmin } from "../client/connect.ts";
import type { CommandIo, KafkaCommand } from "../command-io.ts";
import { CommandFailure } from "../command-failure.ts";
import { isExpected, reportingFailures, traceLine } from "../failure.ts";
import { topicConfigNames } from "../text/config-names.ts";
import { errorNameOf, javaMessage } from "../text/java-error.ts";
import { compareTexts } from "../text/java-format.ts";
import { includeListPattern, isInternalTopic } from "../text/java-regex.ts";
import { checkUuid } from "../text/java-uuid.ts";
import { topicLines } from "./topics/describe.ts";
import { readTopicOptions } from "./topics/options.ts";
import type { TopicOptions } from "./topics/options.ts";
import { parseReplicaAssignment } from "./topics/replica-assignment.ts";

const DEFAULT_PARTITIONS_PER_RESPONSE = 2000;
const ZERO_ID = "AAAAAAAAAAAAAAAAAAAAAA";

export const topics: KafkaCommand = (words, io) =>
  reportingFailures(io, async () => {
    const options = readTopicOptions(words, io);
    const where = { servers: options.text("bootstrap-server")!, configFile: options.text("command-config") };
    return await withAdmin(where, async (admin) => {
      try {
        await act(admin, options, io);
        return 0;
      } catch (error) {
        if (!isExpected(error)) throw error;
        io.out(`Error while executing topic command : ${javaMessage(error)}`);
        traceLine(io, error);
        return 1;
      }
    });
  });

async function act(admin: Admin, options: TopicOptions, io: CommandIo): Promise<void> {
  if (options.has("create")) await create(admin, options, io);
  else if (options.has("alter")) await alter(admin, options);
  else if (options.has("list")) io.out((await matchingTopics(admin, options)).join("\n"));
  else if (options.has("describe")) await describe(admin, options, io);
  else await remove(admin, options);
}

async function create(admin: Admin, options: TopicOptions, io: CommandIo): Promise<void> {
  const topic = newTopic(options);
  if (/[._]/.test(topic.name)) {
    io.out(
      "WARNING: Due to limitations in metric names, topics with a period ('.') or underscore ('_') could collide. To avoid issues it is best to use either, but not both.",
    );
  }
  const { partitions, replicationFactor } = topic;
  if (replicationFactor !== undefined && (replicationFactor > 32_767 || replicationFactor < 1)) {
    throw new CommandFailure("The replication factor must be between 1 and 32767 inclusive");
  }
  if (partitions !== undefined && partitions < 1) throw new CommandFailure("The partitions must be greater than 0");
  try {
    await admin.createTopics([topic], { retryOnQuotaViolation: false });
    io.out(`Created topic ${topic.name}.`);
  } catch (error) {
    if (errorNameOf(error) !== "TOPIC_ALREADY_EXISTS" || !options.has("if-not-exists")) throw error;
  }
}

/** What is to be created, or for --alter the new number of partitions and their replicas. */
function newTopic(options: TopicOptions): NewTopic {
  const partitions = options.number("partitions");
  const replicationFactor = options.number("replication-factor");
  const assignments = parseReplicaAssignment(options.text("replica-assignment") ?? "");
  return {
    name: options.text("topic")!,
    ...(partitions === undefined ? {} : { partitions }),
    ...(replicationFactor === undefined ? {} : { replicationFactor }),
    ...(assignments.length === 0 ? {} : { assignments }),
    configs: topicConfigs(options.texts("config")),
  };
}

function topicConfigs(words: readonly string[]): Record<string, string> {
  const pairs = words.map((word) => {
    const parts = word.split(/\s*=\s*/);
    // Java's split leaves out empty parts at the end.
    while (parts.length > 0 && parts.at(-1) === "") parts.pop();
    return parts;
  });
  if (pairs.some((pair) => pair.length !== 2)) {
    throw new CommandFailure(
      `requirement failed: Invalid topic config: all configs to be added must be in the format "key=val".`,
    );
  }
  const configs = Object.fromEntries(pairs.map(([name, value]) => [name!.trim(), value!.trim()]));
  const unknown = Object.keys(configs).find((name) => !topicConfigNames.includes(name));
  if (unknown !== undefined)
    throw new CommandFailure(`Unknown topic config name: ${unknown}`, {
      javaClass: "org.apache.kafka.common.errors.InvalidConfigurationException",
    });
  return configs;
}

/** Names in order, those that --topic matches. */
async function matchingTopics(admin: Admin, options: TopicOptions): Promise<string[]> {
  const excludesInternal = options.has("exclude-internal");
  const listed = await admin.listTopics({ includeInternal: !excludesInternal });
  const names = [...listed.keys()].sort(compareTexts).filter((name) => !(excludesInternal && isInternalTopic(name)));
  const include = options.has("topic") ? options.text("topic")! : undefined;
  if (include === undefined) return names;
  const pattern = includeListPattern(include);
  return names.filter((name) => pattern.test(name));
}

function requireTopic(found: readonly string[], options: TopicOptions): void {
  const topic = options.has("topic") ? options.text("topic")! : "";
  if (topic !== "" && found.length === 0 && !options.has("if-exists")) {
    throw new CommandFailure(`Topic '${topic}' does not exist as expected`);
  }
}

async function alter(admin: Admin, options: TopicOptions): Promise<void> {
  const { partitions: count, assignments } = newTopic(options);
  const names = await matchingTopics(admin, options);
  requireTopic(names, options);
  if (names.length === 0) return;
  const described = await admin.describeTopics(names);
  const changes = names.map((topic) => {
    const added = assignments?.slice(described.get(topic)!.partitions.length);
    return { topic, count: count!, ...(added === undefined ? {} : { assignments: added }) };
  });
  await admin.createPartitions(changes, { retryOnQuotaViolation: false });
}

async function remove(admin: Admin, options: TopicOptions): Promise<void> {
  const names = await matchingTopics(admin, options);
  requireTopic(names, options);
  await admin.deleteTopics(names, { retryOnQuotaViolation: false });
}

async function describe(admin: Admin, options: TopicOptions, io: CommandIo): Promise<void> {
  const described = [...(await describedTopics(admin, options)).values()];
  const configs = await admin.describeConfigs(described.map(({ name }) => ({ type: "TOPIC" as const, name })));
  const { nodes } = await admin.describeCluster();
  const liveBrokers = new Set(nodes.keys());
  const moving = await reassignmentsOf(admin, described);
  for (const topic of described) {
    const own = moving.filter((each) => each.topic === topic.name);
    const reassignments = new Map(own.map((each) => [each.partition, each]));
    const entries = configs.get(`TOPIC:${topic.name}`)!.entries;
    for (const line of topicLines({ topic, configs: entries, reassignments }, options, liveBrokers)) io.out(line);
  }
}

async function describedTopics(admin: Admin, options: TopicOptions): ReturnType<Admin["describeTopics"]> {
  const id = options.has("topic-id") ? options.text("topic-id")! : ZERO_ID;
  if (id !== ZERO_ID) return await topicById(admin, id, options);
  const names = await matchingTopics(admin, options);
  requireTopic(names, options);
  if (names.length === 0) return new Map();
  const limit = options.number("partition-size-limit-per-response") ?? DEFAULT_PARTITIONS_PER_RESPONSE;
  return await admin.describeTopics(names, { partitionLimitPerResponse: limit });
}

async function topicById(admin: Admin, id: string, options: TopicOptions): ReturnType<Admin["describeTopics"]> {
  checkUuid(id);
  const listed = await admin.listTopics({ includeInternal: !options.has("exclude-internal") });
  if ([...listed.values()].some(({ topicId }) => topicId === id)) return await admin.describeTopics({ topicIds: [id] });
  if (!options.has("if-exists")) throw new CommandFailure(`TopicId '${id}' does not exist as expected`);
  return new Map();
}

/** None where the broker does not serve the API, or does not let us ask. */
async function reassignmentsOf(admin: Admin, described: readonly TopicDescription[]): Promise<PartitionReassignment[]> {
  const partitions = described.flatMap(({ name, partitions: all }) =>
    all.map(({ partition }) => ({ topic: name, partition })),
  );
  try {
    return [...(await admin.listPartitionReassignments(partitions)).values()];
  } catch (error) {
    if (!["UNSUPPORTED_VERSION", "CLUSTER_AUTHORIZATION_FAILED"].includes(errorNameOf(error))) throw error;
    return [];
  }
}
