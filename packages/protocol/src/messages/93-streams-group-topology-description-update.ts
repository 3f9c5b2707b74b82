// StreamsGroupTopologyDescriptionUpdate: hands in the description of a streams topology. Newer than Kafka 4.3
// (KIP-1331).

import { defineApi } from "../schema/define.ts";
import { array, int16, int32, int8, string, struct } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

const topologyDescriptionNode = {
  name: string("0+"),
  nodeType: int8("0+"),
  sourceTopics: array("0+", string),
  sinkTopic: string("0+", { nullable: "0+", default: null }),
  stores: array("0+", string),
  successors: array("0+", string),
};

const topologyDescriptionSubtopology = {
  subtopologyId: string("0+"),
  nodes: array("0+", topologyDescriptionNode),
};

const topologyDescriptionGlobalStore = {
  source: struct("0+", topologyDescriptionNode),
  processor: struct("0+", topologyDescriptionNode),
};

const topologyDescription = {
  subtopologies: array("0+", topologyDescriptionSubtopology),
  globalStores: array("0+", topologyDescriptionGlobalStore),
};

export const streamsGroupTopologyDescriptionUpdateApi = defineApi({
  key: 93,
  name: "StreamsGroupTopologyDescriptionUpdate",
  versions: "0",
  flexibleFrom: 0,
  request: {
    groupId: string("0+"),
    memberId: string("0+"),
    topologyEpoch: int32("0+"),
    topologyDescription: struct("0+", topologyDescription),
  },
  response: {
    throttleTimeMs: int32("0+"),
    errorCode: int16("0+"),
    errorMessage: string("0+", { nullable: "0+", default: null }),
  },
});

export type StreamsGroupTopologyDescriptionUpdateRequest = Decoded<
  typeof streamsGroupTopologyDescriptionUpdateApi.request
>;
export type StreamsGroupTopologyDescriptionUpdateRequestInput = Input<
  typeof streamsGroupTopologyDescriptionUpdateApi.request
>;
export type StreamsGroupTopologyDescriptionUpdateResponse = Decoded<
  typeof streamsGroupTopologyDescriptionUpdateApi.response
>;
export type StreamsGroupTopologyDescriptionUpdateResponseInput = Input<
  typeof streamsGroupTopologyDescriptionUpdateApi.response
>;
