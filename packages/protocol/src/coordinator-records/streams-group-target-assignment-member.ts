// __consumer_offsets: the tasks a member of a streams group shall have (KIP-1071).

import { defineRecord } from "../schema/define.ts";
import { array, int32, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

const taskIds = {
  subtopologyId: string("0+"),
  partitions: array("0+", int32),
};

export const streamsGroupTargetAssignmentMemberKey = defineRecord({
  apiKey: 21,
  name: "StreamsGroupTargetAssignmentMemberKey",
  versions: "0",
  flexibleFrom: null,
  fields: {
    groupId: string("0"),
    memberId: string("0"),
  },
});

export const streamsGroupTargetAssignmentMemberValue = defineRecord({
  apiKey: 21,
  name: "StreamsGroupTargetAssignmentMemberValue",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    activeTasks: array("0+", taskIds),
    standbyTasks: array("0+", taskIds),
    warmupTasks: array("0+", taskIds),
  },
});

export type StreamsGroupTargetAssignmentMemberKey = Decoded<typeof streamsGroupTargetAssignmentMemberKey>;
export type StreamsGroupTargetAssignmentMemberKeyInput = Input<typeof streamsGroupTargetAssignmentMemberKey>;
export type StreamsGroupTargetAssignmentMemberValue = Decoded<typeof streamsGroupTargetAssignmentMemberValue>;
export type StreamsGroupTargetAssignmentMemberValueInput = Input<typeof streamsGroupTargetAssignmentMemberValue>;
