// `ottla topic …`: the options of each command; what they do is in the files beside this one.

import type { CommandCall, CommandFamily } from "../../command-definition.ts";
import { connectionOptions } from "../connect.ts";
import type { ConnectionFlags } from "../connect.ts";
import { outputOption } from "../output.ts";
import type { OutputOptions } from "../output.ts";
import { dryRunOption, yesOption } from "../terminal.ts";
import { collectPairs, wholeNumber } from "../words.ts";
import type { AlterTopicsFlags } from "./alter-topics.ts";
import type { CreateTopicsFlags } from "./create-topics.ts";
import type { DeleteTopicsFlags } from "./delete-topics.ts";
import type { DescribeTopicsFlags } from "./describe-topics.ts";
import type { ListTopicsFlags } from "./list-topics.ts";

export type TopicFlags = ConnectionFlags & OutputOptions;

const asking = [...connectionOptions, outputOption];
const MOST_PARTITIONS = 1_000_000;
const MOST_REPLICAS = 32_767;
const existing = { flags: "<topic...>", summary: "names, or patterns with *", completedBy: "topics" } as const;

export const topicCommands: CommandFamily = {
  commands: [
    {
      name: "list",
      summary: "list topics with their size and health",
      arguments: [{ flags: "[pattern...]", summary: "only these; * is any text", completedBy: "topics" }],
      options: [
        ...asking,
        { flags: "--internal", summary: "internal topics too, such as __consumer_offsets" },
        { flags: "--unhealthy", summary: "only topics with partitions that are offline or under-replicated" },
      ],
      examples: ["ottla topic list", "ottla topic list 'orders-*' -o json", "ottla topic list --unhealthy"],
      run: async (call: CommandCall<ListTopicsFlags>) => (await import("./list-topics.ts")).listTopics(call),
    },
    {
      name: "describe",
      summary: "show topics with their partitions: leaders, replicas, offsets, sizes, configs",
      arguments: [existing],
      options: [...asking, { flags: "--unhealthy", summary: "only partitions that are offline or under-replicated" }],
      details: "OFFSETS is END less START: what compaction and transaction markers took is counted as well.",
      examples: ["ottla topic describe orders", "ottla topic describe 'orders-*' --unhealthy"],
      run: async (call: CommandCall<DescribeTopicsFlags>) =>
        (await import("./describe-topics.ts")).describeTopics(call),
    },
    {
      name: "create",
      summary: "create topics",
      arguments: [{ flags: "<topic...>", summary: "their names" }],
      options: [
        ...asking,
        {
          flags: "-p, --partitions <count>",
          summary: "how many partitions (the broker's num.partitions)",
          parse: wholeNumber(1, MOST_PARTITIONS),
        },
        {
          flags: "-r, --replication-factor <count>",
          summary: "how many replicas (the broker's default.replication.factor)",
          parse: wholeNumber(1, MOST_REPLICAS),
        },
        { flags: "-c, --config <name=value>", summary: "a topic config; may be given again", parse: collectPairs },
        { flags: "--if-not-exists", summary: "a topic that is there already is no failure" },
        { ...dryRunOption, summary: "only have the broker check it" },
      ],
      examples: [
        "ottla topic create orders --partitions 12 --replication-factor 3 --config retention.ms=86400000",
        "ottla topic create orders payments --if-not-exists",
      ],
      run: async (call: CommandCall<CreateTopicsFlags>) => (await import("./create-topics.ts")).createTopics(call),
    },
    {
      name: "alter",
      summary: "add partitions to topics, change their configs",
      arguments: [existing],
      options: [
        ...asking,
        {
          flags: "-p, --partitions <count>",
          summary: "how many partitions there are to be, never fewer than now",
          parse: wholeNumber(1, MOST_PARTITIONS),
        },
        {
          flags: "-c, --config <name=value>",
          summary: "a topic config; name= takes it away, so that the default holds; may be given again",
          parse: collectPairs,
        },
        dryRunOption,
      ],
      details: "With more partitions, records of one key go to another partition than before.",
      examples: [
        "ottla topic alter orders --partitions 24 --dry-run",
        "ottla topic alter 'orders-*' --config retention.ms=3600000 --config cleanup.policy=",
      ],
      run: async (call: CommandCall<AlterTopicsFlags>) => (await import("./alter-topics.ts")).alterTopics(call),
    },
    {
      name: "delete",
      summary: "delete topics with all their records; shows them and asks before",
      arguments: [existing],
      options: [
        ...asking,
        yesOption,
        dryRunOption,
        { flags: "--if-exists", summary: "a topic that is not there is no failure" },
      ],
      details: "Patterns stand for no internal topics. When a name is wrong, nothing is deleted.",
      examples: ["ottla topic delete 'test-*' --dry-run", "ottla topic delete orders --yes"],
      run: async (call: CommandCall<DeleteTopicsFlags>) => (await import("./delete-topics.ts")).deleteTopics(call),
    },
  ],
};
