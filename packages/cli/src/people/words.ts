// Small values on a command line: whole numbers, name=value pairs, topics with partitions. Pure.

import { CommandError } from "../command-error.ts";

/** Parses a whole number of a range, for an option. */
export function wholeNumber(from: number, to: number = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^-?\d+$/.test(text) && value >= from && value <= to) return value;
    const range = to === Number.MAX_SAFE_INTEGER ? `of at least ${from}` : `from ${from} to ${to}`;
    throw new CommandError(`${text} is not a whole number ${range}`);
  };
}

/** For options that may be given again, or with commas. */
export function collect(text: string, previous: unknown): string[] {
  return [...((previous as string[] | undefined) ?? []), text];
}

/** `name=value` as a pair; the value may hold further signs, and may be empty. @throws CommandError */
export function nameAndValue(word: string): [name: string, value: string] {
  const at = word.indexOf("=");
  if (at <= 0) throw new CommandError(`${word} is not name=value`);
  return [word.slice(0, at), word.slice(at + 1)];
}

/** As collect, for pairs that have to be some. */
export function collectPairs(text: string, previous: unknown): [string, string][] {
  return [...((previous as [string, string][] | undefined) ?? []), nameAndValue(text)];
}

export interface TopicWord {
  readonly topic: string;
  /** null: all of them. */
  readonly partitions: readonly number[] | null;
}

/** `orders`, `orders:0` or `orders:0,2,5-7`. @throws CommandError */
export function topicWord(word: string): TopicWord {
  const at = word.lastIndexOf(":");
  if (at < 0) return { topic: word, partitions: null };
  const partitions = word
    .slice(at + 1)
    .split(",")
    .flatMap((part) => {
      const [, first, last] = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(part) ?? [];
      const from = Number(first);
      const to = Number(last ?? first);
      if (first === undefined || to < from)
        throw new CommandError(`${word} is not TOPIC:PARTITIONS, such as orders:0,2,5-7`);
      return Array.from({ length: to - from + 1 }, (_, index) => from + index);
    });
  if (at === 0) throw new CommandError(`${word} names no topic`);
  return { topic: word.slice(0, at), partitions: [...new Set(partitions)].sort((a, b) => a - b) };
}

/** For an option that may be given again. */
export function collectTopics(text: string, previous: unknown): TopicWord[] {
  return [...((previous as TopicWord[] | undefined) ?? []), topicWord(text)];
}

/** Kafka's names whatever their case; may be given again. */
export function collectOf<Name extends string>(names: readonly Name[]): (text: string, previous: unknown) => Name[] {
  return (text, previous) => {
    const found = names.find((name) => name.toLowerCase() === text.toLowerCase());
    if (found === undefined) throw new CommandError(`Allowed choices are ${names.join(", ")}`);
    return [...((previous as Name[] | undefined) ?? []), found];
  };
}
