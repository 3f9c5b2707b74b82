// Version ranges as Kafka's message definitions write them: "0+", "3-9", "4", "none".
// Schemas keep the text, which reads well; it is parsed when a codec is compiled, not when a schema is imported.

/** Inclusive at both ends; `to` is Infinity for an open range. */
export interface VersionRange {
  readonly from: number;
  readonly to: number;
}

/** Null for "none". Throws SyntaxError when the text is not a range: a mistake in a schema. */
export function parseVersions(text: string): VersionRange | null {
  if (text === "none") return null;
  const match = /^(\d+)(?:(\+)|-(\d+))?$/.exec(text);
  if (match === null) throw new SyntaxError(`"${text}" is not a version range`);
  const from = Number(match[1]);
  if (match[2] !== undefined) return { from, to: Infinity };
  const to = match[3] === undefined ? from : Number(match[3]);
  if (to < from) throw new SyntaxError(`version range "${text}" ends before it begins`);
  return { from, to };
}

/** Whether the range written in `text` contains `version`; an absent range contains nothing. */
export function includesVersion(text: string | undefined, version: number): boolean {
  if (text === undefined) return false;
  const range = parseVersions(text);
  return range !== null && version >= range.from && version <= range.to;
}
