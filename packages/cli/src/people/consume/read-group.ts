// The records of a group's member as they come; what was handed out counts as read when the next is asked for. It can end when the member
// has caught up with what was there when it got its partitions.

import type { Consumer, ConsumerOptions, ConsumerRecord, TopicPartition } from "@ottla/client";
import { isPattern } from "../names.ts";
import { nameOf } from "./record-ranges.ts";
import type { OffsetLookup } from "./record-ranges.ts";
import { pollUntilAborted } from "./read-ranges.ts";

const LONG_POLL_MS = 60_000;
const SHORT_POLL_MS = 100;

export interface GroupOptions {
  readonly signal: AbortSignal;
  readonly endsAtEnd: boolean;
  /** The most that may be handed out at a time, by what was done so far. */
  readonly room: () => number;
}

/** A member's reading; `hooks` have to be among the options of the consumer. */
export class GroupReading {
  /** The ends of partitions at the time they were assigned. */
  private ends: Map<string, number> | null = null;
  private readonly lookUp: OffsetLookup;

  constructor(lookUp: OffsetLookup) {
    this.lookUp = lookUp;
  }

  get hooks(): Pick<ConsumerOptions, "onAssigned"> {
    return {
      onAssigned: async (partitions: readonly TopicPartition[]) => {
        this.ends ??= new Map();
        if (partitions.length === 0) return;
        for (const [name, end] of await this.lookUp(partitions, "latest")) this.ends.set(name, end);
      },
    };
  }

  async *records(
    consumer: Consumer,
    words: readonly string[],
    { signal, endsAtEnd, room }: GroupOptions,
  ): AsyncGenerator<readonly ConsumerRecord[]> {
    await consumer.subscribe(words.some(isPattern) ? namesPattern(words) : words);
    const timeoutMs = endsAtEnd ? SHORT_POLL_MS : LONG_POLL_MS;
    while (!signal.aborted) {
      const records = await pollUntilAborted(consumer, { timeoutMs, signal, maxRecords: room() });
      if (records.length > 0) yield records;
      if (endsAtEnd && (await this.hasCaughtUp(consumer, signal))) return;
    }
  }

  private async hasCaughtUp(consumer: Consumer, signal: AbortSignal): Promise<boolean> {
    const { ends } = this;
    if (ends === null) return false;
    for (const partition of consumer.assignment()) {
      const end = ends.get(nameOf(partition));
      if (end === undefined || (await consumer.position(partition, { signal })) < end) return false;
    }
    return true;
  }
}

/** One regular expression for all names and patterns; topics that come later join in. */
function namesPattern(words: readonly string[]): RegExp {
  const sources = words.map((word) =>
    word
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replace(/\*/g, ".*")
      .replace(/\?/g, "."),
  );
  return new RegExp(`^(?:${sources.join("|")})$`);
}
