// Contexts: clusters that have a name, in a YAML file that people may write themselves. $OTTLA_CONFIG names it, else it is
// ottla/config.yaml in $XDG_CONFIG_HOME or ~/.config. What the file says is checked whole: a misspelt name is told, not ignored.
// The file may hold secrets, so that it is written for its owner alone (0600), and whole or not at all.

import { mkdir, readFile, realpath, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { CommandError } from "../command-error.ts";
import type { PeopleIo } from "./people-io.ts";
import { parseContexts } from "./context-file.ts";
import type { Secret } from "./secrets.ts";

export interface TlsContext {
  /** Paths of PEM files. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly keyPassword?: Secret;
  /** The name to expect in the broker's certificate, when it is not the host's. */
  readonly serverName?: string;
  /** false takes any certificate. Default true. */
  readonly verify?: boolean;
}

export type SaslMechanism = "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512" | "OAUTHBEARER";

export interface SaslContext {
  readonly mechanism: SaslMechanism;
  readonly username?: string;
  readonly password?: Secret;
  /** Of OAUTHBEARER. */
  readonly token?: Secret;
}

export interface Context {
  readonly bootstrapServers: string;
  readonly clientId?: string;
  /** true is TLS with the system's authorities. */
  readonly tls?: true | TlsContext;
  readonly sasl?: SaslContext;
}

export interface Contexts {
  readonly current: string | null;
  readonly contexts: ReadonlyMap<string, Context>;
}

type Environment = PeopleIo["env"];

export function contextsPath(env: Environment): string {
  const named = env["OTTLA_CONFIG"] ?? "";
  if (named !== "") return named;
  const xdg = env["XDG_CONFIG_HOME"] ?? "";
  return join(xdg === "" ? join(env["HOME"] ?? homedir(), ".config") : xdg, "ottla", "config.yaml");
}

/** What the file says; nothing when there is no file. @throws CommandError */
export async function readContexts(env: Environment): Promise<Contexts> {
  const path = contextsPath(env);
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { current: null, contexts: new Map() };
    // "EACCES: permission denied", without the call and the path behind it.
    throw new CommandError(`${path}: ${(error as Error).message.replace(/, \w+(?: '.*')?$/, "")}`);
  }
  const { parse } = await import("yaml");
  let read: unknown;
  try {
    read = parse(text, { maxAliasCount: 100 });
  } catch (error) {
    throw new CommandError(`${path}: ${(error as Error).message.split("\n")[0]}`);
  }
  return parseContexts(read, path);
}

export interface ContextsEdit {
  readonly set?: { readonly name: string; readonly context: Context };
  readonly remove?: string;
  /** null: none is current any more. */
  readonly current?: string | null;
}

/** Changes the file and leaves the rest of it, comments included, as it is; it is never half written. @throws CommandError */
export async function editContexts(env: Environment, { set, remove, current }: ContextsEdit): Promise<void> {
  await readContexts(env);
  const { Document, parseDocument } = await import("yaml");
  const named = contextsPath(env);
  // A link stays a link.
  const path = await realpath(named).catch(() => named);
  const text = await readFile(path, "utf8").catch(() => "");
  const document = text.trim() === "" ? new Document({}) : parseDocument(text);
  if (current === null) document.delete("current");
  else if (current !== undefined) document.set("current", current);
  if (document.get("contexts") === null) document.delete("contexts");
  if (remove !== undefined) document.deleteIn(["contexts", remove]);
  if (set !== undefined) document.setIn(["contexts", set.name], document.createNode(set.context));
  await replaceFile(path, document.toString({ lineWidth: 0 }));
}

async function replaceFile(path: string, text: string): Promise<void> {
  const fresh = `${path}.${process.pid}`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(fresh, text, { mode: 0o600, flag: "wx" });
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true });
    throw new CommandError(`the file of contexts cannot be written: ${(error as Error).message}`);
  }
}

/** @throws CommandError, which names those there are */
export function contextNamed({ contexts }: Contexts, name: string, env: Environment): Context {
  const context = contexts.get(name);
  if (context !== undefined) return context;
  const known = [...contexts.keys()];
  const there = known.length === 0 ? `there is none in ${contextsPath(env)}` : `there are ${known.join(", ")}`;
  throw new CommandError(`there is no context ${name}; ${there}`);
}
