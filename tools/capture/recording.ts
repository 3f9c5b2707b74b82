// Chooses which exchanges are worth keeping and writes them as JSON lines: {"key":3,"version":12,"request":"<hex>","response":"<hex>"}.
// Per API version a few exchanges of different shape are kept, and none above a size: the files are read by people and by tests.

import { writeFile } from "node:fs/promises";
import type { Exchange } from "./proxy.ts";

const keptPerVersion = 5;
const largestKeptBytes = 6144;

/** Writes the chosen exchanges of one client to `file` and returns how many there are. */
export async function writeRecording(file: string, exchanges: Exchange[]): Promise<number> {
  const chosen = chooseExchanges(exchanges);
  await writeFile(file, chosen.map(toLine).join(""));
  return chosen.length;
}

/** Up to five exchanges per API version: answered ones first, then the largest that fit, no two of the same lengths. */
export function chooseExchanges(exchanges: Exchange[]): Exchange[] {
  const groups = Map.groupBy(exchanges.filter(isKeepable), ({ key, version }) => key * 1000 + version);
  const inOrder = [...groups].sort(([left], [right]) => left - right);
  return inOrder.flatMap(([, group]) => chooseVaried(group));
}

function chooseVaried(group: Exchange[]): Exchange[] {
  const byShape = new Map<string, Exchange>();
  for (const exchange of group) {
    const shape = `${exchange.request.length} ${exchange.response?.length}`;
    if (!byShape.has(shape)) byShape.set(shape, exchange);
  }
  return [...byShape.values()].sort(byWorth).slice(0, keptPerVersion);
}

function byWorth(left: Exchange, right: Exchange): number {
  const answered = Number(right.response !== null) - Number(left.response !== null);
  return answered !== 0 ? answered : sizeOf(right) - sizeOf(left);
}

function isKeepable(exchange: Exchange): boolean {
  return sizeOf(exchange) <= largestKeptBytes;
}

function sizeOf({ request, response }: Exchange): number {
  return request.length + (response?.length ?? 0);
}

function toLine({ key, version, request, response }: Exchange): string {
  const line = { key, version, request: request.toString("hex"), response: response?.toString("hex") ?? null };
  return `${JSON.stringify(line)}\n`;
}
