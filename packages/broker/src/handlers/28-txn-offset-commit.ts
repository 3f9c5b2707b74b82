// TxnOffsetCommit: stores how far a group has read as part of a producer's transaction (KIP-98, KIP-447). Versions 0 to 5.
// What exists is checked here, that the transaction goes on by its coordinator (KIP-890), who may commit by the group's coordinator.
// The offsets count when the transaction's marker comes.

import { errorForClients, refusedCommits } from "@ottla/coordinator";
import { errorCodes } from "@ottla/protocol";
import { txnOffsetCommitApi } from "@ottla/protocol/messages/28-txn-offset-commit.ts";
import type {
  TxnOffsetCommitRequest,
  TxnOffsetCommitResponseInput,
} from "@ottla/protocol/messages/28-txn-offset-commit.ts";
import { GROUP_TOPIC } from "../coordinators/internal-topics.ts";
import { PartitionAnswers } from "../coordinators/partition-answers.ts";
import { requestClientOf } from "../coordinators/request-client.ts";
import type { TransactionSupport, Verdict } from "../coordinators/transaction-verification.ts";
import type { Broker } from "../broker.ts";
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
    const { errorCode, terms } = await verify(request, broker, supportOf(apiVersion));
    if (errorCode !== errorCodes.NONE) {
      return { throttleTimeMs: 0, topics: answers.with(refused(errorForClients(errorCode)).topics) };
    }
    const client = requestClientOf(context);
    const { topics } = await broker.groups.run(request.groupId, refused, (shard, pending, now) =>
      shard.offsets.commitTransactional(known, client, pending, now, terms.verificationGuard),
    );
    return { throttleTimeMs: 0, topics: answers.with(topics) };
  },
};

async function verify(
  { transactionalId, groupId, producerId, producerEpoch }: TxnOffsetCommitRequest,
  broker: Broker,
  support: TransactionSupport,
): Promise<Verdict> {
  const index = broker.groups.partitionFor(groupId);
  const partition = index === null ? undefined : broker.replicas.get(GROUP_TOPIC, index);
  if (partition === undefined) return { errorCode: errorCodes.NOT_COORDINATOR, terms: {} };
  const writer = { transactionalId, producerId, producerEpoch };
  const [verdict] = await broker.transactionVerification.verify(writer, [{ partition, sequence: -1 }], support);
  return verdict!;
}

function supportOf(apiVersion: number): TransactionSupport {
  if (apiVersion > 4) return "adds partitions";
  return apiVersion > 3 ? "knows abortable" : "neither";
}

function errorForVersion(errorCode: number, apiVersion: number): number {
  const isUnknown =
    errorCode === errorCodes.COORDINATOR_LOAD_IN_PROGRESS && apiVersion < FIRST_VERSION_THAT_KNOWS_LOADING;
  return isUnknown ? errorCodes.COORDINATOR_NOT_AVAILABLE : errorCode;
}
