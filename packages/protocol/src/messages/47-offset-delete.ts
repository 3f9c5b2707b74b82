// OffsetDelete: removes committed offsets of a group. Never became flexible (KIP-496).

import { defineApi } from "../schema/define.ts";
import { array, int16, int32, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const offsetDeleteApi = defineApi({
  key: 47,
  name: "OffsetDelete",
  versions: "0",
  flexibleFrom: null,
  request: {
    groupId: string("0+"),
    topics: array("0+", {
      name: string("0+"),
      partitions: array("0+", { partitionIndex: int32("0+") }),
    }),
  },
  response: {
    errorCode: int16("0+"),
    throttleTimeMs: int32("0+", { ignorable: true }),
    topics: array("0+", {
      name: string("0+"),
      partitions: array("0+", { partitionIndex: int32("0+"), errorCode: int16("0+") }),
    }),
  },
});

export type OffsetDeleteRequest = Decoded<typeof offsetDeleteApi.request>;
export type OffsetDeleteRequestInput = Input<typeof offsetDeleteApi.request>;
export type OffsetDeleteResponse = Decoded<typeof offsetDeleteApi.response>;
export type OffsetDeleteResponseInput = Input<typeof offsetDeleteApi.response>;
