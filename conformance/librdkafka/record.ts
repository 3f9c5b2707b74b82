// The section of docs/reference/conformance.md that lists every test of librdkafka with its result. The page itself is the record:
// a run reads it to know what passed before, and `--record` writes its own columns anew and leaves the others as they are.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { GroupProtocol, TestResult, Verdict } from "./run-tests.ts";

/** One column of the table. */
export type Column = `${"ottla" | "reference"}-${GroupProtocol}`;

export type Row = Partial<Record<Column, Verdict>>;

export interface RecordedSection {
  rows: Map<string, Row>;
  /** By column: when it was last written, such as "2026-11-21". */
  runOn: Partial<Record<Column, string>>;
}

export const columns: readonly Column[] = [
  "ottla-classic",
  "ottla-consumer",
  "reference-classic",
  "reference-consumer",
];

const page = join(import.meta.dirname, "..", "..", "docs", "reference", "conformance.md");
const begin = "<!-- librdkafka: written by `npm run conformance -- librdkafka --record` -->";
const end = "<!-- librdkafka: end -->";
const headings: Record<Column, string> = {
  "ottla-classic": "Ottla, classic",
  "ottla-consumer": "Ottla, consumer",
  "reference-classic": "Kafka 4.3.1, classic",
  "reference-consumer": "Kafka 4.3.1, consumer",
};

export async function readRecord(): Promise<RecordedSection> {
  const text = await readFile(page, "utf8");
  const section = text.split(begin)[1]?.split(end)[0] ?? "";
  const rows = new Map<string, Row>();
  for (const line of section.split("\n").filter((candidate) => /^\| `\d{4}_/.test(candidate))) {
    const cells = line.split("|").map((cell) => cell.trim());
    const found = columns.map((column, index) => [column, cells[index + 2] as Verdict] as const);
    rows.set(cells[1]!.replaceAll("`", ""), Object.fromEntries(found.filter(([, verdict]) => verdict.length > 0)));
  }
  const runOn: RecordedSection["runOn"] = {};
  for (const column of columns) {
    const date = new RegExp(`${headings[column]}: (\\d{4}-\\d{2}-\\d{2})`).exec(section)?.[1];
    if (date !== undefined) runOn[column] = date;
  }
  return { rows, runOn };
}

/** Puts results into a column. Tests that were not run keep what was recorded. */
export function putResults(
  record: RecordedSection,
  column: Column,
  results: readonly TestResult[],
  date: string,
): void {
  for (const { name, verdict } of results) {
    const row = record.rows.get(name) ?? {};
    row[column] = verdict;
    record.rows.set(name, row);
  }
  record.runOn[column] = date;
}

/** `remarks` by test; `afterTable` are paragraphs that follow it. */
export async function writeRecord(
  record: RecordedSection,
  { remarks, afterTable }: { remarks: Readonly<Record<string, string>>; afterTable: string[] },
): Promise<void> {
  const names = [...record.rows.keys()].sort();
  const dates = columns.flatMap((column) => {
    const date = record.runOn[column];
    return date === undefined ? [] : [`${headings[column]}: ${date}`];
  });
  const lines = [
    `Last runs: ${dates.join("; ")}.`,
    "",
    `| test | ${columns.map((column) => headings[column]).join(" | ")} | remark |`,
    `|---|${columns.map(() => "---|").join("")}---|`,
    ...names.map((name) => {
      const row = record.rows.get(name)!;
      const cells = columns.map((column) => row[column] ?? "");
      return `| \`${name}\` | ${cells.join(" | ")} | ${remarks[name] ?? ""} |`;
    }),
    ...afterTable.flatMap((paragraph) => ["", paragraph]),
  ];
  const text = await readFile(page, "utf8");
  const [before, rest] = text.split(begin);
  if (rest === undefined) throw new Error(`${page} has no line ${begin}`);
  await writeFile(page, `${before}${begin}\n\n${lines.join("\n")}\n\n${end}${rest.split(end)[1]}`);
}
