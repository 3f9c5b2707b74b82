// Where replicas could go: striped over the brokers from a random one on, leaders evenly, replicas of a partition in different racks as
// far as there are racks. Kafka's StripedReplicaPlacer is the model; its choices are as random. Pure but for `random`.

import { CommandFailure } from "../../command-failure.ts";

export interface UsableBroker {
  readonly brokerId: number;
  readonly rack: string | null;
}

/** Broker ids by partition. @throws CommandFailure when there are fewer brokers than replicas */
export function placeReplicas(
  brokers: readonly UsableBroker[],
  { partitions, replicas }: { readonly partitions: number; readonly replicas: number },
  random: () => number = Math.random,
): number[][] {
  if (brokers.length === 0) {
    throw new CommandFailure("All brokers are currently fenced, or have all their log directories cordoned.", {
      javaClass: "org.apache.kafka.common.errors.InvalidReplicationFactorException",
    });
  }
  if (replicas > brokers.length) {
    throw new CommandFailure(
      `The target replication factor of ${replicas} cannot be reached because only ${brokers.length} broker(s) are registered.`,
    );
  }
  const line = interleaved(brokers);
  const start = Math.floor(random() * line.length);
  return Array.from({ length: partitions }, (_, partition) => {
    // Each time all brokers had a leader, the followers begin one further on.
    const shift = Math.floor(partition / line.length);
    const leader = (start + partition) % line.length;
    const others = Array.from({ length: line.length - 1 }, (_each, index) => {
      const turned = (index + shift) % (line.length - 1);
      return line[(leader + 1 + turned) % line.length]!;
    });
    return pick(line[leader]!, others, replicas);
  });
}

/** Brokers of unused racks first. */
function pick(leader: UsableBroker, others: readonly UsableBroker[], count: number): number[] {
  const picked = [leader];
  const rest = [...others];
  while (picked.length < count) {
    const racks = new Set(picked.map(({ rack }) => rack));
    const index = Math.max(
      rest.findIndex(({ rack }) => rack !== null && !racks.has(rack)),
      0,
    );
    picked.push(...rest.splice(index, 1));
  }
  return picked.map(({ brokerId }) => brokerId);
}

/** One broker of each rack after another. */
function interleaved(brokers: readonly UsableBroker[]): UsableBroker[] {
  const racks = [...Map.groupBy(brokers, ({ rack }) => rack).values()];
  const most = Math.max(...racks.map((rack) => rack.length));
  return Array.from({ length: most }, (_, index) => racks.flatMap((rack) => rack[index] ?? [])).flat();
}
