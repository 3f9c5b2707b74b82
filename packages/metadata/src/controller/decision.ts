// What a decider returns: the records to append and what to answer once they are. Deciders are pure; nothing has happened yet.

import type { Random } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import type { BrokerConfig } from "../configs/broker-config.ts";
import { configResource } from "../image/image-types.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import type { MetadataRecord } from "../records/metadata-record.ts";
import type { ErrorResult } from "./controller-api.ts";

export interface Decision<Response> {
  readonly records: readonly MetadataRecord[];
  readonly response: Response;
}

/** What deciders may look at. */
export interface DecisionContext {
  readonly image: MetadataImage;
  /** The configs of the controller's node, dynamic ones included. */
  readonly config: BrokerConfig;
  readonly nodeId: number;
  readonly random: Random;
  /** The offset that the first record of this decision gets. */
  readonly nextOffset: number;
}

/** QuorumController.MAX_RECORDS_PER_USER_OP: a request that needs more records is refused as too large. */
export const MAX_RECORDS_PER_REQUEST = 10_000;

export const NO_ERROR: ErrorResult = { errorCode: errorCodes.NONE, errorMessage: null };

export function refusal(errorCode: number, errorMessage: string | null): ErrorResult {
  return { errorCode, errorMessage };
}

export function isRefusal(result: ErrorResult): boolean {
  return result.errorCode !== errorCodes.NONE;
}

/** The configs of a node as the image has them now. */
export function effectiveConfig(staticConfig: BrokerConfig, nodeId: number, image: MetadataImage): BrokerConfig {
  return staticConfig.withDynamic(
    image.configs(configResource.BROKER, String(nodeId)),
    image.configs(configResource.BROKER, ""),
  );
}

/** The entries that are there more than once, by key. */
export function repeatedKeys<Entry>(entries: readonly Entry[], keyOf: (entry: Entry) => string): ReadonlySet<string> {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const entry of entries) {
    const key = keyOf(entry);
    if (seen.has(key)) repeated.add(key);
    seen.add(key);
  }
  return repeated;
}
