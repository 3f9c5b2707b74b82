// Requests of the fault tests: one topic "t", values in and out.

import { ZERO_UUID } from "@ottla/base";
import { errorName } from "@ottla/protocol";
import { produceApi } from "@ottla/protocol/messages/00-produce.ts";
import { fetchApi } from "@ottla/protocol/messages/01-fetch.ts";
import { apiVersionsApi } from "@ottla/protocol/messages/18-api-versions.ts";
import type { WireClient } from "../../../../tools/sim/wire-client.ts";
import { batchOf, valuesOf, Wire } from "./wire.ts";

const PRODUCE_VERSION = 11;

export function produce(wire: Wire, partitions: Record<number, string>, acks = -1) {
  return wire.call(produceApi, PRODUCE_VERSION, {
    transactionalId: null,
    acks,
    timeoutMs: 1000,
    topicData: [
      {
        name: "t",
        topicId: ZERO_UUID,
        partitionData: Object.entries(partitions).map(([index, value]) => ({
          index: Number(index),
          records: batchOf([value]),
        })),
      },
    ],
  });
}

export async function produced(wire: Wire, partitions: Record<number, string>): Promise<Record<number, string>> {
  const { responses } = await produce(wire, partitions);
  const results = responses.flatMap(({ partitionResponses }) => partitionResponses);
  return Object.fromEntries(results.map(({ index, errorCode }) => [index, errorName(errorCode)]));
}

interface FetchOptions {
  version?: number;
  partitions?: readonly number[];
  sessionId?: number;
  sessionEpoch?: number;
  maxWaitMs?: number;
  minBytes?: number;
}

export function fetch(wire: Wire, options: FetchOptions = {}) {
  const { version = 12, partitions = [0], sessionId = 0, sessionEpoch = -1, maxWaitMs = 0, minBytes = 1 } = options;
  return wire.call(fetchApi, version, {
    maxWaitMs,
    minBytes,
    sessionId,
    sessionEpoch,
    topics:
      partitions.length === 0
        ? []
        : [
            {
              topic: "t",
              topicId: version >= 13 ? wire.id("t") : ZERO_UUID,
              partitions: partitions.map((partition) => ({ partition, fetchOffset: 0, partitionMaxBytes: 1 << 20 })),
            },
          ],
    forgottenTopicsData: [],
  });
}

export async function valuesIn(wire: Wire, partition = 0): Promise<string[]> {
  const { responses } = await fetch(wire, { partitions: [partition] });
  const records = responses[0]?.partitions[0]?.records;
  return records === undefined || records === null ? [] : valuesOf(records);
}

export async function withTopic(partitions = 2): Promise<Wire> {
  const wire = await Wire.open();
  await wire.createTopics({ t: partitions });
  return wire;
}

/** Whether the connection is served. */
export async function isServed(client: WireClient): Promise<boolean> {
  const request = { clientSoftwareName: "", clientSoftwareVersion: "" };
  return (await client.call(apiVersionsApi, 0, request)).errorCode === 0;
}
