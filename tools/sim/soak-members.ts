// The groups of a soak: members that join, leave and are frozen every few seconds, read in every way that a consumer has, and are slow, or
// throw, now and then. They note what they own and what they handle.

import { getEventListeners } from "node:events";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import type { SeededRandom } from "@ottla/base";
import { KafkaError } from "@ottla/client";
import type { Consumer, ConsumerOptions, ConsumerRecord, Kafka, TopicPartition } from "@ottla/client";
import type { Handling, Ownership, SoakGroup, SoakHistory } from "./soak-history.ts";
import { closeTimed, describeError } from "./soak-senders.ts";

export interface GroupPlan extends SoakGroup {
  readonly consumer: ConsumerOptions;
  readonly membersMost: number;
  /** Whether members have instance ids (KIP-345). */
  readonly isStatic: boolean;
}

export interface GroupSurroundings {
  readonly history: SoakHistory;
  readonly random: SeededRandom;
  /** A client with this id, which whoever asks for it closes. */
  readonly kafka: (clientId: string) => Kafka;
  /** Since when the broker has heard nothing of this client that keeps its session, milliseconds. */
  readonly silenceMs: (clientId: string) => number;
}

const CLOSE_BOUND_MS = 6_000;
/** How long a member reads in one way before it takes another. */
const LOOP_LEAST_MS = 300;
const LOOP_MORE_MS = 3_000;
const SLOW_MOST_MS = 300;
/** The broker's look at the clock and ours are not the same. */
const SESSION_SLACK_MS = 250;
const STYLES = ["records", "batches", "poll", "run", "runByKey", "runBatches"] as const;
/** What an application hears of and reads on. */
const EXPECTED = new Set(["CORRUPT_RECORD", "ABORTED"]);

/** Thrown by handlers on purpose. */
class HandlerFailed extends Error {
  override name = "HandlerFailed";
}

export class SoakMembers {
  readonly plan: GroupPlan;
  /** By partition, the furthest record that was handled. */
  readonly furthest = new Map<string, number>();
  private readonly surroundings: GroupSurroundings;
  private readonly members = new Set<SoakMember>();
  private readonly leaving = new Set<Promise<void>>();
  /** Those of members that leave included. */
  private readonly instances = new Set<string>();
  private joined = 0;

  constructor(plan: GroupPlan, surroundings: GroupSurroundings) {
    this.plan = plan;
    this.surroundings = surroundings;
    surroundings.history.groups.push(plan);
  }

  get size(): number {
    return this.members.size;
  }

  /** Client ids of the members: what a fault may be for. */
  clientIds(): string[] {
    return [...this.members].map(({ name }) => name);
  }

  /** One joins or leaves. */
  churn(): void {
    const { random } = this.surroundings;
    if (this.size === 0 || (this.size < this.plan.membersMost && random.chance(0.5))) this.join();
    else void this.leave(random.pick([...this.members]));
  }

  join(): void {
    const { random, history } = this.surroundings;
    const name = `${this.plan.id}.${++this.joined}`;
    const instance = this.plan.isStatic ? this.freeInstance() : null;
    const handled = (partition: string, offset: number): void => {
      if (offset > (this.furthest.get(partition) ?? -1)) this.furthest.set(partition, offset);
    };
    const { plan } = this;
    if (instance !== null) this.instances.add(instance);
    this.members.add(
      new SoakMember({
        name,
        instance,
        plan,
        random,
        history,
        handled,
        kafka: this.surroundings.kafka(name),
        silenceMs: this.surroundings.silenceMs,
      }),
    );
  }

  /** Resolves when all are closed. */
  async end(): Promise<void> {
    for (const member of this.members) void this.leave(member);
    await Promise.all(this.leaving);
  }

  describe(): string {
    return [...this.members].map((member) => member.describe()).join("; ");
  }

  // An instance is not taken anew before the member that had it is closed.
  private freeInstance(): string {
    for (let index = 0; ; index++) {
      const instance = `${this.plan.id}-instance-${index}`;
      if (!this.instances.has(instance)) return instance;
    }
  }

  private leave(member: SoakMember): Promise<void> {
    this.members.delete(member);
    const left = member.close().finally(() => {
      if (member.instance !== null) this.instances.delete(member.instance);
      this.leaving.delete(left);
    });
    this.leaving.add(left);
    return left;
  }
}

interface MemberOptions {
  readonly name: string;
  readonly instance: string | null;
  readonly plan: GroupPlan;
  readonly random: SeededRandom;
  readonly history: SoakHistory;
  readonly kafka: Kafka;
  readonly handled: (partition: string, offset: number) => void;
  readonly silenceMs: (clientId: string) => number;
}

class SoakMember {
  readonly name: string;
  readonly instance: string | null;
  private readonly options: MemberOptions;
  private readonly consumer: Consumer;
  private readonly owned = new Map<string, Ownership>();
  private readonly living: Promise<void>;
  private session = 0;
  private style = "";
  private inWork = 0;
  private stopLoop = new AbortController();
  private closing: Promise<void> | null = null;

  constructor(options: MemberOptions) {
    this.options = options;
    this.name = options.name;
    this.instance = options.instance;
    const { plan, kafka, instance } = options;
    this.consumer = kafka.consumer({
      ...plan.consumer,
      groupId: plan.id,
      ...(instance === null ? {} : { groupInstanceId: instance }),
      isolationLevel: plan.readCommitted ? "read_committed" : "read_uncommitted",
      onAssigned: (partitions) => this.assigned(partitions),
      onRevoked: (partitions) => this.ended(partitions, this.closing === null ? "revoked" : "closed"),
      onLost: (partitions) => this.ended(partitions, "lost"),
    });
    this.living = this.live();
  }

  describe(): string {
    const closing = this.closing === null ? "" : ", closing";
    return `${this.name} in ${this.style} (${this.inWork} in work) has ${[...this.owned.keys()].join(" ")}${closing}`;
  }

  /** Never rejects. */
  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  private async shutDown(): Promise<void> {
    const { history, random, kafka } = this.options;
    if (random.chance(0.5)) {
      // In order: the loop first.
      this.stopLoop.abort();
      await this.living;
    }
    await closeTimed(history, `closing the member ${this.describe()}`, CLOSE_BOUND_MS, () =>
      this.consumer.close({ timeoutMs: CLOSE_BOUND_MS }),
    );
    this.ended(null, "closed");
    this.stopLoop.abort();
    await this.living;
    await closeTimed(history, `closing the client of ${this.name}`, CLOSE_BOUND_MS, () => kafka.close());
  }

  private async live(): Promise<void> {
    const { plan, random, history } = this.options;
    await this.consumer.subscribe(plan.topics);
    while (this.closing === null) {
      this.style = random.pick(STYLES);
      this.session++;
      this.stopLoop = new AbortController();
      const timer = setTimeout(() => this.stopLoop.abort(), LOOP_LEAST_MS + random.below(LOOP_MORE_MS));
      try {
        await this.loop(this.style as (typeof STYLES)[number], this.stopLoop.signal);
      } catch (error) {
        const isExpected = error instanceof HandlerFailed || (error instanceof KafkaError && EXPECTED.has(error.code));
        const isClosed = error instanceof KafkaError && error.code === "CLOSED" && this.closing !== null;
        if (!isExpected && !isClosed) {
          history.fault(`${this.name}'s ${this.style} failed with ${describeError(error)}`);
          await sleep(50);
        }
      } finally {
        clearTimeout(timer);
        const left = getEventListeners(this.stopLoop.signal, "abort").length;
        if (left > 0) history.fault(`a leak: ${left} listeners of ${this.name}'s ${this.style} are left at its signal`);
      }
    }
  }

  private async loop(style: (typeof STYLES)[number], signal: AbortSignal): Promise<void> {
    const { consumer, options } = this;
    const concurrency = 1 + options.random.below(4);
    switch (style) {
      case "records":
        for await (const record of consumer.records({ signal })) await this.handle(record, {});
        return;
      case "batches":
        for await (const { records } of consumer.batches({ signal })) await this.handleAll(records);
        return;
      case "poll":
        while (!signal.aborted && this.closing === null)
          await this.handleAll(await consumer.poll({ timeoutMs: 200, maxRecords: 50, signal }));
        // Only another poll, which does not come, or this says that the last ones are done.
        if (this.closing === null) void consumer.commit({ timeoutMs: 2_000 });
        return;
      case "run":
        return consumer.run({ signal, concurrency, eachRecord: (record) => this.handle(record, { mayThrow: true }) });
      case "runByKey": {
        const eachRecord = (record: ConsumerRecord): Promise<void> =>
          this.handle(record, { mayThrow: true, byKey: true });
        return consumer.run({ signal, concurrency, order: "key", eachRecord });
      }
      case "runBatches":
        return consumer.run({ signal, concurrency, eachBatch: ({ records }) => this.handleAll(records) });
    }
  }

  private async handleAll(records: readonly ConsumerRecord[]): Promise<void> {
    const delivered = this.options.history.tick();
    // A partition that is lost and comes back while its records are handled is another possession, with another order.
    const holdings = new Map(
      records.map(({ topic, partition }) => [`${topic}-${partition}`, this.holdingOf(topic, partition)]),
    );
    for (const record of records)
      await this.handle(record, { delivered, holding: holdings.get(`${record.topic}-${record.partition}`)! });
  }

  private holdingOf(topic: string, partition: number): string {
    return String(this.owned.get(`${topic}-${partition}`)?.begun ?? "nothing");
  }

  private async handle(
    record: ConsumerRecord,
    circumstances: {
      readonly mayThrow?: boolean;
      readonly byKey?: boolean;
      readonly delivered?: number;
      readonly holding?: string;
    },
  ): Promise<void> {
    const { random, history, plan } = this.options;
    const { mayThrow = false, byKey = false, delivered = history.tick() } = circumstances;
    const partition = `${record.topic}-${record.partition}`;
    const { holding = this.holdingOf(record.topic, record.partition) } = circumstances;
    const lane = `${this.name}/${holding}/${this.session}/${byKey ? record.key?.toString() : ""}`;
    const handling: Handling = {
      offset: record.offset,
      value: record.value?.toString() ?? "",
      member: this.name,
      lane,
      delivered,
      begun: history.tick(),
      ended: null,
      isDone: false,
    };
    history.handled(plan.id, partition, handling);
    this.inWork++;
    if (random.chance(0.004)) await sleep(random.below(SLOW_MOST_MS));
    else if (random.chance(0.05)) await turn();
    this.inWork--;
    handling.ended = history.tick();
    if (mayThrow && random.chance(0.000_5)) throw new HandlerFailed("the handler failed");
    handling.isDone = true;
    this.options.handled(partition, record.offset);
  }

  private assigned(partitions: readonly TopicPartition[]): void {
    const { history, plan } = this.options;
    for (const { topic, partition } of partitions) {
      const name = `${topic}-${partition}`;
      const holding = { group: plan.id, member: this.name, partition: name, begun: history.tick() };
      const ownership: Ownership = { ...holding, ended: null, how: null };
      this.owned.set(name, ownership);
      this.noteSilent(name);
      history.ownerships.push(ownership);
    }
  }

  // Of those that have this partition still, who has had no session any more when it came to us.
  private noteSilent(partition: string): void {
    const { history, plan, silenceMs } = this.options;
    const sessionMs = plan.consumer.sessionTimeoutMs ?? 0;
    for (const other of history.ownerships) {
      const isHeld = other.ended === null && other.group === plan.id && other.partition === partition;
      if (isHeld && silenceMs(other.member) > sessionMs - SESSION_SLACK_MS) other.isSilent = true;
    }
  }

  private ended(partitions: readonly TopicPartition[] | null, how: NonNullable<Ownership["how"]>): void {
    const names = partitions?.map(({ topic, partition }) => `${topic}-${partition}`) ?? [...this.owned.keys()];
    const ended = this.options.history.tick();
    for (const name of names) {
      const ownership = this.owned.get(name);
      if (ownership === undefined) this.options.history.fault(`${this.name}: ${name} was ${how}, and it had it not`);
      else Object.assign(ownership, { ended, how });
      this.owned.delete(name);
    }
  }
}
