// What keys and values of records are shown as: text, or the records of Kafka's own topics and of the metadata log as JSON. Pure.

import { DecodeError } from "@ottla/base";
import { decodeMetadataFrame } from "@ottla/protocol";
import type { BatchRecord } from "@ottla/protocol";
import { allMetadataRecords } from "@ottla/protocol/metadata-records/all.ts";
import { CommandFailure } from "../../command-failure.ts";
import { coordinatorJson, openMembers } from "../../text/coordinator-json.ts";
import { jsonText, messageJson } from "../../text/message-json.ts";
import type { CoordinatorLog } from "../../../wire/describe-coordinator-record.ts";

/** Null for a part that is not shown. */
export interface ShownRecord {
  readonly key: string | null;
  readonly value: string | null;
}

export type RecordParser = (record: BatchRecord) => ShownRecord;

const decoders: Readonly<Record<string, (bytes: Buffer) => string>> = {
  StringDecoder: (bytes) => bytes.toString("utf8"),
  IntegerDecoder: (bytes) => String(bytes.readInt32BE()),
  LongDecoder: (bytes) => String(bytes.readBigInt64BE()),
};

/** By Kafka's own decoders. @throws CommandFailure for another class, which is Java code */
export function decoderParser(keyClass: string, valueClass: string): RecordParser {
  const [keyText, valueText] = [keyClass, valueClass].map((className) => {
    const [, name = ""] = /^org\.apache\.kafka\.tools\.api\.(\w+)$/.exec(className) ?? [];
    if (!Object.hasOwn(decoders, name)) {
      throw new CommandFailure(`Failed to load decoder class: ${className} is none of Kafka's own`);
    }
    return decoders[name]!;
  }) as [(bytes: Buffer) => string, (bytes: Buffer) => string];
  return ({ key, value }) => ({
    key: key === null ? null : keyText(key),
    value: value === null ? null : valueText(value),
  });
}

const GROUP_METADATA = 2;

export function coordinatorParser(log: CoordinatorLog): RecordParser {
  return ({ key, value, offset }) => {
    if (key === null) {
      throw new CommandFailure(
        `Failed to decode message at offset ${offset} using the specified decoder (message had a missing key)`,
      );
    }
    try {
      const record = coordinatorJson(log, { key, value });
      if ("unknownType" in record) {
        return { key: `Unknown record type ${record.unknownType} at offset ${offset}, skipping.`, value: null };
      }
      return {
        key: jsonText({ type: String(record.type), data: record.key }),
        value:
          record.value === null
            ? "<DELETE>"
            : framedText(record.value, log === "offsets" && record.type === GROUP_METADATA),
      };
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return { key: `Error at offset ${offset}, skipping. ${error.message}`, value: null };
    }
  };
}

function framedText({ version, data }: { version: number; data: object }, isGroup: boolean): string {
  return jsonText({ version: String(version), data: isGroup ? openMembers(data) : data });
}

const metadataTypes = new Map(allMetadataRecords.map((type) => [type.apiKey, type]));

/** `{"type":"TOPIC_RECORD","version":0,"data":{…}}` */
export const metadataParser: RecordParser = ({ value, offset }) => {
  try {
    const { apiKey, version, reader } = decodeMetadataFrame(value ?? Buffer.alloc(0));
    const type = metadataTypes.get(apiKey);
    if (type === undefined) throw new DecodeError(`Unknown metadata id ${apiKey}`);
    const data = messageJson(type.schema.fields, version, type.decode(reader, version) as object);
    return { key: null, value: jsonText({ type: enumName(type.name), version, data }) };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { key: null, value: `Error at ${offset}, skipping. ${error.message}` };
  }
};

/** TopicRecord is TOPIC_RECORD; a capital among others begins no word of its own: ZkMigrationState is ZK_MIGRATION_STATE. */
function enumName(name: string): string {
  return name.replaceAll(/(?<=[a-z\d])(?=[A-Z])/g, "_").toUpperCase();
}
