// A client for the time of a command: which cluster is meant, one clear line when nobody answers there, and always closed at the end.

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import {
  AbortedError,
  AuthenticationError,
  ConfigError,
  ConnectionError,
  Kafka,
  KafkaError,
  TimeoutError,
} from "@ottla/client";
import type { Admin, ClientOptions, ConnectionMessage } from "@ottla/client";
import { CommandError, UsageError } from "../command-error.ts";
import type { CommandOption } from "../command-definition.ts";
import { contextNamed, readContexts } from "./contexts.ts";
import type { Context } from "./contexts.ts";
import type { PeopleIo } from "./people-io.ts";
import { securityOptions } from "./security.ts";

export interface ConnectionFlags {
  readonly context?: string;
  readonly bootstrap?: string;
}

/** For every command that asks a cluster. */
export const connectionOptions: readonly CommandOption[] = [
  { flags: "-b, --bootstrap <host:port>", summary: "the brokers to ask first, several with commas (localhost:9092)" },
  { flags: "--context <name>", summary: "the cluster's name in the file of contexts", completedBy: "contexts" },
];

/** Which cluster is meant, for people to see. */
export interface Target {
  /** The context's name; null without one. */
  readonly name: string | null;
  readonly servers: string;
}

/** "prod (kafka-1:9092,kafka-2:9092)" or "localhost:9092". */
export function targetText({ name, servers }: Target): string {
  return name === null ? servers : `${name} (${servers})`;
}

export interface Session {
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly target: Target;
  /** For every call that takes it: the command's signal ends the call. */
  readonly call: { readonly signal: AbortSignal };
}

/** How long it may take until a broker has answered at all. */
const ANSWER_MS = 10_000;
const CONNECT_MS = 5_000;
/** How long one call may take. */
const CALL_MS = 30_000;
/** How long what is under way may take to end when the command is done or was ended. */
const CLOSE_MS = 3_000;
/** A server that hangs up so often before it has said anything is given up; one that nobody can connect to is at once. */
const ATTEMPTS = 2;
const CLIENT_ID = "ottla-cli";
const DEFAULT_SERVERS = "localhost:9092";

/**
 * Runs the action with a client of the cluster that is meant, once a broker of it has answered.
 * @throws CommandError when none answers, or what names the cluster is wrong
 */
export async function withKafka<T>(
  flags: ConnectionFlags,
  io: PeopleIo,
  action: (kafka: Kafka, session: Session) => Promise<T>,
): Promise<T> {
  const { context, target } = await chooseCluster(flags, io.env);
  const kafka = openClient(await clientOptions(context, io.env));
  const { signal } = io;
  try {
    const admin = kafka.admin();
    await firstAnswer(admin, target, signal);
    return await action(kafka, { kafka, admin, target, call: { signal } });
  } finally {
    await kafka.close({ timeoutMs: CLOSE_MS });
  }
}

/** As withKafka, for those who only administer. */
export function withAdmin<T>(
  flags: ConnectionFlags,
  io: PeopleIo,
  action: (session: Session) => Promise<T>,
): Promise<T> {
  return withKafka(flags, io, (_, session) => action(session));
}

/**
 * --bootstrap alone is that cluster and nothing of a context: no password goes to a host that it was not meant for. With --context, it is the
 * context's cluster at another address.
 */
export async function chooseCluster(
  { context: name, bootstrap }: ConnectionFlags,
  env: PeopleIo["env"],
): Promise<{ context: Context; target: Target }> {
  if (bootstrap?.trim() === "") throw new UsageError("--bootstrap names no server");
  if (name === undefined && bootstrap !== undefined) return unnamed(bootstrap);
  const all = await readContexts(env);
  const chosen = name ?? all.current;
  if (chosen === null) return unnamed(DEFAULT_SERVERS);
  const context = contextNamed(all, chosen, env);
  const servers = bootstrap ?? context.bootstrapServers;
  return { context: { ...context, bootstrapServers: servers }, target: { name: chosen, servers } };
}

function unnamed(servers: string): { context: Context; target: Target } {
  return { context: { bootstrapServers: servers }, target: { name: null, servers } };
}

async function clientOptions(context: Context, env: PeopleIo["env"]): Promise<ClientOptions> {
  return {
    bootstrapServers: context.bootstrapServers,
    clientId: context.clientId ?? CLIENT_ID,
    connectTimeoutMs: CONNECT_MS,
    defaultApiTimeoutMs: CALL_MS,
    allowAutoTopicCreation: false,
    ...(await securityOptions(context, env)),
  };
}

function openClient(options: ClientOptions): Kafka {
  try {
    return new Kafka(options);
  } catch (error) {
    if (error instanceof ConfigError) throw new UsageError(error.message);
    throw error;
  }
}

/** Not before each server has failed once, and then at once: a person does not wait for a broker that is not there. */
async function firstAnswer(admin: Admin, target: Target, signal: AbortSignal): Promise<void> {
  const attempts = new Map(
    target.servers
      .split(",")
      .flatMap((each) => addressOf(each))
      .map((each) => [each, ATTEMPTS]),
  );
  const hopeless = new AbortController();
  let last = null as KafkaError | null;
  const failed = (isOver: boolean, message: unknown): void => {
    const { address, error } = message as ConnectionMessage;
    const left = attempts.get(address);
    if (left === undefined || error === null || error === undefined) return;
    last = error;
    if (isOver || left === 1) attempts.delete(address);
    else attempts.set(address, left - 1);
    if (attempts.size === 0) hopeless.abort();
  };
  const refused = (message: unknown): void => failed(true, message);
  const hungUp = (message: unknown): void => failed(false, message);
  subscribe("ottla:client:connection:error", refused);
  subscribe("ottla:client:connection:close", hungUp);
  try {
    const ended = AbortSignal.any([signal, hopeless.signal]);
    await admin.describeCluster({ timeoutMs: ANSWER_MS, signal: ended });
  } catch (error) {
    if (signal.aborted || !(error instanceof KafkaError)) throw error;
    const why = error instanceof AuthenticationError ? error : (last ?? error);
    if (why instanceof AuthenticationError) {
      throw new CommandError(
        `${targetText(target)} does not let us in, or is not trusted: ${why.message.trim()} (${why.code})`,
      );
    }
    if (error instanceof AbortedError || error instanceof TimeoutError || error instanceof ConnectionError) {
      throw new CommandError(`no broker answers at ${targetText(target)}: ${whyNot(why)}`);
    }
    throw error;
  } finally {
    unsubscribe("ottla:client:connection:error", refused);
    unsubscribe("ottla:client:connection:close", hungUp);
  }
}

function addressOf(server: string): string[] {
  const found = /^(?:[A-Z_]+:\/\/)?(.+)$/.exec(server.trim())?.[1];
  // As the client writes addresses: those of IPv6 without their brackets.
  return found === undefined ? [] : [found.replace(/^\[(.*)\]:/, "$1:")];
}

function whyNot(error: KafkaError): string {
  let root: unknown = error;
  while (root instanceof Error && root.cause instanceof Error) root = root.cause;
  const code = (root as NodeJS.ErrnoException).code;
  if (code === "ECONNREFUSED") return "the connection was refused, nothing listens there (ECONNREFUSED)";
  if (code === "ENOTFOUND") return "there is no host of that name (ENOTFOUND)";
  if (error.message.endsWith("the broker closed it")) {
    return `it closes the connection; does it want TLS or SASL? A context has them (${error.code})`;
  }
  if (/an answer announces|cannot be read/.test(error.message)) {
    return `what answers there speaks TLS, or no protocol of Kafka's (${error.code})`;
  }
  if (error instanceof TimeoutError) return `nothing came within ${ANSWER_MS / 1000} s (${error.code})`;
  return `${error.message} (${error.code})`;
}
