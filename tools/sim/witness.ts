// A client that behaves, beside the fuzz: it must be served at all times, and read back exactly what it wrote.

import { randomUuid, SeededRandom, ZERO_UUID } from "@ottla/base";
import { apiKeyEntry, batchFormat, errorCodes, errorName, readRecords, RecordBatchBuilder } from "@ottla/protocol";
import type { BatchRecord } from "@ottla/protocol";
import { produceApi } from "@ottla/protocol/messages/00-produce.ts";
import { fetchApi } from "@ottla/protocol/messages/01-fetch.ts";
import type { FetchRequestInput } from "@ottla/protocol/messages/01-fetch.ts";
import { listOffsetsApi } from "@ottla/protocol/messages/02-list-offsets.ts";
import { metadataApi } from "@ottla/protocol/messages/03-metadata.ts";
import type { MetadataRequestInput } from "@ottla/protocol/messages/03-metadata.ts";
import { apiVersionsApi } from "@ottla/protocol/messages/18-api-versions.ts";
import { createTopicsApi } from "@ottla/protocol/messages/19-create-topics.ts";
import type { ServedApi } from "./frames.ts";
import { WireClient } from "./wire-client.ts";
import { readPartition } from "./wire-reads.ts";

const WITNESS_TOPIC = "witness";
const PATIENCE_MS = 10_000;
const BYTES = 1_000_000;
/** ListOffsets' word for the start of the log. */
const EARLIEST = -2;

export class Witness {
  private readonly port: number;
  private readonly random: SeededRandom;
  private writes = 0;
  private readonly written: { partition: number; offset: number; value: string }[] = [];

  constructor(port: number, seed: number) {
    this.port = port;
    this.random = new SeededRandom(seed);
  }

  /** Creates the witness's topic and those of the frames; tells what is served and the ids of the topics. */
  async prepare(topics: readonly string[]): Promise<{ served: ServedApi[]; topicIds: string[] }> {
    return this.connected(async (client) => {
      const versions = await client.call(apiVersionsApi, 0, { clientSoftwareName: "", clientSoftwareVersion: "" });
      const created = await client.call(createTopicsApi, 7, {
        topics: [WITNESS_TOPIC, ...topics].map((name) => ({
          name,
          numPartitions: 2,
          replicationFactor: 1,
          assignments: [],
          configs: [],
        })),
        timeoutMs: PATIENCE_MS,
        validateOnly: false,
      });
      for (const { name, errorCode } of created.topics) {
        if (errorCode !== errorCodes.TOPIC_ALREADY_EXISTS) succeeded(`creating ${name}`, errorCode);
      }
      const metadata = await client.call(metadataApi, 12, metadataOf(topics));
      const served = versions.apiKeys.map(({ apiKey, minVersion, maxVersion }) => ({
        key: apiKey,
        from: Math.max(minVersion, apiKeyEntry(apiKey)!.versions.from),
        to: maxVersion,
      }));
      return { served, topicIds: metadata.topics.map(({ topicId }) => topicId) };
    });
  }

  /** One round on a new connection: versions, metadata, one record written and read back. Rejects with what is wrong. */
  async check(): Promise<void> {
    await this.connected(async (client) => {
      const versions = await client.call(apiVersionsApi, 3, {
        clientSoftwareName: "witness",
        clientSoftwareVersion: "1",
      });
      succeeded("ApiVersions", versions.errorCode);
      const metadata = await client.call(metadataApi, 9, metadataOf([WITNESS_TOPIC]));
      const topic = metadata.topics[0]!;
      succeeded("Metadata", topic.errorCode);
      if (topic.partitions.length !== 2)
        throw new Error(`the witness's topic has ${topic.partitions.length} partitions`);
      await this.writeAndRead(client);
    });
  }

  /** Reads everything back: all that this witness wrote, each at its offset, and whatever the frames left in `topics`. */
  async readAll(topics: readonly string[]): Promise<void> {
    for (const partition of [0, 1]) {
      const found = new Map(
        (await readPartition(this.port, WITNESS_TOPIC, partition)).map(({ offset, value }) => [offset, value]),
      );
      for (const write of this.written) {
        if (write.partition !== partition || found.get(write.offset) === write.value) continue;
        throw new Error(`partition ${partition} lost offset ${write.offset}: it was acknowledged`);
      }
    }
    await this.connected(async (client) => {
      for (const topic of topics) await readWhatIsThere(client, topic);
    });
  }

  private async writeAndRead(client: WireClient): Promise<void> {
    const value = Buffer.from(`${this.writes++} ${randomUuid(this.random)}`);
    const builder = new RecordBatchBuilder();
    builder.append({ timestamp: 1_700_000_000_000 + this.writes, value });
    const partitionData = [{ index: this.writes % 2, records: builder.build() }];
    const produced = await client.call(produceApi, 8, {
      acks: -1,
      timeoutMs: PATIENCE_MS,
      topicData: [{ name: WITNESS_TOPIC, topicId: ZERO_UUID, partitionData }],
    });
    const { errorCode, baseOffset } = produced.responses[0]!.partitionResponses[0]!;
    succeeded("Produce", errorCode);
    this.written.push({ partition: this.writes % 2, offset: baseOffset, value: value.toString() });
    const fetched = await client.call(fetchApi, 12, fetchOf(WITNESS_TOPIC, this.writes % 2, baseOffset));
    const answer = fetched.responses[0]!.partitions[0]!;
    succeeded("Fetch", answer.errorCode);
    const found = [...recordsIn(answer.records!)].find((record) => record.offset === baseOffset);
    if (found?.value?.equals(value) !== true) throw new Error(`offset ${baseOffset} does not hold what was written`);
  }

  private async connected<Result>(act: (client: WireClient) => Promise<Result>): Promise<Result> {
    const client = await WireClient.connect(this.port);
    const timer = setTimeout(() => client.close(), PATIENCE_MS);
    try {
      return await act(client);
    } finally {
      clearTimeout(timer);
      client.close();
    }
  }
}

/** The records of all whole batches, in order; an answer may end inside one. */
function* recordsIn(batches: Buffer): Generator<BatchRecord> {
  for (let at = 0, size = 0; (size = batchFormat.batchSizeAt(batches, at)) > 0; at += size)
    yield* readRecords(batches, at);
}

/** What bad frames got accepted must be readable to the end. A topic may be gone, and a partition of it as well. */
async function readWhatIsThere(client: WireClient, topic: string): Promise<void> {
  const partitions = [0, 1].map((partitionIndex) => ({ partitionIndex, timestamp: EARLIEST }));
  const listed = await client.call(listOffsetsApi, 1, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ name: topic, partitions }],
    timeoutMs: PATIENCE_MS,
  });
  for (const { partitionIndex, errorCode, offset } of listed.topics[0]!.partitions) {
    if (errorCode === errorCodes.UNKNOWN_TOPIC_OR_PARTITION) continue;
    succeeded(`ListOffsets of ${topic}-${partitionIndex}`, errorCode);
    for (let next = offset, end = Number.POSITIVE_INFINITY; next < end;) {
      const fetched = await client.call(fetchApi, 12, fetchOf(topic, partitionIndex, next));
      const answer = fetched.responses[0]!.partitions[0]!;
      succeeded(`Fetch of ${topic}-${partitionIndex} at ${next}`, answer.errorCode);
      end = answer.highWatermark;
      const before = next;
      for (const { offset: found } of recordsIn(answer.records!)) next = Math.max(next, found + 1);
      if (next === before && next < end)
        throw new Error(`${topic}-${partitionIndex} cannot be read beyond ${next} of ${end}`);
    }
  }
}

function fetchOf(topic: string, partition: number, fetchOffset: number): FetchRequestInput {
  return {
    maxWaitMs: 0,
    minBytes: 0,
    maxBytes: BYTES,
    isolationLevel: 0,
    topics: [{ topic, topicId: ZERO_UUID, partitions: [{ partition, fetchOffset, partitionMaxBytes: BYTES }] }],
    forgottenTopicsData: [],
  };
}

function metadataOf(names: readonly string[]): MetadataRequestInput {
  return {
    topics: names.map((name) => ({ name, topicId: ZERO_UUID })),
    allowAutoTopicCreation: false,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  };
}

function succeeded(what: string, errorCode: number): void {
  if (errorCode !== 0) throw new Error(`${what}: ${errorName(errorCode)}`);
}
