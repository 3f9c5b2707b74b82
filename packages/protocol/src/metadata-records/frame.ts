// How records of the metadata log are framed: frame version, record type and version, each an unsigned varint,
// then the message (MetadataRecordSerde; the frame version is 1 since KIP-631).

import { ByteReader, ByteWriter, DecodeError } from "@ottla/base";
import type { RecordType } from "../schema/define.ts";

const FRAME_VERSION = 1;

/** What precedes the message; the reader stands at it. */
export interface MetadataFrame {
  apiKey: number;
  version: number;
  reader: ByteReader;
}

/** @throws DecodeError when the frame is truncated or of an unknown version. */
export function decodeMetadataFrame(value: Buffer): MetadataFrame {
  const reader = new ByteReader(value);
  const frameVersion = reader.unsignedVarint();
  if (frameVersion !== FRAME_VERSION) throw new DecodeError(`metadata record in frame version ${frameVersion}`);
  const apiKey = reader.unsignedVarint();
  const version = reader.unsignedVarint();
  return { apiKey, version, reader };
}

/** The value of a record of the metadata log. Owned by the caller. */
export function encodeMetadataRecord<Decoded, Input>(
  type: RecordType<Decoded, Input>,
  version: number,
  record: Input,
): Buffer {
  const writer = new ByteWriter(128);
  writer.unsignedVarint(FRAME_VERSION);
  writer.unsignedVarint(type.apiKey!);
  writer.unsignedVarint(version);
  type.encode(writer, version, record);
  return writer.toBuffer();
}
