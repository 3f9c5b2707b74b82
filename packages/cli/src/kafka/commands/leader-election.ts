// `kafka-leader-election`: has leaders of partitions elected. Kafka: org.apache.kafka.tools.LeaderElectionCommand.

import { settled } from "@ottla/client";
import type { Admin, ElectionType, TopicPartition } from "@ottla/client";
import { withAdmin } from "../client/connect.ts";
import { CommandFailure } from "../command-failure.ts";
import type { CommandIo, KafkaCommand } from "../command-io.ts";
import { reportingFailures } from "../failure.ts";
import { Checks } from "../options/checks.ts";
import { OptionError } from "../options/option-error.ts";
import { flag, option, optionTable } from "../options/option-table.ts";
import type { OptionTable } from "../options/option-table.ts";
import { parseOptions } from "../options/parse-options.ts";
import type { ParsedOptions } from "../options/parsed-options.ts";
import { errorNameOf, javaText } from "../text/java-error.ts";
import { partitionText } from "../text/java-format.ts";
import { JsonNode } from "../text/json-text.ts";
import { readWholeFile } from "../text/properties-text.ts";

const table = optionTable([
  option("bootstrap-server", "host:port", "The brokers to connect to, apart by commas. REQUIRED."),
  option("admin.config", "config file", "(DEPRECATED) Use --command-config."),
  option("command-config", "Config file", "Properties file with configs of the admin client."),
  option(
    "path-to-json-file",
    "Path to JSON file",
    'A JSON file with the partitions, such as \n{"partitions":\n\t[{"topic": "foo", "partition": 1},\n\t {"topic": "foobar", "partition": 2}]\n}\nNot with --all-topic-partitions or --topic.',
  ),
  option("topic", "topic name", "The topic. Not with --path-to-json-file or --all-topic-partitions."),
  option("partition", "partition id", "The partition. REQUIRED with --topic.", { type: "Integer" }),
  flag("all-topic-partitions", "All partitions that can have an election of the type."),
  option(
    "election-type",
    "election type",
    `"preferred": the first replica leads again. "unclean": any replica may lead where none is in sync, even if records are lost. REQUIRED.`,
  ),
]);

type Name = typeof table extends OptionTable<infer Each> ? Each : never;
type Options = ParsedOptions<Name>;

export const leaderElection: KafkaCommand = (words, io) =>
  reportingFailures(io, async () => {
    const options = parseOptions(table, words);
    const checks = new Checks(io, options);
    checks.helpOrVersion(
      "This tool attempts to elect a new leader for a set of topic partitions. The type of elections supported are preferred replicas and unclean replicas.",
    );
    checkOptions(options, checks);
    const type = electionType(options);
    const partitions = await chosenPartitions(options);
    if (options.has("admin.config")) {
      io.out(
        "Option --admin.config has been deprecated and will be removed in a future version. Use --command-config instead.",
      );
    }
    const configFile = options.text("admin.config") ?? options.text("command-config");
    const byDefault = { "default.api.timeout.ms": "30000", "request.timeout.ms": "15000" };
    await withAdmin({ servers: options.text("bootstrap-server")!, configFile, byDefault }, (admin) =>
      elect(admin, io, { type, partitions }),
    );
  });

function checkOptions(options: Options, checks: Checks<Name>): void {
  const missing = (["bootstrap-server", "election-type"] as const).filter((name) => !options.has(name));
  if (missing.length > 0) throw new CommandFailure(`Missing required option(s): ${missing.join(", ")}`);
  checks.invalidWith("admin.config", ["command-config"]);
  const scopes = ["topic", "all-topic-partitions", "path-to-json-file"] as const;
  if (scopes.filter((scope) => options.has(scope)).length !== 1) {
    throw new CommandFailure(`One and only one of the following options is required: ${scopes.join(", ")}`);
  }
  if (options.has("topic") && !options.has("partition")) {
    throw new CommandFailure("Missing required option(s): partition");
  }
  if (!options.has("topic") && options.has("partition")) {
    throw new CommandFailure("Option partition is only allowed if topic is used");
  }
}

function electionType(options: Options): ElectionType {
  const text = options.text("election-type")!;
  const type = text.toUpperCase();
  if (type === "PREFERRED" || type === "UNCLEAN") return type;
  throw new OptionError(`Cannot parse argument '${text}' of option election-type`);
}

async function chosenPartitions(options: Options): Promise<readonly TopicPartition[] | "all"> {
  const file = options.text("path-to-json-file");
  if (file !== undefined) return parsePartitions(await readWholeFile(file));
  const topic = options.text("topic");
  return topic === undefined ? "all" : [{ topic, partition: options.number("partition")! }];
}

/** @throws CommandFailure */
export function parsePartitions(text: string): TopicPartition[] {
  const listed = JsonNode.parse(text, "Replica election data is empty").field("partitions");
  if (listed === undefined) throw new CommandFailure(`Replica election data is missing "partitions" field`);
  const partitions = listed.elements.map((each) => ({
    topic: each.needed("topic").text,
    partition: each.needed("partition").integer,
  }));
  const names = partitions.map(partitionText);
  const repeated = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  if (repeated.size > 0) {
    throw new CommandFailure(`Replica election data contains duplicate partitions: [${[...repeated].join(", ")}]`);
  }
  return partitions;
}

async function elect(
  admin: Admin,
  io: CommandIo,
  { type, partitions }: { readonly type: ElectionType; readonly partitions: readonly TopicPartition[] | "all" },
): Promise<void> {
  const { values, errors } = await wholeFailuresTold(io, settled(admin.electLeaders(type, partitions)));
  const unneeded = [...errors].filter(([, error]) => errorNameOf(error) === "ELECTION_NOT_NEEDED");
  const failed = [...errors].filter(([, error]) => errorNameOf(error) !== "ELECTION_NOT_NEEDED");
  if (values.size > 0) {
    io.out(`Successfully completed leader election (${type}) for partitions ${[...values.keys()].join(", ")}`);
  }
  if (unneeded.length > 0) {
    io.out(`Valid replica already elected for partitions ${unneeded.map(([partition]) => partition).join(", ")}`);
  }
  for (const [partition, error] of failed) {
    io.out(`Error completing leader election (${type}) for partition: ${partition}: ${javaText(error)}`);
  }
  if (failed.length > 0) throw new CommandFailure(`${failed.length} replica(s) could not be elected`);
}

/** Two errors of the call as a whole have sentences of their own, on stdout and then on stderr. */
async function wholeFailuresTold<T>(io: CommandIo, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    const name = errorNameOf(error);
    const sentence =
      name === "TIMEOUT" || name === "REQUEST_TIMED_OUT"
        ? "Timeout waiting for election results"
        : name === "CLUSTER_AUTHORIZATION_FAILED"
          ? "Not authorized to perform leader election"
          : null;
    if (sentence === null) throw error;
    io.out(sentence);
    throw new CommandFailure(sentence, { cause: error });
  }
}
