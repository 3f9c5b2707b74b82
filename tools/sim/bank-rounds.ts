// The bank: eight tellers, each a process of its own, move amounts between a hundred accounts; each consumes requests and writes debit, credit and
// the offset of its requests in one transaction. Half of them are kafkajs, half plain requests as clients of KIP-890 send them. In each round
// tellers are killed, one is paused until a successor has taken over and then goes on as a zombie, and the broker gets kill -9.
// At the end of a round all requests must be done within a bound and no transaction be open; in the end the history and the books are checked.

import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert, SeededRandom, ZERO_UUID } from "@ottla/base";
import { errorCodes, errorName, RecordBatchBuilder } from "@ottla/protocol";
import { produceApi } from "@ottla/protocol/messages/00-produce.ts";
import { auditBank, OPENING } from "./bank-audit.ts";
import {
  ACCOUNTS,
  encodeEntry,
  GROUP,
  LEDGER,
  LEDGER_PARTITIONS,
  machineTime,
  OPENING_BALANCE,
  partitionOf,
  REQUESTS,
} from "./bank-facts.ts";
import type { Transfer } from "./bank-facts.ts";
import { TellerProcess } from "./bank-teller-process.ts";
import { freePort, startBrokerProcess } from "./broker-process.ts";
import type { BrokerProcess, BrokerProcessOptions } from "./broker-process.ts";
import { atProcessEnd } from "./process-end.ts";
import { nameOf } from "./simulated-producer.ts";
import { checkTransactions } from "./transaction-checks.ts";
import { TransactionHistory } from "./transaction-history.ts";
import { fetchStableOffset, TransactionalCalls } from "./transactional-calls.ts";
import { TransactionalReader } from "./transactional-reader.ts";
import { WireClient } from "./wire-client.ts";
import { createTopics } from "./wire-reads.ts";

const DEFAULT_TELLERS = 8;
const READ_INTERVAL_MS = 10;
const READ_BYTES = 8 * 1024;
/** After the last fault of a round, for all of its requests to be done. */
const PROGRESS_BOUND_MS = 30_000;
const DEFAULT_REQUESTS = 60;

export interface BankReport {
  readonly rounds: number;
  readonly seed: number;
  /** Transactions that the broker said were committed. */
  readonly committed: number;
  /** Zombies that were refused. */
  readonly fenced: number;
  /** Empty when the broker kept its promises. */
  readonly violations: readonly string[];
}

export interface BankOptions {
  readonly rounds: number;
  readonly seed: number;
  /** Default 8. */
  readonly tellers?: number;
  /** Of each teller in each round. Default 60. */
  readonly requests?: number;
  readonly log?: (line: string) => void;
}

/** Runs `rounds` of transfers, kill -9 and zombies. */
export async function bankRounds(options: BankOptions): Promise<BankReport> {
  const dataDir = await mkdtemp(join(tmpdir(), "ottla-bank-"));
  const removeFolder = (): void => rmSync(dataDir, { recursive: true, force: true, maxRetries: 3 });
  const taken = atProcessEnd(removeFolder);
  const rounds = new BankRounds(options, { port: await freePort(), dataDir, overrides: OVERRIDES });
  try {
    return await rounds.run();
  } finally {
    await rounds.end();
    taken();
    removeFolder();
  }
}

const OVERRIDES = [
  "transaction.state.log.num.partitions=3",
  "offsets.topic.num.partitions=2",
  "log.segment.bytes=1048576",
];

class BankRounds {
  private readonly options: BankOptions;
  private readonly brokerOptions: BrokerProcessOptions;
  private readonly random: SeededRandom;
  private readonly history = new TransactionHistory(machineTime);
  private readonly requests = new Map<string, Transfer>();
  private readonly count: number;
  private readonly fed: number[];
  private readonly tellers: TellerProcess[] = [];
  private readonly zombies: TellerProcess[] = [];
  private readonly violations: string[] = [];
  private readonly blame = (sentence: string): void => void this.violations.push(sentence);
  private broker: BrokerProcess | null = null;
  private tellersMade = 0;
  private isOpen = true;

  constructor(options: BankOptions, brokerOptions: BrokerProcessOptions) {
    this.options = options;
    this.brokerOptions = brokerOptions;
    this.random = new SeededRandom(options.seed);
    this.count = options.tellers ?? DEFAULT_TELLERS;
    this.fed = Array.from({ length: this.count }, () => 0);
  }

  async run(): Promise<BankReport> {
    const { rounds, seed, log } = this.options;
    const { port } = this.brokerOptions;
    this.broker = await startBrokerProcess(this.brokerOptions);
    await createTopics(port, [
      { name: REQUESTS, partitions: this.count },
      { name: LEDGER, partitions: LEDGER_PARTITIONS },
    ]);
    await this.openAccounts();
    const readers = ["reader-a", "reader-b"].map((name) => this.readAlways(name));
    const offsets = this.always((client) => this.readOffsets(client));
    for (let partition = 0; partition < this.count; partition++) this.tellers.push(this.newTeller(partition));
    for (let round = 1; round <= rounds && this.violations.length === 0; round++) {
      await this.round();
      log?.(`round ${round}: ${this.requests.size} requests done, ${this.fenced()} zombies fenced`);
    }
    this.isOpen = false;
    await Promise.all([...readers, offsets]);
    await this.over((client) => this.judge(client));
    const violations = [
      ...this.violations,
      ...checkTransactions(this.history),
      ...auditBank(this.history, this.requests),
    ];
    const committed = this.history.transactions.filter(
      ({ end }) => end !== null && end.committed && end.attempts.some(({ told }) => told === "yes"),
    ).length;
    return { rounds, seed, committed, fenced: this.fenced(), violations: violations.slice(0, 50) };
  }

  /** Ends what was started, however `run` ended. */
  async end(): Promise<void> {
    this.isOpen = false;
    await Promise.all([...this.tellers, ...this.zombies].map((teller) => teller.kill()));
    await this.broker?.stop("SIGTERM");
  }

  private async round(): Promise<void> {
    await this.over((client) => this.feed(client));
    const faults = FAULTS.map((fault) => ({ fault, at: this.random.below(1000) })).toSorted(
      (one, other) => one.at - other.at,
    );
    for (const { fault, at } of faults) {
      // Each comes when so much of the round is done.
      await this.untilDone((0.7 * at) / 1000);
      await fault(this);
    }
    const begunMs = performance.now();
    const isDone = await this.untilDone(1);
    const tookMs = isDone ? performance.now() - begunMs : Infinity;
    this.history.progress.push({ what: "doing all requests", tookMs, boundMs: PROGRESS_BOUND_MS });
    if (!isDone) this.blame(`fault 16: not all requests were done: ${this.standing()}`);
    // Each had requests left, which it tries to do.
    const areOver = await this.until(() => this.zombies.every(({ ended }) => ended !== null));
    if (!areOver) this.blame("fault 10: a zombie was neither refused nor lost");
  }

  async killBroker(): Promise<void> {
    await this.broker!.stop("SIGKILL");
    this.broker = await startBrokerProcess(this.brokerOptions);
  }

  async killTeller(): Promise<void> {
    const partition = this.random.below(this.count);
    await this.tellers[partition]!.kill();
    this.tellers[partition] = this.newTeller(partition);
  }

  /** A teller stops in the middle of something, another takes its place, and the first goes on. */
  async makeZombie(): Promise<void> {
    const isAtWork = (teller: TellerProcess, partition: number): boolean =>
      teller.hasTaken && teller.ended === null && teller.position < this.fed[partition]!;
    const atWork = this.tellers.flatMap((teller, partition) => (isAtWork(teller, partition) ? [partition] : []));
    if (atWork.length === 0) return;
    const partition = this.random.pick(atWork);
    const zombie = this.tellers[partition]!;
    zombie.pause();
    this.zombies.push(zombie);
    const successor = this.newTeller(partition);
    this.tellers[partition] = successor;
    await this.until(() => successor.hasTaken || successor.ended !== null);
    zombie.resume();
  }

  private newTeller(partition: number): TellerProcess {
    const client = partition % 2 === 0 ? "wire" : "kafkajs";
    const holder = `${client}-${partition}#${this.tellersMade++}`;
    const { port } = this.brokerOptions;
    return new TellerProcess({ port, client, partition, holder, seed: this.random.below(2 ** 31) }, this.history);
  }

  /** So much of the requests that were fed in this round is done. False when that takes too long. */
  private untilDone(part: number): Promise<boolean> {
    const { requests = DEFAULT_REQUESTS } = this.options;
    const left = Math.floor(this.count * requests * (1 - part));
    return this.until(() => this.fed.reduce((sum, end, index) => sum + end - this.doneOf(index), 0) <= left);
  }

  private doneOf(partition: number): number {
    return Math.max(0, this.tellers[partition]!.position);
  }

  private async until(isDone: () => boolean): Promise<boolean> {
    for (const begunMs = performance.now(); !isDone(); await pause(READ_INTERVAL_MS)) {
      if (performance.now() - begunMs > PROGRESS_BOUND_MS) return false;
      this.replaceEnded();
    }
    return true;
  }

  /** A teller that does not know how to go on is started again. One that was fenced although it is the last must not be. */
  private replaceEnded(): void {
    for (const [partition, teller] of this.tellers.entries()) {
      if (teller.ended === null) continue;
      if (teller.ended !== "lost")
        this.blame(`fault 10: ${teller.options.holder} ended: ${teller.ended} ${teller.said}`);
      this.tellers[partition] = this.newTeller(partition);
    }
  }

  private standing(): string {
    const lines = this.tellers.map(({ options, position, said }, index) => {
      return `${options.holder} at ${position} of ${this.fed[index]} ${said}`;
    });
    return lines.join(", ");
  }

  private fenced(): number {
    return this.zombies.filter(({ ended }) => ended === "fenced").length;
  }

  /** Gives every account its first money, in one transaction. */
  private async openAccounts(): Promise<void> {
    const client = await WireClient.connect(this.brokerOptions.port);
    const calls = new TransactionalCalls(() => client, "opening", "new");
    const done = async (call: () => Promise<number>): Promise<void> => {
      for (;;) {
        const code = await call();
        if (code === errorCodes.NONE) return;
        assert(code !== errorCodes.PRODUCER_FENCED, "nobody else opens the accounts");
        await pause(READ_INTERVAL_MS);
      }
    };
    await done(async () => (await calls.findCoordinators(GROUP)) || calls.init(60_000));
    const { producerId, producerEpoch } = calls;
    const transaction = this.history.begin({ name: OPENING, transactionalId: "opening", holder: OPENING });
    for (let partition = 0; partition < LEDGER_PARTITIONS; partition++) {
      const accounts = Array.from({ length: ACCOUNTS }, (_, account) => account);
      const values = accounts
        .filter((account) => partitionOf(account) === partition)
        .map((account) => encodeEntry({ transaction: OPENING, request: OPENING, account, amount: OPENING_BALANCE }));
      const builder = new RecordBatchBuilder({ producerId, producerEpoch, baseSequence: 0, isTransactional: true });
      for (const value of values) builder.append({ timestamp: Date.now(), value: Buffer.from(value) });
      const records = builder.build();
      const write = this.history.write(transaction, `${LEDGER}-${partition}`, values);
      const begun = this.history.tick();
      await done(() => calls.produce({ topic: LEDGER, partition }, records));
      this.history.told(write, begun, "yes");
    }
    const end = this.history.askEnd(transaction, true);
    await done(() => calls.end(true));
    this.history.told(end, end.asked, "yes");
    client.close();
  }

  /** New requests for everybody. */
  private async feed(client: WireClient): Promise<void> {
    const { requests = DEFAULT_REQUESTS } = this.options;
    for (let partition = 0; partition < this.count; partition++) {
      const builder = new RecordBatchBuilder({});
      for (let count = 0; count < requests; count++) {
        const from = this.random.below(ACCOUNTS);
        const to = (from + 1 + this.random.below(ACCOUNTS - 1)) % ACCOUNTS;
        const transfer = { from, to, amount: 1 + this.random.below(100) };
        this.requests.set(`${REQUESTS}-${partition}@${this.fed[partition]! + count}`, transfer);
        builder.append({ timestamp: Date.now(), value: Buffer.from(JSON.stringify(transfer)) });
      }
      const partitionData = [{ index: partition, records: builder.build() }];
      const response = await client.call(produceApi, 9, {
        acks: -1,
        timeoutMs: 10_000,
        topicData: [{ name: REQUESTS, topicId: ZERO_UUID, partitionData }],
      });
      const { errorCode, baseOffset } = response.responses[0]!.partitionResponses[0]!;
      assert(errorCode === errorCodes.NONE && baseOffset === this.fed[partition], `requests: ${errorName(errorCode)}`);
      this.fed[partition]! += requests;
    }
  }

  private readAlways(name: string): Promise<void> {
    const { history, blame } = this;
    const reader = new TransactionalReader({ name, isolation: "read_committed", history, blame });
    let turn = 0;
    return this.always(async (client) => {
      await reader.poll(client, { topic: LEDGER, partition: turn++ % LEDGER_PARTITIONS }, READ_BYTES);
    });
  }

  private async readOffsets(client: WireClient): Promise<void> {
    for (let partition = 0; partition < this.count; partition++) await this.readOffset(client, partition);
    await pause(5 * READ_INTERVAL_MS);
  }

  private async readOffset(client: WireClient, partition: number): Promise<number | null> {
    const place = { topic: REQUESTS, partition };
    const begun = this.history.tick();
    const { errorCode, offset } = await fetchStableOffset(client, GROUP, place);
    if (errorCode !== errorCodes.NONE) return null;
    const reading = { group: GROUP, partition: nameOf(place), offset, begun, ended: this.history.tick() };
    this.history.offsetReadings.push(reading);
    return offset;
  }

  /** Does something again and again, over a new connection whenever one breaks, until the bank closes. */
  private async always(act: (client: WireClient) => Promise<void>): Promise<void> {
    while (this.isOpen) {
      try {
        await this.over(async (client) => {
          while (this.isOpen && !client.isLost) {
            await act(client);
            await pause(READ_INTERVAL_MS);
          }
        });
      } catch {
        // The broker was killed, and not there when this connected.
      }
      await pause(READ_INTERVAL_MS);
    }
  }

  private async over(act: (client: WireClient) => Promise<void>): Promise<void> {
    const client = await WireClient.connect(this.brokerOptions.port);
    try {
      await act(client);
    } finally {
      client.close();
    }
  }

  /** Every request is done and nobody is at work: nothing may be open, and the books are closed. */
  private async judge(client: WireClient): Promise<void> {
    const { history, blame } = this;
    const scanner = new TransactionalReader({ name: "scan", isolation: "read_committed", history, blame });
    for (let partition = 0; partition < LEDGER_PARTITIONS; partition++) {
      const place = { topic: LEDGER, partition };
      const isOpen = (): boolean => {
        const scan = history.scans.at(-1)!;
        return scan.lastStableOffset < scan.highWatermark;
      };
      for (const begunMs = performance.now(); ; await pause(READ_INTERVAL_MS)) {
        if (!(await scanner.scan(client, place))) blame(`${nameOf(place)} cannot be read to its end`);
        if (!isOpen() || performance.now() - begunMs > PROGRESS_BOUND_MS) break;
        history.scans.pop();
      }
      if (isOpen()) blame(`fault 16: the last stable offset of ${nameOf(place)} stays behind`);
    }
    for (let partition = 0; partition < this.count; partition++) {
      const offset = await this.readOffset(client, partition);
      if (offset !== null) history.finalOffsets.push(history.offsetReadings.at(-1)!);
      if (offset !== this.fed[partition]) blame(`${partition} is committed up to ${offset} of ${this.fed[partition]}`);
    }
  }
}

const FAULTS: readonly ((rounds: BankRounds) => Promise<void>)[] = [
  (rounds) => rounds.killBroker(),
  (rounds) => rounds.killTeller(),
  (rounds) => rounds.killTeller(),
  (rounds) => rounds.makeZombie(),
];

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
