// Reads the text of a Java .properties file (java.util.Properties.load), which Kafka's server.properties is:
// `=`, `:` or white space between name and value, # and ! comments, backslash escapes, lines continued with a backslash.
// A name that is there twice keeps its last value, as in Java. Nothing here knows config names.

const LINE_END = /\r\n|\r|\n/;
const SIMPLE_ESCAPES: Record<string, string> = { t: "\t", n: "\n", r: "\r", f: "\f" };

/** A .properties file that Java would refuse: a broken \u escape. */
export class PropertiesError extends Error {
  override name = "PropertiesError";
}

/** Name to value in the order of the file. @throws PropertiesError naming the line. */
export function parseProperties(content: string): Map<string, string> {
  const properties = new Map<string, string>();
  for (const { text, lineNumber } of logicalLines(content)) {
    const [rawName, rawValue] = splitAtSeparator(text);
    properties.set(unescape(rawName, lineNumber), unescape(rawValue, lineNumber));
  }
  return properties;
}

/** Joins continued lines and drops comments and blank ones. A comment is never continued, but a continued line may begin with #. */
function* logicalLines(content: string): Generator<{ text: string; lineNumber: number }> {
  const lines = content.split(LINE_END);
  for (let index = 0; index < lines.length; index++) {
    const lineNumber = index + 1;
    let text = lines[index]!.trimStart();
    if (text === "" || text.startsWith("#") || text.startsWith("!")) continue;
    while (endsWithOddBackslashes(text)) {
      text = text.slice(0, -1);
      if (index + 1 >= lines.length) break;
      index++;
      text += lines[index]!.trimStart();
    }
    yield { text, lineNumber };
  }
}

function endsWithOddBackslashes(text: string): boolean {
  let count = 0;
  while (text[text.length - 1 - count] === "\\") count++;
  return count % 2 === 1;
}

function splitAtSeparator(text: string): [string, string] {
  let end = 0;
  while (end < text.length && !isSeparator(text[end]!)) end += text[end] === "\\" ? 2 : 1;
  let start = skipBlanks(text, end);
  if (text[start] === "=" || text[start] === ":") start = skipBlanks(text, start + 1);
  return [text.slice(0, end), text.slice(start)];
}

function isSeparator(character: string): boolean {
  return character === "=" || character === ":" || isBlank(character);
}

function isBlank(character: string): boolean {
  return character === " " || character === "\t" || character === "\f";
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (at < text.length && isBlank(text[at]!)) at++;
  return at;
}

function unescape(text: string, lineNumber: number): string {
  if (!text.includes("\\")) return text;
  let result = "";
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character !== "\\") {
      result += character;
      continue;
    }
    at++;
    const escaped = text[at] ?? "";
    if (escaped === "u") {
      const digits = text.slice(at + 1, at + 5);
      if (!/^[0-9a-fA-F]{4}$/.test(digits))
        throw new PropertiesError(`line ${lineNumber}: \\u needs four hexadecimal digits`);
      result += String.fromCharCode(Number.parseInt(digits, 16));
      at += 4;
    } else {
      result += SIMPLE_ESCAPES[escaped] ?? escaped;
    }
  }
  return result;
}
