// DeleteTopics by name and by id: ControllerApis.deleteTopics and ReplicationControlManager.deleteTopics.
// A topic named twice, by name or by id or by both, is not deleted at all.

import { ZERO_UUID } from "@ottla/base";
import { errorCodes, errorMessage } from "@ottla/protocol";
import type { DeleteTopicsRequest, DeleteTopicsResponse } from "@ottla/protocol/messages/20-delete-topics.ts";
import type { TopicImage } from "../image/image-types.ts";
import { makeRecord } from "../records/metadata-record.ts";
import type { MetadataRecord } from "../records/metadata-record.ts";
import type { ErrorResult } from "./controller-api.ts";
import { NO_ERROR, refusal, repeatedKeys } from "./decision.ts";
import type { Decision, DecisionContext } from "./decision.ts";

type TopicResult = DeleteTopicsResponse["responses"][number];

/** One topic as the request names it: by name, by id, or by both, which is an error. */
interface NamedTopic {
  readonly name: string | null;
  readonly topicId: string;
}

/** `topicNames` of versions below 6 counts as well. */
export function decideDeleteTopics(
  request: DeleteTopicsRequest,
  context: DecisionContext,
): Decision<DeleteTopicsResponse> {
  const named: NamedTopic[] = [...request.topicNames.map((name) => ({ name, topicId: ZERO_UUID })), ...request.topics];
  if (!context.config.get("delete.topic.enable")) return answerAll(named, refuseDeletion());
  const repeated = repeatedKeys(named, keyOf);
  const records: MetadataRecord[] = [];
  const responses: TopicResult[] = [];
  const handled = new Set<string>();
  const topicsOfIds = new Set(named.filter(({ name }) => name === null).map(({ topicId }) => topicId));
  const names = new Set(request.topics.map(({ name }) => name).concat(request.topicNames));
  for (const each of named) {
    if (handled.has(keyOf(each)) && !isMalformed(each)) continue;
    // A topic given by id and by name gets one answer, from its name.
    if (each.name === null && isNamed(each.topicId, names, context)) continue;
    handled.add(keyOf(each));
    const { topic, error } = judge(each, repeated, topicsOfIds, context);
    if (error === NO_ERROR) records.push(makeRecord("removeTopic", { topicId: topic!.id }));
    responses.push({ name: topic?.name ?? each.name, topicId: topic?.id ?? each.topicId, ...error });
  }
  return { records, response: { throttleTimeMs: 0, responses } };
}

function judge(
  { name, topicId }: NamedTopic,
  repeated: ReadonlySet<string>,
  topicsOfIds: ReadonlySet<string>,
  context: DecisionContext,
): { topic: TopicImage | undefined; error: ErrorResult } {
  const refuse = (error: ErrorResult, topic?: TopicImage): { topic: TopicImage | undefined; error: ErrorResult } => ({
    topic,
    error,
  });
  if (name !== null && topicId !== ZERO_UUID) {
    return refuse(refusal(errorCodes.INVALID_REQUEST, "You may not specify both topic name and topic id."));
  }
  if (name === null && topicId === ZERO_UUID) {
    return refuse(refusal(errorCodes.INVALID_REQUEST, "Neither topic name nor id were specified."));
  }
  if (repeated.has(keyOf({ name, topicId }))) {
    return refuse(refusal(errorCodes.INVALID_REQUEST, name === null ? "Duplicate topic id." : "Duplicate topic name."));
  }
  if (name === null) {
    const topic = context.image.topicById(topicId);
    if (topic === undefined)
      return refuse(refusal(errorCodes.UNKNOWN_TOPIC_ID, errorMessage(errorCodes.UNKNOWN_TOPIC_ID)));
    return { topic, error: NO_ERROR };
  }
  const topic = context.image.topic(name);
  if (topic === undefined) {
    return refuse(refusal(errorCodes.UNKNOWN_TOPIC_OR_PARTITION, errorMessage(errorCodes.UNKNOWN_TOPIC_OR_PARTITION)));
  }
  if (topicsOfIds.has(topic.id)) {
    return refuse(
      refusal(errorCodes.INVALID_REQUEST, "The provided topic name maps to an ID that was already supplied."),
      topic,
    );
  }
  return { topic, error: NO_ERROR };
}

function isNamed(topicId: string, names: ReadonlySet<string | null>, context: DecisionContext): boolean {
  const topic = context.image.topicById(topicId);
  return topic !== undefined && names.has(topic.name);
}

function isMalformed({ name, topicId }: NamedTopic): boolean {
  return (name === null) === (topicId === ZERO_UUID);
}

function refuseDeletion(): ErrorResult {
  return refusal(errorCodes.TOPIC_DELETION_DISABLED, errorMessage(errorCodes.TOPIC_DELETION_DISABLED));
}

function answerAll(named: readonly NamedTopic[], error: ErrorResult): Decision<DeleteTopicsResponse> {
  const responses = named.map(({ name, topicId }) => ({ name, topicId, ...error }));
  return { records: [], response: { throttleTimeMs: 0, responses } };
}

function keyOf({ name, topicId }: NamedTopic): string {
  return name === null ? `id ${topicId}` : `name ${name}`;
}
