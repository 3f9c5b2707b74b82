// Where the replicas of new partitions go. The aims are those of Kafka's StripedReplicaPlacer: first as many racks as possible, then brokers
// that are not fenced, then evenly, leaders and followers alike. The leader is never on a fenced broker.
// The way differs: each replica goes to the best broker by these aims in order, ties broken by a ring that starts at a random place and
// shifts from partition to partition, so that the same brokers do not always meet.

import type { Random } from "@ottla/base";
import type { BrokerImage } from "../image/image-types.ts";
import { UNASSIGNED_DIRECTORY } from "../image/partition-image.ts";

export interface PlacementRequest {
  readonly partitions: number;
  readonly replicationFactor: number;
}

export type Placement =
  | {
      readonly ok: true;
      /** For each partition its replicas, the leader first. */ readonly replicas: readonly number[][];
    }
  | { readonly ok: false; readonly reason: string };

/** How many replicas each broker got so far, and where it stands in the ring. */
interface Seat {
  readonly broker: BrokerImage;
  readonly position: number;
  leaders: number;
  replicas: number;
}

/** Brokers that are stopping, or whose folders are all cordoned (KIP-1066), get nothing. */
export function usableBrokers(brokers: readonly BrokerImage[]): BrokerImage[] {
  return brokers.filter((broker) => !broker.inControlledShutdown && openDirectories(broker).length > 0);
}

export function placeReplicas(request: PlacementRequest, brokers: readonly BrokerImage[], random: Random): Placement {
  const usable = usableBrokers(brokers);
  if (request.replicationFactor > usable.length) {
    return { ok: false, reason: `the cluster has only ${usable.length} usable broker(s)` };
  }
  if (usable.every(({ fenced }) => fenced)) return { ok: false, reason: "all brokers are fenced now" };
  const seats = seatAtRandom(usable, random);
  const replicas: number[][] = [];
  for (let partition = 0; partition < request.partitions; partition++) {
    replicas.push(placePartition(seats, partition, request.replicationFactor));
  }
  return { ok: true, replicas };
}

/** The directory to record for a replica on `broker`: known only when there is no choice (KIP-858). */
export function directoryFor(broker: BrokerImage | undefined): string {
  const directories = broker === undefined ? [] : openDirectories(broker);
  return directories.length === 1 ? directories[0]! : UNASSIGNED_DIRECTORY;
}

function openDirectories(broker: BrokerImage): readonly string[] {
  // Registrations from before KIP-858 name no directories; such a broker has one that nobody knows of.
  if (broker.logDirs.length === 0) return [UNASSIGNED_DIRECTORY];
  const cordoned = broker.cordonedLogDirs ?? [];
  return broker.logDirs.filter((directory) => !cordoned.includes(directory));
}

function seatAtRandom(brokers: readonly BrokerImage[], random: Random): Seat[] {
  const start = random.uint32() % brokers.length;
  return brokers.map((broker, index) => ({
    broker,
    position: (index + start) % brokers.length,
    leaders: 0,
    replicas: 0,
  }));
}

function placePartition(seats: readonly Seat[], partition: number, replicationFactor: number): number[] {
  const leader = best(
    seats.filter(({ broker }) => !broker.fenced),
    (seat) => [seat.leaders, seat.replicas, seat.position],
  );
  leader.leaders++;
  const chosen = [leader];
  const perRack = new Map([[leader.broker.rack, 1]]);
  while (chosen.length < replicationFactor) {
    const free = seats.filter((seat) => !chosen.includes(seat));
    const next = best(free, (seat) => [
      perRack.get(seat.broker.rack) ?? 0,
      seat.broker.fenced ? 1 : 0,
      seat.replicas,
      (seat.position + partition) % seats.length,
    ]);
    chosen.push(next);
    perRack.set(next.broker.rack, (perRack.get(next.broker.rack) ?? 0) + 1);
  }
  for (const seat of chosen) seat.replicas++;
  return chosen.map(({ broker }) => broker.id);
}

/** The seat with the smallest ranks, compared from the first on. */
function best(seats: readonly Seat[], ranksOf: (seat: Seat) => readonly number[]): Seat {
  let found = seats[0]!;
  let foundRanks = ranksOf(found);
  for (const seat of seats.slice(1)) {
    const ranks = ranksOf(seat);
    const differs = ranks.findIndex((rank, index) => rank !== foundRanks[index]);
    if (differs < 0 || ranks[differs]! > foundRanks[differs]!) continue;
    found = seat;
    foundRanks = ranks;
  }
  return found;
}
