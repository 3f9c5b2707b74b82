// `ottla topic …`: the options of each command; what they do is in the files beside this one.

import type { CommandCall, CommandFamily } from "../../command-definition.ts";
import { connectionOptions } from "../connect.ts";
import type { ConnectionFlags } from "../connect.ts";
import { outputOption } from "../output.ts";
import type { OutputOptions } from "../output.ts";
import type { ListTopicsFlags } from "./list-topics.ts";

export type TopicFlags = ConnectionFlags & OutputOptions;

const asking = [...connectionOptions, outputOption];

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
  ],
};
