// What may stand in the file of contexts. Every mistake is told with its place: "contexts.prod.tls: there is no \"certs\", but ca, cert, …". Pure.

import { CommandError } from "../command-error.ts";
import type { Context, Contexts, SaslContext, SaslMechanism, TlsContext } from "./contexts.ts";
import type { Secret } from "./secrets.ts";

/** As users write them, and as Kafka does. */
export const saslMechanisms: readonly SaslMechanism[] = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"];

/** @throws CommandError */
export function parseContexts(read: unknown, path: string): Contexts {
  try {
    const file = fields("", read ?? {}, ["current", "contexts"]);
    const named = file["contexts"] ?? {};
    const contexts = new Map<string, Context>();
    for (const [name, value] of Object.entries(anyFields("contexts", named))) {
      contexts.set(name, parseContext(`contexts.${name}`, value));
    }
    // Whether there is such a context is asked where it is used: `ottla context use` has to get at a file that names none.
    return { current: optionalText("current", file["current"]) ?? null, contexts };
  } catch (error) {
    if (error instanceof Mistake) throw new CommandError(`${path}: ${error.message}`);
    throw error;
  }
}

class Mistake extends Error {
  constructor(place: string, sentence: string) {
    super(place === "" ? sentence : `${place}: ${sentence}`);
  }
}

function parseContext(place: string, value: unknown): Context {
  const read = fields(place, value, ["bootstrapServers", "clientId", "tls", "sasl"]);
  const servers = read["bootstrapServers"];
  const list = Array.isArray(servers)
    ? servers.map((each) => text(`${place}.bootstrapServers`, each)).join(",")
    : servers;
  if (list === undefined) throw new Mistake(place, "bootstrapServers is missing");
  const { tls, sasl } = read;
  return given({
    bootstrapServers: text(`${place}.bootstrapServers`, list),
    clientId: optionalText(`${place}.clientId`, read["clientId"]),
    tls: tls === undefined || tls === false ? undefined : tls === true ? true : parseTls(`${place}.tls`, tls),
    sasl: sasl === undefined ? undefined : parseSasl(`${place}.sasl`, sasl),
  }) as unknown as Context;
}

function parseTls(place: string, value: unknown): TlsContext {
  const names = ["ca", "cert", "key", "keyPassword", "serverName", "verify"];
  const read = fields(place, value, names);
  const { verify, keyPassword } = read;
  if (verify !== undefined && typeof verify !== "boolean") throw new Mistake(`${place}.verify`, "it is true or false");
  if ((read["cert"] === undefined) !== (read["key"] === undefined))
    throw new Mistake(place, "cert and key go together");
  return given({
    ca: optionalText(`${place}.ca`, read["ca"]),
    cert: optionalText(`${place}.cert`, read["cert"]),
    key: optionalText(`${place}.key`, read["key"]),
    keyPassword: keyPassword === undefined ? undefined : parseSecret(`${place}.keyPassword`, keyPassword),
    serverName: optionalText(`${place}.serverName`, read["serverName"]),
    verify,
  });
}

function parseSasl(place: string, value: unknown): SaslContext {
  const read = fields(place, value, ["mechanism", "username", "password", "token"]);
  const mechanism = text(`${place}.mechanism`, read["mechanism"]).toUpperCase() as SaslMechanism;
  if (!saslMechanisms.includes(mechanism)) {
    throw new Mistake(`${place}.mechanism`, `there is no ${mechanism}, but ${saslMechanisms.join(", ")}`);
  }
  const needed = mechanism === "OAUTHBEARER" ? ["token"] : ["username", "password"];
  for (const name of ["username", "password", "token"]) {
    if (needed.includes(name) && read[name] === undefined) throw new Mistake(place, `${mechanism} needs ${name}`);
    if (!needed.includes(name) && read[name] !== undefined) throw new Mistake(place, `${mechanism} has no ${name}`);
  }
  if (mechanism === "OAUTHBEARER") return { mechanism, token: parseSecret(`${place}.token`, read["token"]) };
  return {
    mechanism,
    username: text(`${place}.username`, read["username"]),
    password: parseSecret(`${place}.password`, read["password"]),
  };
}

function parseSecret(place: string, value: unknown): Secret {
  if (typeof value === "string") return value;
  const read = fields(place, value, ["env", "file", "command"]);
  const [only, ...more] = Object.entries(read);
  if (only === undefined || more.length > 0) throw new Mistake(place, "it is a text, or one of env, file, command");
  return { [only[0]]: text(`${place}.${only[0]}`, only[1]) } as Secret;
}

function fields(place: string, value: unknown, names: readonly string[]): Record<string, unknown> {
  const read = anyFields(place, value);
  for (const name of Object.keys(read)) {
    if (!names.includes(name)) throw new Mistake(place, `there is no "${name}", but ${names.join(", ")}`);
  }
  return read;
}

function anyFields(place: string, value: unknown): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Mistake(place, "it has to be names with values");
}

function text(place: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw new Mistake(place, value === undefined ? "it is missing" : "it has to be a text");
}

function optionalText(place: string, value: unknown): string | undefined {
  return value === undefined ? undefined : text(place, value);
}

/** Without the fields that have no value. */
function given(all: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}
