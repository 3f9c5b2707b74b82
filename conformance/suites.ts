// The clients that are run against a broker. Each has a folder with dependencies of its own, says how they are installed
// into the project's .cache folder (once per content of its manifest), and which command then runs its checks.
// A suite's command gets HOST:PORT and a prefix for its topics, and prints one line per check (see report.ts).

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder, requireProgram, resolveJars } from "../tools/reference.ts";
import { runInstaller, type Command } from "./processes.ts";

export interface Suite {
  name: string;
  /** Installs what the suite needs and returns its command. Throws MissingProgramError when the machine lacks the language. */
  prepare(): Promise<Command>;
}

const installLimitMs = 420_000;

export const suites: readonly Suite[] = [
  { name: "node-confluent", prepare: () => prepareNodeConfluent("suite.mjs") },
  { name: "node-groups", prepare: () => prepareNodeConfluent("groups.mjs") },
  { name: "rust-rskafka", prepare: prepareRust },
  { name: "go-franz", prepare: () => prepareGo("franz") },
  { name: "go-sarama", prepare: () => prepareGo("sarama") },
  { name: "java-clients", prepare: () => prepareJava("Suite.java") },
  { name: "java-groups", prepare: () => prepareJava("Groups.java") },
  { name: "python-confluent", prepare: () => preparePython("suite_confluent.py") },
  { name: "python-kafka", prepare: () => preparePython("suite_kafka_python.py") },
];

async function prepareJava(program: "Suite.java" | "Groups.java"): Promise<Command> {
  const folder = suiteFolder("java");
  await requireProgram("java", "the Java client needs Java 17 or newer");
  const jars = await resolveJars(join(folder, "pom.xml"), "conformance-java");
  const quickStart = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m"];
  return { program: "java", words: [...quickStart, "-cp", jars, join(folder, program)] };
}

async function preparePython(script: string): Promise<Command> {
  const environment = await pythonEnvironment();
  return { program: join(environment, "bin", "python"), words: [join(suiteFolder("python"), script)] };
}

/** Both Python suites share one virtual environment, and installing it once. */
const pythonEnvironment = once(async () => {
  const requirements = join(suiteFolder("python"), "requirements.txt");
  return await installed("python", [requirements], async (folder) => {
    await runInstaller({ program: "python3", words: ["-m", "venv", folder] }, installLimitMs);
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", requirements];
    await runInstaller({ program: join(folder, "bin", "python"), words: pip }, installLimitMs);
  });
});

async function prepareGo(name: "franz" | "sarama"): Promise<Command> {
  return { program: join(await goPrograms(), name), words: [] };
}

const goPrograms = once(async () => {
  const source = suiteFolder("go");
  const files = [
    "go.mod",
    "checks/checks.go",
    ...["franz", "sarama"].flatMap((name) => [`${name}/main.go`, `${name}/groups.go`]),
  ].map((file) => join(source, file));
  return await installed("go", files, async (folder) => {
    const words = ["build", "-o", folder, "./franz", "./sarama"];
    await runInstaller(
      { program: "go", words, folder: source, environment: { GOFLAGS: "-mod=readonly" } },
      installLimitMs,
    );
  });
});

async function prepareRust(): Promise<Command> {
  const source = suiteFolder("rust");
  const target = cacheFolder("conformance", "rust");
  await mkdir(target, { recursive: true });
  const words = ["build", "--quiet"];
  const environment = { CARGO_TARGET_DIR: target };
  await runInstaller({ program: "cargo", words, folder: source, environment }, installLimitMs);
  return { program: join(target, "debug", "ottla-conformance"), words: [] };
}

/** The programs stand beside the packages that they import, as they are now; installing is for the packages alone. */
async function prepareNodeConfluent(program: "suite.mjs" | "groups.mjs"): Promise<Command> {
  const folder = await nodeConfluentFolder();
  return { program: "node", words: [join(folder, program)] };
}

/**
 * The addon comes without a binary for this place, so librdkafka and the addon are compiled: without optimisation, which takes a
 * third of the time, and against the system's libraries (dynamic), since the static build would download their sources.
 */
const nodeConfluentFolder = once(async () => {
  const source = suiteFolder("node-confluent");
  const manifests = ["package.json", "package-lock.json"];
  const files = manifests.map((file) => join(source, file));
  const folder = await installed("node-confluent", files, async (target) => {
    for (const file of manifests) await copyFile(join(source, file), join(target, file));
    const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    await runInstaller({ program: "npm", words: ["ci", ...quiet], folder: target }, installLimitMs);
    const addon = join(target, "node_modules", "@confluentinc", "kafka-javascript");
    const words = ["exec", "--no", "--", "node-pre-gyp", "install", "--build-from-source"];
    const environment = { CKJS_LINKING: "dynamic", CFLAGS: "-O0 -g0", CXXFLAGS: "-O0 -g0" };
    await runInstaller({ program: "npm", words, folder: addon, environment }, installLimitMs);
  });
  const programs = (await readdir(source)).filter((file) => file.endsWith(".mjs"));
  for (const file of programs) await copyFile(join(source, file), join(folder, file));
  return folder;
});

function suiteFolder(name: string): string {
  return join(import.meta.dirname, name);
}

/** Runs `install` on an empty folder of the cache, once per content of `files`; a mark says that it came to its end. */
async function installed(name: string, files: string[], install: (folder: string) => Promise<void>): Promise<string> {
  const hash = createHash("sha256");
  for (const file of files) hash.update(await readFile(file));
  const folder = cacheFolder("conformance", `${name}-${hash.digest("hex").slice(0, 12)}`);
  const mark = join(folder, ".installed");
  if (!existsSync(mark)) {
    await mkdir(folder, { recursive: true });
    await install(folder);
    await writeFile(mark, "");
  }
  return folder;
}

function once<Result>(action: () => Promise<Result>): () => Promise<Result> {
  let result: Promise<Result> | undefined;
  return () => (result ??= action());
}
