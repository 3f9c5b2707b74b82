// Order and exactly-once of an idempotent producer under everything that can go wrong between it and a log that keeps Kafka's rules:
// first named cases, then many seeds of chance. A seed that fails is run again with SEED=n.

import assert from "node:assert/strict";
import { test } from "node:test";
import { errorCodes } from "@ottla/protocol";
import type { KafkaError } from "../src/errors.ts";
import { Producer } from "../src/producer/producer.ts";
import type { ProducerOptions } from "../src/producer/producer-options.ts";
import { runUntil, SimulatedCluster } from "./support/simulated-cluster.ts";
import type { Fate } from "./support/simulated-cluster.ts";

/** Batches of one record each, so that requests can be counted. */
const oneByOne: ProducerOptions = { batchSizeBytes: 1, maxBatchBytes: 1, lingerMs: 0 };

interface Case {
  readonly name: string;
  /** By number of the Produce request, from 0. */
  readonly fates: Readonly<Record<number, Fate>>;
  readonly options?: ProducerOptions;
  readonly log?: readonly string[];
  readonly outcomes?: readonly string[];
  readonly epochs?: readonly number[];
}

const ok = ["0", "1", "2", "3", "4", "5"];
const cases: readonly Case[] = [
  { name: "nothing fails", fates: {}, epochs: [0, 0, 0, 0, 0, 0] },
  {
    name: "a retriable error of the second: those behind are out of order, and all is tried again",
    fates: { 1: { error: errorCodes.NOT_ENOUGH_REPLICAS } },
  },
  {
    name: "written, but the broker says otherwise: the retry is known as a duplicate",
    fates: { 1: { errorAfterWriting: errorCodes.NOT_ENOUGH_REPLICAS_AFTER_APPEND } },
  },
  { name: "the connection ends before the third", fates: { 2: { disconnect: "before" } } },
  { name: "the connection ends after the third was written", fates: { 2: { disconnect: "after" } } },
  {
    name: "two connections in a row end after writing",
    fates: { 1: { disconnect: "after" }, 2: { disconnect: "after" }, 3: { disconnect: "after" } },
  },
  { name: "a throttle is waited out", fates: { 1: { throttleMs: 500 } } },
  {
    name: "a batch that is refused for good leaves a gap, which a new epoch closes",
    fates: { 2: { error: errorCodes.INVALID_RECORD } },
    log: ["0", "1", "3", "4", "5"],
    outcomes: ["0", "1", "INVALID_RECORD", "2", "3", "4"],
    epochs: [0, 0, 1, 1, 1],
  },
  {
    name: "a duplicate that the broker has no offset of any more counts as written",
    fates: { 1: { errorAfterWriting: errorCodes.DUPLICATE_SEQUENCE_NUMBER } },
    outcomes: ["0", "-1", "2", "3", "4", "5"],
  },
  {
    name: "an epoch that the broker does not take fails its batch alone",
    fates: { 0: { error: errorCodes.INVALID_PRODUCER_EPOCH } },
    log: ["1", "2", "3", "4", "5"],
    outcomes: ["INVALID_PRODUCER_EPOCH", "0", "1", "2", "3", "4"],
  },
  {
    name: "with one request in flight order is kept without sequences",
    options: { idempotent: false, maxInFlight: 1 },
    fates: { 1: { error: errorCodes.NOT_ENOUGH_REPLICAS } },
    epochs: [-1, -1, -1, -1, -1, -1],
  },
];

for (const { name, fates, options = {}, log = ok, outcomes = ok, epochs } of cases) {
  test(name, async () => {
    let request = 0;
    const simulation = new SimulatedCluster({ fate: () => fates[request++] ?? {} });
    const producer = new Producer(simulation.cluster, { ...oneByOne, ...options });
    const results = await outcomesOf(simulation, producer, ok);
    assert.deepEqual(simulation.logs[0], log);
    assert.deepEqual(results, outcomes);
    if (epochs !== undefined) assert.deepEqual(simulation.epochs[0], epochs);
    await closed(simulation, producer);
  });
}

test("a new leader is tried at once, and nothing is lost or doubled", async () => {
  const simulation = new SimulatedCluster({ brokers: 2 });
  const producer = new Producer(simulation.cluster, oneByOne);
  const first = await outcomesOf(simulation, producer, ["a", "b"]);
  simulation.moveLeader(0, 2);
  const second = await outcomesOf(simulation, producer, ["c", "d", "e", "f", "g"]);
  assert.deepEqual([...first, ...second], ["0", "1", "2", "3", "4", "5", "6"]);
  assert.deepEqual(simulation.logs[0], ["a", "b", "c", "d", "e", "f", "g"]);
  await closed(simulation, producer);
});

test("a leader told in the answer is believed at once", async () => {
  const simulation = new SimulatedCluster({ brokers: 2, tellsLeaders: true });
  const producer = new Producer(simulation.cluster, oneByOne);
  await outcomesOf(simulation, producer, ["a"]);
  simulation.moveLeader(0, 2);
  const startedMs = simulation.clock.monotonicMs();
  const requests = simulation.produceRequests;
  assert.deepEqual(await outcomesOf(simulation, producer, ["b"]), ["1"]);
  assert.deepEqual(simulation.appliedLeaders, [{ topic: "t", partition: 0, leaderId: 2, leaderEpoch: 1 }]);
  assert.equal(simulation.produceRequests, requests + 2);
  assert.equal(simulation.clock.monotonicMs() - startedMs < simulation.backoffMs(0), true);
  await closed(simulation, producer);
});

test("records that the broker blames get its words, and those in bad company are told so", async () => {
  const blamed = [{ batchIndex: 1, batchIndexErrorMessage: "no key in a compacted topic" }];
  let isFirst = true;
  const simulation = new SimulatedCluster({
    fate: () => {
      const fate = isFirst ? { error: errorCodes.INVALID_RECORD, recordErrors: blamed } : {};
      isFirst = false;
      return fate;
    },
  });
  const producer = new Producer(simulation.cluster);
  const outcomes: KafkaError[] = [];
  for (const value of ["a", "b", "c"])
    producer.send({ topic: "t", partition: 0, value }).catch((error: KafkaError) => outcomes.push(error));
  await runUntil(simulation, () => outcomes.length === 3);
  assert.deepEqual(
    outcomes.map(({ code }) => code),
    ["BATCH_REFUSED", "INVALID_RECORD", "BATCH_REFUSED"],
  );
  assert.equal(outcomes[1]!.message, "no key in a compacted topic");
  assert.deepEqual(await outcomesOf(simulation, producer, ["d"]), ["0"]);
  assert.deepEqual(simulation.epochs[0], [1]);
  await closed(simulation, producer);
});

test("a producer id is asked for again while errors are retriable; one that is not fails the records, and the next try may succeed", async () => {
  const { COORDINATOR_LOAD_IN_PROGRESS, CLUSTER_AUTHORIZATION_FAILED } = errorCodes;
  const simulation = new SimulatedCluster({
    initErrors: [COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_LOAD_IN_PROGRESS, CLUSTER_AUTHORIZATION_FAILED],
  });
  const producer = new Producer(simulation.cluster);
  assert.deepEqual(await outcomesOf(simulation, producer, ["a"]), ["CLUSTER_AUTHORIZATION_FAILED"]);
  assert.deepEqual(await outcomesOf(simulation, producer, ["b"]), ["0"]);
  assert.equal(simulation.initRequests, 4);
  await closed(simulation, producer);
});

test("a broker that forgot the producer takes what comes", async () => {
  const simulation = new SimulatedCluster();
  const producer = new Producer(simulation.cluster, oneByOne);
  await outcomesOf(simulation, producer, ["a", "b"]);
  simulation.forgetProducer(0);
  await outcomesOf(simulation, producer, ["c", "d"]);
  assert.deepEqual(simulation.logs[0], ["a", "b", "c", "d"]);
  await closed(simulation, producer);
});

test("records given up with an unknown fate cost an epoch, and those behind them are written once", async () => {
  let isDown = false;
  const simulation = new SimulatedCluster({ fate: () => (isDown ? { disconnect: "before" } : {}) });
  const producer = new Producer(simulation.cluster, {
    ...oneByOne,
    maxInFlight: 2,
    requestTimeoutMs: 100,
    deliveryTimeoutMs: 200,
  });
  await outcomesOf(simulation, producer, ["a"]);
  isDown = true;
  const lost = producer.send({ topic: "t", partition: 0, value: "lost" }).catch((error: KafkaError) => error.code);
  await runUntil(simulation, () => false, 150);
  const kept = outcomesOf(simulation, producer, ["kept"]);
  await runUntil(simulation, () => false, 60);
  isDown = false;
  assert.equal(await lost, "DELIVERY_TIMEOUT");
  assert.deepEqual(await kept, [String(simulation.logs[0]!.indexOf("kept"))]);
  assert.deepEqual(
    simulation.logs[0]!.filter((value) => value !== "lost"),
    ["a", "kept"],
  );
  assert.equal(simulation.epochs[0]!.at(-1)! >= 0, true);
  await closed(simulation, producer);
});

test("a batch that is too large is split, though others are in flight behind it", async () => {
  const simulation = new SimulatedCluster({ maxBatchBytes: 400 });
  const producer = new Producer(simulation.cluster, { batchSizeBytes: 2000, maxBatchBytes: 2000, lingerMs: 0 });
  const values = Array.from({ length: 200 }, (_, index) => `value ${index}`);
  const results = await outcomesOf(simulation, producer, values);
  assert.deepEqual(simulation.logs[0], values);
  assert.deepEqual(
    results,
    values.map((_, index) => String(index)),
  );
  await closed(simulation, producer);
});

test("batches whose fate nobody knows when the client closes are rejected, and memory is free", async () => {
  const simulation = new SimulatedCluster({ fate: () => ({ delayMs: 50_000 }) });
  const producer = new Producer(simulation.cluster, oneByOne);
  const sent = producer.send({ topic: "t", partition: 0, value: "v" }).catch((error: KafkaError) => error.code);
  let isClosed = false;
  const closing = producer.close({ timeoutMs: 1000 }).then(() => (isClosed = true));
  await runUntil(simulation, () => isClosed, 2000);
  assert.equal(isClosed, true);
  await closing;
  assert.equal(await sent, "CLOSED");
});

const seeds =
  process.env["SEED"] === undefined
    ? Array.from({ length: Number(process.env["SEEDS"] ?? 150) }, (_, at) => at + 1)
    : [Number(process.env["SEED"])];
test("chance: nothing lost, nothing doubled, nothing out of order", async () => {
  for (const seed of seeds) {
    try {
      await chance(seed);
    } catch (error) {
      throw new Error(`SEED=${seed}`, { cause: error });
    }
  }
});

/** Sends for a while while everything breaks by chance, then lets it heal, and compares the logs with what the sender was told. */
async function chance(seed: number): Promise<void> {
  let isBroken = true;
  const partitions = 1 + (seed % 3);
  const brokers = 1 + (seed % 2);
  const isImpatient = seed % 5 === 0;
  const simulation = new SimulatedCluster({
    seed,
    partitions,
    brokers,
    maxBatchBytes: seed % 4 === 0 ? 300 : 100_000,
    fate: () => (isBroken ? randomFate(simulation) : { delayMs: 1 }),
  });
  const { random } = simulation;
  const producer = new Producer(simulation.cluster, {
    batchSizeBytes: random.pick([1, 200, 1000]),
    maxBatchBytes: 1000,
    lingerMs: random.pick([0, 5]),
    maxInFlight: 1 + random.below(5),
    requestTimeoutMs: 100,
    deliveryTimeoutMs: isImpatient ? 250 : 100_000,
  });
  const outcomes = new Map<string, string>();
  const counts = simulation.logs.map(() => 0);
  for (let step = 0; step < 120; step++) {
    for (let burst = random.below(4); burst > 0; burst--) {
      const partition = random.below(partitions);
      const value = `${partition}/${counts[partition]!++}`;
      producer.send({ topic: "t", partition, value }).then(
        ({ offset }) => outcomes.set(value, String(offset)),
        (error: KafkaError) => outcomes.set(value, error.code),
      );
    }
    if (random.chance(0.05)) simulation.moveLeader(random.below(partitions), 1 + random.below(brokers));
    await runUntil(simulation, () => false, 1 + random.below(6));
  }
  isBroken = false;
  const sent = counts.reduce((sum, count) => sum + count, 0);
  await runUntil(simulation, () => outcomes.size === sent, 200_000);
  assert.equal(outcomes.size, sent, "every record has an outcome");
  for (const [partition, log] of simulation.logs.entries()) {
    const numbers = log.map((value) => Number(value.split("/")[1]));
    for (let at = 1; at < numbers.length; at++)
      assert.equal(
        numbers[at]! > numbers[at - 1]!,
        true,
        `partition ${partition}: ${numbers[at - 1]} before ${numbers[at]}`,
      );
    for (let number = 0; number < counts[partition]!; number++) {
      const outcome = outcomes.get(`${partition}/${number}`)!;
      const at = log.indexOf(`${partition}/${number}`);
      if (/^\d+$/.test(outcome))
        assert.equal(at, Number(outcome), `${partition}/${number} is where the sender was told`);
      else assert.equal(isImpatient && outcome === "DELIVERY_TIMEOUT", true, `${partition}/${number}: ${outcome}`);
    }
  }
  await closed(simulation, producer);
}

function randomFate({ random }: SimulatedCluster): Fate {
  const delayMs = 1 + random.below(10);
  if (random.chance(0.6)) return { delayMs };
  return {
    delayMs,
    ...random.pick<Fate>([
      { error: errorCodes.NOT_ENOUGH_REPLICAS },
      { error: errorCodes.NOT_LEADER_OR_FOLLOWER },
      { errorAfterWriting: errorCodes.NOT_ENOUGH_REPLICAS_AFTER_APPEND },
      { errorAfterWriting: errorCodes.REQUEST_TIMED_OUT },
      { disconnect: "before" },
      { disconnect: "after" },
      { throttleMs: 20 },
      { delayMs: 150 },
    ]),
  };
}

/** Offsets, or the codes of errors, in the order of the values. */
async function outcomesOf(
  simulation: SimulatedCluster,
  producer: Producer,
  values: readonly string[],
): Promise<string[]> {
  const outcomes = values.map(() => "");
  let settled = 0;
  for (const [index, value] of values.entries()) {
    const end = (outcome: string): void => {
      outcomes[index] = outcome;
      settled++;
    };
    producer.send({ topic: "t", partition: 0, value }).then(
      ({ offset }) => end(String(offset)),
      (error: KafkaError) => end(error.code),
    );
  }
  await runUntil(simulation, () => settled === values.length);
  return outcomes;
}

async function closed(simulation: SimulatedCluster, producer: Producer): Promise<void> {
  let isClosed = false;
  const closing = producer.close().then(() => (isClosed = true));
  await runUntil(simulation, () => isClosed);
  await closing;
}
