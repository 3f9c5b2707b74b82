// CreatePartitions: raises the number of partitions of topics; it can never fall (KIP-195).

import { defineApi } from "../schema/define.ts";
import { array, boolean, int16, int32, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const createPartitionsApi = defineApi({
  key: 37,
  name: "CreatePartitions",
  versions: "0-3",
  flexibleFrom: 2,
  request: {
    topics: array("0+", {
      name: string("0+"),
      count: int32("0+"),
      assignments: array("0+", { brokerIds: array("0+", int32) }, { nullable: "0+" }),
    }),
    timeoutMs: int32("0+"),
    validateOnly: boolean("0+"),
  },
  response: {
    throttleTimeMs: int32("0+"),
    results: array("0+", {
      name: string("0+"),
      errorCode: int16("0+"),
      errorMessage: string("0+", { nullable: "0+", default: null }),
    }),
  },
});

export type CreatePartitionsRequest = Decoded<typeof createPartitionsApi.request>;
export type CreatePartitionsRequestInput = Input<typeof createPartitionsApi.request>;
export type CreatePartitionsResponse = Decoded<typeof createPartitionsApi.response>;
export type CreatePartitionsResponseInput = Input<typeof createPartitionsApi.response>;
