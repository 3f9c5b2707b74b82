// `ottla record …`: the options of each command; what they do is in the files beside this one.

import { CommandError } from "../../command-error.ts";
import type { CommandCall, CommandFamily, CommandOption } from "../../command-definition.ts";
import { connectionOptions } from "../connect.ts";
import { collectNumbers, rangeOptions } from "../consume/consume-options.ts";
import { outputOption } from "../output.ts";
import { inputFormats } from "../record-data.ts";
import { renderOptions } from "../record-output.ts";
import { dryRunOption, yesOption } from "../terminal.ts";
import { parseTime } from "../times.ts";
import { wholeNumber } from "../words.ts";
import type { DeleteRecordsFlags } from "./delete-records.ts";
import type { FindRecordsFlags } from "./find-records.ts";
import type { GetRecordFlags } from "./get-record.ts";

const topic = { flags: "<topic>", summary: "the topic", completedBy: "topics" } as const;

/** How bytes are shown, without the option that says what form the answer has. */
const dataOptions = renderOptions.filter(({ flags }) => !flags.startsWith("-o"));
const withoutKey = renderOptions.filter(({ flags }) => !flags.startsWith("--key"));

/** Reading ends with what is there, so no time to come is waited for. */
const findRange = rangeOptions.map((option) =>
  option.flags.startsWith("--until")
    ? { ...option, summary: "up to the first record of that time, without it" }
    : option,
);

const isolationOption: CommandOption = {
  flags: "--isolation <level>",
  summary: "read_committed leaves out records of open and aborted transactions (read_uncommitted)",
  choices: ["read_committed", "read_uncommitted"],
};

export const recordCommands: CommandFamily = {
  commands: [
    {
      name: "get",
      summary: "show one record: key, value, headers, timestamp",
      arguments: [
        topic,
        { flags: "<partition>", summary: "its number" },
        { flags: "<offset>", summary: "where the record is" },
      ],
      options: [outputOption, ...dataOptions, isolationOption, ...connectionOptions],
      details:
        "An offset without a record, such as one that was compacted away, is told with the offset of the next one; the exit code is 1.",
      examples: ["ottla record get orders 0 41", "ottla record get orders 0 41 -f %s > value.bin"],
      run: async (call: CommandCall<GetRecordFlags>) => await (await import("./get-record.ts")).getRecord(call),
    },
    {
      name: "find",
      summary: "show the records that have a key",
      arguments: [topic, { flags: "<key>", summary: "the whole key" }],
      options: [
        ...findRange,
        { flags: "--last", summary: "only the youngest of them" },
        { flags: "-c, --max <count>", summary: "end after so many", parse: wholeNumber(1) },
        {
          flags: "--key <format>",
          summary: "what the text of the key stands for, and how keys are shown (string)",
          choices: inputFormats,
        },
        ...withoutKey,
        ...connectionOptions,
      ],
      details: `All of the topic is read, up to what was its end at the beginning: --since and --partition make that less.
The exit code is 1 when no record has the key.`,
      examples: ["ottla record find customers 4711 --last", "ottla record find orders 7 --key int --since 1d -o jsonl"],
      run: async (call: CommandCall<FindRecordsFlags>) => await (await import("./find-records.ts")).findRecords(call),
    },
    {
      name: "delete",
      summary: "delete the oldest records of a topic; asks before",
      arguments: [topic],
      options: [
        {
          flags: "--before <offset>",
          summary: "records below this offset; end stands for all there are",
          parse: parseBefore,
        },
        {
          flags: "--until <time>",
          summary: "records before the first one of that time: 7d (ago), 2026-11-21, milliseconds since 1970",
          parse: (text) => parseTime(text, Date.now()),
        },
        {
          flags: "-p, --partition <numbers>",
          summary: "only these, such as 0,2,5-7; may be given again",
          parse: collectNumbers,
        },
        dryRunOption,
        yesOption,
        outputOption,
        ...connectionOptions,
      ],
      details: "Kafka deletes from the beginning of a partition only. What is deleted does not come back.",
      examples: [
        "ottla record delete orders --until 7d --dry-run",
        "ottla record delete orders --partition 0 --before 1000",
        "ottla record delete orders --before end --yes",
      ],
      run: async (call: CommandCall<DeleteRecordsFlags>) =>
        await (await import("./delete-records.ts")).deleteRecords(call),
    },
  ],
};

/** @throws CommandError */
function parseBefore(text: string): number | "end" {
  if (text === "end") return "end";
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new CommandError(`${text} is no offset: write a whole number, or end`);
}
