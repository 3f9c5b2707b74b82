// The arguments of kafka-features (FeatureCommand of Kafka 4.3).

import { argument, toggle } from "../../arguments/argument-table.ts";
import type { ArgumentTable } from "../../arguments/argument-table.ts";

const feature = argument("--feature", "a feature and its level, as feature=level", { action: "append" });
const dryRun = toggle("--dry-run", "only check whether it could be done");
const unsafe = toggle("--unsafe", "do it even if metadata are lost");
const release = argument("--release-version", "the release whose levels all features get");
const metadata = argument("--metadata", "DEPRECATED. The metadata.version, such as 3.9-IV0.");

export const featuresTable: ArgumentTable = {
  program: "kafka-features",
  description: "Shows and changes which features the cluster uses.",
  arguments: [argument("--command-config", "properties file with configs of the admin client")],
  exclusive: [
    {
      arguments: [
        argument("--bootstrap-server", "the brokers to connect to"),
        argument("--bootstrap-controller", "the controllers to connect to"),
      ],
    },
  ],
  subcommands: [
    {
      name: "describe",
      help: "show the features of the cluster",
      arguments: [argument("--node-id", "the node to ask", { type: "Integer" })],
    },
    { name: "upgrade", help: "raise levels of features", arguments: [metadata, release, feature, dryRun] },
    { name: "downgrade", help: "lower levels of features", arguments: [metadata, release, feature, unsafe, dryRun] },
    {
      name: "disable",
      help: "turn features off, which is their level 0",
      arguments: [argument("--feature", "a feature", { action: "append" }), unsafe, dryRun],
    },
    {
      name: "version-mapping",
      help: "tell which levels features have with a release",
      arguments: [argument("--release-version", "the release; without it the latest")],
    },
    {
      name: "feature-dependencies",
      help: "tell what levels of features need",
      arguments: [
        argument("--feature", "a feature and its level, as feature=level", { action: "append", isRequired: true }),
      ],
    },
  ],
};
