// The little of Java's text formatting that Kafka's commands use: columns, decimal places, texts of collections. Pure.

/** `%-Ns` for each column but the last, which stands as it is unless it has a width. */
export function columns(widths: readonly number[], cells: readonly (string | number)[]): string {
  return cells.map((cell, index) => String(cell).padEnd(widths[index] ?? 0)).join(" ");
}

/** The least widths, or more where a cell of the column is longer. */
export function widthsOf(least: readonly number[], rows: readonly (readonly string[])[]): number[] {
  return least.map((width, column) => (width === 0 ? 0 : Math.max(width, ...rows.map((row) => row[column]!.length))));
}

/** ToolsUtils.prettyPrintTable: each cell padded to its column and followed by a tab. */
export function tabbedTable(headers: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = headers.map((header, column) => Math.max(header.length, ...rows.map((row) => row[column]!.length)));
  return [headers, ...rows].map((row) => row.map((cell, column) => `${cell.padEnd(widths[column]!)}\t`).join(""));
}

/** `%.Nf`: half is rounded up, and what is no number is named as Java names it. */
export function decimals(value: number, places: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value.toFixed(places);
}

/** Double.toString: with a point always, and with an E where the number is very large or very small. */
export function doubleText(value: number): string {
  if (!Number.isFinite(value)) return decimals(value, 0);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) {
    const [digits, exponent] = value.toExponential().split("e") as [string, string];
    return `${digits.includes(".") ? digits : `${digits}.0`}E${Number(exponent)}`;
  }
  const text = Object.is(value, -0) ? "-0" : String(value);
  return text.includes(".") ? text : `${text}.0`;
}

/** By code units, as Java's String.compareTo. */
export function compareTexts(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

export interface Partition {
  readonly topic: string;
  readonly partition: number;
}

/** By topic, then by number. */
export function comparePartitions(one: Partition, other: Partition): number {
  return compareTexts(one.topic, other.topic) || one.partition - other.partition;
}

/** TopicPartition.toString() */
export function partitionText({ topic, partition }: Partition): string {
  return `${topic}-${partition}`;
}
