// What clients and brokers put into bytes fields of messages, in one list for tools and checks.

import { consumerProtocolAssignment } from "./consumer-protocol-assignment.ts";
import { consumerProtocolSubscription } from "./consumer-protocol-subscription.ts";
import { defaultPrincipalData } from "./default-principal.ts";
import { quorumStateData } from "./quorum-state.ts";
import { subscriptionInfoData } from "./subscription-info.ts";
import type { RecordType } from "../schema/define.ts";

export const allEmbeddedData: readonly RecordType<unknown, never>[] = [
  consumerProtocolAssignment,
  consumerProtocolSubscription,
  defaultPrincipalData,
  quorumStateData,
  subscriptionInfoData,
];
