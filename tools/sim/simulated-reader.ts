// A reader of a simulation: polls partitions from where it stopped, as a consumer without a group does, and notes what it is shown.

import { errorCodes, errorName } from "@ottla/protocol";
import { offsetForLeaderEpochApi } from "@ottla/protocol/messages/23-offset-for-leader-epoch.ts";
import { EARLIEST, fetchOnce, LATEST, listOffset, RefusedCall, visitBatches } from "./consume.ts";
import type { History, SeenRecord } from "./history.ts";
import { nameOf } from "./simulated-producer.ts";
import type { Place } from "./simulated-producer.ts";
import { ConnectionLost } from "./wire-client.ts";
import type { Caller } from "./wire-client.ts";

const EPOCH_VERSION = 4;

export class SimulatedReader {
  private readonly name: string;
  private readonly history: History;
  private readonly blame: (sentence: string) => void;
  private readonly positions = new Map<string, { offset: number; isNew: boolean }>();

  constructor(options: { name: string; history: History; blame: (sentence: string) => void }) {
    this.name = options.name;
    this.history = options.history;
    this.blame = options.blame;
  }

  /** One fetch; the position moves behind what came. */
  async poll(client: Caller, place: Place, maxBytes: number): Promise<void> {
    const partition = nameOf(place);
    const position = this.positions.get(partition) ?? { offset: 0, isNew: true };
    const begun = this.history.tick();
    const fetchOffset = position.offset;
    const answer = await unlessFailed(fetchOnce(client, { ...place, maxBytes }, fetchOffset));
    if (answer === null) return;
    const { highWatermark, logStartOffset: logStart, errorCode } = answer;
    if (errorCode === errorCodes.OFFSET_OUT_OF_RANGE) {
      this.history.wasOutOfRange({ partition, begun, fetchOffset });
      return this.beginAnew(client, place);
    }
    if (errorCode !== errorCodes.NONE) {
      if (errorCode !== errorCodes.KAFKA_STORAGE_ERROR)
        this.blame(`a fetch of ${partition} got ${errorName(errorCode)}`);
      return;
    }
    const records: SeenRecord[] = [];
    const next = this.unlessGarbage(partition, () =>
      visitBatches(answer, fetchOffset, (record, leaderEpoch) =>
        records.push({ offset: record.offset, value: String(record.value), leaderEpoch }),
      ),
    );
    this.positions.set(partition, { offset: next ?? fetchOffset, isNew: false });
    const fromNewPosition = position.isNew;
    this.history.polled({
      reader: this.name,
      partition,
      begun,
      fetchOffset,
      logStart,
      highWatermark,
      records,
      fromNewPosition,
    });
  }

  /** As a consumer with auto.offset.reset=earliest. */
  private async beginAnew(client: Caller, place: Place): Promise<void> {
    const begun = this.history.tick();
    const found = await unlessFailed(listOffset(client, { ...place, timestamp: EARLIEST }));
    if (found === null) return;
    this.history.noted(nameOf(place), begun, { logStart: found.offset });
    this.positions.set(nameOf(place), { offset: found.offset, isNew: true });
  }

  /** Asks where the log begins and ends. */
  async look(client: Caller, place: Place): Promise<void> {
    for (const [timestamp, name] of [
      [EARLIEST, "logStart"],
      [LATEST, "highWatermark"],
    ] as const) {
      const begun = this.history.tick();
      const found = await unlessFailed(listOffset(client, { ...place, timestamp }));
      if (found !== null) this.history.noted(nameOf(place), begun, { [name]: found.offset });
    }
  }

  /** Asks where a leader epoch ended. */
  async askEpoch(client: Caller, place: Place, asked: number): Promise<void> {
    const begun = this.history.tick();
    const response = await unlessFailed(
      client.call(offsetForLeaderEpochApi, EPOCH_VERSION, {
        replicaId: -1,
        topics: [{ topic: place.topic, partitions: [{ partition: place.partition, leaderEpoch: asked }] }],
      }),
    );
    const answer = response?.topics[0]?.partitions[0];
    if (answer === undefined || answer.errorCode !== errorCodes.NONE) return;
    const { leaderEpoch: epoch, endOffset } = answer;
    this.history.epochEnded({ partition: nameOf(place), begun, asked, epoch, endOffset });
  }

  /** Reads a partition from its start to its end. */
  async scan(client: Caller, place: Place): Promise<void> {
    const partition = nameOf(place);
    const begun = this.history.tick();
    const records: SeenRecord[] = [];
    const { offset: logStart } = await listOffset(client, { ...place, timestamp: EARLIEST });
    let offset = logStart;
    for (;;) {
      const answer = await fetchOnce(client, place, offset);
      if (answer.errorCode !== errorCodes.NONE)
        this.history.garbage.push(`${partition}@${offset}: ${errorName(answer.errorCode)}`);
      const from = offset;
      const next = this.unlessGarbage(partition, () =>
        visitBatches(answer, from, (record, leaderEpoch) =>
          records.push({ offset: record.offset, value: String(record.value), leaderEpoch }),
        ),
      );
      if (next !== null && next > offset) {
        offset = next;
        continue;
      }
      const { highWatermark } = answer;
      const span = { begun, ended: this.history.tick() };
      const whole = {
        reader: "scan",
        partition,
        fetchOffset: logStart,
        logStart,
        highWatermark,
        fromNewPosition: true,
      };
      this.history.scans.push({ ...span, ...whole, records });
      if (offset < highWatermark)
        this.history.garbage.push(`${partition} cannot be read at ${offset}, below ${highWatermark}`);
      return;
    }
  }

  private unlessGarbage(partition: string, read: () => number): number | null {
    try {
      return read();
    } catch (error) {
      this.history.garbage.push(`${partition}: ${error instanceof Error ? error.message : String(error)}`);
      return null;
    }
  }
}

/** Null when the process ended before it answered, or its disk failed. */
export async function unlessFailed<Answer>(answer: Promise<Answer>): Promise<Answer | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ConnectionLost) return null;
    if (error instanceof RefusedCall && error.errorCode === errorCodes.KAFKA_STORAGE_ERROR) return null;
    throw error;
  }
}
