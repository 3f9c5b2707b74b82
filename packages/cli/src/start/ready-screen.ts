// What `ottla start` shows when clients can connect: a pure function from facts to text.

export interface ReadyFacts {
  /** host:port of every listener; the first is the one to try. */
  readonly addresses: readonly string[];
  readonly clusterId: string;
  /** Null when everything is in memory. */
  readonly dataDir: string | null;
  /** From the beginning of the process. */
  readonly startedInMs: number;
}

export function readyScreen({ addresses, clusterId, dataDir, startedInMs }: ReadyFacts): string {
  const toTry = addresses[0]!.replace(/^(?:0\.0\.0\.0|\[::\]):/, "localhost:");
  return [
    "",
    `  Ottla is ready after ${startedInMs} ms`,
    "",
    `  Address   ${addresses.join(", ")}`,
    `  Cluster   ${clusterId}`,
    `  Data      ${dataDir ?? "in memory, gone when this process ends"}`,
    "",
    `  Try       echo hello | kcat -b ${toTry} -P -t first`,
    `            kcat -b ${toTry} -C -t first -e`,
    "",
    "  Ctrl-C stops it.",
    "",
    "",
  ].join("\n");
}
