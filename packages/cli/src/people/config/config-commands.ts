// `ottla config …`: the options of each command; what they do is in the files beside this one.

import type { CommandCall, CommandFamily } from "../../command-definition.ts";
import { connectionOptions } from "../connect.ts";
import type { ConnectionFlags } from "../connect.ts";
import { outputOption } from "../output.ts";
import type { OutputOptions } from "../output.ts";
import { dryRunOption } from "../terminal.ts";
import type { ChangeConfigsFlags } from "./change-configs.ts";
import { entityTypes } from "./entities.ts";
import type { GetConfigsFlags } from "./get-configs.ts";

export type ConfigFlags = ConnectionFlags & OutputOptions;

const asking = [...connectionOptions, outputOption];
const entity = [
  { flags: "<type>", summary: "what has the configs", choices: entityTypes },
  {
    flags: "<name>",
    summary: "its name; a broker's id; default for all brokers, users, clients or addresses",
    completedBy: "entities",
  },
] as const;

export const configCommands: CommandFamily = {
  commands: [
    {
      name: "get",
      summary: "show what is set, or the configs named",
      arguments: [
        ...entity,
        { flags: "[config...]", summary: "only these, whether they are set or not", completedBy: "configs" },
      ],
      options: [
        ...asking,
        { flags: "--all", summary: "what is not set, too" },
        { flags: "--docs", summary: "what each config means" },
      ],
      examples: [
        "ottla config get topic orders",
        "ottla config get topic orders retention.ms --docs",
        "ottla config get broker default -o json",
      ],
      run: async (call: CommandCall<GetConfigsFlags>) => (await import("./get-configs.ts")).getConfigs(call),
    },
    {
      name: "set",
      summary: "set configs, or quotas of a user, client or address",
      arguments: [...entity, { flags: "<config=value...>", summary: "what to set", completedBy: "configs" }],
      options: [...asking, dryRunOption],
      examples: [
        "ottla config set topic orders retention.ms=86400000 --dry-run",
        "ottla config set broker default message.max.bytes=2000000",
        "ottla config set user alice producer_byte_rate=1048576",
      ],
      run: async (call: CommandCall<ChangeConfigsFlags>) => (await import("./change-configs.ts")).setConfigs(call),
    },
    {
      name: "unset",
      summary: "take values away, so that what is behind them holds again",
      arguments: [...entity, { flags: "<config...>", summary: "what to take away", completedBy: "configs" }],
      options: [...asking, dryRunOption],
      examples: ["ottla config unset topic orders retention.ms"],
      run: async (call: CommandCall<ChangeConfigsFlags>) => (await import("./change-configs.ts")).unsetConfigs(call),
    },
  ],
};
