// kill -9 under load, again and again: a broker in its own process, an idempotent producer and (where kcat is installed)
// a plain and an idempotent kcat. In the end every acknowledged record must be in the log: once and at its acknowledged
// offset for idempotent producers, at least once and in order for the plain one, with no gap between offsets.

import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SeededRandom } from "@ottla/base";
import { freePort, startBrokerProcess } from "./broker-process.ts";
import { IdempotentLoad } from "./idempotent-load.ts";
import { createTopics, readPartition } from "./wire-reads.ts";
import type { ReadRecord } from "./wire-reads.ts";

const PARTITIONS = 3;
const FEED_LINES = 400;
const FEED_INTERVAL_MS = 10;

export interface KillReport {
  rounds: number;
  seed: number;
  kcat: boolean;
  records: number;
  /** Empty when the broker kept its promises. */
  violations: string[];
}

/** Runs `rounds` of load, kill -9 and restart. */
export async function killRounds(options: {
  rounds: number;
  seed: number;
  log?: (line: string) => void;
}): Promise<KillReport> {
  const random = new SeededRandom(options.seed);
  const dataDir = await mkdtemp(join(tmpdir(), "ottla-kill-"));
  const port = await freePort();
  const loads: KcatLoad[] = [];
  const silent = await listenSilently();
  let broker = await startBrokerProcess({ port, dataDir });
  try {
    await createTopics(port, [
      { name: "numbered", partitions: PARTITIONS },
      { name: "plain", partitions: 1 },
      { name: "idempotent", partitions: 1 },
    ]);
    const numbered = new IdempotentLoad({ port, topic: "numbered", partitions: PARTITIONS });
    numbered.start();
    const kcat = spawnSync("kcat", ["-V"]).status === 0;
    if (kcat)
      loads.push(
        new KcatLoad({ port, silentPort: silent.port }, "plain", false),
        new KcatLoad({ port, silentPort: silent.port }, "idempotent", true),
      );
    for (let round = 1; round <= options.rounds; round++) {
      await pause(100 + random.below(400));
      await broker.stop("SIGKILL");
      broker = await startBrokerProcess({ port, dataDir });
      options.log?.(`round ${round}: killed and back`);
    }
    await numbered.finish();
    for (const load of loads) await load.finish();
    const violations = [...numbered.violations, ...(await check(port, numbered, loads))];
    return { rounds: options.rounds, seed: options.seed, kcat, records: numbered.batches.length * 20, violations };
  } finally {
    for (const load of loads) load.kill();
    silent.close();
    await broker.stop("SIGTERM");
    await rm(dataDir, { recursive: true, force: true });
  }
}

// kcat gives up when every broker that it knows is down at once. One that accepts and never answers is not down.
function listenSilently(): Promise<{ port: number; close(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const close = (): void => {
        server.close();
        for (const socket of sockets) socket.destroy();
      };
      resolve({ port: (server.address() as AddressInfo).port, close });
    });
  });
}

async function check(port: number, numbered: IdempotentLoad, loads: readonly KcatLoad[]): Promise<string[]> {
  const violations: string[] = [];
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const records = await readPartition(port, "numbered", partition);
    violations.push(...gaps(`numbered-${partition}`, records));
    const values = new Map(records.map(({ offset, value }) => [offset, value]));
    const sent = numbered.batches.filter((batch) => batch.partition === partition);
    for (const batch of sent) {
      for (let index = 0; index < batch.records; index++) {
        const expected = `${partition}:${batch.firstNumber + index}`;
        const found = values.get(batch.baseOffset! + index);
        if (found !== expected)
          violations.push(
            `numbered-${partition}@${batch.baseOffset! + index}: acknowledged ${expected}, found ${found}`,
          );
      }
    }
    const total = sent.reduce((sum, batch) => sum + batch.records, 0);
    if (records.length !== total)
      violations.push(`numbered-${partition}: ${total} acknowledged, ${records.length} in the log`);
  }
  for (const load of loads) violations.push(...load.check(await readPartition(port, load.topic, 0)));
  return violations.slice(0, 50);
}

function gaps(name: string, records: readonly ReadRecord[]): string[] {
  return records
    .flatMap(({ offset }, index) => (offset === index ? [] : [`${name}: record ${index} has offset ${offset}`]))
    .slice(0, 5);
}

/** kcat, fed with numbered lines for as long as the rounds last. */
class KcatLoad {
  readonly topic: string;
  private readonly idempotent: boolean;
  private readonly child: ChildProcess;
  private readonly exited: Promise<number | null>;
  private readonly feed: NodeJS.Timeout;
  private lines = 0;
  private errors = "";

  constructor(ports: { port: number; silentPort: number }, topic: string, idempotent: boolean) {
    const { port, silentPort } = ports;
    this.topic = topic;
    this.idempotent = idempotent;
    const settings = [
      "message.timeout.ms=120000",
      "retries=100000",
      "retry.backoff.ms=20",
      "reconnect.backoff.max.ms=100",
      "linger.ms=2",
      "api.version.request.timeout.ms=300000",
    ];
    settings.push(idempotent ? "enable.idempotence=true" : "max.in.flight=1");
    const args = [
      "-P",
      "-b",
      `127.0.0.1:${port},127.0.0.1:${silentPort}`,
      "-t",
      topic,
      "-p",
      "0",
      ...settings.flatMap((setting) => ["-X", setting]),
    ];
    this.child = spawn("kcat", args, { stdio: ["pipe", "ignore", "pipe"] });
    this.child.stdin!.on("error", () => {}); // its exit code tells more
    this.child.stderr!.on("data", (chunk: Buffer) => {
      this.errors = (this.errors + chunk.toString()).slice(-2000);
    });
    this.exited = new Promise((resolve) => this.child.once("exit", (code) => resolve(code)));
    this.feed = setInterval(() => this.write(), FEED_INTERVAL_MS);
  }

  /** Ends the input and waits until kcat says that all was delivered. */
  async finish(): Promise<void> {
    clearInterval(this.feed);
    this.child.stdin!.end();
    const code = await this.exited;
    if (code !== 0) throw new Error(`kcat to ${this.topic} exited with ${code}: ${this.errors}`);
  }

  kill(): void {
    clearInterval(this.feed);
    if (this.child.exitCode === null) this.child.kill("SIGKILL");
  }

  check(records: readonly ReadRecord[]): string[] {
    const violations = gaps(this.topic, records);
    let next = 0;
    for (const { value, offset } of records) {
      const number = Number(value);
      if (number === next) next++;
      else if (number > next) violations.push(`${this.topic}@${offset}: ${number} where ${next} should be`);
      else if (this.idempotent) violations.push(`${this.topic}@${offset}: ${number} is there twice`);
    }
    if (next < this.lines) violations.push(`${this.topic}: ${this.lines} lines delivered, found up to ${next}`);
    return violations.slice(0, 20);
  }

  private write(): void {
    if (this.child.stdin!.writableNeedDrain) return;
    let text = "";
    for (let count = 0; count < FEED_LINES; count++) text += `${this.lines++}\n`;
    this.child.stdin!.write(text);
  }
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}
