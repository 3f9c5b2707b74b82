// sasl.mechanism and sasl.jaas.config to the client's SASL options. Pure.

import type { SaslOptions } from "@ottla/client";
import { PropertyError } from "./property-values.ts";

const known: ReadonlySet<string> = new Set(["sasl.mechanism", "sasl.jaas.config"]);

/** @throws PropertyError */
export function saslOptions(properties: ReadonlyMap<string, string>): SaslOptions {
  for (const name of properties.keys()) {
    if (name.startsWith("sasl.") && !known.has(name)) {
      throw new PropertyError(`The configuration ${name} is not supported by this client`);
    }
  }
  const mechanism = properties.get("sasl.mechanism") ?? "GSSAPI";
  const login = parseJaas(properties.get("sasl.jaas.config"));
  const credentials = (): { username: string; password: string } => ({
    username: needed(login, "username"),
    password: needed(login, "password"),
  });
  switch (mechanism) {
    case "PLAIN":
      return { mechanism, ...credentials() };
    case "SCRAM-SHA-256":
    case "SCRAM-SHA-512":
      return { mechanism, ...credentials(), isDelegationToken: login.options.get("tokenauth") === "true" };
    default:
      throw new PropertyError(
        `The SASL mechanism ${mechanism} is not supported by this command: PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512 are`,
      );
  }
}

interface Login {
  readonly module: string;
  readonly options: ReadonlyMap<string, string>;
}

/** `a.login.Module required name="value" other=value;` */
function parseJaas(text: string | undefined): Login {
  if (text === undefined) throw new PropertyError("Could not find the login in the configuration sasl.jaas.config");
  const match = /^\s*([\w.$]+)\s+(?:required|requisite|sufficient|optional)\b(.*?);\s*$/is.exec(text);
  if (match === null) throw new PropertyError("Login module not specified in JAAS config");
  const pairs = match[2]!.matchAll(/([\w.-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s;"']+))/g);
  const options = new Map<string, string>();
  for (const [, name, double, single, plain] of pairs) {
    options.set(name!, (double ?? single)?.replaceAll(/\\(.)/g, "$1") ?? plain!);
  }
  return { module: match[1]!, options };
}

function needed({ module, options }: Login, name: string): string {
  const value = options.get(name);
  if (value === undefined) throw new PropertyError(`The login module ${module} has no ${name} in sasl.jaas.config`);
  return value;
}
