// `kafka-cluster`: the cluster's id, its endpoints, and taking a broker out of it. Kafka: org.apache.kafka.tools.ClusterTool.

import type { Admin, ClusterNode } from "@ottla/client";
import { argument, toggle } from "../arguments/argument-table.ts";
import type { ArgumentTable, ExclusiveGroup } from "../arguments/argument-table.ts";
import { parseOrExit } from "../arguments/arguments-usage.ts";
import type { ParsedArguments } from "../arguments/parse-arguments.ts";
import { refuseControllers, withAdmin } from "../client/connect.ts";
import { CommandFailure } from "../command-failure.ts";
import type { CommandIo, KafkaCommand } from "../command-io.ts";
import { reportingFailures } from "../failure.ts";
import { errorNameOf, javaMessage } from "../text/java-error.ts";

const connection: ExclusiveGroup = {
  isRequired: true,
  arguments: [
    argument("--bootstrap-server", "the brokers to connect to", { flags: ["--bootstrap-server", "-b"] }),
    argument("--bootstrap-controller", "the controllers to connect to", { flags: ["--bootstrap-controller", "-C"] }),
  ],
};
const config = [
  argument("--config", "(DEPRECATED) Use --command-config."),
  argument("--command-config", "properties file with configs of the admin client", {
    flags: ["--command-config", "-c"],
  }),
];

const table: ArgumentTable = {
  program: "kafka-cluster",
  description: "The Kafka cluster tool.",
  arguments: [],
  subcommands: [
    { name: "cluster-id", help: "tell the cluster's id", arguments: config, exclusive: [connection] },
    {
      name: "unregister",
      help: "take a broker out of the cluster",
      arguments: [
        ...config,
        argument("--id", "the broker's id", { flags: ["--id", "-i"], type: "Integer", isRequired: true }),
      ],
      exclusive: [connection],
    },
    {
      name: "list-endpoints",
      help: "list the endpoints",
      arguments: [...config, toggle("--include-fenced-brokers", "fenced brokers as well")],
      exclusive: [connection],
    },
  ],
};

export const cluster: KafkaCommand = (words, io) =>
  reportingFailures(io, async () => {
    const parsed = parseOrExit(io, table, words);
    if (parsed.has("--config") && parsed.has("--command-config")) {
      throw new CommandFailure("--config and --command-config cannot be specified together.");
    }
    if (parsed.has("--config")) {
      io.out(
        "Option --config has been deprecated and will be removed in a future version. Use --command-config instead.",
      );
    }
    const ofControllers = parsed.has("--bootstrap-controller");
    if (parsed.subcommand !== "list-endpoints") refuseControllers(ofControllers);
    const servers = parsed.text("--bootstrap-server") ?? parsed.text("--bootstrap-controller")!;
    const configFile = parsed.text("--command-config") ?? parsed.text("--config");
    await withAdmin({ servers, configFile }, (admin) => act(admin, parsed, io));
  });

async function act(admin: Admin, parsed: ParsedArguments, io: CommandIo): Promise<void> {
  if (parsed.subcommand === "cluster-id") {
    const { clusterId } = await admin.describeCluster();
    io.out(
      clusterId === null ? "No cluster ID found. The Kafka version is probably too old." : `Cluster ID: ${clusterId}`,
    );
  } else if (parsed.subcommand === "unregister") await unregister(admin, parsed.number("--id")!, io);
  else await listEndpoints(admin, parsed, io);
}

async function unregister(admin: Admin, id: number, io: CommandIo): Promise<void> {
  try {
    await admin.unregisterBroker(id);
    io.out(`Broker ${id} is no longer registered.`);
  } catch (error) {
    if (errorNameOf(error) !== "UNSUPPORTED_VERSION") throw error;
    io.out("The target cluster does not support the broker unregistration API.");
  }
}

async function listEndpoints(admin: Admin, parsed: ParsedArguments, io: CommandIo): Promise<void> {
  const ofControllers = parsed.has("--bootstrap-controller");
  const includeFencedBrokers = parsed.has("--include-fenced-brokers");
  if (includeFencedBrokers && ofControllers) {
    throw new CommandFailure("The option --include-fenced-brokers is only supported with --bootstrap-server option");
  }
  try {
    const endpointType = ofControllers ? "CONTROLLER" : "BROKER";
    const { nodes } = await admin.describeCluster({ includeFencedBrokers, endpointType });
    for (const line of endpointLines([...nodes.values()], ofControllers)) io.out(line);
  } catch (error) {
    if (errorNameOf(error) !== "UNSUPPORTED_VERSION") throw error;
    io.out(javaMessage(error));
  }
}

export function endpointLines(nodes: readonly ClusterNode[], ofControllers: boolean): string[] {
  const hosts = nodes.map(({ host }) => host.length);
  const racks = nodes.filter(({ rack }) => rack !== null).map(({ rack }) => rack!.length);
  // A column is as wide as its widest host or rack, even where its head is wider.
  const widths = [
    10,
    hosts.length === 0 ? 100 : Math.max(...hosts),
    10,
    racks.length === 0 ? 10 : Math.max(...racks),
    ...(ofControllers ? [] : [10]),
    15,
  ];
  const state = (text: string): string[] => (ofControllers ? [] : [text]);
  const rows = nodes.map(({ nodeId, host, port, rack, isFenced }) => [
    String(nodeId),
    host,
    String(port),
    String(rack),
    ...state(isFenced ? "fenced" : "unfenced"),
    ofControllers ? "controller" : "broker",
  ]);
  return [["ID", "HOST", "PORT", "RACK", ...state("STATE"), "ENDPOINT_TYPE"], ...rows].map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column]!)).join(" "),
  );
}
