// `kafka-reassign-partitions`: moves replicas of partitions to other brokers and folders.
// Kafka: org.apache.kafka.tools.reassign.ReassignPartitionsCommand. Failures are told on stdout.

import type { Admin, PartitionReassignment } from "@ottla/client";
import { refuseControllers, withAdmin } from "../client/connect.ts";
import { CommandFailure } from "../command-failure.ts";
import { ExitError } from "../command-io.ts";
import type { CommandIo, KafkaCommand } from "../command-io.ts";
import { futureMessage, isExpected, javaTrace, reportingFailures } from "../failure.ts";
import { comparePartitions, partitionText } from "../text/java-format.ts";
import { readWholeFile } from "../text/properties-text.ts";
import { cancel, currentFolders, describeAll, execute } from "./reassign/execute.ts";
import {
  isMoveDone,
  moveStateLines,
  moveStates,
  partitionStateLines,
  partitionStates,
} from "./reassign/move-states.ts";
import { readReassignOptions } from "./reassign/options.ts";
import type { ReassignAction, ReassignOptions } from "./reassign/options.ts";
import { placeReplicas } from "./reassign/placement.ts";
import type { UsableBroker } from "./reassign/placement.ts";
import { parseReassignment, parseTopicsToMove, reassignmentJson } from "./reassign/reassignment-file.ts";
import type { PartitionReplicas } from "./reassign/reassignment-file.ts";
import { TerseFailure } from "./reassign/terse-failure.ts";
import { clearThrottles } from "./reassign/throttles.ts";

export const reassignPartitions: KafkaCommand = (words, io) =>
  reportingFailures(io, async () => {
    const { options, action } = readReassignOptions(words, io);
    try {
      refuseControllers(options.has("bootstrap-controller"));
      const where = { servers: options.text("bootstrap-server") ?? "", configFile: options.text("command-config") };
      const byDefault = { "client.id": "reassign-partitions-tool" };
      await withAdmin({ ...where, byDefault }, (admin) => actions[action](admin, io, options));
      return 0;
    } catch (error) {
      if (error instanceof ExitError || !isExpected(error)) throw error;
      io.out(error instanceof TerseFailure ? error.message : `Error: ${futureMessage(error)}`);
      // Its traces go to stdout.
      if (error instanceof CommandFailure) for (const line of javaTrace(error)) io.out(line);
      return 1;
    }
  });

type Action = (admin: Admin, io: CommandIo, options: ReassignOptions) => Promise<void>;

const actions: Readonly<Record<ReassignAction, Action>> = {
  verify,
  generate,
  execute: async (admin, io, options) => execute(admin, io, { file: await reassignmentFile(options), options }),
  cancel: async (admin, io, options) => cancel(admin, io, { file: await reassignmentFile(options), options }),
  list: async (admin, io) => {
    for (const line of listLines([...(await admin.listPartitionReassignments()).values()])) io.out(line);
  },
};

async function reassignmentFile(options: ReassignOptions): Promise<ReturnType<typeof parseReassignment>> {
  return parseReassignment(await readWholeFile(options.text("reassignment-json-file")!));
}

async function verify(admin: Admin, io: CommandIo, options: ReassignOptions): Promise<void> {
  const { partitions, moves } = await reassignmentFile(options);
  const { states, anyUnderWay } = await partitionStates(admin, partitions);
  io.out(partitionStateLines(states).join("\n"));
  const moving = await moveStates(admin, moves);
  io.out(moveStateLines(moving).join("\n"));
  if (!anyUnderWay && moving.every(isMoveDone) && !options.has("preserve-throttles")) {
    await clearThrottles(admin, io, partitions);
  }
}

async function generate(admin: Admin, io: CommandIo, options: ReassignOptions): Promise<void> {
  const text = await readWholeFile(options.text("topics-to-move-json-file")!);
  const { brokers, topics } = parseTopicsToMove(text, options.text("broker-list")!);
  const described = await describeAll(admin, topics);
  const current = described.flatMap(({ name, partitions }) =>
    partitions.map(({ partition, replicas }) => ({ topic: name, partition, replicas })),
  );
  const folders = await currentFolders(admin, current);
  const usable = await usableBrokers(admin, brokers, !options.has("disable-rack-aware"));
  const proposed = described.flatMap(({ name, partitions }): PartitionReplicas[] => {
    const counts = { partitions: partitions.length, replicas: partitions[0]!.replicas.length };
    return placeReplicas(usable, counts).map((replicas, partition) => ({ topic: name, partition, replicas }));
  });
  io.out(`Current partition replica assignment\n${reassignmentJson(current, folders)}\n`);
  io.out(`Proposed partition reassignment configuration\n${reassignmentJson(proposed, new Map())}`);
}

async function usableBrokers(admin: Admin, wanted: readonly number[], withRacks: boolean): Promise<UsableBroker[]> {
  const { nodes } = await admin.describeCluster();
  const usable = [...nodes.values()]
    .filter(({ nodeId }) => wanted.includes(nodeId))
    .map(({ nodeId, rack }) => ({ brokerId: nodeId, rack: withRacks ? rack : null }));
  const rackless = usable.filter(({ rack }) => rack === null).length;
  if (withRacks && rackless !== 0 && rackless !== usable.length) {
    throw new CommandFailure(
      "Not all brokers have rack information. Add --disable-rack-aware in command line to make replica assignment without rack information.",
    );
  }
  return usable;
}

export function listLines(reassignments: readonly PartitionReassignment[]): string[] {
  if (reassignments.length === 0) return ["No partition reassignments found."];
  const lines = [...reassignments].sort(comparePartitions).map((each) => {
    const adding = each.addingReplicas.length === 0 ? "" : ` adding: ${each.addingReplicas.join(",")}.`;
    const removing = each.removingReplicas.length === 0 ? "" : ` removing: ${each.removingReplicas.join(",")}.`;
    return `${partitionText(each)}: replicas: ${each.replicas.join(",")}.${adding}${removing}`;
  });
  return ["Current partition reassignments:", ...lines];
}
