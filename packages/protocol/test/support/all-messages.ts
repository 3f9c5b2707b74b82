// Every message of the protocol package as one list of codecs, for tests that hold for all of them.

import type { ByteReader, ByteWriter } from "@ottla/base";
import { allControlRecords } from "../../src/control-records/all.ts";
import { allCoordinatorRecords } from "../../src/coordinator-records/all.ts";
import { allEmbeddedData } from "../../src/embedded-data/all.ts";
import { allApis } from "../../src/messages/all.ts";
import { allMetadataRecords } from "../../src/metadata-records/all.ts";
import type { Codec } from "../../src/schema/message-codec.ts";

type AnyCodec = Codec<unknown, never>;

export const allMessages: readonly AnyCodec[] = [
  ...allApis.flatMap(({ request, response }) => [request, response]),
  ...allCoordinatorRecords,
  ...allMetadataRecords,
  ...allControlRecords,
  ...allEmbeddedData,
];

export function versionsOf({ schema }: AnyCodec): number[] {
  const { from, to } = schema.versions;
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** Encodes a value whose type is known to the test only. */
export function encodeAny(codec: AnyCodec, writer: ByteWriter, version: number, value: unknown): void {
  codec.encode(writer, version, value as never);
}

export function decodeAny(codec: AnyCodec, reader: ByteReader, version: number): unknown {
  return codec.decode(reader, version);
}
