// A record between the call of `send` and its batch. The producer fills one and the same object for each record that can be written at
// once; only a record that has to wait (for metadata, a serde's promise, memory) keeps an object of its own.

import type { Data, FlatHeaders } from "./record-writer.ts";
import type { SendCall } from "./send-call.ts";

export class PendingRecord {
  key: Data = null;
  value: Data = null;
  headers: FlatHeaders | null = null;
  timestamp = 0;
  /** -1 when the partitioner chooses. */
  partition = -1;
  call: SendCall = noCall;
  /** Its place among the records of the call. */
  ordinal = 0;
}

const noCall = null as unknown as SendCall;
