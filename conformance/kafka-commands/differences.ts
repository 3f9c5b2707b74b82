// What the outputs of Apache Kafka's commands and ours may differ in. First what differs between any two runs, also of one command; then the
// differences that are ours, each by the name under which docs/reference/cli.md tells users of it.

import type { ToolText } from "../kafka-tools/tool-session.ts";
import type { Step } from "./step.ts";

/** Which word stands for the one who runs it; see step.ts. Of one length, so that columns are equally wide. */
export const sideNames = { kafka: "by-kafka", ours: "by-ottla" } as const;

/** `said` is what stands on stdout, when the lines are those of stderr. */
type Change = (lines: readonly string[], step: Step, said: readonly string[]) => readonly string[];

/** Those that are a step's own have `differs` there; the others are told by how they change the lines of both sides. */
const differences = {
  "Stack traces and logs": withoutTraces,
  "Last lines": withoutLastNewline,
  Suggestions: withoutSuggestions,
  Help: helpNames,
  Order: inOrder,
  Timeouts: withoutTimeoutWords,
  Version: null,
  "Older spellings": null,
  Controllers: null,
  Classes: null,
  Configs: null,
  "Regular expressions": null,
  Metrics: null,
  "Broken JSON": null,
} as const satisfies Record<string, Change | null>;

export type DifferenceName = keyof typeof differences;
export const differenceNames = Object.keys(differences) as DifferenceName[];

/** The output as one text, with what differs between any two runs replaced and each difference leveled but `kept`. */
export function leveled(text: ToolText, step: Step, kept?: DifferenceName): string {
  const changes = differenceNames.flatMap((name) => (name === kept ? [] : (differences[name] ?? [])));
  const clean = (stream: string, said: readonly string[]): readonly string[] => {
    return changes.reduce<readonly string[]>(
      (before, change) => change(before, step, said),
      anyRun(stream).split("\n"),
    );
  };
  const stdout = clean(text.stdout, []);
  const stderr = clean(text.stderr, stdout);
  const shown = (line: string): string => (step.measured === true ? line.replaceAll(measurement, "<number>") : line);
  return [
    `code ${text.code}`,
    ...stdout.map((line) => `1 ${shown(line)}`),
    ...stderr.map((line) => `2 ${shown(line)}`),
  ].join("\n");
}

const names = `(?:${sideNames.kafka}|${sideNames.ours})`;
const replacements: readonly (readonly [RegExp, string])[] = [
  // For bytes that are no text, decoders put one character, or one for each.
  [/\uFFFD+/g, "\uFFFD"],
  [new RegExp(`\\b${names}\\b`, "g"), "SIDE"],
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "<uuid>"],
  [/(?<=TopicId: )[\w-]{22}/g, "<id>"],
  [/(?<=(?:console|perf)-consumer-)\d+ */g, "<number> "],
  [/(?<=adminclient-)\d+/g, "<number>"],
  [/\b1[789]\d{11}\b/g, "<time>"],
  [/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d:\d{3}/g, "<time>"],
  [/(?<="avg_throughput":)[\d.]+/g, "<number>"],
  // kafka-transactions describe: how long the transaction has lasted.
  [/(?<=[a-zA-Z] +\t\d+ +\t<time> +\t)\d+ */g, "<duration>"],
];
const measurement = /\b\d[\d.]*(?: +\d[\d.]*)*/g;
/** What stands in the order of a set: options, and words in upper case, between brackets; others by what stands before them. */
const sets: readonly RegExp[] = [
  /\[[\w-]+\](?:, \[[\w-]+\])+/g,
  /(?<=\[)[A-Z_]+(?:, [A-Z_]+)+(?=\])/g,
  /(?<=Valid (?:states|types) are: )\w+(?:, \w+)+/g,
  /(?<=Detected group ids: )'\w+'(?:, '\w+')+/g,
];

/** Ids, times and the like, and the order of hash tables. */
function anyRun(stream: string): string {
  const replaced = replacements.reduce((text, [from, to]) => text.replaceAll(from, to), stream);
  return sets.reduce((text, set) => text.replaceAll(set, (found) => found.split(", ").toSorted().join(", ")), replaced);
}

const logLine = /^\[\d{4}-\d\d-\d\d [\d:,]+\] ([A-Z]+) (.*?)(?: \(([\w.$]+)\))?$/;
const traceLine = /^\s+at |^\s+\.\.\. \d+ (?:more|common)|^\s*Caused by: |^\s*Suppressed: |^ ?\([\w.$]+\)$/;
const uncaught = /^Exception in thread "[^"]*" /;
const exception = /^((?:[a-z][\w$]*\.)+[A-Z][\w$]*)(?:: (.*))?$/;
const wrapper = /^java\.(?:lang\.RuntimeException|util\.concurrent\.\w+Exception): (?=(?:[a-z][\w$]*\.)+[A-Z])/;

/** Of a trace what it is about, once: with its class where that is one of Kafka's errors. Of logs the errors, and what the tool itself warns of. */
function withoutTraces(lines: readonly string[], _: Step, said: readonly string[]): readonly string[] {
  const kept: string[] = [];
  let wasTrace = false;
  const keep = (text: string): void => {
    const message = exception.exec(text)?.[2];
    if (message !== undefined && kept.at(-1) === message) kept.pop();
    kept.push(text);
  };
  for (const [index, line] of lines.entries()) {
    wasTrace = traceLine.test(line) || (wasTrace && line === "");
    if (wasTrace && (line !== "" || index < lines.length - 1)) continue;
    const [, level, logged, logger = ""] = logLine.exec(line) ?? [];
    const isTraced = traceLine.test(lines[index + 1] ?? "");
    const head = logged ?? line.replace(uncaught, "");
    if (isTraced || uncaught.test(line) || exception.test(head)) {
      const text = headText(head);
      if (![...kept, ...said].some((before) => before.endsWith(text))) keep(text);
      wasTrace = true;
    } else if (logged === undefined) kept.push(line);
    else if (
      (level === "ERROR" && !logger.startsWith("org.apache.kafka.clients.admin.")) ||
      /^(?:org\.apache\.)?kafka\.(?:tools|admin)\./.test(logger)
    ) {
      kept.push(`${level} ${logged} (${logger})`);
    }
  }
  return kept;
}

function headText(head: string): string {
  const text = head.replace(wrapper, "");
  const [, name, message = ""] = exception.exec(text) ?? [];
  return name === undefined || name.startsWith("org.apache.kafka.common.") ? text : message;
}

/** What Kafka prints last on stderr may lack a newline. */
function withoutLastNewline(lines: readonly string[]): readonly string[] {
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

const usageTable = /^Option(?: \(\* = required\))? +Description/;
const argumentUsage = /^usage: /;

function helpNames(lines: readonly string[], { line: words }: Step): readonly string[] {
  const isAsked = words === "" || /(?:^| )(?:--help|-h)(?: |$)/.test(words);
  if (lines.some((line) => usageTable.test(line))) return optionNames(lines, isAsked);
  return lines.some((line) => argumentUsage.test(line)) ? argumentNames(lines) : lines;
}

/** Of a table of options: which there are. Before it stands the mistake or, where help is asked for, what the tool is for, in everyone's words. */
function optionNames(lines: readonly string[], isAsked: boolean): string[] {
  const start = lines.findIndex((line) => usageTable.test(line));
  const before = isAsked ? [] : lines.slice(0, start);
  const options = lines.slice(start + 1).flatMap((line) => /^(?:\* )?--[\w.-]+(?:, --?[\w.-]+)*/.exec(line)?.[0] ?? []);
  return [...before, ...options];
}

/** The same of a text in the manner of argparse, which is broken into lines and filled with spaces at other places. */
function argumentNames(lines: readonly string[]): string[] {
  const start = lines.findIndex((line) => argumentUsage.test(line));
  const length = lines.slice(start).findIndex((line, index) => index > 0 && !line.startsWith(" "));
  const end = length === -1 ? lines.length : start + length;
  const usage = joined(lines.slice(start, end));
  const rest = lines.slice(end);
  const mistake = rest.findIndex((line) => line.includes("error:"));
  const named = rest.flatMap((line) => /^ {2}(-\S+(?: \S+)?(?:, -\S+(?: \S+)?)*)(?= |$)/.exec(line)?.[1] ?? []);
  return [
    ...lines.slice(0, start),
    usage,
    ...named.toSorted(),
    ...(mistake === -1 ? [] : [joined(rest.slice(mistake)).replaceAll(" ", "")]),
  ];
}

function joined(lines: readonly string[]): string {
  return lines.join(" ").replaceAll(/\s+/g, " ").trim();
}

const timeoutWords =
  /(?:(?:java\.util\.concurrent\.ExecutionException: )?org\.apache\.kafka\.common\.(?:KafkaException|errors\.TimeoutException): )?(?:Timed out waiting for a node assignment\. Call: \w+(?:\(api=\w+\))?|Failed to find brokers to send ListGroups|Topic \S+ not present in metadata after \d+ ms\.|\w+ was not done within \d+ ms; the last attempt failed with \w+|the partitions of \S+ were not known within maxBlockMs|topic \S+ is not in the metadata)/g;

/** What was waited for, each client tells in words of its own. */
function withoutTimeoutWords(lines: readonly string[]): readonly string[] {
  return lines.map((line) => line.replaceAll(timeoutWords, "<timeout>"));
}

function withoutSuggestions(lines: readonly string[]): readonly string[] {
  const start = lines.findIndex((line) => line.startsWith("Did you mean:"));
  if (start === -1) return lines;
  const end = lines.findIndex((line, index) => index > start && !/^\s/.test(line));
  return [...lines.slice(0, start), ...(end === -1 ? [] : lines.slice(end))];
}

const jsonOfDirectories = /^\{"brokers":\[/;
const configsOfTopic = /(?<=\tConfigs: ).*$/;

/** Ours are sorted where Kafka's come out of a hash table. */
function inOrder(lines: readonly string[], { unordered }: Step): readonly string[] {
  const sorted = lines.map((line) => {
    if (jsonOfDirectories.test(line)) return JSON.stringify(JSON.parse(line, sortedPartitions));
    return line.replace(configsOfTopic, (configs) =>
      configs
        .split(/,(?=[\w.]+=)/)
        .toSorted()
        .join(","),
    );
  });
  return unordered === true ? sorted.toSorted() : sorted;
}

function sortedPartitions(key: string, value: unknown): unknown {
  if (key !== "partitions" || !Array.isArray(value)) return value;
  return value.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
}
