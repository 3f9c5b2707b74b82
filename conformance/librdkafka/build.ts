// Builds librdkafka's own test program from the sources that the npm package @confluentinc/kafka-javascript carries, in .cache, once
// per content of that package's lock file. Nothing of it comes into the project's tree. It takes a minute or two of two cores, and
// without the headers of RapidJSON three tests leave themselves out.
// Beside it lies what some tests call: a folder that looks like Kafka's distribution, whose scripts run the reference's jars.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder, referenceClasspath, requireProgram } from "../../tools/reference/jars.ts";
import { runInstaller } from "../processes.ts";

export interface LibrdkafkaBuild {
  /** Where `./test-runner` lies and must be started: some tests look for files beside it. */
  testFolder: string;
  /** What the tests take as KAFKA_PATH: `bin/kafka-topics.sh`, `bin/kafka-run-class.sh`, `libs/`. */
  kafkaPath: string;
  /** test.c, which has the table of all tests. */
  source: string;
}

const buildLimitMs = 900_000;
const manifests = ["package.json", "package-lock.json"];
/** What is not needed to speak to a broker without security is left out, so that no more has to be installed. */
const leftOut = ["--disable-curl", "--disable-sasl", "--disable-gssapi", "--disable-lz4-ext"];

/** Throws MissingProgramError without a compiler or Java. */
export async function buildLibrdkafka(): Promise<LibrdkafkaBuild> {
  await requireProgram("g++", "librdkafka's tests are compiled");
  const kafkaPath = await kafkaFolder();
  const folder = await builtFolder();
  const testFolder = join(folder, "tests");
  return { testFolder, kafkaPath, source: await readFile(join(testFolder, "test.c"), "utf8") };
}

async function builtFolder(): Promise<string> {
  const from = join(import.meta.dirname, "..", "node-confluent");
  const hash = createHash("sha256");
  for (const file of manifests) hash.update(await readFile(join(from, file)));
  hash.update(adaptations.flat().join("\n"));
  const folder = cacheFolder("conformance", `librdkafka-${hash.digest("hex").slice(0, 12)}`);
  if (existsSync(join(folder, "tests", "test-runner"))) return folder;
  await rm(folder, { recursive: true, force: true });
  const packages = `${folder}.npm`;
  await mkdir(packages, { recursive: true });
  for (const file of manifests) await copyFile(join(from, file), join(packages, file));
  const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  await runInstaller({ program: "npm", words: ["ci", ...quiet], folder: packages }, buildLimitMs);
  const sources = join("node_modules", "@confluentinc", "kafka-javascript", "deps", "librdkafka");
  await rename(join(packages, sources), folder);
  await rm(packages, { recursive: true, force: true });
  await adapt(join(folder, "tests"));
  await compile(folder);
  return folder;
}

/** Topics get one replica, whatever number a test asks for, and 0081 leaves out what wants security: by file, what becomes what. */
const adaptations: readonly (readonly [file: string, pattern: RegExp, replacement: string])[] = [
  ["test.c", /(?<=^void test_admin_create_topic\([^)]*\) \{\n)/m, "        replication_factor = 1;\n"],
  ["0081-admin.c", /^ +do_test_(?:Create|Describe|Delete)Acls\(rk, mainq, \d\);$/gm, ""],
  ["0081-admin.c", /^ +do_test_UserScramCredentials\("[^)]*\);$/gm, ""],
];

/** Throws when the sources are not as they are expected here. */
async function adapt(testFolder: string): Promise<void> {
  for (const [file, pattern, replacement] of adaptations) {
    const text = await readFile(join(testFolder, file), "utf8");
    const adapted = text.replace(pattern, replacement);
    if (adapted === text) throw new Error(`${file} of librdkafka has nothing like ${String(pattern)}`);
    await writeFile(join(testFolder, file), adapted);
  }
}

async function compile(folder: string): Promise<void> {
  const environment = { CFLAGS: "-O1 -g0", CXXFLAGS: "-O1 -g0" };
  await runInstaller({ program: "./configure", words: leftOut, folder, environment }, buildLimitMs);
  await runInstaller({ program: "make", words: ["-j2", "libs"], folder }, buildLimitMs);
  await runInstaller({ program: "make", words: ["-j2", "-C", "tests", "test-runner"], folder }, buildLimitMs);
}

async function kafkaFolder(): Promise<string> {
  const classpath = await referenceClasspath();
  const folder = cacheFolder("conformance", "kafka-scripts");
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, "bin"), { recursive: true });
  await symlink(classpath.split(":").at(-1)!.replace(/\/\*$/, ""), join(folder, "libs"));
  const java = 'exec java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto -Xmx256m -cp "$CLASSPATH:';
  const run = `${java}${classpath}"`;
  await script("kafka-run-class.sh", `${run} "$@"`);
  await script("kafka-topics.sh", `${run} org.apache.kafka.tools.TopicCommand "$@"`);
  return folder;

  async function script(name: string, text: string): Promise<void> {
    await writeFile(join(folder, "bin", name), `#!/bin/sh\n${text}\n`);
    await chmod(join(folder, "bin", name), 0o755);
  }
}
