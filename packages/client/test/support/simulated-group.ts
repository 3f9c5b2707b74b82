// Members of one group in a simulation: they own, read, commit what they have read, close, are killed, come back, are slow; the network loses and the
// coordinator moves. What must never be is noted as a sentence; the same seed gives the same run.

import { SeededRandom } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import type { AssignorName } from "../../src/consumer/group/assignors/resolve-assignors.ts";
import type { TopicPartition } from "../../src/records.ts";
import { allRead, GroupReader, keyOf } from "./group-reader.ts";
import { GroupClock } from "./group-clock.ts";
import { GroupCluster } from "./group-cluster.ts";
import { GroupCoordinator } from "./group-coordinator.ts";

export type GroupKind = "eager" | "cooperative" | "consumer" | "mixed";

const GROUP = "simulated";
const MEMBERS_MAX = 5;
const MAX_POLL_MS = 20_000;
const assignorsOf: Readonly<Record<GroupKind, readonly AssignorName[]>> = {
  eager: ["range", "cooperative-sticky"],
  cooperative: ["cooperative-sticky"],
  consumer: ["cooperative-sticky"],
  mixed: ["cooperative-sticky"],
};

interface SimulatedMember {
  readonly reader: GroupReader;
  readonly cluster: GroupCluster;
  readonly clientId: string;
  /** Next offset to read, and the last that the coordinator took. */
  readonly positions: Map<string, number>;
  isSlow: boolean;
}

export class SimulatedGroup {
  readonly violations: string[] = [];
  readonly clock = new GroupClock();
  readonly random: SeededRandom;
  readonly counts = { commits: 0, refused: 0, lost: 0, revoked: 0, assigned: 0 };
  private readonly kind: GroupKind;
  private readonly coordinator: GroupCoordinator;
  private members: SimulatedMember[] = [];
  private readonly committed = new Map<string, number>();
  private born = 0;

  constructor(kind: GroupKind, seed: number) {
    this.kind = kind;
    this.random = new SeededRandom(seed);
    this.coordinator = new GroupCoordinator(this.clock, this.random, [
      { name: "orders", topicId: "AAAAAAAAAAAAAAAAAAAAAQ", partitions: 5 },
      { name: "payments", topicId: "AAAAAAAAAAAAAAAAAAAAAg", partitions: 3 },
    ]);
    this.coordinator.onCommit = (commit) => this.witness(commit);
  }

  /** Lets things happen for a number of steps, then leaves all alone until it must be in order. */
  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps && this.violations.length === 0; step++) {
      await this.step();
      await this.clock.advance(this.random.below(800));
    }
    await this.calm();
    for (const { reader } of this.members) await this.closed(reader.membership.close());
  }

  private async step(): Promise<void> {
    const { random } = this;
    const dice = random.below(100);
    const member = this.members.length === 0 ? null : random.pick(this.members);
    if (member === null || (dice < 6 && this.members.length < MEMBERS_MAX)) this.join();
    else if (dice < 9) this.kill(member);
    else if (dice < 13) await this.leave(member);
    else if (dice < 16) this.resubscribe(member);
    else if (dice < 24) member.cluster.weather.loss = random.pick([0, 0, 0, 0.1, 0.5, 1]);
    else if (dice < 27) this.move();
    else if (dice < (member.isSlow ? 28 : 32)) this.slow(member);
    else if (dice < 35) member.reader.membership.enforceRebalance();
    else if (dice < 36) this.coordinator.addPartitions(random.pick(this.coordinator.topics), 1);
    else if (dice < 42) void member.cluster.refreshMetadata();
    else this.work(member);
  }

  private join(): void {
    const clientId = `client-${this.born++}`;
    const cluster = new GroupCluster(this.coordinator, clientId);
    const groupProtocol =
      this.kind === "consumer" || (this.kind === "mixed" && this.random.chance(0.5)) ? "consumer" : "classic";
    const reader = new GroupReader(cluster, {
      groupId: GROUP,
      groupProtocol,
      sessionTimeoutMs: 10_000,
      heartbeatIntervalMs: 1_000,
      maxPollIntervalMs: MAX_POLL_MS,
      assignors: assignorsOf[this.kind],
    });
    const member: SimulatedMember = { reader, cluster, clientId, positions: new Map(), isSlow: false };
    reader.hook = (call, partitions) => this.called(member, call as "assigned" | "revoked" | "lost", partitions);
    this.members.push(member);
    reader.subscribe(["orders", "payments"]);
  }

  private async called(
    member: SimulatedMember,
    call: "assigned" | "revoked" | "lost",
    partitions: readonly TopicPartition[],
  ): Promise<void> {
    this.counts[call] += partitions.length;
    const { membership } = member.reader;
    if (call === "lost") {
      for (const each of partitions) member.positions.delete(keyOf(each));
      return;
    }
    if (call === "assigned") {
      this.mayOwn(member, partitions);
      const found = await membership.committed(partitions, { timeoutMs: 3_000 }).catch(() => []);
      for (const { topic, partition, offset } of found) member.positions.set(`${topic}-${partition}`, offset ?? 0);
      return;
    }
    if (this.random.chance(0.3)) await member.cluster.delay(this.random.below(member.isSlow ? 2 * MAX_POLL_MS : 2_000));
    await this.commit(member, partitions);
    for (const each of partitions) member.positions.delete(keyOf(each));
  }

  /** Nobody whom the coordinator still has in the group reads these. */
  private mayOwn(member: SimulatedMember, partitions: readonly TopicPartition[]): void {
    if (!this.isStrict || !this.isInGroup(member)) return;
    for (const other of this.members) {
      if (other === member || other.cluster.isDead || !this.isInGroup(other)) continue;
      const both = partitions.map(keyOf).filter((key) => other.reader.reading.has(key));
      if (both.length > 0)
        this.violations.push(
          `${both.join()} of ${other.clientId} given to ${member.clientId} at ${this.clock.monotonicMs()}`,
        );
    }
  }

  // When a group of classic members is upgraded after SyncGroup took partitions from one, and before it has joined again to say that it gave
  // them back, the coordinator counts them as free, as Kafka's does. So in mixed groups only what is at rest is looked at.
  private get isStrict(): boolean {
    return this.kind !== "mixed";
  }

  private isInGroup({ reader }: SimulatedMember): boolean {
    const { memberId } = reader.membership.groupMetadata();
    return memberId !== "" && this.coordinator.hasMember(GROUP, memberId);
  }

  private work(member: SimulatedMember): void {
    const { membership } = member.reader;
    if (member.isSlow) return;
    membership.progressed();
    // The second one while the first is under way.
    this.readOn(member);
    this.clock.schedule(this.random.below(12), () => this.readOn(member));
  }

  private readOn(member: SimulatedMember): void {
    const owned = member.reader.membership.owned().filter((each) => member.positions.has(keyOf(each)));
    for (const each of owned) member.positions.set(keyOf(each), member.positions.get(keyOf(each))! + 1);
    void this.commit(member, owned);
  }

  private async commit(member: SimulatedMember, partitions: readonly TopicPartition[]): Promise<void> {
    const offsets = partitions.flatMap((each) => {
      const offset = member.positions.get(keyOf(each));
      return offset === undefined ? [] : [{ ...each, offset }];
    });
    try {
      await member.reader.membership.commit(offsets, { timeoutMs: 4_000 });
      this.counts.commits++;
      for (const { topic, partition, offset } of offsets) {
        if ((this.committed.get(`${topic}-${partition}`) ?? 0) < offset)
          this.violations.push(`${member.clientId} was told that ${offset} of ${topic}-${partition} is committed`);
      }
    } catch {
      this.counts.refused++;
    }
  }

  // Offsets only ever grow, whoever commits: a commit of before that slips in would take one back.
  private witness({ clientId, partition, offset }: { clientId: string; partition: string; offset: number }): void {
    const last = this.committed.get(partition) ?? 0;
    if (offset < last && this.isStrict)
      this.violations.push(`${clientId} took ${partition} back from ${last} to ${offset}`);
    this.committed.set(partition, Math.max(last, offset));
  }

  private kill(member: SimulatedMember): void {
    member.cluster.isDead = true;
    this.members = this.members.filter((each) => each !== member);
    void member.reader.membership.close({ timeoutMs: 0 });
  }

  private async leave(member: SimulatedMember): Promise<void> {
    this.members = this.members.filter((each) => each !== member);
    await this.closed(member.reader.membership.close({ timeoutMs: 3_000 }));
  }

  /** Closing ends within its bound. */
  private async closed(closing: Promise<void>): Promise<void> {
    let isClosed = false;
    void closing.then(() => (isClosed = true));
    await this.clock.advance(3_001);
    if (!isClosed) this.violations.push(`closing takes longer than its bound at ${this.clock.monotonicMs()}`);
  }

  private resubscribe({ reader }: SimulatedMember): void {
    if (this.random.chance(0.5)) reader.subscribe(["orders"]);
    else void reader.membership.unsubscribe({ timeoutMs: 5_000 }).catch(() => {});
    this.clock.schedule(this.random.below(3_000), () => {
      if (this.members.some((member) => member.reader === reader)) reader.subscribe(["orders", "payments"]);
    });
  }

  /** Works on one record for long; then waits for the next one. */
  private slow(member: SimulatedMember): void {
    member.isSlow = !member.isSlow;
    member.reader.membership.waiting(!member.isSlow);
  }

  private move(): void {
    this.coordinator.trouble = this.random.pick([
      errorCodes.NOT_COORDINATOR,
      errorCodes.COORDINATOR_LOAD_IN_PROGRESS,
      errorCodes.COORDINATOR_NOT_AVAILABLE,
    ]);
    this.clock.schedule(this.random.below(6_000), () => (this.coordinator.trouble = errorCodes.NONE));
    this.coordinator.restart();
  }

  private async calm(): Promise<void> {
    if (this.members.length === 0) this.join();
    for (const member of this.members) {
      if (member.isSlow) this.slow(member);
      member.cluster.weather.loss = 0;
    }
    for (let round = 0; round < 240; round++) {
      await this.clock.advance(1_000);
      for (const member of this.members) {
        if (round % 20 === 0) void member.cluster.refreshMetadata();
        this.work(member);
      }
    }
    await this.clock.advance(500);
    const all = this.coordinator.topics.flatMap(({ name, partitions }) =>
      Array.from({ length: partitions }, (_, partition) => `${name}-${partition}`),
    );
    const readers = this.members.map(({ reader }) => reader);
    for (const { failure, name } of readers)
      if (failure !== null) this.violations.push(`${name} failed: ${failure.message}`);
    if (allRead(readers, all)) return;
    const seen = readers.map(
      ({ name, reading, told }) => `${name} ${[...reading].join()} after ${told.slice(-6).join("; ")}`,
    );
    this.violations.push(`not all is read once at rest:\n${seen.join("\n")}`);
  }
}
