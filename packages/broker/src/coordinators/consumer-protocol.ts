// Whether clients may use the consumer protocol (KIP-848): the cluster's group.version and this broker's list of protocols must have it.

import type { Broker } from "../broker.ts";

export function isConsumerProtocolEnabled(broker: Broker): boolean {
  return (
    broker.newestImage.feature("group.version") >= 1 &&
    broker.config.get("group.coordinator.rebalance.protocols").includes("consumer")
  );
}
