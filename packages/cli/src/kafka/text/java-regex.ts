// Regular expressions of the command line, which are Java's: those that JavaScript cannot read are refused by name, and the few
// spellings that differ are turned into JavaScript's. Kafka matches the whole name (String.matches).

import { CommandFailure } from "../command-failure.ts";

/** Possessive quantifiers and atomic groups have no counterpart; `\Q…\E`, `\A`, `\z` and inline flags at the beginning do. */
export function javaPattern(source: string): RegExp {
  const [, flags = "", rest = source] = /^\(\?([imsu]+)\)(.*)$/s.exec(source) ?? [];
  return new RegExp(`^(?:${translate(rest)})$`, flags.replace(/[^ims]/g, ""));
}

/** A pattern that matches anywhere in the text (Matcher.find). */
export function javaSearchPattern(source: string): RegExp {
  return new RegExp(translate(source));
}

function translate(source: string): string {
  return source
    .replaceAll(/\\Q(.*?)(?:\\E|$)/gs, (_, literal: string) => literal.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&"))
    .replaceAll("\\A", "^")
    .replaceAll(/\\[zZ]/g, "$");
}

/** Kafka's TopicFilter.IncludeList: commas are alternatives, spaces and surrounding quotes do not count. @throws CommandFailure */
export function includeListPattern(raw: string): RegExp {
  const source = raw
    .trim()
    .replaceAll(",", "|")
    .replaceAll(" ", "")
    .replace(/^["']+/, "")
    .replace(/["']+$/, "");
  try {
    return javaPattern(source);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new CommandFailure(`${source} is an invalid regex.`, { cause: error });
  }
}

const internalTopics: ReadonlySet<string> = new Set([
  "__consumer_offsets",
  "__transaction_state",
  "__share_group_state",
]);

/** Topics that Kafka keeps for itself (Topic.isInternal). */
export function isInternalTopic(name: string): boolean {
  return internalTopics.has(name);
}
