// `ottla context …`: the clusters that have a name. Nothing here asks a cluster.

import { CommandError, UsageError } from "../../command-error.ts";
import type { CommandCall, CommandFamily } from "../../command-definition.ts";
import { contextNamed, contextsPath, editContexts, readContexts } from "../contexts.ts";
import type { Context } from "../contexts.ts";
import { outputOption, print } from "../output.ts";
import type { OutputOptions } from "../output.ts";
import { secretPlace } from "../secrets.ts";
import type { Secret } from "../secrets.ts";
import { fieldLines, tableLines } from "../table.ts";
import { confirm, yesOption } from "../terminal.ts";
import type { ChangeOptions } from "../terminal.ts";
import { addOptions, contextFrom } from "./add-options.ts";
import type { AddOptions } from "./add-options.ts";

const name = { flags: "<name>", summary: "the context", completedBy: "contexts" } as const;

export const contextCommands: CommandFamily = {
  commands: [
    {
      name: "list",
      summary: "list the contexts; the current one has a star",
      options: [outputOption],
      examples: ["ottla context list"],
      run: (call: CommandCall<OutputOptions>) => list(call),
    },
    {
      name: "use",
      summary: "make a context the current one: commands without --context and --bootstrap ask its cluster",
      arguments: [name],
      examples: ["ottla context use prod"],
      run: (call) => use(call),
    },
    {
      name: "show",
      summary: "show a context, or the current one; of secrets, where they are",
      arguments: [{ ...name, flags: "[name]" }],
      options: [outputOption],
      examples: ["ottla context show prod"],
      run: (call: CommandCall<OutputOptions>) => show(call),
    },
    {
      name: "add",
      summary: "add a context; the first one becomes the current one",
      arguments: [{ flags: "<name>", summary: "letters, digits, dots, dashes and underscores" }],
      options: addOptions,
      details:
        "The file of contexts is $OTTLA_CONFIG, or ~/.config/ottla/config.yaml, and is written for its owner alone.",
      examples: [
        "ottla context add dev --bootstrap localhost:9092",
        "ottla context add prod -b kafka-1:9093,kafka-2:9093 --tls --sasl SCRAM-SHA-512 --username alice --password-env KAFKA_PASSWORD",
        "ottla context add prod -b kafka-1:9093 --tls-ca ca.pem --sasl PLAIN --username alice --password-command 'pass kafka/prod'",
      ],
      run: (call: CommandCall<AddOptions>) => add(call),
    },
    {
      name: "remove",
      summary: "remove a context from the file; asks before",
      arguments: [name],
      options: [yesOption],
      examples: ["ottla context remove old --yes"],
      run: (call: CommandCall<ChangeOptions>) => remove(call),
    },
  ],
};

async function list({ options, io }: CommandCall<OutputOptions>): Promise<void> {
  const { current, contexts } = await readContexts(io.env);
  const rows = [...contexts].map(([each, context]) => ({
    name: each,
    isCurrent: each === current,
    bootstrapServers: context.bootstrapServers,
    security: securityName(context),
  }));
  await print(io, options, {
    document: rows,
    lines: (page) =>
      rows.length === 0
        ? [`there are no contexts in ${contextsPath(io.env)}: commands ask localhost:9092`]
        : tableLines(
            rows,
            [
              { title: "", value: (row) => (row.isCurrent ? "*" : ""), style: () => "green" },
              { title: "NAME", value: (row) => row.name },
              { title: "SERVERS", value: (row) => row.bootstrapServers },
              { title: "SECURITY", value: (row) => row.security },
            ],
            page,
          ),
  });
}

/** As Kafka's security.protocol, with the mechanism. */
function securityName({ tls, sasl }: Context): string {
  const transport = tls === undefined ? "PLAINTEXT" : "SSL";
  return sasl === undefined ? transport : `SASL_${transport} ${sasl.mechanism}`;
}

async function use({ words, io }: CommandCall): Promise<void> {
  const all = await readContexts(io.env);
  contextNamed(all, words[0]!, io.env);
  await editContexts(io.env, { current: words[0]! });
  io.out(`${words[0]} is the current context`);
}

async function show({ options, words, io }: CommandCall<OutputOptions>): Promise<void> {
  const all = await readContexts(io.env);
  const shown = words[0] ?? all.current;
  if (shown === null) throw new CommandError(`no context is the current one; ottla context use NAME makes one so`);
  const context = contextNamed(all, shown, io.env);
  const { tls, sasl } = context;
  const files = tls === undefined || tls === true ? {} : tls;
  const place = (secret: Secret | undefined): string | null => (secret === undefined ? null : secretPlace(secret));
  const document = {
    name: shown,
    isCurrent: shown === all.current,
    bootstrapServers: context.bootstrapServers,
    clientId: context.clientId ?? null,
    security: securityName(context),
    tls:
      tls === undefined
        ? null
        : { ...files, ...("keyPassword" in files ? { keyPassword: place(files.keyPassword) } : {}) },
    sasl:
      sasl === undefined
        ? null
        : {
            mechanism: sasl.mechanism,
            username: sasl.username ?? null,
            ...(sasl.token === undefined ? { password: place(sasl.password) } : { token: place(sasl.token) }),
          },
  };
  await print(io, options, {
    document,
    lines: (page) =>
      fieldLines(
        [
          ["Context", `${shown}${document.isCurrent ? " (current)" : ""}`],
          ["Servers", context.bootstrapServers],
          ["Client id", document.clientId],
          ["Security", document.security],
          ["Authorities", files.ca ?? (tls === undefined ? null : "the system's")],
          ["Certificate", files.cert ?? null],
          ["Key", files.key ?? null],
          ["Key password", place(files.keyPassword)],
          ["Server name", files.serverName ?? null],
          ["Verification", files.verify === false ? "off: any certificate is taken" : null],
          ["User", sasl?.username ?? null],
          ["Password", place(sasl?.password)],
          ["Token", place(sasl?.token)],
          ["File", contextsPath(io.env)],
        ],
        page,
      ),
  });
}

async function add({ options, words, io }: CommandCall<AddOptions>): Promise<void> {
  const added = words[0]!;
  if (!/^[\w.-]{1,64}$/.test(added))
    throw new UsageError(`${added} is no name of a context: letters, digits, . _ - and 64 of them at most`);
  const { contexts } = await readContexts(io.env);
  if (contexts.has(added) && options.replace !== true) {
    throw new CommandError(`there is a context ${added} already; --replace writes it anew`);
  }
  const context = await contextFrom(options, io);
  const becomesCurrent = options.use === true || contexts.size === 0;
  await editContexts(io.env, { set: { name: added, context }, ...(becomesCurrent ? { current: added } : {}) });
  io.out(`added ${added}${becomesCurrent ? ", which is the current context now" : ""}`);
}

async function remove({ options, words, io }: CommandCall<ChangeOptions>): Promise<void> {
  const removed = words[0]!;
  const all = await readContexts(io.env);
  const context = contextNamed(all, removed, io.env);
  await confirm(io, `Remove the context ${removed} (${context.bootstrapServers})?`, options);
  const wasCurrent = all.current === removed;
  await editContexts(io.env, { remove: removed, ...(wasCurrent ? { current: null } : {}) });
  io.out(`removed ${removed}${wasCurrent ? "; no context is the current one now" : ""}`);
}
