// Records of the coordinators' topics as JSON: key and value with the numbers in front of them resolved (CoordinatorRecordSerde). Pure.

import { ByteReader } from "@ottla/base";
import { recordTypeOf } from "@ottla/protocol/coordinator-records/frame.ts";
import { consumerProtocolAssignment } from "@ottla/protocol/embedded-data/consumer-protocol-assignment.ts";
import { consumerProtocolSubscription } from "@ottla/protocol/embedded-data/consumer-protocol-subscription.ts";
import { coordinatorKindOf } from "../../wire/describe-coordinator-record.ts";
import type { CoordinatorLog } from "../../wire/describe-coordinator-record.ts";
import { messageJson } from "./message-json.ts";

export interface CoordinatorJson {
  readonly type: number;
  readonly key: object;
  /** Null for a tombstone. */
  readonly value: { readonly version: number; readonly data: object } | null;
}

/** The number of a kind that nobody knows; what else cannot be read is a DecodeError. */
export type UnknownKind = { readonly unknownType: number };

/** @throws DecodeError */
export function coordinatorJson(
  log: CoordinatorLog,
  { key, value }: { readonly key: Buffer; readonly value: Buffer | null },
): CoordinatorJson | UnknownKind {
  const type = recordTypeOf(key);
  const kind = coordinatorKindOf(log, type);
  if (kind === undefined) return { unknownType: type };
  const keyReader = new ByteReader(key);
  keyReader.int16();
  const keyVersion = kind.key.versions.from;
  const keyJson = messageJson(kind.key.schema.fields, keyVersion, kind.key.decode(keyReader, keyVersion) as object);
  if (value === null) return { type, key: keyJson, value: null };
  const reader = new ByteReader(value);
  const version = reader.int16();
  const data = messageJson(kind.value.schema.fields, version, kind.value.decode(reader, version) as object);
  return { type, key: keyJson, value: { version, data } };
}

interface MemberJson {
  subscription?: unknown;
  assignment?: unknown;
}

/** What consumers wrote into their group's record, opened: as kafka-dump-log shows it. */
export function openMembers(data: object): object {
  const { protocolType, members } = data as { protocolType?: string; members?: MemberJson[] };
  if (protocolType !== "consumer") return data;
  for (const member of members ?? []) {
    member.subscription = opened(consumerProtocolSubscription, member.subscription);
    member.assignment = opened(consumerProtocolAssignment, member.assignment);
  }
  return data;
}

/** Left as it is where it cannot be read. */
function opened(
  schema: typeof consumerProtocolSubscription | typeof consumerProtocolAssignment,
  base64: unknown,
): unknown {
  try {
    const reader = new ByteReader(Buffer.from(base64 as string, "base64"));
    const version = reader.int16();
    if (version < schema.versions.from || version > schema.versions.to) return base64;
    return messageJson(schema.schema.fields, version, schema.decode(reader, version));
  } catch {
    return base64;
  }
}
