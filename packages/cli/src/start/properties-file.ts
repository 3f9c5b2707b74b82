// Reads the text of a server.properties file as java.util.Properties does: comments with # and !, lines continued by a
// backslash, = or : or blanks after the name, escapes. A name that comes again replaces the earlier one.
// What the names mean is not known here.

/** The properties in the order of their first appearance. */
export function parseProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>();
  for (const line of logicalLines(text)) {
    const [, name, value] = /^((?:[^\\=:\s]|\\.)*)[ \t\f]*[=:]?[ \t\f]*(.*)$/s.exec(line)!;
    properties.set(unescape(name!), unescape(value!).trimEnd());
  }
  return properties;
}

/** Joins continued lines and leaves out blank lines and comments. A comment cannot be continued. */
function logicalLines(text: string): string[] {
  const lines: string[] = [];
  let joined: string | null = null;
  for (const natural of text.split(/\r\n|\n|\r/)) {
    const line: string = natural.trimStart();
    if (joined === null && (line === "" || line.startsWith("#") || line.startsWith("!"))) continue;
    const whole: string = (joined ?? "") + line;
    const continued = /\\*$/.exec(line)![0].length % 2 === 1;
    joined = continued ? whole.slice(0, -1) : null;
    if (!continued) lines.push(whole);
  }
  return joined === null ? lines : [...lines, joined];
}

const ESCAPES: Readonly<Record<string, string>> = { t: "\t", n: "\n", r: "\r", f: "\f" };

function unescape(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, code: string | undefined, char: string) =>
    code === undefined ? (ESCAPES[char] ?? char) : String.fromCharCode(Number.parseInt(code, 16)),
  );
}
