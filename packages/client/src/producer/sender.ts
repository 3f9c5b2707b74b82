// Sends what the accumulator has: which batches go to which broker in one request, and when. Answers go to BatchOutcomes.
//
// When: with no request under way to a broker, all there is goes out at the end of the event loop's turn, so a lone awaited `send` waits for
// nothing. With some under way, only full batches and those that have waited for `lingerMs`: the others have company by the time the next
// answer comes (Nagle's rule, with the linger as its bound). With `maxInFlight` under way, everything waits, and batches grow meanwhile.
// "The end of the turn" is a microtask: whoever goes on because of the same answer has called `send` by then.

import type { Timer } from "@ottla/base";
import { ZERO_UUID } from "@ottla/base";
import { produceApi } from "@ottla/protocol/messages/00-produce.ts";
import type { ProduceResponse } from "@ottla/protocol/messages/00-produce.ts";
import { KafkaError } from "../errors.ts";
import type { BrokerNode, Cluster } from "../network/cluster.ts";
import { asKafkaError } from "./as-kafka-error.ts";
import type { Accumulator } from "./accumulator.ts";
import type { Batch } from "./batch.ts";
import type { BatchOutcomes } from "./batch-outcomes.ts";
import { Destinations } from "./destinations.ts";
import type { Destination } from "./destinations.ts";
import { ProduceRequestPlan } from "./produce-request.ts";
import type { PartitionAnswer } from "./produce-request.ts";
import type { ProducerMeters } from "./producer-meters.ts";
import type { ResolvedProducerOptions } from "./producer-options.ts";
import type { Sequencing } from "./sequencing.ts";

export interface SenderParts {
  readonly cluster: Cluster;
  readonly accumulator: Accumulator;
  readonly outcomes: BatchOutcomes;
  readonly sequencing: Sequencing;
  readonly meters: ProducerMeters;
  readonly options: ResolvedProducerOptions;
  readonly lane: string;
  /** Whether records wait for memory: then nothing lingers. */
  readonly isStarved: () => boolean;
  /** Called after batches have ended and memory may be free. */
  readonly onProgress: () => void;
}

export class Sender {
  private readonly parts: SenderParts;
  private readonly destinations: Destinations;
  private isScheduled = false;
  private isStopped = false;
  private wakeTimer: Timer | null = null;
  private wakeAtMs = Infinity;
  private expiryTimer: Timer | null = null;
  private isRefreshing = false;
  private requestsOut = 0;
  private readonly awaitingQuiet: (() => void)[] = [];

  constructor(parts: SenderParts) {
    this.parts = parts;
    this.destinations = new Destinations(parts.options.maxInFlight);
  }

  /** Sends at the end of this turn of the event loop. */
  drainSoon(): void {
    if (this.isScheduled || this.isStopped) return;
    this.isScheduled = true;
    queueMicrotask(() => {
      this.isScheduled = false;
      this.drain();
    });
  }

  /** Sends what may be sent now. */
  drain(): void {
    const { accumulator, sequencing, cluster } = this.parts;
    if (this.isStopped || accumulator.pending.size === 0) return;
    const nowMs = cluster.clock.monotonicMs();
    this.watchExpiry(nowMs);
    if (!sequencing.prepare()) return;
    while (this.collect(nowMs)) this.sendCollected(nowMs);
  }

  /** Whether the broker could take a request at once: worth sending in the middle of a turn. */
  hasRoom(nodeId: number): boolean {
    return this.destinations.hasRoom(nodeId);
  }

  /** Has had data for this broker for so long without sending any (partitioner.availability.timeout.ms). */
  stalledForMs(nodeId: number, nowMs: number): number {
    return this.destinations.stalledForMs(nodeId, nowMs);
  }

  /** Resolves when no request is out. */
  quiet(): Promise<void> {
    if (this.requestsOut === 0) return Promise.resolve();
    return new Promise((resolve) => void this.awaitingQuiet.push(resolve));
  }

  /** Answers of requests that are still out are dealt with, but nothing more is sent. */
  stop(): void {
    this.isStopped = true;
    this.wakeTimer?.cancel();
    this.expiryTimer?.cancel();
  }

  /** Finds what could go where; true when some broker should get a request. */
  private collect(nowMs: number): boolean {
    const { accumulator, sequencing, options } = this.parts;
    let isAny = false;
    let isLeaderless = false;
    for (const partition of accumulator.pending) {
      if (partition.leaderId < 0) {
        isLeaderless = true;
        continue;
      }
      if (!sequencing.maySend(partition)) continue;
      const batch = partition.nextToSend(sequencing.identity, options.maxInFlight, sequencing.gapsAreRefused);
      if (batch === null || this.isBackingOff(batch, nowMs)) continue;
      const destination = this.destinations.of(partition.leaderId);
      if (!this.takesMore(destination, nowMs)) continue;
      this.destinations.nominate(destination, batch);
      destination.isReady ||= this.isReady(batch, destination, nowMs);
      isAny ||= destination.isReady;
    }
    if (isLeaderless) this.refreshMetadata();
    if (!isAny) this.destinations.clear();
    return isAny;
  }

  private takesMore(destination: Destination, nowMs: number): boolean {
    if (destination.throttledUntilMs > nowMs) {
      this.wakeAt(destination.throttledUntilMs, nowMs);
    } else if (this.destinations.isOpen(destination)) {
      destination.stalledSinceMs = null;
      return true;
    }
    destination.stalledSinceMs ??= nowMs;
    return false;
  }

  private isBackingOff(batch: Batch, nowMs: number): boolean {
    if (batch.retryAtMs <= nowMs) return false;
    const { leaderId, leaderEpoch } = batch.partition;
    // A new leader is tried at once (KIP-951).
    if (leaderId !== batch.sentToLeader || leaderEpoch > batch.sentToLeaderEpoch) return false;
    this.wakeAt(batch.retryAtMs, nowMs);
    return true;
  }

  private isReady(batch: Batch, destination: Destination, nowMs: number): boolean {
    const { accumulator, sequencing, options, isStarved } = this.parts;
    if (destination.inFlight === 0 || batch.attempts > 0 || batch.state !== "open") return true;
    if (batch.sizeInBytes >= options.batchSizeBytes) return true;
    if (accumulator.flushing > 0 || sequencing.isHurried || isStarved()) return true;
    const dueMs = batch.createdMs + options.lingerMs;
    if (dueMs <= nowMs) return true;
    this.wakeAt(dueMs, nowMs);
    return false;
  }

  private sendCollected(nowMs: number): void {
    for (const destination of this.destinations.nominated)
      if (destination.isReady) this.send(destination, this.fitting(destination.candidates), nowMs);
    this.destinations.clear();
  }

  // Those behind the first that has no room in the request keep their turn.
  private fitting(candidates: readonly Batch[]): Batch[] {
    const { accumulator, sequencing, options } = this.parts;
    const batches: Batch[] = [];
    let bytes = 0;
    for (const batch of candidates) {
      const { partition } = batch;
      if (bytes + batch.wireBytes > options.maxRequestBytes && batches.length > 0) break;
      if (batch === partition.open) partition.closeOpen();
      const { identity } = sequencing;
      if (identity !== null && !batch.hasSequence) {
        batch.isTransactional = sequencing.transactionalId !== null;
        partition.sequences.assign(batch, identity);
      }
      batch.enter("inFlight");
      partition.inFlight++;
      accumulator.rotate(partition);
      bytes += batch.wireBytes;
      batches.push(batch);
    }
    return batches;
  }

  private send(destination: Destination, batches: readonly Batch[], nowMs: number): void {
    const { cluster, meters, options, sequencing, lane } = this.parts;
    const { topics } = cluster.metadata;
    const plan = new ProduceRequestPlan(batches, (topic) => topics.get(topic)?.topicId ?? ZERO_UUID);
    for (const batch of batches) {
      batch.attempts++;
      batch.sentMs = nowMs;
      batch.sentToLeader = batch.partition.leaderId;
      batch.sentToLeaderEpoch = batch.partition.leaderEpoch;
    }
    meters.requestSent(batches, nowMs);
    destination.inFlight++;
    this.requestsOut++;
    const { acks, requestTimeoutMs } = options;
    const { transactionalId } = sequencing;
    const maxVersion = smaller(plan.maxVersion, sequencing.maxProduceVersion);
    cluster
      .send(destination.nodeId, produceApi, () => plan.fields({ acks, timeoutMs: requestTimeoutMs, transactionalId }), {
        lane,
        timeoutMs: requestTimeoutMs,
        noResponse: acks === 0,
        ...(maxVersion === undefined ? {} : { maxVersion }),
      })
      .then(
        (response) => this.answered(destination, plan, response as ProduceResponse | undefined, nowMs),
        (error: unknown) => this.lost(destination, plan, error),
      );
  }

  private answered(
    destination: Destination,
    plan: ProduceRequestPlan,
    response: ProduceResponse | undefined,
    sentMs: number,
  ): void {
    const { cluster, meters, outcomes, options } = this.parts;
    const nowMs = cluster.clock.monotonicMs();
    destination.inFlight--;
    destination.isWarm = true;
    if (options.acks === 0 || response === undefined) {
      meters.requestEnded(null, 0);
      for (const batch of plan.batches) outcomes.handedOver(batch);
    } else {
      meters.requestEnded(nowMs - sentMs, response.throttleTimeMs);
      if (response.throttleTimeMs > 0) destination.throttledUntilMs = nowMs + response.throttleTimeMs;
      const answers = plan.answers(response);
      this.noteLeaders(plan, answers, response.nodeEndpoints);
      for (let index = 0; index < answers.length; index++) this.settle(plan.batches[index]!, answers[index]!, nowMs);
    }
    this.requestEnded();
  }

  private settle(batch: Batch, answer: PartitionAnswer | null, nowMs: number): void {
    const { outcomes } = this.parts;
    if (answer !== null) return outcomes.answered(batch, answer, nowMs);
    const error = new KafkaError("the broker's answer leaves out a partition", {
      code: "INVALID_RESPONSE",
      retriable: true,
    });
    outcomes.unanswered(batch, error, nowMs);
  }

  private lost(destination: Destination, plan: ProduceRequestPlan, error: unknown): void {
    const { cluster, meters, outcomes } = this.parts;
    const nowMs = cluster.clock.monotonicMs();
    destination.inFlight--;
    destination.isWarm = false;
    meters.requestEnded(null, 0);
    for (const batch of plan.batches)
      outcomes.unanswered(batch, asKafkaError(error, "the request could not be sent"), nowMs);
    this.refreshMetadata();
    this.requestEnded();
  }

  private requestEnded(): void {
    this.requestsOut--;
    if (this.requestsOut === 0) for (const resolve of this.awaitingQuiet.splice(0)) resolve();
    this.progressed();
  }

  private progressed(): void {
    this.parts.onProgress();
    // No timer keeps a process alive that has nothing to wait for.
    if (this.parts.accumulator.incomplete.size === 0) this.expiryTimer = cancelled(this.expiryTimer);
    this.drainSoon();
  }

  // KIP-951: the answer itself tells who leads now; else somebody has to be asked.
  private noteLeaders(
    plan: ProduceRequestPlan,
    answers: readonly (PartitionAnswer | null)[],
    nodes: readonly BrokerNode[],
  ): void {
    const { leaders, isOutdated } = plan.leadersTold(answers);
    if (leaders.length > 0) this.parts.cluster.applyLeaders(leaders, nodes);
    if (isOutdated) this.refreshMetadata();
  }

  // The producer listens to metadata; a failure is tried again as long as something waits for it.
  private refreshMetadata(): void {
    if (this.isRefreshing) return;
    this.isRefreshing = true;
    const { cluster, accumulator } = this.parts;
    const again = (): void => {
      this.isRefreshing = false;
      const nowMs = cluster.clock.monotonicMs();
      if (accumulator.pending.size > 0) this.wakeAt(nowMs + cluster.backoffMs(0), nowMs);
    };
    cluster.refreshMetadata().then(again, again);
  }

  private wakeAt(dueMs: number, nowMs: number): void {
    if (dueMs >= this.wakeAtMs || this.isStopped) return;
    this.wakeTimer?.cancel();
    this.wakeAtMs = dueMs;
    this.wakeTimer = this.parts.cluster.clock.schedule(Math.max(0, dueMs - nowMs), () => {
      this.wakeTimer = null;
      this.wakeAtMs = Infinity;
      this.drain();
    });
  }

  private watchExpiry(nowMs: number): void {
    if (this.expiryTimer !== null) return;
    const { accumulator, options, cluster } = this.parts;
    let oldestMs = Infinity;
    for (const batch of accumulator.incomplete) {
      oldestMs = Math.min(oldestMs, batch.createdMs);
      if (!batch.isSplit) break;
    }
    if (oldestMs === Infinity) return;
    const delayMs = Math.max(0, oldestMs + options.deliveryTimeoutMs - nowMs);
    this.expiryTimer = cluster.clock.schedule(delayMs, () => {
      this.expiryTimer = null;
      this.expire();
    });
  }

  private expire(): void {
    const { accumulator, options, cluster, outcomes } = this.parts;
    const nowMs = cluster.clock.monotonicMs();
    for (const batch of accumulator.incomplete)
      if (batch.createdMs + options.deliveryTimeoutMs <= nowMs) outcomes.expire(batch, nowMs);
    this.watchExpiry(nowMs);
    this.progressed();
  }
}

function cancelled(timer: Timer | null): null {
  timer?.cancel();
  return null;
}

function smaller(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.min(one, other);
}
