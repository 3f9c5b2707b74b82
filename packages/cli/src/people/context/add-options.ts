// The options of `ottla context add`, and the context that they describe.

import { UsageError } from "../../command-error.ts";
import type { CommandOption } from "../../command-definition.ts";
import { saslMechanisms } from "../context-file.ts";
import type { Context, SaslContext, SaslMechanism, TlsContext } from "../contexts.ts";
import type { PeopleIo } from "../people-io.ts";
import type { Secret } from "../secrets.ts";
import { resolve } from "node:path";

export interface AddOptions {
  readonly bootstrap?: string;
  readonly clientId?: string;
  readonly tls?: true;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsKeyPasswordEnv?: string;
  readonly tlsServerName?: string;
  /** false when any certificate is taken. */
  readonly tlsVerify: boolean;
  readonly sasl?: SaslMechanism;
  readonly username?: string;
  readonly passwordEnv?: string;
  readonly passwordFile?: string;
  readonly passwordCommand?: string;
  readonly passwordStdin?: true;
  readonly use?: true;
  readonly replace?: true;
}

export const addOptions: readonly CommandOption[] = [
  { flags: "-b, --bootstrap <host:port>", summary: "the brokers to ask first, several with commas; needed" },
  { flags: "--client-id <id>", summary: "how the brokers know the commands (ottla-cli)" },
  { flags: "--tls", summary: "encrypt, and trust the system's authorities" },
  { flags: "--tls-ca <file>", summary: "encrypt, and trust these authorities (PEM)", completedBy: "files" },
  { flags: "--tls-cert <file>", summary: "encrypt, and show this certificate (PEM)", completedBy: "files" },
  { flags: "--tls-key <file>", summary: "the certificate's key (PEM)", completedBy: "files" },
  { flags: "--tls-key-password-env <name>", summary: "the variable that holds the key's password" },
  { flags: "--tls-server-name <name>", summary: "the name to expect in the broker's certificate" },
  { flags: "--no-tls-verify", summary: "encrypt, and take any certificate" },
  { flags: "--sasl <mechanism>", summary: "how to log in", choices: saslMechanisms },
  { flags: "--username <name>", summary: "who logs in" },
  { flags: "--password-env <name>", summary: "the variable that holds the password (or OAUTHBEARER's token)" },
  { flags: "--password-file <file>", summary: "the file that holds it", completedBy: "files" },
  { flags: "--password-command <line>", summary: "the command line that prints it" },
  { flags: "--password-stdin", summary: "read it from stdin now and keep it in the file of contexts" },
  { flags: "--use", summary: "make it the current context" },
  { flags: "--replace", summary: "write it anew when there is one of that name" },
];

/** @throws UsageError when the options do not go together */
export async function contextFrom(options: AddOptions, io: PeopleIo): Promise<Context> {
  const { bootstrap, clientId } = options;
  if (bootstrap === undefined) throw new UsageError("--bootstrap is needed: which brokers are to be asked first?");
  for (const server of bootstrap.split(",")) {
    const port = /^\S+:(\d{1,5})$/.exec(server.trim())?.[1];
    if (port === undefined || Number(port) > 65_535) {
      throw new UsageError(`--bootstrap: ${server.trim()} is not host:port`);
    }
  }
  const tls = tlsFrom(options);
  const sasl = await saslFrom(options, io);
  return {
    bootstrapServers: bootstrap,
    ...(clientId === undefined ? {} : { clientId }),
    ...(tls === undefined ? {} : { tls }),
    ...(sasl === undefined ? {} : { sasl }),
  };
}

function tlsFrom(options: AddOptions): true | TlsContext | undefined {
  const { tlsCa, tlsCert, tlsKey, tlsKeyPasswordEnv, tlsServerName, tlsVerify } = options;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) throw new UsageError("--tls-cert and --tls-key go together");
  if (tlsKeyPasswordEnv !== undefined && tlsKey === undefined)
    throw new UsageError("--tls-key-password-env needs --tls-key");
  const tls: TlsContext = {
    // What is relative now is relative to another folder later.
    ...(tlsCa === undefined ? {} : { ca: resolve(tlsCa) }),
    ...(tlsCert === undefined ? {} : { cert: resolve(tlsCert), key: resolve(tlsKey!) }),
    ...(tlsKeyPasswordEnv === undefined ? {} : { keyPassword: { env: tlsKeyPasswordEnv } }),
    ...(tlsServerName === undefined ? {} : { serverName: tlsServerName }),
    ...(tlsVerify ? {} : { verify: false }),
  };
  if (Object.keys(tls).length > 0) return tls;
  return options.tls;
}

async function saslFrom(options: AddOptions, io: PeopleIo): Promise<SaslContext | undefined> {
  const { sasl: mechanism, username } = options;
  const secret = await secretFrom(options, io);
  if (mechanism === undefined) {
    if (username !== undefined || secret !== undefined)
      throw new UsageError("a user or a password needs --sasl MECHANISM");
    return undefined;
  }
  const ways = "--password-env, --password-file, --password-command or --password-stdin";
  if (secret === undefined) throw new UsageError(`--sasl ${mechanism} needs one of ${ways}`);
  if (mechanism === "OAUTHBEARER") {
    if (username !== undefined) throw new UsageError("OAUTHBEARER has no --username: the token says who it is");
    return { mechanism, token: secret };
  }
  if (username === undefined) throw new UsageError(`--sasl ${mechanism} needs --username`);
  return { mechanism, username, password: secret };
}

async function secretFrom(options: AddOptions, io: PeopleIo): Promise<Secret | undefined> {
  const { passwordEnv, passwordFile, passwordCommand, passwordStdin } = options;
  const given = [passwordEnv, passwordFile, passwordCommand, passwordStdin].filter((each) => each !== undefined);
  if (given.length > 1) throw new UsageError("the password is in one place only");
  if (passwordEnv !== undefined) return { env: passwordEnv };
  if (passwordFile !== undefined) return { file: resolve(passwordFile) };
  if (passwordCommand !== undefined) return { command: passwordCommand };
  if (passwordStdin === undefined) return undefined;
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of io.input) {
    size += piece.length;
    if (size > MOST_BYTES) throw new UsageError("--password-stdin: that is no password");
    pieces.push(piece);
  }
  const text = Buffer.concat(pieces)
    .toString("utf8")
    .replace(/\r?\n$/, "");
  if (text === "") throw new UsageError("--password-stdin: nothing came");
  return text;
}

const MOST_BYTES = 64 * 1024;
