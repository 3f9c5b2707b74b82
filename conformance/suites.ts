// The clients that are run against a broker. Each has a folder with dependencies of its own, says how they are installed
// into the project's .cache folder (once per content of its manifest), and which command then runs its checks.
// A suite's command gets HOST:PORT and a prefix for its topics, and prints one line per check (see report.ts).

import { copyFile, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder, requireProgram, resolveJars } from "../tools/reference.ts";
import { confluentFolder } from "./confluent-addon.ts";
import { installed, installLimitMs } from "./installed.ts";
import { runInstaller, type Command } from "./processes.ts";

export interface Suite {
  name: string;
  /** Installs what the suite needs and returns its command. Throws MissingProgramError when the machine lacks the language. */
  prepare(): Promise<Command>;
}

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

const nodeConfluentFolder = once(async () => {
  const folder = await confluentFolder("quickly");
  const source = suiteFolder("node-confluent");
  const programs = (await readdir(source)).filter((file) => file.endsWith(".mjs"));
  for (const file of programs) await copyFile(join(source, file), join(folder, file));
  return folder;
});

function suiteFolder(name: string): string {
  return join(import.meta.dirname, name);
}

function once<Result>(action: () => Promise<Result>): () => Promise<Result> {
  let result: Promise<Result> | undefined;
  return () => (result ??= action());
}
