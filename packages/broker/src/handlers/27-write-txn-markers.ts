// WriteTxnMarkers: ends transactions on partitions of this broker. Versions 1 and 2. Sent by other brokers' transaction coordinators, and by
// the admin client to abort a transaction that hangs (kafka-transactions.sh abort, KIP-664).

import { errorCodes } from "@ottla/protocol";
import { writeTxnMarkersApi } from "@ottla/protocol/messages/27-write-txn-markers.ts";
import type { WriteTxnMarkersRequest, WriteTxnMarkersResponse } from "@ottla/protocol/messages/27-write-txn-markers.ts";
import { writeMarker } from "../coordinators/transaction-marker.ts";
import type { Broker } from "../broker.ts";
import type { Handler } from "../handler.ts";

type Marker = WriteTxnMarkersRequest["markers"][number];
/** Error codes by topic and partition. */
type Written = Map<string, Map<number, number>>;

export const writeTxnMarkersHandler: Handler<WriteTxnMarkersRequest, WriteTxnMarkersResponse> = {
  api: writeTxnMarkersApi,
  async handle(request, { broker }) {
    // A producer is answered once, also when it has several markers in the request.
    const byProducer = new Map<number, Written>();
    await Promise.all(request.markers.map((marker) => write(broker, marker, byProducer)));
    return { markers: [...byProducer].map(([producerId, written]) => ({ producerId, topics: topicsOf(written) })) };
  },
};

async function write(broker: Broker, marker: Marker, byProducer: Map<number, Written>): Promise<void> {
  const { producerId, producerEpoch, coordinatorEpoch, transactionVersion, transactionResult: committed } = marker;
  const end = { producerId, producerEpoch, coordinatorEpoch, transactionVersion, committed };
  let written = byProducer.get(producerId);
  if (written === undefined) {
    written = new Map();
    byProducer.set(producerId, written);
  }
  for (const { name, partitionIndexes } of marker.topics) {
    let codes = written.get(name);
    if (codes === undefined) {
      codes = new Map();
      written.set(name, codes);
    }
    for (const index of partitionIndexes) codes.set(index, errorCodes.UNKNOWN_SERVER_ERROR);
  }
  // No batch can carry such a marker; Kafka fails on it as well, and answers as for a failure.
  if (producerId < 0 || producerEpoch < 0) return;
  const partitions = marker.topics.flatMap(({ name, partitionIndexes }) =>
    partitionIndexes.map((partition) => ({ topic: name, partition })),
  );
  await Promise.all(
    partitions.map(async (partition) => {
      const errorCode = await writeMarker(broker, partition, end);
      written.get(partition.topic)!.set(partition.partition, errorCode);
    }),
  );
}

function topicsOf(written: Written): WriteTxnMarkersResponse["markers"][number]["topics"] {
  return [...written].map(([name, codes]) => ({
    name,
    partitions: [...codes].map(([partitionIndex, errorCode]) => ({ partitionIndex, errorCode })),
  }));
}
