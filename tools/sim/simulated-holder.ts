// One instance of a producer of a simulation: takes its transactional id, joins its group, and makes transactions of writes, a committed
// offset and reads, one call at a time. What had no answer is asked again. It goes on after another instance took its id, as a
// zombie does, until it is refused. It also repeats itself late on purpose: requests of a transaction that is over.

import type { SeededRandom } from "@ottla/base";
import { errorCodes, errorName, RecordBatchBuilder } from "@ottla/protocol";
import { SimulatedMember } from "./simulated-member.ts";
import { nameOf } from "./simulated-producer.ts";
import type { Place } from "./simulated-producer.ts";
import type {
  Attempt,
  KnownTransaction,
  Takeover,
  Told,
  TransactionHistory,
  TransactionWrite,
} from "./transaction-history.ts";
import { isWritten } from "./transaction-fates.ts";
import { fetchStableOffset, TransactionalCalls, toldBy } from "./transactional-calls.ts";
import type { ClientGeneration } from "./transactional-calls.ts";
import { TransactionalReader } from "./transactional-reader.ts";
import { ConnectionLost } from "./wire-client.ts";
import type { Caller } from "./wire-client.ts";

export interface HolderOptions {
  readonly name: string;
  readonly transactionalId: string;
  readonly generation: ClientGeneration;
  readonly group: string;
  /** Whose offsets are committed in transactions, and whose outside of them. */
  readonly source: Place;
  readonly sideSource: Place;
  readonly places: readonly Place[];
  readonly timeoutMs: number;
  readonly history: TransactionHistory;
  readonly random: SeededRandom;
  readonly caller: () => Caller;
  readonly nowMs: () => number;
  readonly blame: (sentence: string) => void;
}

interface OpenWrite {
  readonly place: Place;
  readonly write: TransactionWrite;
  readonly bytes: Buffer;
}

/** What it can say of a transaction that is over. */
interface PastTransaction {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly committed: boolean;
}

const READ_BYTES = 600;

export class SimulatedHolder {
  /** False once it was refused for good. */
  alive = true;
  /** How many transactions the broker said that it committed. */
  committed = 0;
  /** Null between transactions. */
  current: { readonly transaction: KnownTransaction; readonly begunMs: number } | null = null;
  /** Makes no new transactions. */
  resting = false;
  private readonly options: HolderOptions;
  private readonly calls: TransactionalCalls;
  private readonly member: SimulatedMember;
  private readonly reader: TransactionalReader;
  private readonly sequences = new Map<string, number>();
  private readonly added = new Set<string>();
  private unanswered: OpenWrite[] = [];
  private past: PastTransaction | null = null;
  private takeover: Takeover | null = null;
  private joining: Takeover | null = null;
  private position: number | null = null;
  private made = 0;
  private sideOffset = 0;
  private busy = false;

  constructor(options: HolderOptions) {
    const { name, history, blame, group, source } = options;
    this.options = options;
    this.calls = new TransactionalCalls(options.caller, options.transactionalId, options.generation);
    this.member = new SimulatedMember({ group, instance: options.transactionalId, source, history });
    this.reader = new TransactionalReader({ name, history, blame, isolation: "read_committed" });
  }

  /** Holds the id, is a member of its group, and has nothing open. */
  get isReady(): boolean {
    return this.alive && this.position !== null && this.current === null && !this.busy;
  }

  /** Takes the next step of whatever it is doing. Does not wait. */
  step(): void {
    this.start(() => this.next());
  }

  /**
   * Sends something that belongs to a transaction that is over: its markers are written, as the next one has begun for the broker too. Before
   * that a late write is still a part of it. Only who gets an epoch with each transaction (KIP-890) can be told apart.
   */
  sendLate(): void {
    const { past, current } = this;
    const calls = current === null ? [] : [...current.transaction.writes, ...current.transaction.offsets];
    if (past !== null && this.calls.generation === "new" && calls.some(isWritten)) this.start(() => this.late(past));
  }

  /** Commits an offset that belongs to no transaction. */
  commitAside(): void {
    if (this.position === null) return;
    this.start(async () => {
      const { caller, sideSource } = this.options;
      this.takeAnswer(await this.member.commit(caller(), sideSource, this.sideOffset++));
    });
  }

  private start(action: () => Promise<void>): void {
    if (!this.alive || this.busy) return;
    this.busy = true;
    action()
      .catch((error: unknown) => {
        if (!(error instanceof ConnectionLost)) this.options.blame(`${this.options.name}: ${String(error)}`);
      })
      .finally(() => (this.busy = false));
  }

  private async next(): Promise<void> {
    if (this.calls.producerId === -1) return this.takeOver();
    if (this.member.claim.member === "") return this.join();
    if (this.position === null) return this.findPosition();
    if (this.unanswered.length > 0) return this.writeOut();
    if (this.current === null) return this.resting ? undefined : this.begin();
    const { transaction } = this.current;
    if (transaction.end !== null) return this.end(transaction, transaction.end.committed);
    const openOffset = transaction.offsets.find(({ attempts }) => attempts.every(({ told }) => told !== "yes"));
    if (openOffset !== undefined) return this.commitOffset(openOffset);
    await this.choose(transaction);
  }

  private async choose(transaction: KnownTransaction): Promise<void> {
    const { random, group, source, history } = this.options;
    const dice = random.below(100);
    const isEmpty = transaction.writes.length === 0 && transaction.offsets.length === 0;
    if (dice < 15) return this.read(transaction);
    if (dice < 35 && transaction.offsets.length === 0) {
      const offset = this.position! + 1 + random.below(3);
      const place = { group, partition: nameOf(source), offset };
      return this.commitOffset(history.commitOffset(transaction, place));
    }
    if (dice < 70 || isEmpty) {
      this.makeWrite(transaction);
      if (random.chance(0.3)) this.makeWrite(transaction);
      return this.writeOut();
    }
    await this.end(transaction, random.chance(0.65));
  }

  private async takeOver(): Promise<void> {
    const { history, transactionalId, name, timeoutMs, group } = this.options;
    this.takeover ??= history.takeOver({ transactionalId, holder: name });
    const code = (await this.calls.findCoordinators(group)) || (await this.calls.init(timeoutMs));
    if (code === errorCodes.NONE) this.takeover.ended = history.tick();
    else this.takeAnswer(code);
  }

  private async join(): Promise<void> {
    const { history, group, name, caller } = this.options;
    this.joining ??= history.takeOver({ transactionalId: group, holder: name });
    const code = await this.member.join(caller());
    if (code === errorCodes.NONE) this.joining.ended = history.tick();
    else this.takeAnswer(code);
  }

  private async findPosition(): Promise<void> {
    const { caller, group, source, history } = this.options;
    const begun = history.tick();
    const { errorCode, offset } = await fetchStableOffset(caller(), group, source);
    if (errorCode !== errorCodes.NONE) return;
    history.offsetReadings.push({ group, partition: nameOf(source), offset, begun, ended: history.tick() });
    this.position = offset;
  }

  private begin(): void {
    const { history, name, transactionalId, nowMs } = this.options;
    const transaction = history.begin({ name: `${name}.${this.made++}`, transactionalId, holder: name });
    this.current = { transaction, begunMs: nowMs() };
    this.added.clear();
  }

  private makeWrite(transaction: KnownTransaction): void {
    const { random, places, history } = this.options;
    const place = random.pick(places);
    if (this.unanswered.some((open) => open.place === place)) return;
    const from = transaction.writes.length;
    const values = Array.from({ length: 1 + random.below(2) }, (_, index) => `${transaction.name}/${from}.${index}`);
    const sequence = this.sequences.get(nameOf(place)) ?? 0;
    this.sequences.set(nameOf(place), sequence + values.length);
    const { producerId, producerEpoch } = this.calls;
    const bytes = this.encode(values, { producerId, producerEpoch, baseSequence: sequence });
    this.unanswered.push({ place, bytes, write: history.write(transaction, nameOf(place), values) });
  }

  private encode(
    values: readonly string[],
    identity: { producerId: number; producerEpoch: number; baseSequence: number },
  ): Buffer {
    const builder = new RecordBatchBuilder({ ...identity, isTransactional: true });
    for (const value of values) builder.append({ timestamp: this.options.nowMs(), value: Buffer.from(value) });
    return builder.build();
  }

  private async writeOut(): Promise<void> {
    await Promise.all(
      this.unanswered.map(async (open) => {
        const { place, write, bytes } = open;
        const told = await this.attempt(write, async () => {
          const code = await this.add(nameOf(place), () => this.calls.addPartition(place));
          return code === errorCodes.NONE ? this.calls.produce(place, bytes) : code;
        });
        if (told === "yes") this.unanswered = this.unanswered.filter((other) => other !== open);
      }),
    );
  }

  /** Old clients tell the coordinator before they write somewhere for the first time in a transaction. */
  private async add(what: string, ask: () => Promise<number>): Promise<number> {
    if (this.calls.generation === "new" || this.added.has(what)) return errorCodes.NONE;
    const code = await ask();
    if (code === errorCodes.NONE) this.added.add(what);
    return code;
  }

  private async commitOffset(commit: { readonly offset: number; readonly attempts: Attempt[] }): Promise<void> {
    const { group, source } = this.options;
    await this.attempt(commit, async () => {
      const code = await this.add(group, () => this.calls.addGroup(group));
      if (code !== errorCodes.NONE) return code;
      return this.calls.commitOffset(group, source, commit.offset, this.member.claim);
    });
  }

  private async read(transaction: KnownTransaction): Promise<void> {
    const { caller, random, places } = this.options;
    const values = await this.reader.poll(caller(), random.pick(places), 1 + random.below(READ_BYTES));
    transaction.readValues.push(...(values ?? []));
  }

  private async end(transaction: KnownTransaction, committed: boolean): Promise<void> {
    const { producerId, producerEpoch } = this.calls;
    const end = this.options.history.askEnd(transaction, committed);
    if ((await this.attempt(end, () => this.calls.end(committed))) !== "yes") return;
    this.past = { producerId, producerEpoch, committed };
    const isSame = this.calls.producerId === producerId && this.calls.producerEpoch === producerEpoch;
    if (!isSame) this.sequences.clear();
    if (committed) {
      this.committed++;
      this.position = transaction.offsets[0]?.offset ?? this.position;
    }
    this.current = null;
  }

  private async late(past: PastTransaction): Promise<void> {
    const { random, history, name, places } = this.options;
    const begun = history.tick();
    if (random.chance(0.5)) {
      const committed = random.chance(0.5);
      const told = toldBy(await this.calls.end(committed, past));
      const what = `${name}'s late ${committed ? "commit" : "abort"} in epoch ${past.producerEpoch}`;
      const mustBeRefused = committed !== past.committed;
      history.late.push({ what, values: [], mustBeRefused, told, begun, ended: history.tick() });
      return;
    }
    const place = random.pick(places);
    const value = `late ${name} ${begun}`;
    const what = `${name}'s late write to ${nameOf(place)} in epoch ${past.producerEpoch}`;
    const late = { what, values: [value], mustBeRefused: true, begun };
    let told: Told = "unknown";
    try {
      const baseSequence = random.pick([0, this.sequences.get(nameOf(place)) ?? 0]);
      told = toldBy(await this.calls.produce(place, this.encode([value], { ...past, baseSequence })));
    } finally {
      history.late.push({ ...late, told, ended: history.tick() });
    }
  }

  private async attempt(of: { readonly attempts: Attempt[] }, call: () => Promise<number>): Promise<Told> {
    const begun = this.options.history.tick();
    let told: Told = "unknown";
    let error = "no answer";
    try {
      const code = await call();
      told = toldBy(code);
      error = errorName(code);
      this.takeAnswer(code);
      return told;
    } finally {
      this.options.history.told(of, begun, told, error);
    }
  }

  private takeAnswer(code: number): void {
    if (toldBy(code) === "no") this.alive = false;
  }
}
