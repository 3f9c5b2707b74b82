// `kafka-get-offsets`: offsets of partitions by place or time. Kafka: org.apache.kafka.tools.GetOffsetShell.

import { settled } from "@ottla/client";
import type { Admin } from "@ottla/client";
import { withAdmin } from "../client/connect.ts";
import { ExitError } from "../command-io.ts";
import type { CommandIo, KafkaCommand } from "../command-io.ts";
import { CommandFailure } from "../command-failure.ts";
import { futureMessage, isExpected } from "../failure.ts";
import { bootstrapProblem } from "../options/bootstrap.ts";
import { Checks } from "../options/checks.ts";
import { flag, option, optionTable } from "../options/option-table.ts";
import type { OptionTable } from "../options/option-table.ts";
import { parseOptions } from "../options/parse-options.ts";
import type { ParsedOptions } from "../options/parsed-options.ts";
import { javaText } from "../text/java-error.ts";
import { compareTexts, partitionText } from "../text/java-format.ts";
import { filterByPatterns, filterByTopic } from "./get-offsets/filter.ts";
import type { PartitionFilter } from "./get-offsets/filter.ts";
import { parseOffsetSpec } from "./get-offsets/offset-spec.ts";

const ABOUT = "An interactive shell for getting topic-partition offsets.";

const table = optionTable([
  option("bootstrap-server", "HOST1:PORT1,...,HOST3:PORT3", "REQUIRED. The brokers to connect to.", {
    older: ["broker-list"],
  }),
  option(
    "topic-partitions",
    "topic1:1,topic2:0-3,topic3,topic4:5-,topic5:-3",
    "Patterns of partitions, apart by commas: a regular expression for topics, any topic when it is left out; behind a colon a partition, a range that ends before its second number, or a range with one end.",
  ),
  option("topic", "topic", "The topic, or a regular expression; without it all topics. Not with --topic-partitions."),
  option("partitions", "partition ids", "Partitions, apart by commas; without it all. Not with --topic-partitions."),
  option(
    "time",
    "<timestamp> / -1 or latest / -2 or earliest / -3 or max-timestamp / -4 or earliest-local / -5 or latest-tiered / -6 or earliest-pending-upload",
    "The first offset of that time or later. [Without one in the log, nothing is printed.]",
    { byDefault: "latest" },
  ),
  option("command-config", "config file", "Properties file with configs of the admin client."),
  flag("exclude-internal-topics", "Leave internal topics out."),
]);

type Options = ParsedOptions<typeof table extends OptionTable<infer Name> ? Name : never>;

export const getOffsets: KafkaCommand = async (words, io) => {
  try {
    const options = readOptions(words, io);
    if (options.has("topic-partitions") && (options.has("topic") || options.has("partitions"))) {
      throw new CommandFailure("--topic-partitions cannot be used with --topic or --partitions");
    }
    const at = parseOffsetSpec(options.text("time")!);
    const filter = options.has("topic-partitions")
      ? filterByPatterns(options.text("topic-partitions")!)
      : filterByTopic(options.text("topic"), options.text("partitions"));
    const where = { servers: options.text("bootstrap-server")!, configFile: options.text("command-config") };
    return await withAdmin({ ...where, clientId: "GetOffsetShell" }, async (admin) => {
      const partitions = await selectPartitions(admin, filter, options.has("exclude-internal-topics"));
      const { values, errors } = await settled(admin.listOffsets(partitions.map((each) => ({ ...each, at }))));
      for (const [partition, error] of errors) {
        io.error(`Skip getting offsets for topic-partition ${partition} due to error: ${javaText(error)}`);
      }
      const known = [...values.values()].filter(({ offset }) => offset !== -1);
      known.sort((one, other) => compareTexts(partitionText(one), partitionText(other)));
      for (const { topic, partition, offset } of known) io.out(`${topic}:${partition}:${offset}`);
    });
  } catch (error) {
    if (error instanceof ExitError || !isExpected(error)) throw error;
    io.error(`Error occurred: ${futureMessage(error)}`);
    return 1;
  }
};

function readOptions(words: readonly string[], io: CommandIo): Options {
  const options = parseOptions(table, words);
  const checks = new Checks(io, options);
  checks.helpOrVersion(ABOUT);
  checks.required("bootstrap-server");
  const problem = bootstrapProblem(options.text("bootstrap-server"));
  if (problem !== null) checks.usage(problem);
  return options;
}

async function selectPartitions(
  admin: Admin,
  filter: PartitionFilter,
  excludesInternal: boolean,
): Promise<{ topic: string; partition: number }[]> {
  const listed = await admin.listTopics({ includeInternal: !excludesInternal });
  const names = [...listed.keys()].filter((name) => filter.allowsTopic(name));
  const described = await admin.describeTopics(names);
  const partitions = [...described.values()]
    .flatMap(({ name, partitions: all }) => all.map(({ partition }) => ({ topic: name, partition })))
    .filter(({ topic, partition }) => filter.allows(topic, partition));
  if (partitions.length === 0) {
    throw new CommandFailure("Could not match any topic-partitions with the specified filters");
  }
  return partitions;
}
