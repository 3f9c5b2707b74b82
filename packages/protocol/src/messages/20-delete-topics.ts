// DeleteTopics: deletes topics by name, or by name or id since version 6 (KIP-516).

import { defineApi } from "../schema/define.ts";
import { array, int16, int32, string, uuid } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

export const deleteTopicsApi = defineApi({
  key: 20,
  name: "DeleteTopics",
  versions: "1-6",
  flexibleFrom: 4,
  request: {
    topics: array("6+", {
      name: string("6+", { nullable: "6+", default: null }),
      topicId: uuid("6+"),
    }),
    topicNames: array("0-5", string, { ignorable: true }),
    timeoutMs: int32("0+"),
  },
  response: {
    throttleTimeMs: int32("1+", { ignorable: true }),
    responses: array("0+", {
      name: string("0+", { nullable: "6+" }),
      topicId: uuid("6+", { ignorable: true }),
      errorCode: int16("0+"),
      errorMessage: string("5+", { nullable: "5+", default: null, ignorable: true }),
    }),
  },
});

export type DeleteTopicsRequest = Decoded<typeof deleteTopicsApi.request>;
export type DeleteTopicsRequestInput = Input<typeof deleteTopicsApi.request>;
export type DeleteTopicsResponse = Decoded<typeof deleteTopicsApi.response>;
export type DeleteTopicsResponseInput = Input<typeof deleteTopicsApi.response>;
