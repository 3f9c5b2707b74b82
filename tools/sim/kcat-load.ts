// kcat (librdkafka), fed with numbered lines for as long as a broker is killed and started again. In the end the log must hold the
// numbers in order: each once when kcat is idempotent, at least once when it is not.

import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { atProcessEnd } from "./process-end.ts";

const FEED_LINES = 100;
const FEED_INTERVAL_MS = 10;
const EXIT_LIMIT_MS = 60_000;

const SETTINGS = [
  "message.timeout.ms=120000",
  "retries=100000",
  "retry.backoff.ms=20",
  "reconnect.backoff.max.ms=100",
  "linger.ms=2",
];

export function kcatIsInstalled(): boolean {
  return spawnSync("kcat", ["-V"]).status === 0;
}

export class KcatLoad {
  readonly topic: string;
  private readonly idempotent: boolean;
  private readonly child: ChildProcess;
  private readonly exited: Promise<number | null>;
  private readonly feed: NodeJS.Timeout;
  private lines = 0;
  private errors = "";
  // While the log is read: the number that is due.
  private next = 0;
  private readonly violations: string[] = [];

  constructor(port: number, topic: string, idempotent: boolean) {
    this.topic = topic;
    this.idempotent = idempotent;
    const settings = [...SETTINGS, idempotent ? "enable.idempotence=true" : "max.in.flight=1"];
    // -E: it goes on when the only broker that it knows is down.
    const words = ["-P", "-E", "-b", `127.0.0.1:${port}`, "-t", topic, "-p", "0"];
    const args = [...words, ...settings.flatMap((setting) => ["-X", setting])];
    this.child = spawn("kcat", args, { stdio: ["pipe", "ignore", "pipe"] });
    this.child.stdin!.on("error", () => {}); // its exit code tells more
    this.child.stderr!.on("data", (chunk: Buffer) => {
      this.errors = (this.errors + chunk.toString()).slice(-2000);
    });
    const taken = atProcessEnd(() => void this.child.kill("SIGKILL"));
    this.exited = new Promise((resolve) =>
      this.child.once("exit", (code) => {
        taken();
        resolve(code);
      }),
    );
    this.feed = setInterval(() => this.write(), FEED_INTERVAL_MS);
  }

  /** Ends the input and waits until kcat says that all was delivered. */
  async finish(): Promise<void> {
    clearInterval(this.feed);
    this.child.stdin!.end();
    const limit = setTimeout(() => this.child.kill("SIGKILL"), EXIT_LIMIT_MS);
    const code = await this.exited;
    clearTimeout(limit);
    if (code !== 0) throw new Error(`kcat to ${this.topic} exited with ${code}: ${this.errors}`);
  }

  kill(): void {
    clearInterval(this.feed);
    this.child.kill("SIGKILL");
  }

  /** One record of the log, in order. */
  see(record: { offset: number; value: Buffer | null }): void {
    const number = Number(record.value);
    if (number === this.next) this.next++;
    else if (number > this.next)
      this.violations.push(`${this.topic}@${record.offset}: ${number} where ${this.next} should be`);
    else if (this.idempotent) this.violations.push(`${this.topic}@${record.offset}: ${number} is there twice`);
  }

  /** What was wrong, once every record was seen. */
  verdict(): string[] {
    const missing =
      this.next < this.lines ? [`${this.topic}: ${this.lines} lines delivered, found up to ${this.next}`] : [];
    return [...this.violations, ...missing].slice(0, 20);
  }

  private write(): void {
    if (this.child.stdin!.writableNeedDrain) return;
    let text = "";
    for (let count = 0; count < FEED_LINES; count++) text += `${this.lines++}\n`;
    this.child.stdin!.write(text);
  }
}
