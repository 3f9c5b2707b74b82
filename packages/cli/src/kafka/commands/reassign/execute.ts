// `kafka-reassign-partitions --execute` and `--cancel`: begins and ends moves of partitions, between brokers and between folders.

import { setTimeout as delay } from "node:timers/promises";
import { replicaKey, settled } from "@ottla/client";
import type { Admin, ReplicaMove, TopicDescription } from "@ottla/client";
import { CommandFailure } from "../../command-failure.ts";
import type { CommandIo } from "../../command-io.ts";
import { errorNameOf, javaMessage } from "../../text/java-error.ts";
import { comparePartitions, partitionText } from "../../text/java-format.ts";
import { activeMove, moveStates } from "./move-states.ts";
import type { ReassignOptions } from "./options.ts";
import { checkExecutable, reassignmentJson } from "./reassignment-file.ts";
import type { PartitionReplicas, ReassignmentFile } from "./reassignment-file.ts";
import { clearThrottles, plannedMoves, throttleFolders, throttleMoves } from "./throttles.ts";
import { TerseFailure } from "./terse-failure.ts";

/** Between two attempts to begin moves of folders. */
const RETRY_MS = 100;

/** Folders of replicas by "topic-partition-broker", as far as brokers tell. */
export async function currentFolders(
  admin: Admin,
  partitions: readonly PartitionReplicas[],
): Promise<Map<string, string>> {
  const replicas = partitions.flatMap(({ topic, partition, replicas: brokers }) =>
    brokers.map((brokerId) => ({ topic, partition, brokerId })),
  );
  if (replicas.length === 0) return new Map();
  const places = await admin.describeReplicaLogDirs(replicas);
  return new Map([...places].flatMap(([key, { current }]) => (current === null ? [] : [[key, current.path]])));
}

/** The topics, or the failure that names the one that is not there. */
export async function describeAll(admin: Admin, topics: readonly string[]): Promise<TopicDescription[]> {
  const { values, errors } = await settled(admin.describeTopics([...new Set(topics)]));
  for (const [topic, error] of errors) {
    if (errorNameOf(error) !== "UNKNOWN_TOPIC_OR_PARTITION") throw error;
    throw new CommandFailure(
      `org.apache.kafka.common.errors.UnknownTopicOrPartitionException: Topic ${topic} not found.`,
    );
  }
  return [...values.values()];
}

async function currentReplicas(admin: Admin, proposed: readonly PartitionReplicas[]): Promise<PartitionReplicas[]> {
  const described = await describeAll(
    admin,
    proposed.map(({ topic }) => topic),
  );
  const wanted = new Set(proposed.map(partitionText));
  const found = described
    .flatMap(({ name, partitions }) =>
      partitions.map(({ partition, replicas }) => ({ topic: name, partition, replicas })),
    )
    .filter((each) => wanted.has(partitionText(each)));
  const known = new Set(found.map(partitionText));
  const missing = [...wanted].filter((name) => !known.has(name));
  if (missing.length > 0) {
    throw new CommandFailure(
      `org.apache.kafka.common.errors.UnknownTopicOrPartitionException: Unable to find partition: ${missing.join(", ")}`,
    );
  }
  return found;
}

export async function execute(
  admin: Admin,
  io: CommandIo,
  { file, options }: { readonly file: ReassignmentFile; readonly options: ReassignOptions },
): Promise<void> {
  checkExecutable(file);
  const { partitions: proposed, moves } = file;
  const underWay = await admin.listPartitionReassignments();
  if (!options.has("additional") && underWay.size > 0) {
    throw new TerseFailure(
      "Cannot execute because there is an existing partition assignment.  Use --additional to override this and create a new partition assignment in addition to the existing one. The --additional flag can also be used to change the throttle by resubmitting the current reassignment.",
    );
  }
  await checkBrokers(admin, proposed);
  const current = await currentReplicas(admin, proposed);
  const folders = await currentFolders(admin, current);
  io.out(
    `Current partition replica assignment\n\n${reassignmentJson(current, folders)}\n\nSave this to use as the --reassignment-json-file option during rollback`,
  );
  const replicas = new Map(current.map((each) => [partitionText(each), each.replicas]));
  await throttle(admin, io, {
    options,
    moves,
    planned: () => plannedMoves([...underWay.values()], proposed, replicas),
  });
  await begin(admin, io, { proposed, options });
  if (moves.length > 0) await beginMoves(admin, io, { moves, timeoutMs: options.number("timeout")! });
}

async function checkBrokers(admin: Admin, proposed: readonly PartitionReplicas[]): Promise<void> {
  const { nodes } = await admin.describeCluster();
  const unknown = proposed.flatMap(({ replicas }) => replicas).find((broker) => !nodes.has(broker));
  if (unknown !== undefined) throw new CommandFailure(`Unknown broker id ${unknown}`);
}

interface Throttling {
  readonly options: ReassignOptions;
  readonly moves: readonly ReplicaMove[];
  readonly planned: () => ReturnType<typeof plannedMoves>;
}

async function throttle(admin: Admin, io: CommandIo, { options, moves, planned }: Throttling): Promise<void> {
  const betweenBrokers = options.number("throttle")!;
  const betweenFolders = options.number("replica-alter-log-dirs-throttle")!;
  if (betweenBrokers < 0 && betweenFolders < 0) return;
  io.out(
    "Warning: You must run --verify periodically, until the reassignment completes, to ensure the throttle is removed.",
  );
  if (betweenBrokers >= 0) await throttleMoves(admin, io, { moves: planned(), bytesPerSecond: betweenBrokers });
  if (betweenFolders < 0) return;
  const brokers = moves.map(({ brokerId }) => brokerId);
  await throttleFolders(admin, io, { brokers, bytesPerSecond: betweenFolders });
}

async function begin(
  admin: Admin,
  io: CommandIo,
  { proposed, options }: { readonly proposed: readonly PartitionReplicas[]; readonly options: ReassignOptions },
): Promise<void> {
  const allowReplicationFactorChange = !options.has("disallow-replication-factor-change");
  const { errors } = await settled(admin.alterPartitionReassignments(proposed, { allowReplicationFactorChange }));
  const sorted = [...proposed].sort(comparePartitions).map(partitionText);
  if (errors.size > 0) throw new TerseFailure(`Error reassigning partition(s):\n${errorLines(sorted, errors)}`);
  io.out(`Successfully started partition reassignment${sorted.length === 1 ? "" : "s"} for ${sorted.join(",")}`);
}

function errorLines(names: readonly string[], errors: ReadonlyMap<string | number, Error>): string {
  return names
    .filter((name) => errors.has(name))
    .map((name) => `${name}: ${javaMessage(errors.get(name))}`)
    .join("\n");
}

/** A broker takes the move once it has the replica. @throws TerseFailure when some have not begun in time */
async function beginMoves(
  admin: Admin,
  io: CommandIo,
  { moves, timeoutMs }: { readonly moves: readonly ReplicaMove[]; readonly timeoutMs: number },
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let pending = [...moves].sort((one, other) => one.brokerId - other.brokerId || comparePartitions(one, other));
  for (;;) {
    const { errors } = await settled(admin.alterReplicaLogDirs(pending));
    for (const [key, error] of errors) {
      if (errorNameOf(error) === "REPLICA_NOT_AVAILABLE") continue;
      throw new CommandFailure(`Failed to alter dir for ${key}`, { cause: error });
    }
    for (const move of pending.filter((each) => !errors.has(replicaKey(each)))) {
      io.out(
        `Successfully started moving log directory to ${move.logDir} for replica ${partitionText(move)} with broker ${move.brokerId} `,
      );
    }
    pending = pending.filter((each) => errors.has(replicaKey(each)));
    if (pending.length === 0) return;
    if (performance.now() >= deadline) {
      throw new TerseFailure(
        `Timed out before log directory move${pending.length === 1 ? "" : "s"} could be started for: ${pending.map(replicaKey).join(",")}`,
      );
    }
    await delay(RETRY_MS);
  }
}

export async function cancel(
  admin: Admin,
  io: CommandIo,
  { file, options }: { readonly file: ReassignmentFile; readonly options: ReassignOptions },
): Promise<void> {
  const listed = await admin.listPartitionReassignments(file.partitions);
  const active = [...listed.values()]
    .filter(({ addingReplicas, removingReplicas }) => addingReplicas.length > 0 || removingReplicas.length > 0)
    .sort(comparePartitions);
  if (active.length === 0) io.out("None of the specified partition reassignments are active.");
  else {
    const names = active.map(partitionText);
    const changes = active.map(({ topic, partition }) => ({ topic, partition, replicas: null }));
    const { errors } = await settled(admin.alterPartitionReassignments(changes));
    if (errors.size > 0) {
      throw new TerseFailure(
        `Error cancelling partition reassignment${errors.size === 1 ? "" : "s"} for:\n${errorLines(names, errors)}`,
      );
    }
    io.out(`Successfully cancelled partition reassignment${names.length === 1 ? "" : "s"} for: ${names.join(",")}`);
  }
  const back = (await moveStates(admin, file.moves)).flatMap((state) => {
    const logDir = activeMove(state);
    return logDir === null ? [] : [{ ...state.move, logDir }];
  });
  // Kafka ends this line only with what comes next.
  if (back.length === 0) io.write("None of the specified partition moves are active.");
  else await beginMoves(admin, io, { moves: back, timeoutMs: options.number("timeout")! });
  if (!options.has("preserve-throttles")) await clearThrottles(admin, io, file.partitions);
}
