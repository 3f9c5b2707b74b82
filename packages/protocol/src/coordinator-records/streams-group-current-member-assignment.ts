// __consumer_offsets: the tasks a member of a streams group has and gives up (KIP-1071).

import { defineRecord } from "../schema/define.ts";
import { array, int32, int8, string } from "../schema/fields.ts";
import type { Decoded, Input } from "../schema/define.ts";

const taskIds = {
  subtopologyId: string("0+"),
  partitions: array("0+", int32),
  assignmentEpochs: array("0+", int32, { nullable: "0+", tag: 0 }),
};

export const streamsGroupCurrentMemberAssignmentKey = defineRecord({
  apiKey: 22,
  name: "StreamsGroupCurrentMemberAssignmentKey",
  versions: "0",
  flexibleFrom: null,
  fields: {
    groupId: string("0"),
    memberId: string("0"),
  },
});

export const streamsGroupCurrentMemberAssignmentValue = defineRecord({
  apiKey: 22,
  name: "StreamsGroupCurrentMemberAssignmentValue",
  versions: "0",
  flexibleFrom: 0,
  fields: {
    memberEpoch: int32("0+"),
    previousMemberEpoch: int32("0+"),
    state: int8("0+"),
    activeTasks: array("0+", taskIds),
    standbyTasks: array("0+", taskIds),
    warmupTasks: array("0+", taskIds),
    activeTasksPendingRevocation: array("0+", taskIds),
    standbyTasksPendingRevocation: array("0+", taskIds),
    warmupTasksPendingRevocation: array("0+", taskIds),
  },
});

export type StreamsGroupCurrentMemberAssignmentKey = Decoded<typeof streamsGroupCurrentMemberAssignmentKey>;
export type StreamsGroupCurrentMemberAssignmentKeyInput = Input<typeof streamsGroupCurrentMemberAssignmentKey>;
export type StreamsGroupCurrentMemberAssignmentValue = Decoded<typeof streamsGroupCurrentMemberAssignmentValue>;
export type StreamsGroupCurrentMemberAssignmentValueInput = Input<typeof streamsGroupCurrentMemberAssignmentValue>;
