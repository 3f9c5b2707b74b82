// `kafka-log-dirs`: what is in the log folders of brokers, as JSON. Kafka: org.apache.kafka.tools.LogDirsCommand.

import type { Admin, LogDirDescription } from "@ottla/client";
import { withAdmin } from "../client/connect.ts";
import { CommandFailure } from "../command-failure.ts";
import type { CommandIo, KafkaCommand } from "../command-io.ts";
import { reportingFailures } from "../failure.ts";
import { Checks } from "../options/checks.ts";
import { flag, option, optionTable } from "../options/option-table.ts";
import { parseOptions } from "../options/parse-options.ts";
import { javaClass } from "../text/java-error.ts";
import { comparePartitions, partitionText } from "../text/java-format.ts";

const table = optionTable([
  option("bootstrap-server", "The server(s) to use for bootstrapping", "REQUIRED: the brokers to connect to."),
  option("command-config", "Admin client property file", "Properties file with configs of the admin client."),
  flag("describe", "Describe the log folders."),
  option("topic-list", "Topic list", `Topics in the form "topic1,topic2"; all without it.`, { byDefault: "" }),
  option("broker-list", "Broker list", `Brokers in the form "0,1,2"; all without it.`, { byDefault: "" }),
]);

interface Wanted {
  readonly brokers: readonly number[];
  readonly topics: readonly string[];
}

export const logDirs: KafkaCommand = (words, io) =>
  reportingFailures(io, async () => {
    const options = parseOptions(table, words);
    const checks = new Checks(io, options);
    checks.helpOrVersion("This tool helps to query log directory usage on the specified brokers.");
    checks.required("bootstrap-server", "describe");
    const list = (name: "topic-list" | "broker-list"): string[] =>
      options
        .text(name)!
        .split(",")
        .filter((each) => each !== "");
    const brokers = list("broker-list").map((each) => {
      if (!/^[+-]?\d+$/.test(each)) throw new CommandFailure(`For input string: "${each}"`);
      return Number(each);
    });
    const where = { servers: options.text("bootstrap-server")!, configFile: options.text("command-config") };
    await withAdmin({ ...where, byDefault: { "client.id": "log-dirs-tool" } }, (admin) =>
      describe(admin, io, { brokers, topics: list("topic-list") }),
    );
  });

async function describe(admin: Admin, io: CommandIo, { brokers, topics }: Wanted): Promise<void> {
  const { nodes } = await admin.describeCluster();
  const existing = [...nodes.keys()];
  const missing = brokers.filter((broker) => !nodes.has(broker));
  if (missing.length > 0) {
    throw new CommandFailure(
      `ERROR: The given brokers do not exist from --broker-list: ${missing.join(",")}. Current existent brokers: ${existing.join(",")}`,
    );
  }
  const asked = brokers.length === 0 ? existing : [...new Set(brokers)];
  io.out("Querying brokers for log directories information");
  const described = await admin.describeLogDirs(asked);
  io.out(`Received log directory information from brokers ${asked.join(",")}`);
  io.out(logDirsJson(described, topics));
}

/** Keys stand in the order in which a HashMap of Java's has them. */
export function logDirsJson(
  described: ReadonlyMap<number, readonly LogDirDescription[]>,
  topics: readonly string[],
): string {
  const brokers = [...described].map(([broker, folders]) => ({
    broker,
    logDirs: folders.map(({ path, error, replicas }) => ({
      partitions: replicas
        .filter(({ topic }) => topics.length === 0 || topics.includes(topic))
        .sort(comparePartitions)
        .map((replica) => ({
          partition: partitionText(replica),
          size: replica.sizeBytes,
          offsetLag: replica.offsetLag,
          isFuture: replica.isFuture,
        })),
      error: error === null ? null : javaClass(error),
      logDir: path,
    })),
  }));
  return JSON.stringify({ brokers, version: 1 });
}
