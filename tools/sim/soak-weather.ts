// The faults of a soak: storms of some seconds, each a few rules drawn from the seed, and calm in between. Only faults that a client has to
// live with: what it may take for final (an authorization that fails, a fenced producer) is not among them.

import type { SeededRandom } from "@ottla/base";
import type { ApiName, FaultHandle, FaultRule, TestBroker } from "@ottla/testkit";

const GROUP_APIS: readonly ApiName[] = [
  "JoinGroup",
  "SyncGroup",
  "Heartbeat",
  "LeaveGroup",
  "OffsetCommit",
  "OffsetFetch",
  "ConsumerGroupHeartbeat",
];
const TRANSACTION_APIS: readonly ApiName[] = [
  "InitProducerId",
  "AddPartitionsToTxn",
  "AddOffsetsToTxn",
  "EndTxn",
  "TxnOffsetCommit",
];
const RULES_MOST = 4;

type Draw = (random: SeededRandom) => FaultRule;

const kinds: readonly (readonly [name: string, draw: Draw])[] = [
  ["disconnects", (random) => ({ probability: rare(random), action: { drop: "connection" } })],
  ["lost answers", (random) => ({ probability: rare(random), action: { loseAnswer: true } })],
  ["cut frames", (random) => ({ probability: rare(random), action: { cutFrame: random.below(60) } })],
  ["delays", (random) => ({ probability: often(random), action: { delayMs: 5 + random.below(200) } })],
  ["throttles", (random) => ({ probability: often(random), action: { throttleMs: 20 + random.below(300) } })],
  ["a hanging connection", (random) => ({ nth: 1 + random.below(200), action: { hang: true } })],
  ["a hanging group", (random) => ({ api: GROUP_APIS, nth: 1 + random.below(10), action: { hang: true } })],
  ["lost acknowledgements", (random) => ({ api: "Produce", probability: often(random), action: { loseAnswer: true } })],
  [
    "leaders that move, for Produce",
    (random) => ({ api: "Produce", probability: often(random), action: { error: "NOT_LEADER_OR_FOLLOWER" } }),
  ],
  [
    "a partition that moves",
    (random) => ({
      api: ["Produce", "Fetch", "ListOffsets"],
      partition: random.below(4),
      probability: 0.5,
      action: { error: "NOT_LEADER_OR_FOLLOWER" },
    }),
  ],
  [
    "too few replicas",
    (random) => ({
      api: "Produce",
      probability: often(random),
      action: { error: random.pick(["NOT_ENOUGH_REPLICAS", "REQUEST_TIMED_OUT", "KAFKA_STORAGE_ERROR"] as const) },
    }),
  ],
  [
    "leaders that move, for Fetch",
    (random) => ({
      api: "Fetch",
      probability: often(random),
      action: {
        error: random.pick(["NOT_LEADER_OR_FOLLOWER", "UNKNOWN_TOPIC_OR_PARTITION", "KAFKA_STORAGE_ERROR"] as const),
      },
    }),
  ],
  [
    "fetch sessions that are gone",
    (random) => ({ api: "Fetch", probability: often(random), action: { error: "FETCH_SESSION_ID_NOT_FOUND" } }),
  ],
  ["corrupt batches", (random) => ({ probability: rare(random), action: { corruptBatch: true } })],
  [
    "group coordinators that move",
    (random) => ({ api: GROUP_APIS, probability: often(random), action: { error: drawCoordinatorError(random) } }),
  ],
  [
    "lost answers of group coordinators",
    (random) => ({ api: GROUP_APIS, probability: often(random), action: { loseAnswer: true } }),
  ],
  [
    "transaction coordinators that move",
    (random) => ({
      api: TRANSACTION_APIS,
      probability: often(random),
      action: { error: drawCoordinatorError(random) },
    }),
  ],
  [
    "lost answers of transaction coordinators",
    (random) => ({ api: TRANSACTION_APIS, probability: often(random), action: { loseAnswer: true } }),
  ],
  [
    "coordinators that are not found",
    (random) => ({
      api: "FindCoordinator",
      probability: often(random),
      action: { error: "COORDINATOR_NOT_AVAILABLE" },
    }),
  ],
];

export class Weather {
  private readonly broker: TestBroker;
  private readonly random: SeededRandom;
  private faults: FaultHandle[] = [];
  private total = 0;

  constructor(broker: TestBroker, random: SeededRandom) {
    this.broker = broker;
    this.random = random;
  }

  /** How many requests were hit so far. */
  get hits(): number {
    return this.faults.reduce((sum, { hits }) => sum + hits, this.total);
  }

  /** Answers what it is made of. */
  storm(): string {
    const drawn = new Set(Array.from({ length: 2 + this.random.below(RULES_MOST - 1) }, () => this.random.pick(kinds)));
    for (const [, draw] of drawn) this.faults.push(this.broker.faults.add(draw(this.random)));
    return [...drawn].map(([name]) => name).join(", ");
  }

  /** The client of this id gets no answers, until it is calm. */
  freeze(clientId: string): void {
    this.faults.push(this.broker.faults.add({ clientId, action: { hang: true } }));
  }

  calm(): void {
    this.total = this.hits;
    for (const fault of this.faults) fault.remove();
    this.faults = [];
  }
}

function rare(random: SeededRandom): number {
  return 0.002 + random.below(30) / 1_000;
}

function often(random: SeededRandom): number {
  return 0.05 + random.below(300) / 1_000;
}

function drawCoordinatorError(
  random: SeededRandom,
): "NOT_COORDINATOR" | "COORDINATOR_NOT_AVAILABLE" | "COORDINATOR_LOAD_IN_PROGRESS" {
  return random.pick(["NOT_COORDINATOR", "COORDINATOR_NOT_AVAILABLE", "COORDINATOR_LOAD_IN_PROGRESS"] as const);
}
