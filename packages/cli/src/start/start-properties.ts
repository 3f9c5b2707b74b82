// Makes the broker's properties of what `ottla start` was given. The later wins: Ottla's defaults, the file of --config,
// --host and --port and --data-dir, --override. Values are not judged here; the broker does that with its table of configs.

import { CommandError } from "../command-error.ts";

export interface PropertySources {
  /** The content of the --config file. */
  readonly file?: ReadonlyMap<string, string>;
  readonly host?: string;
  readonly port?: number;
  readonly dataDir?: string;
  /** Texts of the form name=value. */
  readonly override?: readonly string[];
}

const DEFAULT_HOST = "127.0.0.1";
const DEFAULT_PORT = 9092;
const DEFAULT_DATA_DIR = "./data";

/** @throws CommandError when an override has no name, or the file's listeners leave open which one --port means. */
export function startProperties(sources: PropertySources): Map<string, string> {
  const properties = new Map(sources.file);
  const listeners = listenersOf(sources, properties);
  properties.set("listeners", listeners);
  if (sources.dataDir !== undefined) {
    properties.delete("log.dir");
    properties.set("log.dirs", sources.dataDir);
  } else if (!properties.has("log.dirs") && !properties.has("log.dir")) {
    properties.set("log.dirs", DEFAULT_DATA_DIR);
  }
  for (const text of sources.override ?? []) {
    const at = text.indexOf("=");
    if (at < 1) throw new CommandError(`--override wants name=value, not ${text}`);
    properties.set(text.slice(0, at).trim(), text.slice(at + 1).trim());
  }
  return properties;
}

function listenersOf({ host, port }: PropertySources, file: ReadonlyMap<string, string>): string {
  const configured = file.get("listeners");
  if (configured === undefined) return listener("PLAINTEXT", host ?? DEFAULT_HOST, port ?? DEFAULT_PORT);
  if (host === undefined && port === undefined) return configured;
  const controllerNames = (file.get("controller.listener.names") ?? "").split(",").map((name) => name.trim());
  const all = configured.split(",").map((text) => text.trim());
  const forClients = all.filter((text) => !controllerNames.includes(text.split("://", 1)[0]!));
  const single = /^(.*):\/\/(.*):(\d+)$/.exec(forClients[0] ?? "");
  if (forClients.length !== 1 || single === null) {
    throw new CommandError(
      `the configuration has listeners=${configured}: use --override listeners=… in place of --host and --port`,
    );
  }
  const replaced = listener(single[1]!, host ?? single[2]!, port ?? Number(single[3]));
  return all.map((text) => (text === forClients[0] ? replaced : text)).join(",");
}

function listener(name: string, host: string, port: number): string {
  return `${name}://${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${port}`;
}
