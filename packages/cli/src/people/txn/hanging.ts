// Open transactions on partitions that no coordinator knows of any more (KIP-664): nobody will ever end them. `ottla txn hanging` shows them.

import { partitionKey, settled } from "@ottla/client";
import type { ItemKey, KafkaError, TopicPartition } from "@ottla/client";
import { CommandError } from "../../command-error.ts";
import type { CommandCall } from "../../command-definition.ts";
import { withAdmin } from "../connect.ts";
import type { Session } from "../connect.ts";
import { reportErrors } from "../failure.ts";
import { print } from "../output.ts";
import { tableLines } from "../table.ts";
import type { Column } from "../table.ts";
import { withProgress } from "../terminal.ts";
import type { Progress } from "../terminal.ts";
import { countText, durationText } from "../text.ts";
import { LONG_TRANSACTION_MS } from "../transaction-limits.ts";
import type { SearchFlags, TxnFlags } from "./txn-commands.ts";

export interface HangingTransaction extends TopicPartition {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** -1 when the partition has had no marker of it. */
  readonly coordinatorEpoch: number;
  /** Readers of committed records wait here. */
  readonly startOffset: number;
  /** Since its last record; null when that has no time. */
  readonly idleForMs: number | null;
}

export interface FoundHanging {
  readonly hanging: readonly HangingTransaction[];
  /** Partitions whose producers are not told. */
  readonly errors: ReadonlyMap<ItemKey, KafkaError>;
}

/** So many partitions are asked about at once. */
const BATCH = 500;

export async function showHanging({ options, io }: CommandCall<TxnFlags & SearchFlags>): Promise<number> {
  return await withAdmin(options, io, async (session) => {
    const { hanging, errors } = await withProgress(io, "asking for partitions", (progress) =>
      findHanging(session, options, progress),
    );
    await print(io, options, {
      document: hanging,
      lines: (page) =>
        hanging.length === 0 && errors.size === 0
          ? ["no transaction hangs"]
          : tableLines(hanging, hangingColumns, page),
    });
    return reportErrors(io, errors);
  });
}

export async function findHanging(session: Session, flags: SearchFlags, progress: Progress): Promise<FoundHanging> {
  const { admin, call } = session;
  const partitions = await partitionsOf(session, flags);
  const longerThanMs = flags.longerThan ?? LONG_TRANSACTION_MS;
  const open: HangingTransaction[] = [];
  const errors = new Map<ItemKey, KafkaError>();
  for (let from = 0; from < partitions.length; from += BATCH) {
    progress.update(() => `looked at ${from} of ${countText(partitions.length, "partition")}, ${open.length} open`);
    const described = await settled(admin.describeProducers(partitions.slice(from, from + BATCH), call));
    for (const [key, error] of described.errors) errors.set(key, error);
    const nowMs = Date.now();
    for (const { topic, partition, activeProducers } of described.values.values()) {
      for (const {
        producerId,
        producerEpoch,
        coordinatorEpoch,
        transactionStartOffset,
        lastTimestamp,
      } of activeProducers) {
        if (transactionStartOffset === null || nowMs - lastTimestamp <= longerThanMs) continue;
        open.push({
          topic,
          partition,
          producerId,
          producerEpoch,
          coordinatorEpoch: coordinatorEpoch ?? -1,
          startOffset: transactionStartOffset,
          idleForMs: lastTimestamp < 0 ? null : nowMs - lastTimestamp,
        });
      }
    }
  }
  return { hanging: open.length === 0 ? [] : await withoutCoordinator(session, open), errors };
}

async function partitionsOf({ admin, call }: Session, { topic }: SearchFlags): Promise<TopicPartition[]> {
  const words = topic ?? null;
  const names = words?.map((word) => word.topic) ?? [
    ...(await admin.listTopics({ ...call, includeInternal: true })).keys(),
  ];
  const described = await admin.describeTopics([...new Set(names)], call);
  return [...described.values()].flatMap(({ name, partitions }) => {
    const asked = words?.filter((word) => word.topic === name) ?? [];
    const some = asked.some(({ partitions: each }) => each === null)
      ? []
      : asked.flatMap((word) => word.partitions ?? []);
    const there = partitions.map(({ partition }) => partition);
    const missing = some.find((partition) => !there.includes(partition));
    if (missing !== undefined) throw new CommandError(`${name} has no partition ${missing}`);
    return there
      .filter((partition) => some.length === 0 || some.includes(partition))
      .map((partition) => ({ topic: name, partition }));
  });
}

/** Those whose producer no coordinator knows, or knows without the partition. */
async function withoutCoordinator(
  { admin, call }: Session,
  open: readonly HangingTransaction[],
): Promise<HangingTransaction[]> {
  const producerIds = [...new Set(open.map(({ producerId }) => producerId))];
  // All coordinators have to answer: what one of them knows must not be taken for hanging.
  const listed = [...(await admin.listTransactions({ ...call, producerIds })).values()];
  const ids = listed.map(({ transactionalId }) => transactionalId);
  const described = await settled(admin.describeTransactions(ids, call));
  for (const [id, error] of described.errors) {
    if (error.code !== "TRANSACTIONAL_ID_NOT_FOUND") throw new CommandError(`${id}: ${error.message} (${error.code})`);
  }
  const known = new Set(
    [...described.values.values()].flatMap(({ producerId, partitions }) =>
      partitions.map(({ topic, partition }) => `${producerId} ${partitionKey(topic, partition)}`),
    ),
  );
  return open.filter(
    ({ producerId, topic, partition }) => !known.has(`${producerId} ${partitionKey(topic, partition)}`),
  );
}

export const hangingColumns: readonly Column<HangingTransaction>[] = [
  { title: "TOPIC", value: ({ topic }) => topic },
  { title: "PARTITION", value: ({ partition }) => partition },
  { title: "PRODUCER", value: ({ producerId }) => producerId },
  { title: "EPOCH", value: ({ producerEpoch }) => producerEpoch },
  { title: "FIRST OFFSET", value: ({ startOffset }) => startOffset },
  {
    title: "IDLE FOR",
    value: ({ idleForMs }) => (idleForMs === null ? null : durationText(idleForMs)),
    align: "right",
  },
];
