// The kafkajs client of a teller: a client from before KIP-890 that others wrote. When it does not know how to go on its teller ends.

import { Kafka, logLevel } from "kafkajs";
import type { Producer, Transaction } from "kafkajs";
import { Gone, TRANSACTION_TIMEOUT_MS } from "./bank-clients.ts";
import type { TellerClient } from "./bank-clients.ts";
import { GROUP, LEDGER, machineTime, REQUESTS, transactionalIdOf } from "./bank-facts.ts";
import type { BankFact, Plan, TellerOptions } from "./bank-facts.ts";

const FENCED = new Set<unknown>(["PRODUCER_FENCED", "INVALID_PRODUCER_EPOCH"]);

export class KafkajsTeller implements TellerClient {
  private readonly options: TellerOptions;
  private readonly tell: (fact: BankFact) => void;
  private readonly producer: Producer;
  private next: Transaction | null = null;

  constructor(options: TellerOptions, tell: (fact: BankFact) => void) {
    this.options = options;
    this.tell = tell;
    const kafka = new Kafka({
      clientId: options.holder,
      brokers: [`127.0.0.1:${options.port}`],
      logLevel: logLevel.NOTHING,
      retry: { initialRetryTime: 20, maxRetryTime: 200, retries: 20 },
    });
    this.producer = kafka.producer({
      transactionalId: transactionalIdOf(options.partition),
      transactionTimeout: TRANSACTION_TIMEOUT_MS,
      idempotent: true,
      maxInFlightRequests: 1,
    });
  }

  // kafkajs asks for its id with its first transaction.
  async take(): Promise<void> {
    await this.orGone(async () => {
      await this.producer.connect();
      this.next = await this.producer.transaction();
    });
  }

  async transact({ writes, offset, commits }: Plan): Promise<void> {
    const transaction = this.next ?? (await this.orGone(() => this.producer.transaction()));
    this.next = null;
    for (const [index, { partition, values }] of writes.entries()) {
      const messages = values.map((value) => ({ partition, value }));
      await this.noted(
        () => transaction.send({ topic: LEDGER, acks: -1, messages }),
        (told) => ({ kind: "wrote", index, ...told }),
      );
    }
    const { partition } = this.options;
    const topics = [{ topic: REQUESTS, partitions: [{ partition, offset: String(offset) }] }];
    await this.noted(
      () => transaction.sendOffsets({ consumerGroupId: GROUP, topics }),
      (told) => ({ kind: "offset", ...told }),
    );
    this.tell({ kind: "asks", begun: machineTime() });
    await this.noted(
      () => (commits ? transaction.commit() : transaction.abort()),
      (told) => ({ kind: "ended", ...told }),
    );
  }

  // What kafkajs tried behind one call is not known: only a fenced producer was refused for sure.
  private async noted(
    call: () => Promise<unknown>,
    fact: (told: { told: "yes" | "no" | "unknown"; begun: number; ended: number }) => BankFact,
  ): Promise<void> {
    const begun = machineTime();
    try {
      await call();
      this.tell(fact({ told: "yes", begun, ended: machineTime() }));
    } catch (error) {
      this.tell(fact({ told: "unknown", begun, ended: machineTime() }));
      throw goneBy(error);
    }
  }

  private async orGone<Result>(call: () => Promise<Result>): Promise<Result> {
    try {
      return await call();
    } catch (error) {
      throw goneBy(error);
    }
  }
}

function goneBy(error: unknown): Gone {
  let cause: unknown = error;
  while (cause instanceof Error) {
    const type: unknown = "type" in cause ? cause.type : null;
    if (FENCED.has(type)) return new Gone("fenced", String(type));
    cause = cause.cause;
  }
  return new Gone("lost", String(error));
}
