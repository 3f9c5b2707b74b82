// The lines of a segment: one for each batch, one for each record (DumpLogSegments). Pure.

import { ByteReader } from "@ottla/base";
import { controlRecordTypes, readControlRecordType, readEndTransactionMarker } from "@ottla/protocol";
import type { BatchRecord } from "@ottla/protocol";
import { kraftVersionRecord } from "@ottla/protocol/control-records/kraft-version.ts";
import { leaderChangeMessage } from "@ottla/protocol/control-records/leader-change.ts";
import { snapshotFooterRecord } from "@ottla/protocol/control-records/snapshot-footer.ts";
import { snapshotHeaderRecord } from "@ottla/protocol/control-records/snapshot-header.ts";
import { votersRecord } from "@ottla/protocol/control-records/voters.ts";
import type { BatchEntry } from "@ottla/storage";
import { jsonText, messageJson } from "../../text/message-json.ts";
import type { RecordParser } from "./record-parsers.ts";

/** The second format of batches, with producers and control batches. */
const CURRENT_MAGIC = 2;

/** `deleteHorizonMs` is null where the batch has none. */
export function batchLine(batch: BatchEntry, deleteHorizonMs: number | null): string {
  const head =
    batch.magic >= CURRENT_MAGIC
      ? `baseOffset: ${batch.baseOffset} lastOffset: ${batch.lastOffset} count: ${batch.recordCount} baseSequence: ${batch.baseSequence} lastSequence: ${batch.lastSequence} producerId: ${batch.producerId} producerEpoch: ${batch.producerEpoch} partitionLeaderEpoch: ${batch.leaderEpoch} isTransactional: ${batch.isTransactional} isControl: ${batch.isControl} deleteHorizonMs: ${optionalLong(deleteHorizonMs)}`
      : `offset: ${batch.lastOffset}`;
  return `${head} position: ${batch.position} ${batch.timestampType}: ${batch.maxTimestamp} size: ${batch.sizeInBytes} magic: ${batch.magic} compresscodec: ${batch.compression} crc: ${batch.crc} isvalid: ${batch.checksumMatches}`;
}

/** OptionalLong.toString() */
export function optionalLong(value: number | null): string {
  return value === null ? "OptionalLong.empty" : `OptionalLong[${value}]`;
}

export interface RecordLineOptions {
  /** Null when contents are not shown. */
  readonly parser: RecordParser | null;
  readonly skipsMetadata: boolean;
}

export function recordLine(
  batch: BatchEntry,
  record: BatchRecord,
  { parser, skipsMetadata }: RecordLineOptions,
): string {
  const parts = skipsMetadata ? [] : [recordMetadata(batch, record)];
  if (parser !== null && !batch.isControl) {
    const { key, value } = parser(record);
    if (skipsMetadata && (key !== null || value !== null)) parts.push("|");
    if (key !== null) parts.push(`key: ${key}`);
    if (value !== null) parts.push(`payload: ${value}`);
  }
  return parts.join(" ");
}

function recordMetadata(batch: BatchEntry, record: BatchRecord): string {
  const { offset, timestamp, key, value, headers, sequence } = record;
  const head = `| offset: ${offset} ${batch.timestampType}: ${timestamp} keySize: ${key?.length ?? -1} valueSize: ${value?.length ?? -1}`;
  const current =
    batch.magic >= CURRENT_MAGIC
      ? ` sequence: ${sequence} headerKeys: [${headers.map((header) => header.key).join(",")}]`
      : "";
  return head + current + (batch.isControl ? controlText(record) : "");
}

const quorumRecords = {
  [controlRecordTypes.leaderChange]: ["LeaderChange:", leaderChangeMessage],
  [controlRecordTypes.snapshotHeader]: ["SnapshotHeader", snapshotHeaderRecord],
  [controlRecordTypes.snapshotFooter]: ["SnapshotFooter", snapshotFooterRecord],
  [controlRecordTypes.kraftVersion]: ["KRaftVersion", kraftVersionRecord],
  [controlRecordTypes.kraftVoters]: ["KRaftVoters", votersRecord],
} as const;

function controlText(record: BatchRecord): string {
  const type = readControlRecordType(record.key);
  if (type === controlRecordTypes.commit || type === controlRecordTypes.abort) {
    const marker = readEndTransactionMarker(record);
    return ` endTxnMarker: ${marker.type.toUpperCase()} coordinatorEpoch: ${marker.coordinatorEpoch}`;
  }
  const known = Object.hasOwn(quorumRecords, type) ? quorumRecords[type as keyof typeof quorumRecords] : undefined;
  if (known === undefined || record.value === null) return ` controlType: UNKNOWN(${type})`;
  const [name, schema] = known;
  // Each of them begins with its version, as a field.
  const version = Math.min(record.value.readInt16BE(0), schema.versions.to);
  const message = schema.decode(new ByteReader(record.value), version);
  return ` ${name} ${jsonText(messageJson(schema.schema.fields, version, message))}`;
}
