// Tables for a terminal: columns as wide as what is in them, numbers to the right, and when it is too narrow the widest texts are cut. Pure.

import { cut, printable, widthOf } from "./text.ts";

export type Style = "red" | "yellow" | "green" | "cyan" | "bold" | "dim";
/** Colours a text, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;

/** What a table or text is made for. */
export interface Page {
  readonly paint: Paint;
  /** In characters; Infinity when it is no terminal. */
  readonly width: number;
}

export interface Column<Row> {
  readonly title: string;
  /** null is shown as "-". */
  value(row: Row): string | number | null;
  /** Numbers are to the right by themselves. */
  readonly align?: "right";
  style?(row: Row): Style | null;
}

const GAP = "  ";
/** No column is made narrower than this. */
const NARROWEST = 8;

/** A title line and one line a row. */
export function tableLines<Row>(rows: readonly Row[], columns: readonly Column<Row>[], page: Page): string[] {
  const cells = rows.map((row) =>
    columns.map((column) => {
      const value = column.value(row);
      return { text: value === null ? "-" : printable(String(value)), isNumber: typeof value === "number" };
    }),
  );
  const isRight = columns.map((column, at) => column.align === "right" || cells.some((line) => line[at]!.isNumber));
  const natural = columns.map((column, at) =>
    Math.max(widthOf(column.title), ...cells.map((line) => widthOf(line[at]!.text))),
  );
  const widths = fit(natural, isRight, page.width - GAP.length * (columns.length - 1));
  const place = (text: string, at: number): string => {
    const short = cut(text, widths[at]!);
    const padding = " ".repeat(widths[at]! - widthOf(short));
    if (isRight[at] === true) return padding + short;
    return at === columns.length - 1 ? short : short + padding;
  };
  const titles = columns.map((column, at) => page.paint("bold", place(column.title, at))).join(GAP);
  const lines = cells.map((line, index) =>
    line
      .map(({ text }, at) => {
        const style = columns[at]!.style?.(rows[index]!) ?? null;
        const placed = place(text, at);
        return style === null ? placed : page.paint(style, placed);
      })
      .join(GAP),
  );
  return [titles.trimEnd(), ...lines.map((line) => line.trimEnd())];
}

/** Names to the left and values to the right of them; fields of null are left out. */
export function fieldLines(
  fields: readonly (readonly [name: string, value: string | number | null])[],
  page: Page,
): string[] {
  const shown = fields.filter(([, value]) => value !== null);
  const width = Math.max(0, ...shown.map(([name]) => widthOf(name)));
  return shown.map(([name, value]) => {
    const title = page.paint("bold", name.padEnd(width));
    return `${title}${GAP}${printable(String(value))}`.trimEnd();
  });
}

/** Cuts the widest texts to one width, as wide as fits; numbers keep theirs. */
function fit(natural: readonly number[], isRight: readonly boolean[], space: number): readonly number[] {
  const capped = (cap: number): number[] =>
    natural.map((width, at) => (isRight[at] === true ? width : Math.min(width, cap)));
  let widths = natural;
  for (let cap = Math.max(...natural); sum(widths) > space && cap >= NARROWEST; cap--) widths = capped(cap);
  return widths;
}

function sum(widths: readonly number[]): number {
  return widths.reduce((total, width) => total + width, 0);
}
