// The usage text: two columns as joptsimple's BuiltinHelpFormatter draws them with a width of 80. Pure.

import type { OptionSpec, OptionTable } from "./option-table.ts";

const OVERALL_WIDTH = 80;
const SEPARATOR_WIDTH = 2;
/** Lines after the first of a cell stand this much to the right. */
const INDENT = "  ";

/** The lines of the usage text. */
export function usageLines(table: OptionTable): string[] {
  const specs = [...table.specs].sort((one, other) => compare(one.name, other.name));
  const hasRequired = specs.some(({ required }) => required === true);
  const rows = specs.map((spec) => [optionCell(spec), descriptionCell(spec)] as const);
  const heads = [hasRequired ? "Option (* = required)" : "Option", "Description"] as const;
  const rules = heads.map((head) => "-".repeat(head.length)) as [string, string];
  return draw([heads, rules, ...rows]);
}

/** By code units, as Java compares texts. */
function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function optionCell({ name, argument, type, describedAs, required }: OptionSpec): string {
  const word = `${required === true ? "* " : ""}--${name}`;
  if (argument === null) return word;
  const value = describedAs === undefined ? type : `${type}: ${describedAs}`;
  return argument === "required" ? `${word} <${value}>` : `${word} [${value}]`;
}

function descriptionCell({ description, byDefault }: OptionSpec): string {
  return byDefault === undefined ? description : `${description} (default: ${byDefault})`;
}

function draw(rows: readonly (readonly [string, string])[]): string[] {
  const widest = (column: 0 | 1): number => Math.max(...rows.map((row) => row[column].length));
  const left = Math.min(Math.floor((OVERALL_WIDTH - SEPARATOR_WIDTH) / 2), widest(0));
  const right = Math.min(OVERALL_WIDTH - SEPARATOR_WIDTH - left, widest(1));
  return rows.flatMap(([option, description]) => {
    const options = wrap(option, left);
    const descriptions = wrap(description, right);
    const height = Math.max(options.length, descriptions.length);
    return Array.from(
      { length: height },
      (_, line) =>
        `${(options[line] ?? "").padEnd(left)}${" ".repeat(SEPARATOR_WIDTH)}${(descriptions[line] ?? "").padEnd(right)}`,
    );
  });
}

/** Each line of the cell broken between words; a word that is too long stands alone and too long. */
function wrap(cell: string, width: number): string[] {
  return cell.split("\n").flatMap((line) => {
    const lines: string[] = [];
    let current = "";
    for (const word of line.split(" ")) {
      const joined = current === "" ? word : `${current} ${word}`;
      const indent = lines.length === 0 ? 0 : INDENT.length;
      if (current !== "" && joined.length + indent > width) {
        lines.push(current);
        current = word;
      } else current = joined;
    }
    lines.push(current);
    return lines.map((text, index) => (index === 0 ? text : INDENT + text));
  });
}
