// Loading: feeds the batches of a coordinator's partition to its state machine, as Kafka's CoordinatorLoaderImpl does.
// A record of an unknown kind is passed over; one that cannot be read ends the loading, because state would be missing.

import type { Logger } from "@ottla/base";
import { batchFormat, readEndTransactionMarker, readRecords } from "@ottla/protocol";
import type { TransactionalProducer } from "./outcome.ts";
import type { CoordinatorRecordCodec, CoordinatorShard } from "./shard.ts";

/** Replays every whole batch of the buffer; returns the offset after the last one, null when there was none. @throws DecodeError */
export function replayBatches<CoordinatorRecord>(
  batches: Buffer,
  codec: CoordinatorRecordCodec<CoordinatorRecord>,
  shard: CoordinatorShard<CoordinatorRecord>,
  logger: Logger,
): number | null {
  let nextOffset: number | null = null;
  for (let position = 0; position < batches.length;) {
    const size = batchFormat.batchSizeAt(batches, position);
    if (size <= 0) break;
    if (batchFormat.isControl(batches, position)) replayMarkers(batches, position, shard);
    else replayRecords(batches, position, { codec, shard, logger });
    nextOffset = batchFormat.lastOffset(batches, position) + 1;
    position += size;
  }
  return nextOffset;
}

function replayMarkers<CoordinatorRecord>(
  batches: Buffer,
  position: number,
  shard: CoordinatorShard<CoordinatorRecord>,
): void {
  const producerId = batchFormat.producerId(batches, position);
  const producerEpoch = batchFormat.producerEpoch(batches, position);
  for (const record of readRecords(batches, position)) {
    const { type } = readEndTransactionMarker(record);
    shard.replayEndTransaction(producerId, producerEpoch, type === "commit", record.offset);
  }
}

interface Target<CoordinatorRecord> {
  codec: CoordinatorRecordCodec<CoordinatorRecord>;
  shard: CoordinatorShard<CoordinatorRecord>;
  logger: Logger;
}

function replayRecords<CoordinatorRecord>(
  batches: Buffer,
  position: number,
  { codec, shard, logger }: Target<CoordinatorRecord>,
): void {
  const producer: TransactionalProducer | null = batchFormat.isTransactional(batches, position)
    ? {
        producerId: batchFormat.producerId(batches, position),
        producerEpoch: batchFormat.producerEpoch(batches, position),
      }
    : null;
  for (const { key, value, offset } of readRecords(batches, position)) {
    const record = key === null ? null : codec.decode(key, value);
    if (record === null) logger.warn({ offset }, "a coordinator's record of an unknown kind is passed over");
    else shard.replay(record, offset, producer);
  }
}
