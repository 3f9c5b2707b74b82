// Who a node is, kept in its data folder's meta.properties: cluster id, node id and the id of the folder. A new folder gets a
// new cluster; a folder of another node, or of another cluster than the properties ask for, is refused.

import { randomUuid } from "@ottla/base";
import type { Random } from "@ottla/base";
import type { BrokerConfig } from "@ottla/metadata";
import type { DataFolder } from "@ottla/storage";
import { StartError } from "./start-error.ts";

// The version that Kafka has written since KIP-858; version 0 was that of ZooKeeper times.
const META_VERSION = 1;

export interface NodeIdentity {
  readonly nodeId: number;
  readonly clusterId: string;
  /** The id of the log folder (KIP-858). */
  readonly directoryId: string;
  /** New with every start. */
  readonly incarnationId: string;
}

/** Reads the folder's identity, or gives it one. @throws StartError when it belongs to another node. */
export async function identify(folder: DataFolder, config: BrokerConfig, random: Random): Promise<NodeIdentity> {
  const known = folder.readMetaProperties();
  const asked = config.isSet("node.id") ? config.get("node.id") : null;
  if (known !== null && asked !== null && known.nodeId !== null && known.nodeId !== asked) {
    throw new StartError(`the data folder ${folder.path} belongs to node ${known.nodeId}, and node.id is ${asked}`);
  }
  const identity = {
    nodeId: known?.nodeId ?? asked ?? config.get("node.id"),
    clusterId: known?.clusterId ?? randomUuid(random),
    directoryId: known?.directoryId ?? randomUuid(random),
  };
  const complete = known !== null && known.nodeId !== null && known.clusterId !== null && known.directoryId !== null;
  if (!complete) await folder.writeMetaProperties({ version: META_VERSION, ...identity });
  return { ...identity, incarnationId: randomUuid(random) };
}
