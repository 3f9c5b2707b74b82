// What a test of the client runs against: a broker in this process, or with REFERENCE_BOOTSTRAP set the one at that address.
// Topic and group names are new for each target, so that tests of a broker that lives on do not meet.

import { randomBytes } from "node:crypto";
import { startBroker } from "@ottla/testkit";
import type { TestBroker } from "@ottla/testkit";
import { Kafka } from "../src/kafka.ts";
import { startCluster } from "../src/network/cluster-connection.ts";
import type { Cluster } from "../src/network/cluster.ts";
import { resolveOptions } from "../src/options.ts";
import type { ClientOptions } from "../src/options.ts";
import type { Topics } from "../src/records.ts";

export interface TargetOptions {
  /** Broker configs, for a broker of our own; the other one has what it has. */
  readonly overrides?: Readonly<Record<string, string>>;
}

export interface Target extends AsyncDisposable {
  readonly bootstrap: string;
  /** Null with REFERENCE_BOOTSTRAP. */
  readonly broker: TestBroker | null;
  /** Closed with the target. */
  kafka<T extends Topics = {}>(options?: Partial<ClientOptions<T>>): Kafka<T>;
  /** The layer below, for tests of it. Closed with the target. */
  cluster(options?: Partial<ClientOptions>): Cluster;
  /** A name that no other test has. */
  topicName(base: string): string;
  close(): Promise<void>;
}

/** Whether the target is somebody else's broker. */
export const isReference = (process.env["REFERENCE_BOOTSTRAP"] ?? "") !== "";

export async function startTarget(options: TargetOptions = {}): Promise<Target> {
  const reference = process.env["REFERENCE_BOOTSTRAP"] ?? "";
  const { overrides } = options;
  const broker = reference === "" ? await startBroker(overrides === undefined ? {} : { overrides }) : null;
  const bootstrap = broker?.bootstrap ?? reference;
  const opened: { close(): Promise<void> }[] = [];
  const suffix = randomBytes(6).toString("hex");
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((each) => each.close()));
    await broker?.close();
  };
  return {
    bootstrap,
    broker,
    kafka<T extends Topics = {}>(more: Partial<ClientOptions<T>> = {}): Kafka<T> {
      const kafka = new Kafka<T>({ bootstrapServers: bootstrap, ...more });
      opened.push(kafka);
      return kafka;
    },
    cluster(more = {}) {
      const cluster = startCluster(resolveOptions({ bootstrapServers: bootstrap, ...more }));
      opened.push(cluster);
      return cluster;
    },
    topicName: (base) => `${base}-${suffix}`,
    close,
    [Symbol.asyncDispose]: close,
  };
}
