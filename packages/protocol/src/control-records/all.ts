// What control records carry, and the entries of a .txnindex, in one list for tools and checks.

import { abortedTxn } from "./aborted-txn.ts";
import { controlRecordTypeSchema } from "./control-record-type.ts";
import { endTxnMarker } from "./end-txn-marker.ts";
import { kraftVersionRecord } from "./kraft-version.ts";
import { leaderChangeMessage } from "./leader-change.ts";
import { snapshotFooterRecord } from "./snapshot-footer.ts";
import { snapshotHeaderRecord } from "./snapshot-header.ts";
import { votersRecord } from "./voters.ts";
import type { RecordType } from "../schema/define.ts";

export const allControlRecords: readonly RecordType<unknown, never>[] = [
  abortedTxn,
  controlRecordTypeSchema,
  endTxnMarker,
  kraftVersionRecord,
  leaderChangeMessage,
  snapshotFooterRecord,
  snapshotHeaderRecord,
  votersRecord,
];
