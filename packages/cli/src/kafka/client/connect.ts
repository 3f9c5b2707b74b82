// A client for a command: servers, --command-config and the tool's own settings on top of it; closed when the command is done.

import { Kafka } from "@ottla/client";
import type { Admin } from "@ottla/client";
import { loadProperties } from "../text/properties-text.ts";
import { readClientProperties } from "./client-properties.ts";

export interface AdminOptions {
  readonly servers: string;
  /** Path of a properties file. */
  readonly configFile: string | undefined;
  readonly clientId?: string;
  /** Properties that hold unless the file has them. */
  readonly byDefault?: Readonly<Record<string, string>>;
}

/** Runs the action with an Admin. */
export async function withAdmin<T>(options: AdminOptions, action: (admin: Admin) => Promise<T>): Promise<T> {
  const file = options.configFile === undefined ? new Map<string, string>() : await loadProperties(options.configFile);
  const { client } = await readClientProperties(new Map([...Object.entries(options.byDefault ?? {}), ...file]));
  const clientId = options.clientId === undefined ? {} : { clientId: options.clientId };
  const kafka = new Kafka({ clientId: "adminclient-1", ...client, ...clientId, bootstrapServers: options.servers });
  try {
    return await action(kafka.admin());
  } finally {
    await kafka.close();
  }
}
