// What kcat (librdkafka) says to a broker: listing, producing with each compression, reading, asking for offsets, a group, a transaction.

import { spawn } from "node:child_process";
import { once } from "node:events";

const topic = "captured-by-kcat";
const lines = Array.from({ length: 20 }, (_, index) => `key-${index % 5}:the value of line ${index}\n`).join("");

/** Runs kcat several times against `bootstrap`. Throws when one run fails. */
export async function runKcat(bootstrap: string): Promise<void> {
  await kcat(bootstrap, ["-L"]);
  for (const compression of ["none", "gzip", "snappy", "lz4", "zstd"]) {
    await kcat(bootstrap, ["-P", "-t", topic, "-K:", "-z", compression, "-H", "origin=kcat"], lines);
  }
  await kcat(bootstrap, ["-P", "-t", topic, "-X", "acks=0"], "nobody answers\n");
  await kcat(bootstrap, ["-P", "-t", topic, "-X", "enable.idempotence=true"], lines);
  await kcat(bootstrap, ["-P", "-t", topic, "-X", "transactional.id=kcat-transaction"], lines);
  await kcat(bootstrap, ["-C", "-t", topic, "-e", "-q"]);
  await kcat(bootstrap, ["-C", "-t", topic, "-e", "-q", "-o", "-5", "-X", "isolation.level=read_committed"]);
  await kcat(bootstrap, ["-Q", "-t", `${topic}:0:-1`, "-t", `${topic}:0:1700000000000`]);
  await kcat(bootstrap, ["-G", "kcat-group", "-e", "-q", "-o", "beginning", topic]);
  await kcat(bootstrap, ["-L", "-t", topic]);
}

async function kcat(bootstrap: string, words: string[], input = ""): Promise<void> {
  const child = spawn("kcat", ["-b", bootstrap, ...words], { stdio: ["pipe", "ignore", "pipe"] });
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
  child.stdin.end(input);
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`kcat ${words.join(" ")} ended with ${code}: ${complaint}`);
}
