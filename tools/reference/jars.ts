// Where the jars of Apache Kafka come from: Maven resolves tools/reference/pom.xml into the project's .cache folder, once per
// content of the pom. No distribution is downloaded. Needs `java` (17 or newer) and `mvn` on the PATH, and says so when they are absent.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";

const projectRoot = dirname(dirname(import.meta.dirname));
/** Pinned: without it Maven would take whatever its own defaults name. */
const dependencyPlugin = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1";

/** A program that the reference needs is not on this machine; the message is the one line to show. */
export class MissingProgramError extends Error {
  override name = "MissingProgramError";
}

/** The folder for what is downloaded or built and may be deleted at any time. */
export function cacheFolder(...parts: string[]): string {
  return join(projectRoot, ".cache", ...parts);
}

/**
 * Resolves the runtime dependencies of `pomFile` into `.cache/<name>-<hash of the pom>/`, unless they are there already.
 * Returns a Java class path entry that takes in all of them. Throws MissingProgramError without Java or Maven.
 */
export function resolveJars(pomFile: string, name: string): Promise<string> {
  const known = resolving.get(pomFile);
  if (known !== undefined) return known;
  const jars = copyJars(pomFile, name);
  resolving.set(pomFile, jars);
  return jars;
}

/** By POM: two suites of one run that ask at the same time must not copy into the same folder. */
const resolving = new Map<string, Promise<string>>();

async function copyJars(pomFile: string, name: string): Promise<string> {
  const hash = createHash("sha256").update(readFileSync(pomFile)).digest("hex").slice(0, 12);
  const folder = cacheFolder(`${name}-${hash}`);
  if (!existsSync(folder)) {
    await requireProgram("java", "Apache Kafka needs Java 17 or newer");
    await requireProgram("mvn", "the jars of Apache Kafka are resolved by Maven");
    const unfinished = `${folder}.${process.pid}`;
    await mkdir(unfinished, { recursive: true });
    await runMaven(pomFile, unfinished);
    await rename(unfinished, folder).catch(async (error: unknown) => {
      await rm(unfinished, { recursive: true, force: true });
      if (!existsSync(folder)) throw error;
    });
  }
  return join(folder, "*");
}

/** The class path of the broker, the clients and the tools, with the quiet logging of the reference in front. */
export async function referenceClasspath(): Promise<string> {
  const folder = join(import.meta.dirname);
  const jars = await resolveJars(join(folder, "pom.xml"), "reference");
  return [folder, jars].join(delimiter);
}

/** Resolves when `program` can be started; otherwise throws one line that says what it is needed for. */
export async function requireProgram(program: string, purpose: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const child = spawn(program, ["-version"], { stdio: "ignore" });
  child.on("error", () => reject(new MissingProgramError(`${purpose}: \`${program}\` is not on the PATH`)));
  child.on("exit", () => resolve());
  await promise;
}

async function runMaven(pomFile: string, outputFolder: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const child = spawn(
    "mvn",
    [
      "--batch-mode",
      "--quiet",
      "--file",
      pomFile,
      `${dependencyPlugin}:copy-dependencies`,
      "-DincludeScope=runtime",
      `-DoutputDirectory=${outputFolder}`,
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.on("error", reject);
  child.on("exit", (code) => {
    if (code === 0) resolve();
    else reject(new Error(`Maven could not resolve ${pomFile}:\n${output.slice(-4000)}`));
  });
  await promise;
}
