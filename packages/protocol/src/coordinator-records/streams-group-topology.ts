// __consumer_offsets: subtopologies and topics of a streams group (KIP-1071).

import { defineRecord } from "../schema/define.ts";
import { array, int16, int32, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

const topicConfig = {
  key: string("0+"),
  value: string("0+"),
};

const topicInfo = {
  name: string("0+"),
  partitions: int32("0+"),
  replicationFactor: int16("0+"),
  topicConfigs: array("0+", topicConfig),
};

export const streamsGroupTopologyKey = defineRecord({
  apiKey: 23,
  name: "StreamsGroupTopologyKey",
  versions: "0",
  flexibleFrom: null,
  fields: {
    groupId: string("0"),
  },
});

export const streamsGroupTopologyValue = defineRecord({
  apiKey: 23,
  name: "StreamsGroupTopologyValue",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    epoch: int32("0+"),
    subtopologies: array("0+", {
      subtopologyId: string("0+"),
      sourceTopics: array("0+", string),
      sourceTopicRegex: array("0+", string),
      stateChangelogTopics: array("0+", topicInfo),
      repartitionSinkTopics: array("0+", string),
      repartitionSourceTopics: array("0+", topicInfo),
      copartitionGroups: array("0+", {
        sourceTopics: array("0+", int16),
        sourceTopicRegex: array("0+", int16),
        repartitionSourceTopics: array("0+", int16),
      }),
    }),
  },
});

export type StreamsGroupTopologyKey = Decoded<typeof streamsGroupTopologyKey>;
export type StreamsGroupTopologyKeyInput = Input<typeof streamsGroupTopologyKey>;
export type StreamsGroupTopologyValue = Decoded<typeof streamsGroupTopologyValue>;
export type StreamsGroupTopologyValueInput = Input<typeof streamsGroupTopologyValue>;
