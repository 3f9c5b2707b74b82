// A reader of a simulation of transactions: polls partitions from where it stopped, at one isolation level, leaves out what was aborted as a
// consumer does, and notes what it is shown.

import { errorCodes, errorName } from "@ottla/protocol";
import { fetchOnce, visitBatches } from "./consume.ts";
import { nameOf } from "./simulated-producer.ts";
import type { Place } from "./simulated-producer.ts";
import type { ReadValue, TransactionalRead, TransactionHistory } from "./transaction-history.ts";
import { ConnectionLost } from "./wire-client.ts";
import type { Caller } from "./wire-client.ts";

export interface TransactionalReaderOptions {
  readonly name: string;
  readonly isolation: TransactionalRead["isolation"];
  readonly history: TransactionHistory;
  /** Called with what no correct broker answers. */
  readonly blame: (sentence: string) => void;
}

export class TransactionalReader {
  private readonly options: TransactionalReaderOptions;
  private readonly positions = new Map<string, number>();

  constructor(options: TransactionalReaderOptions) {
    this.options = options;
  }

  /** One fetch; the position moves behind what came. The values that the reader is shown; null without an answer. */
  async poll(client: Caller, place: Place, maxBytes: number): Promise<string[] | null> {
    const read = await this.fetch(client, place, { fetchOffset: this.positions.get(nameOf(place)) ?? 0, maxBytes });
    if (read === null) return null;
    this.options.history.reads.push(read);
    this.positions.set(read.partition, read.nextOffset);
    return read.records.map(({ value }) => value);
  }

  /** Reads a partition from its first offset to its end. False when it cannot be read to the end. */
  async scan(client: Caller, place: Place): Promise<boolean> {
    const { history, isolation } = this.options;
    const begun = history.tick();
    const records: ReadValue[] = [];
    for (let offset = 0; ;) {
      const read = await this.fetch(client, place, { fetchOffset: offset, maxBytes: 4 * 1024 * 1024 });
      if (read === null) return false;
      records.push(...read.records);
      const end = isolation === "read_committed" ? read.lastStableOffset : read.highWatermark;
      if (read.nextOffset === offset || read.nextOffset >= end) {
        history.scans.push({ ...read, begun, ended: history.tick(), fetchOffset: 0, records });
        return read.nextOffset >= end;
      }
      offset = read.nextOffset;
    }
  }

  private async fetch(
    client: Caller,
    place: Place,
    { fetchOffset, maxBytes }: { fetchOffset: number; maxBytes: number },
  ): Promise<TransactionalRead | null> {
    const { name: reader, isolation, history, blame } = this.options;
    const partition = nameOf(place);
    const begun = history.tick();
    try {
      const answer = await fetchOnce(client, { ...place, maxBytes, isolation }, fetchOffset);
      if (answer.errorCode !== errorCodes.NONE) {
        if (answer.errorCode !== errorCodes.KAFKA_STORAGE_ERROR)
          blame(`a fetch of ${partition} at ${fetchOffset} got ${errorName(answer.errorCode)}`);
        return null;
      }
      const records: ReadValue[] = [];
      const nextOffset = visitBatches(answer, fetchOffset, ({ offset, value }) =>
        records.push({ offset, value: String(value) }),
      );
      const { highWatermark, lastStableOffset } = answer;
      const bounds = { fetchOffset, nextOffset, highWatermark, lastStableOffset };
      return { reader, partition, isolation, ...bounds, records, begun, ended: history.tick() };
    } catch (error) {
      if (!(error instanceof ConnectionLost)) blame(`${partition} at ${fetchOffset}: ${String(error)}`);
      return null;
    }
  }
}
