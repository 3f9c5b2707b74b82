// The one table that the benchmark prints. Figures are medians over the rounds. A ratio is the median of the ratios of the single rounds,
// so that a disturbance that lasts longer than a round does not count for one side alone; its least and greatest stand behind it.

import type { SubjectName } from "./subject.ts";

export interface Row {
  label: string;
  unit: string;
  /** One figure for each round, in the same order for all subjects. */
  values: Partial<Record<SubjectName, number[]>>;
  /** What the server's CPU did: seconds for a gigabyte, the share of a core, or time for each operation. */
  cpu?: Partial<Record<SubjectName, number[]>>;
  cpuUnit?: "s/GB" | "core" | "µs" | "ms";
  /** Share of a core that the load generator used with the subject. */
  loadCpu?: number[];
  /** Share of a core that went to neither the subject nor the generator. */
  othersCpu?: number[];
  bytesPerRecord?: number;
  note?: string;
}

const LABEL_WIDTH = 50;

/** The lines above the first row. */
export function tableHead(subjects: readonly SubjectName[]): string {
  const columns = [
    "".padEnd(LABEL_WIDTH),
    "unit".padEnd(5),
    ...subjects.map((name) => name.padStart(8)),
    ...ratios(subjects).map(([above, below]) => `${above}/${below} (range)`.padStart(22)),
    "records/s".padStart(10),
    `CPU ${subjects.join(" ")}`.padStart(14 + 6 * subjects.length),
    "load".padStart(6),
    "others".padStart(6),
  ];
  const line = columns.join(" ");
  return `${line}\n${"-".repeat(line.length)}`;
}

export function tableRow(row: Row, subjects: readonly SubjectName[]): string {
  const measured = row.values.ottla ?? row.values.kafka ?? row.values.floor ?? [];
  const columns = [
    row.label.padEnd(LABEL_WIDTH),
    row.unit.padEnd(5),
    ...subjects.map((name) => figure(row.values[name]).padStart(8)),
    ...ratios(subjects).map(([above, below]) => ratio(row.values[above], row.values[below]).padStart(22)),
    (row.bytesPerRecord === undefined
      ? ""
      : Math.round((median(measured) * 1e6) / row.bytesPerRecord).toLocaleString("en")
    ).padStart(10),
    cpu(row, subjects).padStart(14 + 6 * subjects.length),
    percent(row.loadCpu).padStart(6),
    percent(row.othersCpu).padStart(6),
  ];
  return columns.join(" ").trimEnd() + (row.note === undefined ? "" : `  ${row.note}`);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function ratios(subjects: readonly SubjectName[]): (readonly [SubjectName, SubjectName])[] {
  if (!subjects.includes("ottla")) return [];
  return subjects.filter((name) => name !== "ottla").map((name) => ["ottla", name] as const);
}

function ratio(above: number[] | undefined, below: number[] | undefined): string {
  if (above === undefined || below === undefined || above.length === 0 || below.length === 0) return "";
  const rounds = Math.min(above.length, below.length);
  const each = Array.from({ length: rounds }, (_, round) => above[round]! / below[round]!);
  return `${median(each).toFixed(2)} (${Math.min(...each).toFixed(2)}-${Math.max(...each).toFixed(2)})`;
}

// The cost of each, and what the first is of Ottla's: a ratio that a busy machine disturbs less than that of the rates.
function cpu(row: Row, subjects: readonly SubjectName[]): string {
  if (row.cpu === undefined) return "";
  const each = subjects.map((name) => figure(row.cpu?.[name]));
  const [first] = subjects;
  const [above, below] = [row.cpu[first!], row.cpu.ottla];
  const share =
    first === "ottla" || above === undefined || below === undefined
      ? ""
      : ` ${(median(above) / median(below)).toFixed(2)}`;
  return `${each.join(" ")} ${row.cpuUnit ?? "s/GB"}${share}`;
}

function percent(shares: number[] | undefined): string {
  return shares === undefined ? "" : `${Math.round(median(shares) * 100)} %`;
}

function figure(values: number[] | undefined): string {
  if (values === undefined || values.length === 0) return "-";
  const value = median(values);
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
