// `--replica-assignment 1:2,2:3`: the brokers of each partition's replicas, partitions apart by commas. Pure.

import { CommandFailure } from "../../command-failure.ts";

/** Broker ids by partition; empty when the text is. @throws CommandFailure */
export function parseReplicaAssignment(text: string): number[][] {
  if (text === "") return [];
  const partitions = text.split(",").map((brokers) => brokers.split(":").map((broker) => brokerId(broker.trim())));
  for (const [index, brokers] of partitions.entries()) {
    const repeated = new Set(brokers.filter((broker, at) => brokers.indexOf(broker) !== at));
    if (repeated.size > 0) {
      throw new CommandFailure(`Partition replica lists may not contain duplicate entries: ${[...repeated].join(",")}`);
    }
    if (brokers.length !== partitions[0]!.length) {
      throw new CommandFailure(`Partition ${index} has different replication factor: [${brokers.join(", ")}]`);
    }
  }
  return partitions;
}

function brokerId(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw new CommandFailure(`For input string: "${text}"`);
  return Number(text);
}
