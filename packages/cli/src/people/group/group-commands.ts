// `ottla group …`: the options of each command; what they do is in the files beside this one.

import type { GroupState, GroupType } from "@ottla/client";
import type { CommandCall, CommandFamily } from "../../command-definition.ts";
import { connectionOptions } from "../connect.ts";
import type { ConnectionFlags } from "../connect.ts";
import { outputOption } from "../output.ts";
import type { OutputOptions } from "../output.ts";
import { dryRunOption, yesOption } from "../terminal.ts";
import { collectOf, collectTopics, wholeNumber } from "../words.ts";
import type { DeleteGroupsFlags } from "./delete-groups.ts";
import type { ListGroupsFlags } from "./list-groups.ts";
import type { ResetOffsetsFlags } from "./reset-offsets.ts";

export type GroupFlags = ConnectionFlags & OutputOptions;

const asking = [...connectionOptions, outputOption];
const existing = { flags: "<group...>", summary: "names, or patterns with *", completedBy: "groups" } as const;

const types: readonly GroupType[] = ["Classic", "Consumer", "Share", "Streams"];
const states: readonly GroupState[] = [
  "Stable",
  "Empty",
  "PreparingRebalance",
  "CompletingRebalance",
  "Assigning",
  "Reconciling",
  "NotReady",
  "Dead",
];

export const groupCommands: CommandFamily = {
  commands: [
    {
      name: "list",
      summary: "list groups with their state, members and lag",
      arguments: [{ flags: "[pattern...]", summary: "only these; * is any text", completedBy: "groups" }],
      options: [
        ...asking,
        {
          flags: "--type <type>",
          summary: `only of this type: ${types.join(", ")}; may be given again`,
          parse: collectOf(types),
        },
        {
          flags: "--state <state>",
          summary: `only in this state: ${states.join(", ")}; may be given again`,
          parse: collectOf(states),
        },
        { flags: "--by-lag", summary: "the greatest lag first" },
      ],
      examples: ["ottla group list", "ottla group list --by-lag", "ottla group list --state Empty -o json"],
      run: async (call: CommandCall<ListGroupsFlags>) => (await import("./list-groups.ts")).listGroups(call),
    },
    {
      name: "describe",
      summary: "show groups: the lag of each partition, and the members",
      arguments: [existing],
      options: asking,
      examples: ["ottla group describe payments", "ottla group describe 'pay*' -o yaml"],
      run: async (call: CommandCall<GroupFlags>) => (await import("./describe-groups.ts")).describeGroups(call),
    },
    {
      name: "reset-offsets",
      summary: "set from where a group without members goes on; shows before and after, and asks",
      arguments: [{ flags: "<group>", summary: "the group", completedBy: "groups" }],
      options: [
        ...asking,
        {
          flags: "-t, --topic <topic[:partitions]>",
          summary: "a topic, or some of its partitions: orders:0,2,5-7; may be given again",
          parse: collectTopics,
          completedBy: "topics",
        },
        { flags: "--all-topics", summary: "all partitions that it has committed offsets of" },
        { flags: "--to-earliest", summary: "to the first record there is" },
        { flags: "--to-latest", summary: "to the end: only what comes from now on" },
        { flags: "--to-offset <offset>", summary: "to this offset, or the nearest there is", parse: wholeNumber(0) },
        { flags: "--since <time>", summary: "to the first record of this time or later: 10m (ago), 2026-11-21T10:30Z" },
        {
          flags: "--shift-by <count>",
          summary: "forward by so many offsets, or with a minus back",
          parse: wholeNumber(Number.MIN_SAFE_INTEGER),
        },
        { flags: "--create", summary: "a group that is not there is no failure: it is made" },
        yesOption,
        dryRunOption,
      ],
      examples: [
        "ottla group reset-offsets payments --topic orders --since 2h --dry-run",
        "ottla group reset-offsets payments --topic orders:0 --shift-by -100",
        "ottla group reset-offsets payments --all-topics --to-latest --yes",
      ],
      run: async (call: CommandCall<ResetOffsetsFlags>) => (await import("./reset-offsets.ts")).resetOffsets(call),
    },
    {
      name: "delete",
      summary: "delete groups without members, with what they have committed; shows them and asks before",
      arguments: [existing],
      options: [...asking, yesOption, dryRunOption],
      details: "When one of them cannot be deleted, none is.",
      examples: ["ottla group delete 'test-*' --dry-run", "ottla group delete payments --yes"],
      run: async (call: CommandCall<DeleteGroupsFlags>) => (await import("./delete-groups.ts")).deleteGroups(call),
    },
  ],
};
