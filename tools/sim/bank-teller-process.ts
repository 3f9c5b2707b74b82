// A teller of the bank as its parent sees it: a process that is started, paused, killed, and whose facts go into the history.

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { GROUP, LEDGER, REQUESTS, transactionalIdOf } from "./bank-facts.ts";
import type { BankFact, Plan, TellerOptions } from "./bank-facts.ts";
import type { Span } from "./history.ts";
import { atProcessEnd } from "./process-end.ts";
import type { Attempt, KnownTransaction, Takeover, TransactionHistory } from "./transaction-history.ts";

const SCRIPT = fileURLToPath(new URL("bank-teller.ts", import.meta.url));
const FACTS = 3;

export class TellerProcess {
  readonly options: TellerOptions;
  /** When it had its transactional id: not before may it be paused, as a late request for it would rightly take it back. */
  hasTaken = false;
  /** The offset of its requests that it is sure to have done. */
  position = 0;
  /** How it ended; null while it lives. */
  ended: "fenced" | "lost" | "killed" | null = null;
  /** The last that it said before it ended by itself. */
  said = "";
  private readonly history: TransactionHistory;
  private readonly child: ChildProcess;
  private readonly over: Promise<void>;
  private takeover: Takeover | null = null;
  private transaction: KnownTransaction | null = null;
  private plan: Plan | null = null;

  constructor(options: TellerOptions, history: TransactionHistory) {
    this.options = options;
    this.history = history;
    this.child = spawn(process.execPath, [SCRIPT, JSON.stringify(options)], {
      stdio: ["ignore", "ignore", "pipe", "pipe"],
    });
    this.child.stderr!.on("data", (chunk: Buffer) => (this.said += chunk.toString()));
    const lines = createInterface({ input: this.child.stdio[FACTS] as Readable });
    lines.on("line", (line) => this.take(JSON.parse(line) as BankFact));
    const read = new Promise<void>((resolve) => void lines.once("close", resolve));
    const taken = atProcessEnd(() => void this.child.kill("SIGKILL"));
    const exited = new Promise<void>((resolve) => void this.child.once("exit", () => resolve()));
    this.over = Promise.all([read, exited]).then(() => {
      taken();
      this.ended ??= "killed";
    });
  }

  pause(): void {
    this.child.kill("SIGSTOP");
  }

  resume(): void {
    this.child.kill("SIGCONT");
  }

  /** kill -9; resolves when everything that it told is known. */
  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.over;
  }

  private take(fact: BankFact): void {
    const { history, transaction, options } = this;
    const { holder, partition } = options;
    const transactionalId = transactionalIdOf(partition);
    switch (fact.kind) {
      case "takes":
        this.takeover = history.takeOver({ transactionalId, holder, begun: fact.begun });
        return;
      case "took":
        this.hasTaken = true;
        this.takeover!.ended = fact.ended;
        return;
      case "at":
        this.position = fact.position;
        this.readOffset(fact);
        return;
      case "begins":
        this.begins(fact.plan, fact.begun);
        return;
      case "wrote":
        transaction!.writes[fact.index]!.attempts.push(attemptOf(fact));
        return;
      case "offset":
        transaction!.offsets[0]!.attempts.push(attemptOf(fact));
        return;
      case "asks":
        transaction!.end = { committed: this.plan!.commits, asked: fact.begun, attempts: [] };
        return;
      case "ended":
        transaction!.end!.attempts.push(attemptOf(fact));
        if (fact.told === "yes" && this.plan!.commits) this.position = this.plan!.offset;
        return;
      case "late":
        history.late.push({ ...fact, values: [] });
        return;
      case "gone":
        this.ended = fact.why;
        this.said = fact.said;
    }
  }

  private readOffset({ position: offset, begun, ended }: Span & { readonly position: number }): void {
    const partition = `${REQUESTS}-${this.options.partition}`;
    this.history.offsetReadings.push({ group: GROUP, partition, offset, begun, ended });
  }

  private begins(plan: Plan, begun: number): void {
    const { history, options } = this;
    const transactionalId = transactionalIdOf(options.partition);
    this.plan = plan;
    this.transaction = history.begin({ name: plan.transaction, transactionalId, holder: options.holder, begun });
    for (const { partition, values } of plan.writes) history.write(this.transaction, `${LEDGER}-${partition}`, values);
    const place = { group: GROUP, partition: `${REQUESTS}-${options.partition}`, offset: plan.offset };
    history.commitOffset(this.transaction, place);
  }
}

function attemptOf({ begun, ended, told }: Attempt): Attempt {
  return { begun, ended, told };
}
