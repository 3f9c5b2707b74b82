// OffsetFetch: how far groups have read. Versions 1 to 10: everything of a group from 2, only stable offsets from 7 (KIP-447),
// several groups from 8 (KIP-709), members' epochs from 9 (KIP-848), topic ids from 10.
// A topic that does not exist has no committed offset; only an unknown topic id is an error.

import { ZERO_UUID } from "@ottla/base";
import type { OffsetFetchGroup, OffsetFetchGroupAnswer } from "@ottla/coordinator";
import { answered } from "@ottla/coordinator";
import { errorCodes } from "@ottla/protocol";
import { offsetFetchApi } from "@ottla/protocol/messages/09-offset-fetch.ts";
import type { OffsetFetchRequest, OffsetFetchResponseInput } from "@ottla/protocol/messages/09-offset-fetch.ts";
import type { Handler, RequestContext } from "../handler.ts";

const FIRST_VERSION_WITH_GROUP_ERRORS = 2;
const FIRST_VERSION_WITH_GROUPS = 8;
const FIRST_VERSION_WITH_IDS = 10;

type TopicAnswer = OffsetFetchGroupAnswer["topics"][number];

export const offsetFetchHandler: Handler<OffsetFetchRequest, OffsetFetchResponseInput> = {
  api: offsetFetchApi,
  async handle(request, context) {
    const { requireStable } = request;
    const groups = await Promise.all(
      groupsOf(request, context).map((group) => fetchGroup(group, requireStable, context)),
    );
    if (context.apiVersion >= FIRST_VERSION_WITH_GROUPS) {
      return { throttleTimeMs: 0, topics: [], errorCode: errorCodes.NONE, groups };
    }
    const { topics, errorCode } = groups[0]!;
    return { throttleTimeMs: 0, topics, errorCode, groups: [] };
  },
};

function groupsOf(request: OffsetFetchRequest, { apiVersion }: RequestContext): OffsetFetchGroup[] {
  if (apiVersion >= FIRST_VERSION_WITH_GROUPS) return request.groups;
  const topics = request.topics?.map((topic) => ({ ...topic, topicId: ZERO_UUID })) ?? null;
  return [{ groupId: request.groupId, memberId: null, memberEpoch: -1, topics }];
}

async function fetchGroup(
  group: OffsetFetchGroup,
  requireStable: boolean,
  context: RequestContext,
): Promise<OffsetFetchGroupAnswer> {
  const byId = context.apiVersion >= FIRST_VERSION_WITH_IDS;
  const { known, unknown } = byId ? namedTopics(group, context) : { known: group.topics, unknown: [] };
  const answer = await context.broker.groups.run<OffsetFetchGroupAnswer>(
    group.groupId,
    (errorCode) => ({ groupId: group.groupId, topics: [], errorCode }),
    (shard, pending) => answered(pending, shard.offsets.fetch({ ...group, topics: known }, { requireStable })),
  );
  if (answer.errorCode !== errorCodes.NONE) return refusedGroup(group, answer.errorCode, context.apiVersion);
  if (!byId) return answer;
  if (group.topics === null) return { ...answer, topics: answer.topics.flatMap((topic) => withId(topic, context)) };
  return { ...answer, topics: [...answer.topics, ...unknown] };
}

function namedTopics(
  { topics }: OffsetFetchGroup,
  { broker }: RequestContext,
): { known: OffsetFetchGroup["topics"]; unknown: TopicAnswer[] } {
  if (topics === null) return { known: null, unknown: [] };
  const known: NonNullable<OffsetFetchGroup["topics"]> = [];
  const unknown: TopicAnswer[] = [];
  for (const topic of topics) {
    const image = broker.topicById(topic.topicId);
    if (image === undefined) {
      unknown.push({
        name: "",
        topicId: topic.topicId,
        partitions: topic.partitionIndexes.map((partition) => withoutOffset(partition, errorCodes.UNKNOWN_TOPIC_ID)),
      });
    } else known.push({ ...topic, name: image.name });
  }
  return { known, unknown };
}

// A topic that is gone has no id to be named by.
function withId(topic: TopicAnswer, { broker }: RequestContext): TopicAnswer[] {
  const topicId = broker.topic(topic.name)?.id;
  return topicId === undefined ? [] : [{ ...topic, topicId }];
}

function refusedGroup(group: OffsetFetchGroup, errorCode: number, apiVersion: number): OffsetFetchGroupAnswer {
  const { groupId } = group;
  if (apiVersion >= FIRST_VERSION_WITH_GROUP_ERRORS) return { groupId, topics: [], errorCode };
  const topics = (group.topics ?? []).map(({ name, topicId, partitionIndexes }) => ({
    name,
    topicId,
    partitions: partitionIndexes.map((partition) => withoutOffset(partition, errorCode)),
  }));
  return { groupId, topics, errorCode: errorCodes.NONE };
}

function withoutOffset(partitionIndex: number, errorCode: number): TopicAnswer["partitions"][number] {
  return { partitionIndex, committedOffset: -1, committedLeaderEpoch: -1, metadata: "", errorCode };
}
