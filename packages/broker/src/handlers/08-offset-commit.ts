// OffsetCommit: stores how far a group has read. Versions 2 to 10, topic ids from 10 (KIP-848).
// What exists is checked here, who may commit by the group's coordinator; a partition that is refused leaves the others alone.

import { refusedCommits } from "@ottla/coordinator";
import { offsetCommitApi } from "@ottla/protocol/messages/08-offset-commit.ts";
import type { OffsetCommitRequest, OffsetCommitResponseInput } from "@ottla/protocol/messages/08-offset-commit.ts";
import { PartitionAnswers } from "../coordinators/partition-answers.ts";
import { requestClientOf } from "../coordinators/request-client.ts";
import type { Handler } from "../handler.ts";

const FIRST_VERSION_WITH_IDS = 10;

export const offsetCommitHandler: Handler<OffsetCommitRequest, OffsetCommitResponseInput> = {
  api: offsetCommitApi,
  async handle(request, context) {
    const { broker } = context;
    const answers = new PartitionAnswers(request.topics, {
      broker,
      byId: context.apiVersion >= FIRST_VERSION_WITH_IDS,
    });
    if (answers.known.length === 0) return { throttleTimeMs: 0, topics: answers.with([]) };
    const known = { ...request, topics: answers.known };
    const client = requestClientOf(context);
    const { topics } = await broker.groups.run(
      request.groupId,
      (errorCode) => refusedCommits(known, errorCode),
      (shard, pending, now) => shard.offsets.commit(known, client, pending, now),
    );
    return { throttleTimeMs: 0, topics: answers.with(topics) };
  },
};
