// A broker and one plain connection to it, for tables of requests with the answers that Kafka 4.3 gives to them.
// With REFERENCE_PORT set they run against the broker that listens there (`npm run reference -- --port N`), which is how the
// expected values were found. Topics are named apart then, so that a table can run again on the same broker.

import { randomBytes } from "node:crypto";
import { ZERO_UUID } from "@ottla/base";
import { apiKeyEntry, batchFormat, errorName, readRecords, RecordBatchBuilder } from "@ottla/protocol";
import type { Api, BatchOptions } from "@ottla/protocol";
import { produceApi } from "@ottla/protocol/messages/00-produce.ts";
import { listOffsetsApi } from "@ottla/protocol/messages/02-list-offsets.ts";
import { createTopicsApi } from "@ottla/protocol/messages/19-create-topics.ts";
import { startBroker } from "@ottla/testkit";
import type { TestBroker, TestBrokerOptions } from "@ottla/testkit";
import { WireClient } from "../../../../tools/sim/wire-client.ts";

const CREATE_VERSION = 7;
const PRODUCE_VERSION = 9;
const LIST_VERSION = 7;
const LATEST = -1;

/** Of one topic: its partitions, or these with configs. */
export type TopicToCreate = number | { partitions: number; configs: Readonly<Record<string, string>> };

/** A time that lies within every limit of a new topic. Any time before it is refused by none, any after by none for years. */
export const T0 = 1_700_000_000_000;

export class Wire implements AsyncDisposable {
  readonly client: WireClient;
  readonly port: number;
  /** Null when it is the reference that is asked. */
  readonly broker: TestBroker | null;
  private readonly prefix: string;
  private readonly ids = new Map<string, string>();

  private constructor(client: WireClient, port: number, broker: TestBroker | null) {
    this.client = client;
    this.port = port;
    this.broker = broker;
    this.prefix = broker === null ? `${randomBytes(4).toString("hex")}-` : "";
  }

  /** A new broker, on memory storage unless a folder is given, with a connection to it; or a connection to the reference. */
  static async open(
    overrides: Readonly<Record<string, string>> = {},
    options: Pick<TestBrokerOptions, "dataDir" | "clock"> = {},
  ): Promise<Wire> {
    const own = options.dataDir !== undefined || options.clock !== undefined;
    const reference = own ? undefined : process.env["REFERENCE_PORT"];
    const broker =
      reference === undefined ? await startBroker({ overrides: { "node.id": "1", ...overrides }, ...options }) : null;
    const port = broker?.port ?? Number(reference);
    return new Wire(await WireClient.connect(port), port, broker);
  }

  /** What the broker knows a topic as. */
  name(topic: string): string {
    return `${this.prefix}${topic}`;
  }

  /** The id of a topic that `createTopics` made. */
  id(topic: string): string {
    const id = this.ids.get(topic);
    if (id === undefined) throw new Error(`${topic} was not created`);
    return id;
  }

  /** The name that a response gives, as the table knows it. */
  plainName(name: string | null): string | null {
    return name === null ? null : name.replace(this.prefix, "");
  }

  call<Request, Response, GivenRequest, GivenResponse>(
    api: Api<Request, Response, GivenRequest, GivenResponse>,
    version: number,
    request: GivenRequest,
  ): Promise<Response> {
    return this.client.call(api, version, request);
  }

  /** @throws when one cannot be created. Resolves when all can be produced to, which Kafka's own answer does not promise. */
  async createTopics(topics: Readonly<Record<string, TopicToCreate>>): Promise<void> {
    const wanted = Object.entries(topics).map(([topic, given]) => ({
      name: this.name(topic),
      numPartitions: typeof given === "number" ? given : given.partitions,
      replicationFactor: 1,
      assignments: [],
      configs: Object.entries(typeof given === "number" ? {} : given.configs).map(([name, value]) => ({ name, value })),
    }));
    const response = await this.call(createTopicsApi, CREATE_VERSION, {
      topics: wanted,
      timeoutMs: 10_000,
      validateOnly: false,
    });
    for (const { name, errorCode, errorMessage, topicId } of response.topics) {
      if (errorCode !== 0) throw new Error(`${name}: ${errorName(errorCode)} ${errorMessage}`);
      this.ids.set(this.plainName(name)!, topicId);
    }
    while (!(await this.canBeRead(wanted))) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Appends a batch; returns the offset of its first record. @throws when it is refused. */
  async append(topic: string, partition: number, records: Buffer): Promise<number> {
    const response = await this.call(produceApi, PRODUCE_VERSION, {
      transactionalId: null,
      acks: -1,
      timeoutMs: 10_000,
      topicData: [{ name: this.name(topic), topicId: ZERO_UUID, partitionData: [{ index: partition, records }] }],
    });
    const { errorCode, baseOffset } = response.responses[0]!.partitionResponses[0]!;
    if (errorCode !== 0) throw new Error(`${topic}-${partition}: ${errorName(errorCode)}`);
    return baseOffset;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
    await this.broker?.close();
  }

  private async canBeRead(topics: readonly { name: string; numPartitions: number }[]): Promise<boolean> {
    const { topics: answers } = await this.call(listOffsetsApi, LIST_VERSION, {
      replicaId: -1,
      isolationLevel: 0,
      timeoutMs: 0,
      topics: topics.map(({ name, numPartitions }) => ({
        name,
        partitions: Array.from({ length: numPartitions }, (_, partitionIndex) => ({
          partitionIndex,
          timestamp: LATEST,
        })),
      })),
    });
    return answers.every(({ partitions }) => partitions.every(({ errorCode }) => errorCode === 0));
  }
}

/** Every version that Kafka 4.3 serves of an API, or those within bounds. */
export function versionsOf(api: { readonly key: number }, from = 0, to = Infinity): number[] {
  const { versions } = apiKeyEntry(api.key)!;
  const all = Array.from({ length: versions.to - versions.from + 1 }, (_, index) => versions.from + index);
  return all.filter((version) => version >= from && version <= to);
}

/** A batch of records with these values, `stepMs` apart from T0 on or from `timestamp`. */
export function batchOf(
  values: readonly (string | null)[],
  options: BatchOptions & { timestamp?: number; stepMs?: number } = {},
): Buffer {
  const { timestamp = T0, stepMs = 0, ...batch } = options;
  const builder = new RecordBatchBuilder(batch);
  for (const [index, value] of values.entries()) {
    builder.append({ timestamp: timestamp + index * stepMs, value: value === null ? null : Buffer.from(value) });
  }
  return builder.build();
}

/** The values of all whole batches of a fetched buffer. */
export function valuesOf(records: Buffer): string[] {
  const values: string[] = [];
  for (let at = 0, size = batchFormat.batchSizeAt(records, at); size > 0; size = batchFormat.batchSizeAt(records, at)) {
    for (const { value } of readRecords(records, at)) values.push(value === null ? "null" : value.toString());
    at += size;
  }
  return values;
}
