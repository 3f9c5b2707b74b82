// ElectLeaders: makes preferred replicas leaders, or unclean ones (KIP-183, KIP-460).

import { defineApi } from "../schema/define.ts";
import { array, int16, int32, int8, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const electLeadersApi = defineApi({
  key: 43,
  name: "ElectLeaders",
  versions: "0-2",
  flexibleFrom: 2,
  request: {
    electionType: int8("1+"),
    topicPartitions: array("0+", { topic: string("0+"), partitions: array("0+", int32) }, { nullable: "0+" }),
    timeoutMs: int32("0+", { default: 60000 }),
  },
  response: {
    throttleTimeMs: int32("0+"),
    errorCode: int16("1+"),
    replicaElectionResults: array("0+", {
      topic: string("0+"),
      partitionResult: array("0+", {
        partitionId: int32("0+"),
        errorCode: int16("0+"),
        errorMessage: string("0+", { nullable: "0+" }),
      }),
    }),
  },
});

export type ElectLeadersRequest = Decoded<typeof electLeadersApi.request>;
export type ElectLeadersRequestInput = Input<typeof electLeadersApi.request>;
export type ElectLeadersResponse = Decoded<typeof electLeadersApi.response>;
export type ElectLeadersResponseInput = Input<typeof electLeadersApi.response>;
