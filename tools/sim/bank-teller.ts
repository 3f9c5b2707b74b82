// A teller of the bank, run as a process of its own: `node bank-teller.ts OPTIONS`, the options as JSON. Takes its transactional id, finds out how
// far its requests are done, and makes transactions of one to five of them until it is killed or fenced. What it does it tells line by line on
// file descriptor 3, synchronously, so that nothing it told is lost with it.

import { writeSync } from "node:fs";
import { SeededRandom } from "@ottla/base";
import { Gone, WireTeller } from "./bank-clients.ts";
import type { TellerClient } from "./bank-clients.ts";
import { encodeEntry, GROUP, machineTime, partitionOf, REQUESTS } from "./bank-facts.ts";
import type { BankFact, Plan, TellerOptions, Transfer } from "./bank-facts.ts";
import { fetchOnce, visitBatches } from "./consume.ts";
import { fetchStableOffset } from "./transactional-calls.ts";
import { WireClient } from "./wire-client.ts";

const FACTS = 3;
const REQUESTS_MAX = 5;
const IDLE_MS = 10;
const RETRY_MS = 20;
const READ_BYTES = 16 * 1024;

interface Request {
  readonly offset: number;
  readonly transfer: Transfer;
}

class Teller {
  private readonly options: TellerOptions;
  private readonly random: SeededRandom;
  private connection: WireClient | null = null;
  private made = 0;

  constructor(options: TellerOptions) {
    this.options = options;
    this.random = new SeededRandom(options.seed);
  }

  async run(): Promise<void> {
    const client = await this.newClient();
    tell({ kind: "takes", begun: machineTime() });
    await client.take();
    tell({ kind: "took", ended: machineTime() });
    let position = await this.findPosition();
    for (;;) {
      const requests = await this.requestsFrom(position);
      if (requests.length === 0) {
        await pause(IDLE_MS);
        continue;
      }
      const plan = this.planFor(requests);
      tell({ kind: "begins", plan, begun: machineTime() });
      await client.transact(plan);
      if (plan.commits) position = plan.offset;
    }
  }

  private async newClient(): Promise<TellerClient> {
    if (this.options.client === "wire") return new WireTeller(this.options, tell, (part) => this.random.chance(part));
    const { KafkajsTeller } = await import("./bank-kafkajs-client.ts");
    return new KafkajsTeller(this.options, tell);
  }

  private planFor(requests: readonly Request[]): Plan {
    const transaction = `${this.options.holder}.${this.made++}`;
    const byPartition = new Map<number, string[]>();
    for (const { offset, transfer } of requests) {
      const request = `${REQUESTS}-${this.options.partition}@${offset}`;
      const legs = [
        { transaction, request, account: transfer.from, amount: -transfer.amount },
        { transaction, request, account: transfer.to, amount: transfer.amount },
      ];
      for (const leg of legs) {
        const partition = partitionOf(leg.account);
        byPartition.set(partition, [...(byPartition.get(partition) ?? []), encodeEntry(leg)]);
      }
    }
    const writes = [...byPartition].map(([partition, values]) => ({ partition, values }));
    return { transaction, writes, offset: requests.at(-1)!.offset + 1, commits: !this.random.chance(0.15) };
  }

  private async findPosition(): Promise<number> {
    for (;;) {
      const begun = machineTime();
      const place = { topic: REQUESTS, partition: this.options.partition };
      const answer = await this.ask((connection) => fetchStableOffset(connection, GROUP, place));
      if (answer?.errorCode === 0) {
        tell({ kind: "at", position: answer.offset, begun, ended: machineTime() });
        return Math.max(0, answer.offset);
      }
      await pause(RETRY_MS);
    }
  }

  private async requestsFrom(position: number): Promise<Request[]> {
    const place = { topic: REQUESTS, partition: this.options.partition, maxBytes: READ_BYTES };
    const answer = await this.ask((connection) => fetchOnce(connection, place, position));
    if (answer === null || answer.errorCode !== 0) return [];
    const requests: Request[] = [];
    visitBatches(answer, position, ({ offset, value }) =>
      requests.push({ offset, transfer: JSON.parse(String(value)) as Transfer }),
    );
    return requests.slice(0, 1 + this.random.below(REQUESTS_MAX));
  }

  /** Null while the broker is not there. */
  private async ask<Answer>(question: (connection: WireClient) => Promise<Answer>): Promise<Answer | null> {
    try {
      if (this.connection === null || this.connection.isLost)
        this.connection = await WireClient.connect(this.options.port);
      return await question(this.connection);
    } catch {
      return null;
    }
  }
}

function tell(fact: BankFact): void {
  const line = Buffer.from(`${JSON.stringify(fact)}\n`);
  for (let at = 0; at < line.length;) {
    try {
      at += writeSync(FACTS, line, at);
    } catch (error) {
      // The reader is slower than this; what else goes wrong ends the teller.
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
    }
  }
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

try {
  await new Teller(JSON.parse(process.argv[2]!) as TellerOptions).run();
} catch (error) {
  if (!(error instanceof Gone)) throw error;
  tell({ kind: "gone", why: error.why, said: error.message });
  process.exit(0);
}
