// `ottla cluster …`: the options of each command; what they do is in the files beside this one.

import type { CommandCall, CommandFamily } from "../../command-definition.ts";
import { connectionOptions } from "../connect.ts";
import type { ConnectionFlags } from "../connect.ts";
import { outputOption } from "../output.ts";
import type { OutputOptions } from "../output.ts";

export type ClusterFlags = ConnectionFlags & OutputOptions;

const asking = [...connectionOptions, outputOption];

export const clusterCommands: CommandFamily = {
  commands: [
    {
      name: "describe",
      summary: "show brokers with what they carry, the controllers and the features",
      options: asking,
      examples: ["ottla cluster describe", "ottla cluster describe --context prod -o json"],
      run: async (call: CommandCall<ClusterFlags>) => (await import("./describe-cluster.ts")).describeCluster(call),
    },
    {
      name: "health",
      summary: "tell whether all is well, and what is not; ends with 1 when something is not",
      options: asking,
      details: "What a cluster does not tell is no failure; it is shown as unknown.",
      examples: ["ottla cluster health", "ottla cluster health --context prod && ./deploy.sh"],
      run: async (call: CommandCall<ClusterFlags>) => (await import("./show-health.ts")).showHealth(call),
    },
  ],
};
