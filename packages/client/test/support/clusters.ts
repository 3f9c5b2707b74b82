// Clusters for tests of the network: on the system's clock or one turned by hand, and closed at the end of the block.

import type { Clock } from "@ottla/base";
import { startCluster } from "../../src/network/cluster-connection.ts";
import type { Cluster } from "../../src/network/cluster.ts";
import { resolveOptions } from "../../src/options.ts";
import type { ClientOptions } from "../../src/options.ts";

export interface TestCluster extends AsyncDisposable {
  readonly cluster: Cluster;
}

export function openCluster(options: ClientOptions, clock?: Clock): TestCluster {
  const cluster = startCluster(resolveOptions(options), clock);
  return { cluster, [Symbol.asyncDispose]: () => cluster.close() };
}
