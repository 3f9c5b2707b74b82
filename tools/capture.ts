// `node tools/capture.ts [name…]`: records anew what foreign clients and a real Apache Kafka say to each other, into packages/testkit/captures/,
// and the log folders that Apache Kafka writes. Names: those of the table below, broker, assignments, folders, and each of the folders alone (folder-groups); default all.
// Needs Java, Maven, kcat, and what the conformance suites need. The tests read what is recorded and need none of them.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { run as runCommand } from "../conformance/processes.ts";
import { suites } from "../conformance/suites.ts";
import { folders, writeFolders } from "./capture/folders.ts";
import { runKafkajs } from "./capture/kafkajs.ts";
import { runKcat } from "./capture/kcat.ts";
import { runPlatformatic } from "./capture/platformatic.ts";
import { startRecordingProxy, type RecordingProxy } from "./capture/proxy.ts";
import { writeRecording } from "./capture/recording.ts";
import { freePort, runReferenceTool, startReferenceKafka, type ReferenceKafka } from "./reference.ts";

const capturesFolder = join(import.meta.dirname, "..", "packages", "testkit", "captures");

const suiteLimitMs = 120_000;

const clients: Record<string, (bootstrap: string) => Promise<void>> = {
  kcat: runKcat,
  kafkajs: runKafkajs,
  platformatic: runPlatformatic,
  java: runJava,
  "python-confluent": (bootstrap) => runSuite("python-confluent", bootstrap),
  "python-kafka": (bootstrap) => runSuite("python-kafka", bootstrap),
  "go-franz": (bootstrap) => runSuite("go-franz", bootstrap),
  "go-sarama": (bootstrap) => runSuite("go-sarama", bootstrap),
  "rust-rskafka": (bootstrap) => runSuite("rust-rskafka", bootstrap),
};
/** What the broker half of the node says to the controller half, recorded while the others run. */
const brokerToController = "broker";

async function main(names: string[]): Promise<void> {
  const wanted = new Set(
    names.length > 0 ? names : [...Object.keys(clients), brokerToController, "folders", "assignments"],
  );
  await mkdir(capturesFolder, { recursive: true });
  const wantedFolders = folders.filter((name) => wanted.delete(`folder-${name}`) || wanted.has("folders"));
  await writeFolders(capturesFolder, wantedFolders);
  wanted.delete("folders");
  if (wanted.delete("assignments")) await writeAssignments();
  if (wanted.size === 0) return;

  let port = 0;
  const controllerPort = await freePort();
  const toBroker = await startRecordingProxy(() => port);
  const toController = await startRecordingProxy(() => controllerPort);
  const kafka = await startBehind(toBroker, toController, controllerPort);
  port = kafka.port;
  try {
    for (const [name, run] of Object.entries(clients)) {
      if (wanted.has(name)) await record(name, toBroker, run);
    }
    if (wanted.has(brokerToController)) await save(brokerToController, toController);
  } finally {
    await kafka.stop();
    await Promise.all([toBroker.close(), toController.close()]);
  }
}

/** Starts Kafka so that it sends clients, and its own broker half, to the proxies. */
async function startBehind(
  toBroker: RecordingProxy,
  toController: RecordingProxy,
  controllerPort: number,
): Promise<ReferenceKafka> {
  return await startReferenceKafka({
    controllerPort,
    properties: {
      "advertised.listeners": `PLAINTEXT://127.0.0.1:${toBroker.port},CONTROLLER://127.0.0.1:${toController.port}`,
      "controller.quorum.bootstrap.servers": `127.0.0.1:${toController.port}`,
      "offsets.topic.num.partitions": "2",
      "transaction.state.log.num.partitions": "2",
      "share.coordinator.state.topic.num.partitions": "2",
      "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
      "super.users": "User:ANONYMOUS",
    },
  });
}

async function record(name: string, proxy: RecordingProxy, run: (bootstrap: string) => Promise<void>): Promise<void> {
  proxy.take();
  await run(`127.0.0.1:${proxy.port}`);
  await save(name, proxy);
}

async function save(name: string, proxy: RecordingProxy): Promise<void> {
  const count = await writeRecording(join(capturesFolder, `${name}.jsonl`), proxy.take());
  console.log(`${name}: kept ${count} exchanges`);
}

async function runJava(bootstrap: string): Promise<void> {
  const source = join(import.meta.dirname, "capture", "JavaClients.java");
  const result = await runReferenceTool(source, [bootstrap], { limitMs: 180_000 });
  process.stderr.write(result.stderr);
  if (result.code !== 0) throw new Error(`JavaClients.java ended with ${result.code}`);
}

/** What Kafka's assignors make of many groups; needs no broker. */
async function writeAssignments(): Promise<void> {
  const source = join(import.meta.dirname, "capture", "Assignments.java");
  const { code, stdout, stderr } = await runReferenceTool(source, [], { limitMs: 60_000 });
  if (code !== 0) throw new Error(`Assignments.java ended with ${code}:\n${stderr}`);
  await writeFile(join(capturesFolder, "java-assignments.jsonl.gz"), gzipSync(stdout, { level: 9 }));
}

/** A conformance suite, which knows how its client is installed and run. */
async function runSuite(name: string, bootstrap: string): Promise<void> {
  const command = await suites.find((suite) => suite.name === name)!.prepare();
  const { code, output } = await runCommand(
    { ...command, words: [...command.words, bootstrap, `captured-by-${name}-`] },
    suiteLimitMs,
  );
  if (code !== 0) throw new Error(`the suite ${name} ended with ${code}: ${output.slice(-1000)}`);
}

await main(process.argv.slice(2));
