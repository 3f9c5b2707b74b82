// The security settings of a context as options of the client: files are read, secrets fetched, when a command is about to connect.

import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { ConnectionOptions } from "node:tls";
import type { ClientOptions, SaslOptions } from "@ottla/client";
import { CommandError } from "../command-error.ts";
import { contextsPath } from "./contexts.ts";
import type { Context, SaslContext, TlsContext } from "./contexts.ts";
import type { PeopleIo } from "./people-io.ts";
import { readSecret } from "./secrets.ts";
import type { SecretPlaces } from "./secrets.ts";

/** @throws CommandError when a file or a secret is not there */
export async function securityOptions(
  { tls, sasl }: Context,
  env: PeopleIo["env"],
): Promise<Pick<ClientOptions, "tls" | "sasl">> {
  // Paths in the file are meant from where the file is.
  const places = { env, folder: dirname(contextsPath(env)) };
  return {
    ...(tls === undefined ? {} : { tls: tls === true ? true : await tlsOptions(tls, places) }),
    ...(sasl === undefined ? {} : { sasl: await saslOptions(sasl, places) }),
  };
}

async function tlsOptions(tls: TlsContext, places: SecretPlaces): Promise<ConnectionOptions> {
  const file = async (what: string, path: string | undefined): Promise<Buffer | undefined> => {
    if (path === undefined) return undefined;
    try {
      return await readFile(resolve(places.folder, path));
    } catch (error) {
      throw new CommandError(`tls.${what}: ${(error as Error).message}`);
    }
  };
  const { keyPassword, serverName, verify } = tls;
  const [ca, cert, key] = [await file("ca", tls.ca), await file("cert", tls.cert), await file("key", tls.key)];
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(keyPassword === undefined ? {} : { passphrase: await readSecret("tls.keyPassword", keyPassword, places) }),
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(verify === undefined ? {} : { rejectUnauthorized: verify }),
  };
}

async function saslOptions(sasl: SaslContext, places: SecretPlaces): Promise<SaslOptions> {
  const { mechanism, username, password, token } = sasl;
  if (mechanism === "OAUTHBEARER") {
    // Asked for anew when a connection needs one: a command that prints tokens prints a fresh one each time.
    return { mechanism, token: async () => ({ value: await readSecret("sasl.token", token!, places) }) };
  }
  return { mechanism, username: username!, password: await readSecret("sasl.password", password!, places) };
}
