// What two brokers must print differently is replaced: addresses, member ids, times. Runs of spaces are one, since columns are as wide
// as what stands in them. Offsets, epochs, producer ids and states stay.

const replacements: readonly (readonly [RegExp, string])[] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "<uuid>"],
  [/(?<![\w-])(?!GroupNotEmptyException|LatestCoordinatorEpoch)[\w-]{22}(?![\w-])/g, "<id>"],
  [/127\.0\.0\.1:\d+/g, "<broker>"],
  // Before times, which the digits after a point may look like.
  [/"(avg_throughput|timestamp)":"?[\d.]+"?/g, '"$1":<number>'],
  [/\b1[789]\d{11}\b/g, "<time>"],
  [/[ \t]+/g, " "],
  // kafka-transactions describe: how long the transaction lasts already.
  [/(?<=[a-z] \d+ <time> )\d+ /g, "<duration> "],
];

export interface NormaliseOptions {
  unordered: boolean;
}

/** Lines without those that are empty. */
export function normalise(lines: readonly string[], { unordered }: NormaliseOptions): string[] {
  const replaced = lines.map((line) =>
    replacements.reduce((text, [from, to]) => text.replaceAll(from, to), line).trim(),
  );
  const kept = replaced.filter((line) => line !== "");
  return unordered ? kept.sort() : kept;
}
