// How requests to the group coordinator are refused.

import { offsetCommitApi } from "@ottla/protocol/messages/08-offset-commit.ts";
import { offsetFetchApi } from "@ottla/protocol/messages/09-offset-fetch.ts";
import { findCoordinatorApi } from "@ottla/protocol/messages/10-find-coordinator.ts";
import { joinGroupApi } from "@ottla/protocol/messages/11-join-group.ts";
import { heartbeatApi } from "@ottla/protocol/messages/12-heartbeat.ts";
import { leaveGroupApi } from "@ottla/protocol/messages/13-leave-group.ts";
import { syncGroupApi } from "@ottla/protocol/messages/14-sync-group.ts";
import { describeGroupsApi } from "@ottla/protocol/messages/15-describe-groups.ts";
import { listGroupsApi } from "@ottla/protocol/messages/16-list-groups.ts";
import { deleteGroupsApi } from "@ottla/protocol/messages/42-delete-groups.ts";
import { offsetDeleteApi } from "@ottla/protocol/messages/47-offset-delete.ts";
import { consumerGroupHeartbeatApi } from "@ottla/protocol/messages/68-consumer-group-heartbeat.ts";
import { consumerGroupDescribeApi } from "@ottla/protocol/messages/69-consumer-group-describe.ts";
import { errorAnswer } from "./sketch.ts";
import type { ErrorAnswer } from "./sketch.ts";

const OFFSET_FETCH_WITH_TOP_LEVEL_ERROR = 2;
const OFFSET_FETCH_WITH_GROUPS = 8;
const FIND_COORDINATOR_WITH_KEYS = 4;
const JOIN_GROUP_WITH_NULLABLE_PROTOCOL = 7;
/** Node.noNode. */
const NO_NODE = { nodeId: -1, host: "", port: -1 };

export const groupErrorAnswers: readonly ErrorAnswer[] = [
  errorAnswer(offsetCommitApi, ({ topics }, { code }) => ({
    topics: topics.map(({ name, topicId, partitions }) => ({
      name,
      topicId,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: code })),
    })),
  })),
  errorAnswer(offsetFetchApi, ({ topics, groups }, { code }, version) => {
    if (version >= OFFSET_FETCH_WITH_GROUPS) {
      return { groups: groups.map(({ groupId }) => ({ groupId, errorCode: code })) };
    }
    if (version >= OFFSET_FETCH_WITH_TOP_LEVEL_ERROR) return { errorCode: code };
    return {
      topics: (topics ?? []).map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => ({
          partitionIndex,
          errorCode: code,
          committedOffset: -1,
          metadata: "",
        })),
      })),
    };
  }),
  errorAnswer(findCoordinatorApi, ({ coordinatorKeys }, { code, message }, version) =>
    version >= FIND_COORDINATOR_WITH_KEYS
      ? {
          coordinators: coordinatorKeys.map((key) => ({ key, ...NO_NODE, errorCode: code, errorMessage: message })),
        }
      : { ...NO_NODE, errorCode: code, errorMessage: message },
  ),
  errorAnswer(joinGroupApi, (_request, { code }, version) => ({
    errorCode: code,
    protocolName: version >= JOIN_GROUP_WITH_NULLABLE_PROTOCOL ? null : "",
  })),
  errorAnswer(heartbeatApi, topLevel),
  errorAnswer(leaveGroupApi, topLevel),
  errorAnswer(syncGroupApi, topLevel),
  errorAnswer(describeGroupsApi, ({ groups }, { code }) => ({
    groups: groups.map((groupId) => ({ groupId, errorCode: code })),
  })),
  errorAnswer(listGroupsApi, topLevel),
  errorAnswer(deleteGroupsApi, ({ groupsNames }, { code }) => ({
    results: groupsNames.map((groupId) => ({ groupId, errorCode: code })),
  })),
  errorAnswer(offsetDeleteApi, topLevel),
  errorAnswer(consumerGroupHeartbeatApi, topLevel),
  errorAnswer(consumerGroupDescribeApi, ({ groupIds }, { code }) => ({
    groups: groupIds.map((groupId) => ({ groupId, errorCode: code })),
  })),
];

function topLevel(_request: unknown, { code }: { code: number }): { errorCode: number } {
  return { errorCode: code };
}
