// What a soak reads past its clients, by plain requests: the whole log at the end, and committed offsets now and then.

import { offsetFetchApi } from "@ottla/protocol/messages/09-offset-fetch.ts";
import { consume } from "./consume.ts";
import type { LoggedRecord, SoakHistory } from "./soak-history.ts";
import { ConnectionLost, WireClient } from "./wire-client.ts";

const OFFSET_FETCH_VERSION = 7;

export interface TopicToRead {
  readonly name: string;
  readonly partitions: number;
}

/** Every record of the topics, and whether read_committed shows it. Faults must be over. */
export async function readLog(port: number, topics: readonly TopicToRead[], history: SoakHistory): Promise<void> {
  const client = await WireClient.connect(port);
  try {
    for (const { name, partitions } of topics) {
      for (let partition = 0; partition < partitions; partition++) {
        const committed = new Set<number>();
        await consume(client, { topic: name, partition, isolation: "read_committed" }, ({ offset }) => {
          committed.add(offset);
        });
        const records: LoggedRecord[] = [];
        await consume(client, { topic: name, partition }, ({ offset, value }) => {
          records.push({ offset, value: value?.toString() ?? "", isCommitted: committed.has(offset) });
        });
        history.log.set(`${name}-${partition}`, records);
      }
    }
  } finally {
    client.close();
  }
}

/** Reads what groups have committed, through a connection of its own that faults may hit: then there is nothing to note. */
export class OffsetAuditor {
  private readonly port: number;
  private readonly history: SoakHistory;
  private client: WireClient | null = null;

  constructor(port: number, history: SoakHistory) {
    this.port = port;
    this.history = history;
  }

  async read(groupId: string): Promise<void> {
    const asked = this.history.tick();
    try {
      if (this.client === null || this.client.isLost) this.client = await WireClient.connect(this.port);
      const { errorCode, topics } = await this.client.call(offsetFetchApi, OFFSET_FETCH_VERSION, {
        groupId,
        topics: null,
        groups: [],
        requireStable: false,
      });
      if (errorCode !== 0) return;
      const answered = this.history.tick();
      for (const { name, partitions } of topics) {
        for (const { partitionIndex, committedOffset } of partitions) {
          if (committedOffset < 0) continue;
          const partition = `${name}-${partitionIndex}`;
          this.history.readings.push({ group: groupId, partition, offset: committedOffset, asked, answered });
        }
      }
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
    }
  }

  close(): void {
    this.client?.close();
  }
}
