// The records of the metadata log as plain values: the frame (KIP-631) opened, and the fields that the version has.

import { DecodeError } from "@ottla/base";
import { decodeMetadataFrame } from "@ottla/protocol";
import type { BatchRecord } from "@ottla/protocol";
import { allMetadataRecords } from "@ottla/protocol/metadata-records/all.ts";
import { describeMessage, describeRecord } from "./describe-message.ts";

const byApiKey = new Map(allMetadataRecords.map((type) => [type.apiKey, type]));

/** Control records (leader changes, snapshot headers) are described as in any other log. */
export function describeMetadataRecord(record: BatchRecord, isControl: boolean): object {
  if (isControl || record.value === null) return describeRecord(record, isControl);
  const { offset, timestamp } = record;
  try {
    const { apiKey, version, reader } = decodeMetadataFrame(record.value);
    const type = byApiKey.get(apiKey);
    if (type === undefined || version > type.versions.to) {
      return {
        offset,
        timestamp,
        type: `unknown type ${apiKey} of version ${version}`,
        hex: record.value.toString("hex"),
      };
    }
    const value = describeMessage(type.schema.fields, version, type.decode(reader, version) as object);
    return { offset, timestamp, type: type.name, version, value };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { offset, timestamp, problem: error.message, hex: record.value.toString("hex") };
  }
}
