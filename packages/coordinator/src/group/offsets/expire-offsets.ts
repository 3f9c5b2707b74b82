// When committed offsets are forgotten (KIP-211): a group says since when its offsets age, a commit of an old client may say itself when it
// expires. Offsets of subscribed topics stay, and so does every offset that an open transaction is about to change.

import type { Now } from "../../runtime/outcome.ts";
import type { GroupContext } from "../group-context.ts";
import type { GroupRecord } from "../group-records.ts";
import type { Group, OffsetExpiration } from "../group.ts";
import type { OffsetTable } from "./offset-table.ts";
import type { PendingOffsets } from "./pending-offsets.ts";

interface Kept {
  readonly table: OffsetTable;
  readonly pending: PendingOffsets;
}

interface Age {
  readonly nowMs: number;
  readonly retentionMs: number;
}

/** Tombstones for every expired offset, and for each group without members that has nothing left. */
export function expireOffsets(context: GroupContext, kept: Kept, now: Now): GroupRecord[] {
  const records: GroupRecord[] = [];
  const age = { nowMs: now.wallMs, retentionMs: context.config().offsetsRetentionMs };
  for (const group of context.groups.values()) {
    const before = records.length;
    const allExpired = expireGroup(group, kept, age, records);
    context.counters.expiredOffsets += records.length - before;
    if (allExpired && group.isEmpty()) records.push(...group.tombstones());
  }
  if (records.length > 0) context.logger.info({ records: records.length }, "expired offsets and groups are forgotten");
  return records;
}

// Whether nothing is left of the group's offsets.
function expireGroup(group: Group, { table, pending }: Kept, age: Age, records: GroupRecord[]): boolean {
  const { groupId } = group;
  const hasPending = pending.hasGroup(groupId);
  const first = table.firstRow(groupId);
  if (first < 0) return !hasPending;
  const expiration = group.offsetExpiration();
  if (expiration === null) return false;
  let allExpired = true;
  for (let row = first; row >= 0; row = table.rowAfter(row)) {
    if (!isExpired(table, row, expiration, age)) {
      allExpired = false;
      continue;
    }
    const { topic, partition } = table.at(row);
    const mayExpire = !group.isSubscribedTo(topic) && !(hasPending && pending.has(groupId, topic, partition));
    if (mayExpire) records.push(offsetTombstone(groupId, topic, partition));
    else allExpired = false;
  }
  return allExpired && !hasPending;
}

// Over the columns, as it is asked of every offset there is.
function isExpired(
  table: OffsetTable,
  row: number,
  expiration: OffsetExpiration,
  { nowMs, retentionMs }: Age,
): boolean {
  const expireTimestamp = table.expireTimestampAt(row);
  if (expireTimestamp !== -1) return nowMs >= expireTimestamp;
  return nowMs - expiration.baseTimestampMs(table.commitTimestampAt(row)) >= retentionMs;
}

export function offsetTombstone(group: string, topic: string, partition: number): GroupRecord {
  return { kind: "OffsetCommit", key: { group, topic, partition }, value: null };
}
