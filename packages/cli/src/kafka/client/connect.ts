// A client for a command: servers, --command-config and the tool's own settings on top of it; closed when the command is done.

import { lookup } from "node:dns/promises";
import { Kafka } from "@ottla/client";
import type { Admin, Consumer, ConsumerOptions, Producer } from "@ottla/client";
import { CommandFailure } from "../command-failure.ts";
import { loadProperties } from "../text/properties-text.ts";
import { readClientProperties } from "./client-properties.ts";
import { PropertyError } from "./property-values.ts";

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
  await resolveServers(options.servers, "Failed to create new KafkaAdminClient");
  const clientId = options.clientId === undefined ? {} : { clientId: options.clientId };
  await using kafka = new Kafka({
    clientId: "adminclient-1",
    ...client,
    ...clientId,
    bootstrapServers: options.servers,
  });
  return await action(kafka.admin());
}

export interface ClientWhere {
  readonly servers: string;
  /** By Kafka's names. */
  readonly properties: ReadonlyMap<string, string>;
}

/** Runs the action with a producer, which is closed with all it was given behind it. */
export async function withProducer<T>(
  where: ClientWhere,
  action: (producer: Producer, kafka: Kafka) => Promise<T>,
): Promise<T> {
  const { producerOptions, producerTable } = await import("./producer-properties.ts");
  const { client, more } = await readClientProperties(where.properties, producerTable);
  await resolveServers(where.servers, "Failed to construct kafka producer");
  await using kafka = new Kafka({ ...client, bootstrapServers: where.servers });
  const producer = kafka.producer(producerOptions(more));
  try {
    return await action(producer, kafka);
  } finally {
    await producer.close();
  }
}

/** Runs the action with a consumer, which then leaves its group. `own` are options that no property has, such as hooks. */
export async function withConsumer<T>(
  where: ClientWhere & { readonly own?: ConsumerOptions },
  action: (consumer: Consumer, kafka: Kafka) => Promise<T>,
): Promise<T> {
  const { consumerOptions, consumerTable } = await import("./consumer-properties.ts");
  const { client, more } = await readClientProperties(where.properties, consumerTable);
  await resolveServers(where.servers, "Failed to construct kafka consumer");
  await using kafka = new Kafka({ ...client, bootstrapServers: where.servers });
  const consumer = kafka.consumer({ ...consumerOptions(more), ...where.own });
  try {
    return await action(consumer, kafka);
  } finally {
    await consumer.close();
  }
}

/** As ClientUtils.parseAndValidateAddresses: with no name that resolves, a client is not even begun with. */
async function resolveServers(servers: string, message: string): Promise<void> {
  const hosts = servers.split(",").map((server) =>
    server
      .trim()
      .replace(/^.*:\/\//, "")
      .replace(/:\d+$/, ""),
  );
  const resolved = await Promise.allSettled(hosts.map((host) => lookup(host.replace(/^\[(.*)\]$/, "$1"))));
  if (resolved.some(({ status }) => status === "fulfilled")) return;
  const cause = new PropertyError("No resolvable bootstrap urls given in bootstrap.servers");
  throw new CommandFailure(message, { cause, javaClass: "org.apache.kafka.common.KafkaException" });
}

/** --bootstrap-controller is for controllers' own listeners, whose requests the client's brokers forward anyway. */
export function refuseControllers(isGiven: boolean): void {
  if (isGiven) throw new CommandFailure("--bootstrap-controller is not supported here: use --bootstrap-server");
}
