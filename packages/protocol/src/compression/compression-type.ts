// The compression codecs a record batch can name: their ids in the attributes, their names in configs, their levels.
// Follows Kafka's CompressionType. Ids 5 to 7 fit the attribute's three bits but name nothing.

/** As topic and broker configs spell them; `none` is what Kafka's compression.type calls `uncompressed`. */
export type CompressionName = "none" | "gzip" | "snappy" | "lz4" | "zstd";

/** By id, as the lowest three bits of a batch's attributes hold it. */
export const compressionNames: readonly CompressionName[] = ["none", "gzip", "snappy", "lz4", "zstd"];

/** What compression.<name>.level accepts. Levels of none and snappy do not exist. */
export const compressionLevels = {
  gzip: { from: 1, to: 9, default: -1 },
  lz4: { from: 1, to: 17, default: 9 },
  zstd: { from: -131_072, to: 22, default: 3 },
} as const;

/** The codec with this id, or null when there is none. */
export function compressionName(id: number): CompressionName | null {
  return compressionNames[id] ?? null;
}

export function compressionId(name: CompressionName): number {
  return compressionNames.indexOf(name);
}
