// What a teller asks of its client, and the client that sends plain requests as one of KIP-890 does. It says what the broker told it, and
// repeats each request over new connections until it is answered, so that transactions go on across a restart of the broker.

import { RecordBatchBuilder } from "@ottla/protocol";
import { GROUP, LEDGER, machineTime, REQUESTS, transactionalIdOf } from "./bank-facts.ts";
import type { BankFact, Plan, TellerOptions } from "./bank-facts.ts";
import { TransactionalCalls, toldBy } from "./transactional-calls.ts";
import { ConnectionLost, WireClient } from "./wire-client.ts";

export const TRANSACTION_TIMEOUT_MS = 60_000;
const RETRY_MS = 20;

export interface TellerClient {
  /** Takes the transactional id. @throws Gone */
  take(): Promise<void>;
  /** Makes the transaction. @throws Gone when this producer cannot go on. */
  transact(plan: Plan): Promise<void>;
}

/** The end of a teller: fenced by a successor, or it does not know how to go on. */
export class Gone extends Error {
  readonly why: "fenced" | "lost";

  constructor(why: "fenced" | "lost", said: string) {
    super(said);
    this.why = why;
  }
}

export class WireTeller implements TellerClient {
  private readonly options: TellerOptions;
  private readonly tell: (fact: BankFact) => void;
  private readonly chance: (probability: number) => boolean;
  private readonly calls: TransactionalCalls;
  private readonly sequences = new Map<number, number>();
  private client: WireClient | null = null;
  private past: { producerId: number; producerEpoch: number; committed: boolean } | null = null;

  constructor(options: TellerOptions, tell: (fact: BankFact) => void, chance: (probability: number) => boolean) {
    this.options = options;
    this.tell = tell;
    this.chance = chance;
    const caller = (): WireClient => this.client!;
    this.calls = new TransactionalCalls(caller, transactionalIdOf(options.partition), "new");
  }

  async take(): Promise<void> {
    await this.untilDone(
      async () => (await this.calls.findCoordinators(GROUP)) || this.calls.init(TRANSACTION_TIMEOUT_MS),
    );
  }

  async transact({ transaction, writes, offset, commits }: Plan): Promise<void> {
    for (const [index, { partition, values }] of writes.entries()) {
      const records = this.encode(partition, values);
      await this.untilDone(
        () => this.calls.produce({ topic: LEDGER, partition }, records),
        (told) => ({ kind: "wrote", index, ...told }),
      );
      if (this.past !== null && this.chance(0.1)) await this.repeatEnd(this.past, transaction);
    }
    await this.untilDone(
      () => this.calls.commitOffset(GROUP, { topic: REQUESTS, partition: this.options.partition }, offset),
      (told) => ({ kind: "offset", ...told }),
    );
    this.tell({ kind: "asks", begun: machineTime() });
    const { producerId, producerEpoch } = this.calls;
    await this.untilDone(
      () => this.calls.end(commits),
      (told) => ({ kind: "ended", ...told }),
    );
    this.past = { producerId, producerEpoch, committed: commits };
    this.sequences.clear();
  }

  /** In the middle of a transaction, the end of the one before comes once more, or the opposite of it. */
  private async repeatEnd(past: NonNullable<typeof this.past>, transaction: string): Promise<void> {
    const committed = this.chance(0.5);
    const begun = machineTime();
    try {
      const told = toldBy(await this.calls.end(committed, past));
      const what = `a late ${committed ? "commit" : "abort"} in ${transaction}`;
      this.tell({ kind: "late", what, mustBeRefused: true, told, begun, ended: machineTime() });
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error;
    }
  }

  private async untilDone(
    call: () => Promise<number>,
    fact?: (told: { told: "yes" | "no" | "unknown"; begun: number; ended: number }) => BankFact,
  ): Promise<void> {
    for (;;) {
      const begun = machineTime();
      let told: "yes" | "no" | "unknown" = "unknown";
      let code = -1;
      try {
        if (this.client === null || this.client.isLost) this.client = await WireClient.connect(this.options.port);
        code = await call();
        told = toldBy(code);
      } catch {
        // The broker is gone; it comes back.
      }
      if (fact !== undefined) this.tell(fact({ told, begun, ended: machineTime() }));
      if (told === "yes") return;
      if (told === "no") throw new Gone("fenced", `error ${code}`);
      await new Promise((resolve) => void setTimeout(resolve, RETRY_MS));
    }
  }

  private encode(partition: number, values: readonly string[]): Buffer {
    const { producerId, producerEpoch } = this.calls;
    const baseSequence = this.sequences.get(partition) ?? 0;
    this.sequences.set(partition, baseSequence + values.length);
    const builder = new RecordBatchBuilder({ producerId, producerEpoch, baseSequence, isTransactional: true });
    for (const value of values) builder.append({ timestamp: Date.now(), value: Buffer.from(value) });
    return builder.build();
  }
}
