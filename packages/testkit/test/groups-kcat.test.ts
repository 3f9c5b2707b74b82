// kcat's balanced consumer (librdkafka) in consumer groups: processes that come, go and are killed, eager and cooperative;
// committing and resuming. What processes print comes in no order between them, so who owns what is judged where the group rests.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { Admin, Producer, stringSerializers } from "@platformatic/kafka";
import { missing, run } from "./support/foreign-client.ts";
import { GroupLedger, HEARTBEAT_MS, PARTITIONS, SESSION_MS, startGroupBroker } from "./support/group-life.ts";
import type { GroupBroker } from "./support/group-life.ts";

const STEP_RECORDS = 60;
/** `rebalanced (memberid M): assigned: t [0], t [1]`, or `rebalanced: incremental assignment of 2 partition(s) (memberid M, …): t [0], t [1]`. */
const rebalanced = /rebalanced.*?\b(assign|revok)[^[]*(.*)$/;

describe("kcat -G", { skip: missing("kcat"), concurrency: true }, () => {
  let broker: GroupBroker;

  let admin: Admin;
  let producer: Producer<string, string, string, string>;

  before(async () => {
    broker = await startGroupBroker();
    const base = { clientId: "test", bootstrapBrokers: [broker.bootstrap] };
    admin = new Admin(base);
    producer = new Producer({ ...base, serializers: stringSerializers });
  });
  after(async () => {
    await producer.close();
    await admin.close();
    await broker.close();
  });

  async function produce(topic: string, first: number): Promise<void> {
    const values = Array.from({ length: STEP_RECORDS }, (_, index) => `value ${first + index}`);
    await producer.send({ messages: values.map((value, index) => ({ topic, value, partition: index % PARTITIONS })) });
  }

  for (const [plain, strategy] of [
    ["eager", "roundrobin"],
    ["cooperative", "cooperative-sticky"],
  ] as const) {
    it(`shares 12 partitions among processes that come, go and are killed (${plain}): all records, one owner where it rests`, async () => {
      const topic = broker.name(`kcat-${plain}`);
      const group = broker.name(`kcat-${plain}-group`);
      const ledger = new GroupLedger();
      const members = new Map<string, KcatMember>();
      const start = (name: string): void => {
        members.set(name, new KcatMember({ bootstrap: broker.bootstrap, topic, group, strategy, name, ledger }));
      };
      const stop = async (name: string, signal: NodeJS.Signals): Promise<void> => {
        ledger.gone(name);
        await members.get(name)!.stop(signal);
        members.delete(name);
      };
      const steps: (() => void | Promise<void>)[] = [
        () => start("a"),
        () => ["b", "c"].forEach(start),
        () => stop("b", "SIGKILL"),
        () => stop("a", "SIGTERM"),
        () => ["d", "e"].forEach(start),
      ];
      await admin.createTopics({ topics: [topic], partitions: PARTITIONS, replicas: 1 });
      await produce(topic, 0); // Now Kafka shows the topic to everybody; a member that comes before would look again much later.
      let sent = STEP_RECORDS;
      for (const [index, step] of steps.entries()) {
        await step();
        await produce(topic, sent);
        sent += STEP_RECORDS;
        await ledger.until(`step ${index}, ${sent} records sent`, () => {
          return ledger.seen.size === sent && ledger.restsWith(members.size);
        });
      }
      await Promise.all([...members.keys()].map((name) => stop(name, "SIGTERM")));
      assert.deepEqual(await rest(topic, group), [], "what is left after all was committed");
    });
  }

  /** What a new member of the group still gets. */
  async function rest(topic: string, group: string): Promise<string[]> {
    const { stdout } = await run("kcat", [...groupWords(broker.bootstrap, group), "-e", "-q", topic]);
    return stdout
      .toString()
      .split("\n")
      .filter((line) => line !== "");
  }
});

function groupWords(bootstrap: string, group: string): string[] {
  const settings = [
    `session.timeout.ms=${SESSION_MS}`,
    `heartbeat.interval.ms=${HEARTBEAT_MS}`,
    "auto.offset.reset=earliest",
    "auto.commit.interval.ms=50",
    "fetch.wait.max.ms=30",
  ];
  return ["-b", bootstrap, "-G", group, ...settings.flatMap((setting) => ["-X", setting])];
}

interface KcatOptions {
  bootstrap: string;
  topic: string;
  group: string;
  strategy: string;
  name: string;
  ledger: GroupLedger;
}

/** One process; what it prints goes into the ledger. */
class KcatMember {
  private readonly child: ChildProcess;
  private owned: number[] = [];

  constructor({ bootstrap, topic, group, strategy, name, ledger }: KcatOptions) {
    const words = [...groupWords(bootstrap, group), "-X", `partition.assignment.strategy=${strategy}`, "-u", topic];
    this.child = spawn("kcat", words, { stdio: ["ignore", "pipe", "pipe"] });
    createInterface({ input: this.child.stdout! }).on("line", (line) => ledger.processed(name, line));
    createInterface({ input: this.child.stderr! }).on("line", (line) => {
      const match = rebalanced.exec(line);
      if (match === null) return;
      this.apply(
        match[1]!,
        [...match[2]!.matchAll(/\[(\d+)\]/g)].map(([, partition]) => Number(partition)),
      );
      ledger.own(name, this.owned);
    });
  }

  private apply(change: string, partitions: number[]): void {
    if (change === "assign") this.owned = [...new Set([...this.owned, ...partitions])];
    else this.owned = this.owned.filter((partition) => !partitions.includes(partition));
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    const ended = once(this.child, "exit");
    this.child.kill(signal);
    await ended;
  }
}
