// The batches of one producer stay in the order in which they came, whichever of them the transaction coordinator must be asked about.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import { NO_GUARD } from "@ottla/storage";
import type { Broker } from "../src/broker.ts";
import { TransactionVerification } from "../src/coordinators/transaction-verification.ts";
import type { Partition } from "../src/partition.ts";

const PRODUCER = { transactionalId: "t", producerId: 7, producerEpoch: 0 };

describe("the batches of a producer whose transaction is being verified", () => {
  it("wait behind the one that is asked about, also when their partition knows the transaction by then", async () => {
    const rig = new Rig();
    rig.produce("first");
    rig.produce("second");
    await rig.answer();
    assert.deepEqual(rig.appended, ["first"]);
    rig.underWay = true;
    rig.produce("third");
    assert.deepEqual(rig.appended, ["first"], "the second one waits for its answer");
    await rig.answer();
    assert.deepEqual(rig.appended, ["first", "second", "third"]);
    rig.produce("fourth");
    assert.deepEqual(rig.appended.at(-1), "fourth", "at once, for nothing waits any more");
  });

  it("do not wait for those of another producer", async () => {
    const rig = new Rig();
    rig.produce("first");
    rig.underWay = true;
    rig.produce("of another", { ...PRODUCER, producerId: 8 });
    assert.deepEqual(rig.appended, ["of another"]);
    await rig.answer();
    assert.deepEqual(rig.appended, ["of another", "first"]);
  });

  it("go on after a question that came to nothing", async () => {
    const rig = new Rig();
    rig.produce("first");
    rig.produce("second");
    rig.fail(new Error("no coordinator"));
    await rig.turn();
    await rig.answer();
    assert.deepEqual(rig.appended, ["first failed", "second"]);
  });

  it("let their partition know of their sequences at once", () => {
    const rig = new Rig();
    rig.produce("first", PRODUCER, 5);
    rig.produce("second", PRODUCER, 3);
    assert.deepEqual(new Set(rig.sequences), new Set([5, 3]));
  });
});

/** A coordinator that answers when it is told to, and a partition that has no transaction until `underWay`. */
class Rig {
  readonly appended: string[] = [];
  readonly sequences: number[] = [];
  underWay = false;
  private readonly questions: { resolve: (errorCode: number) => void; reject: (error: Error) => void }[] = [];
  private readonly verification: TransactionVerification;
  private readonly partition: Partition;

  constructor() {
    const broker = {
      clock: new ManualClock(),
      config: { get: () => true },
      transactions: { run: () => new Promise((resolve, reject) => this.questions.push({ resolve, reject })) },
    };
    this.verification = new TransactionVerification(broker as unknown as Broker);
    const log = {
      beginVerification: ({ sequence }: { sequence: number }) => {
        this.sequences.push(sequence);
        return { errorCode: errorCodes.NONE, guard: this.underWay ? NO_GUARD : 1 };
      },
    };
    this.partition = { topic: "a", index: 0, checkLeader: () => errorCodes.NONE, log } as unknown as Partition;
  }

  /** As Produce does: appends at once when it can, else when the verdict is there. */
  produce(name: string, writer: typeof PRODUCER = PRODUCER, sequence = 0): void {
    const verdicts = this.verification.verify(writer, [{ partition: this.partition, sequence }], "adds partitions");
    if (!(verdicts instanceof Promise)) this.appended.push(name);
    else
      verdicts.then(
        () => this.appended.push(name),
        () => this.appended.push(`${name} failed`),
      );
  }

  answer(): Promise<void> {
    this.questions.shift()!.resolve(errorCodes.NONE);
    return this.turn();
  }

  fail(error: Error): void {
    this.questions.shift()!.reject(error);
  }

  turn(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }
}
