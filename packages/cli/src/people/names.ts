// Names on a command line: each is one thing, or a pattern with * and ? that stands for all that match. Pure.
// Not regular expressions: the dots of topic names would match anything, and what is deleted should be what is read.

import { CommandError } from "../command-error.ts";

export function isPattern(word: string): boolean {
  return /[*?]/.test(word);
}

/** * is any text, ? is one character; all else is itself. The whole name has to match. */
export function matcher(pattern: string): (name: string) => boolean {
  // One pass with one way back to the last star: no name takes longer than the product of both lengths.
  return (name) => {
    let at = 0;
    let from = 0;
    let star = -1;
    let resumed = 0;
    while (at < name.length) {
      if (from < pattern.length && (pattern[from] === "?" || (pattern[from] !== "*" && pattern[from] === name[at]))) {
        at++;
        from++;
      } else if (pattern[from] === "*") {
        star = from++;
        resumed = at;
      } else if (star >= 0) {
        from = star + 1;
        at = ++resumed;
      } else return false;
    }
    while (pattern[from] === "*") from++;
    return from === pattern.length;
  };
}

/** Those that match any of the words; all without words. */
export function filterNames(words: readonly string[], names: Iterable<string>): string[] {
  const matchers = words.map(matcher);
  return [...names].filter((name) => words.length === 0 || matchers.some((matches) => matches(name))).sort();
}

/**
 * The words with patterns in place of which stands what they match, each name once. Words without * and ? stay, whether they are there or not:
 * the broker tells. @throws CommandError when a pattern matches nothing
 */
export function expandNames(words: readonly string[], names: Iterable<string>, what: string): string[] {
  const all = [...names].sort();
  const found = words.flatMap((word) => {
    if (!isPattern(word)) return [word];
    const matching = filterNames([word], all);
    if (matching.length === 0) throw new CommandError(`no ${what} matches ${word}`);
    return matching;
  });
  return [...new Set(found)];
}
