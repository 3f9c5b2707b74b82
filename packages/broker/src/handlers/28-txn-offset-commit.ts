// TxnOffsetCommit: stores how far a group has read as part of a producer's transaction (KIP-98, KIP-447). Versions 0 to 5.
// What exists is checked here, who may commit by the group's coordinator; the offsets count when the transaction's marker comes.

import { refusedCommits } from "@ottla/coordinator";
import { errorCodes } from "@ottla/protocol";
import { txnOffsetCommitApi } from "@ottla/protocol/messages/28-txn-offset-commit.ts";
import type {
  TxnOffsetCommitRequest,
  TxnOffsetCommitResponseInput,
} from "@ottla/protocol/messages/28-txn-offset-commit.ts";
import { PartitionAnswers } from "../coordinators/partition-answers.ts";
import { requestClientOf } from "../coordinators/request-client.ts";
import type { Handler } from "../handler.ts";

/** Older producers fail for good when they are told that the coordinator is loading (KAFKA-7296). */
const FIRST_VERSION_THAT_KNOWS_LOADING = 2;

export const txnOffsetCommitHandler: Handler<TxnOffsetCommitRequest, TxnOffsetCommitResponseInput> = {
  api: txnOffsetCommitApi,
  async handle(request, context) {
    const { broker, apiVersion } = context;
    const answers = new PartitionAnswers(request.topics, { broker, byId: false });
    if (answers.known.length === 0) return { throttleTimeMs: 0, topics: answers.with([]) };
    const known = { ...request, topics: answers.known };
    const refused = (errorCode: number) => refusedCommits(known, errorForVersion(errorCode, apiVersion));
    if (request.groupId === "") {
      return { throttleTimeMs: 0, topics: answers.with(refused(errorCodes.INVALID_GROUP_ID).topics) };
    }
    const client = requestClientOf(context);
    const { topics } = await broker.groups.run(request.groupId, refused, (shard, pending, now) =>
      shard.offsets.commitTransactional(known, client, pending, now),
    );
    return { throttleTimeMs: 0, topics: answers.with(topics) };
  },
};

function errorForVersion(errorCode: number, apiVersion: number): number {
  const isUnknown =
    errorCode === errorCodes.COORDINATOR_LOAD_IN_PROGRESS && apiVersion < FIRST_VERSION_THAT_KNOWS_LOADING;
  return isUnknown ? errorCodes.COORDINATOR_NOT_AVAILABLE : errorCode;
}
