// The letters of java.text.SimpleDateFormat that write a date and a time of day in numbers; others are refused. Pure, but for the
// time zone of the machine.

import { CommandFailure } from "../../command-failure.ts";

const letters: Readonly<Record<string, (date: Date) => number>> = {
  y: (date) => date.getFullYear(),
  M: (date) => date.getMonth() + 1,
  d: (date) => date.getDate(),
  H: (date) => date.getHours(),
  m: (date) => date.getMinutes(),
  s: (date) => date.getSeconds(),
  S: (date) => date.getMilliseconds(),
};

export type WriteDate = (ms: number) => string;

/** Letters stand for parts as wide as they are many, text in quotes for itself. @throws CommandFailure */
export function dateFormat(pattern: string): WriteDate {
  const parts = [...pattern.matchAll(/'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+/g)].map(([text, quoted, letter]) => {
    if (quoted !== undefined) return () => (quoted === "" ? "'" : quoted.replaceAll("''", "'"));
    if (letter === undefined) return () => text;
    if (!Object.hasOwn(letters, letter)) throw new CommandFailure(`Illegal pattern character '${letter}'`);
    if (letter === "M" && text.length > 2)
      throw new CommandFailure("Names of months are not supported in --date-format");
    return (date: Date) => numberText(letters[letter]!(date), { letter, width: text.length });
  });
  return (ms) => {
    const date = new Date(ms);
    return parts.map((part) => part(date)).join("");
  };
}

/** Two letters of a year are its last two digits. */
function numberText(value: number, { letter, width }: { readonly letter: string; readonly width: number }): string {
  const shown = letter === "y" && width === 2 ? value % 100 : value;
  return String(shown).padStart(width, "0");
}
