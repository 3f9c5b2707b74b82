// One job of one client library, in a process of its own: started with a channel, told {client, job, settings}, answers once and ends.

import { extname } from "node:path";
import type { BenchClient, BenchSettings, ClientName } from "./bench-client.ts";
import { runJob, type ClientJob, type ClientJobResult } from "./jobs.ts";

export interface ClientProcessOrder {
  client: ClientName;
  job: ClientJob;
  settings: BenchSettings;
}

export type ClientProcessAnswer = { result: ClientJobResult } | { error: string };

async function perform({ client, job, settings }: ClientProcessOrder): Promise<ClientProcessAnswer> {
  try {
    const loaded = (await import(`./${client}${extname(import.meta.url)}`)) as { client: BenchClient };
    return { result: await runJob(loaded.client, job, settings) };
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

process.once("message", (order: ClientProcessOrder) => {
  void perform(order).then((answer) => process.send!(answer, () => process.exit(0)));
});
