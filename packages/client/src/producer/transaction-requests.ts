// The requests of transactions, each with its retries: to the transaction's coordinator, or the group's. One at a time, as the coordinator
// wants it; calls that come meanwhile wait their turn, and none is merged into another.
// In the second version of the protocol (KIP-890) there is no adding: writing and committing offsets add, and EndTxn raises the epoch.

import { ZERO_UUID } from "@ottla/base";
import type { Api } from "@ottla/protocol";
import { errorCodes } from "@ottla/protocol";
import { apiVersionsApi } from "@ottla/protocol/messages/18-api-versions.ts";
import { initProducerIdApi } from "@ottla/protocol/messages/22-init-producer-id.ts";
import { addPartitionsToTxnApi } from "@ottla/protocol/messages/24-add-partitions-to-txn.ts";
import { addOffsetsToTxnApi } from "@ottla/protocol/messages/25-add-offsets-to-txn.ts";
import { endTxnApi } from "@ottla/protocol/messages/26-end-txn.ts";
import { txnOffsetCommitApi } from "@ottla/protocol/messages/28-txn-offset-commit.ts";
import { ClosedError, KafkaError } from "../errors.ts";
import { software } from "../network/api-versions.ts";
import type { Cluster, CoordinatorKind } from "../network/cluster.ts";
import type { GroupMetadata, OffsetToCommit, TopicPartition } from "../records.ts";
import type { ProducerIdentity } from "./sequences.ts";
import { judgeTransaction } from "./transaction-errors.ts";
import type { RequestKind } from "./transaction-errors.ts";

const FEATURE = "transaction.version";
/** From this level of the feature on, the second version of the protocol is spoken. */
const SECOND_VERSION = 2;
/** The last versions that belong to the first protocol; later ones mean the second. */
const FIRST_PROTOCOL = { endTxn: 4, txnOffsetCommit: 4, addPartitions: 3 } as const;
/** Version 6 names topics by id. */
const LAST_TXN_OFFSET_COMMIT = 5;
const FIRST_INIT_WITH_EPOCH = 3;

export interface RequestSettings {
  readonly cluster: Cluster;
  readonly lane: string;
  readonly transactionalId: string;
  readonly transactionTimeoutMs: number;
}

interface Attempt<Response> {
  readonly request: RequestKind;
  readonly coordinator: CoordinatorKind;
  readonly key: string;
  readonly perform: (nodeId: number) => Promise<Response>;
  /** The errors in the answer; the first that is not NONE counts. */
  readonly errorsOf: (response: Response) => readonly number[];
}

export class TransactionRequests {
  private readonly settings: RequestSettings;
  private readonly stopped = new AbortController();
  private last: Promise<unknown> = Promise.resolve();

  constructor(settings: RequestSettings) {
    this.settings = settings;
  }

  /** Requests that are under way, or to be tried again, fail with ClosedError. */
  stop(): void {
    this.stopped.abort();
  }

  /** Resolves when the requests of now have ended, well or not. */
  idle(): Promise<void> {
    return this.inTurn(() => Promise.resolve());
  }

  /** An id and epoch; those of `current` raised when they are given, which fences whoever used the transactional id before. */
  initialize(current: ProducerIdentity): Promise<ProducerIdentity> {
    const { transactionalId, transactionTimeoutMs } = this.settings;
    const { producerId, producerEpoch } = current;
    return this.inTurn(async () => {
      const body = { transactionalId, transactionTimeoutMs, producerId, producerEpoch };
      const response = await this.attempt({
        ...this.ofTransaction("init"),
        perform: (nodeId) => this.send(nodeId, initProducerIdApi, body),
        errorsOf: ({ errorCode }) => [errorCode],
      });
      return { producerId: response.producerId, producerEpoch: response.producerEpoch };
    });
  }

  /** Whether the cluster speaks the second version of the protocol, and whether a raised epoch can heal the first. */
  async abilities(): Promise<{ isSecond: boolean; canRaiseEpoch: boolean }> {
    const { name: clientSoftwareName, version: clientSoftwareVersion } = software;
    const { apiKeys, finalizedFeatures } = await this.attempt({
      ...this.ofTransaction("init"),
      perform: (nodeId) => this.send(nodeId, apiVersionsApi, { clientSoftwareName, clientSoftwareVersion }),
      errorsOf: ({ errorCode }) => [errorCode],
    });
    const feature = finalizedFeatures.find(({ name }) => name === FEATURE);
    const isSecond = feature !== undefined && feature.maxVersionLevel >= SECOND_VERSION;
    const init = apiKeys.find(({ apiKey }) => apiKey === initProducerIdApi.key);
    return { isSecond, canRaiseEpoch: isSecond || (init?.maxVersion ?? 0) >= FIRST_INIT_WITH_EPOCH };
  }

  /** First protocol: the partitions belong to the transaction from now on. */
  addPartitions(identity: ProducerIdentity, partitions: readonly TopicPartition[]): Promise<void> {
    const body = {
      transactions: [],
      v3AndBelowTransactionalId: this.settings.transactionalId,
      v3AndBelowProducerId: identity.producerId,
      v3AndBelowProducerEpoch: identity.producerEpoch,
      v3AndBelowTopics: byTopic(partitions, ({ partition }) => partition),
    };
    return this.inTurn(async () => {
      await this.attempt({
        ...this.ofTransaction("add"),
        perform: (nodeId) => this.send(nodeId, addPartitionsToTxnApi, body, FIRST_PROTOCOL.addPartitions),
        errorsOf: (response) =>
          response.resultsByTopicV3AndBelow.flatMap((topic) =>
            topic.resultsByPartition.map((each) => each.partitionErrorCode),
          ),
      });
    });
  }

  /** The group's offsets are committed with the transaction, if it is. */
  commitOffsets(
    identity: ProducerIdentity,
    offsets: readonly OffsetToCommit[],
    group: GroupMetadata,
    protocol: { readonly isSecond: boolean; readonly onAdded: () => void },
  ): Promise<void> {
    const { isSecond } = protocol;
    return this.inTurn(async () => {
      if (!isSecond) await this.addOffsets(identity, group);
      protocol.onAdded();
      let left = offsets;
      const { transactionalId } = this.settings;
      await this.attempt({
        request: "offsets",
        coordinator: "group",
        key: group.groupId,
        perform: (nodeId) =>
          this.send(
            nodeId,
            txnOffsetCommitApi,
            {
              ...identity,
              transactionalId,
              groupId: group.groupId,
              generationIdOrMemberEpoch: group.generationId,
              memberId: group.memberId,
              groupInstanceId: group.groupInstanceId,
              topics: offsetTopics(left),
            },
            isSecond ? LAST_TXN_OFFSET_COMMIT : FIRST_PROTOCOL.txnOffsetCommit,
          ),
        errorsOf: (response) => {
          const codes = response.topics.flatMap((topic) =>
            topic.partitions.map((each) => ({
              topic: topic.name,
              partition: each.partitionIndex,
              code: each.errorCode,
            })),
          );
          const isDone = new Set(
            codes.filter(({ code }) => code === errorCodes.NONE).map(({ topic, partition }) => `${partition} ${topic}`),
          );
          left = left.filter(({ topic, partition }) => !isDone.has(`${partition} ${topic}`));
          return codes.map(({ code }) => code);
        },
      });
    });
  }

  /** Ends the transaction. The new identity in the second protocol, else null. */
  end(identity: ProducerIdentity, isCommit: boolean, isSecond: boolean): Promise<ProducerIdentity | null> {
    const { transactionalId } = this.settings;
    return this.inTurn(async () => {
      const response = await this.attempt({
        ...this.ofTransaction(isCommit ? "commit" : "abort"),
        perform: (nodeId) =>
          this.send(
            nodeId,
            endTxnApi,
            { ...identity, transactionalId, committed: isCommit },
            isSecond ? undefined : FIRST_PROTOCOL.endTxn,
          ),
        errorsOf: ({ errorCode }) => [errorCode],
      });
      const { producerId, producerEpoch } = response;
      return producerId < 0 ? null : { producerId, producerEpoch };
    });
  }

  private async addOffsets(identity: ProducerIdentity, { groupId }: GroupMetadata): Promise<void> {
    const { transactionalId } = this.settings;
    await this.attempt({
      ...this.ofTransaction("add"),
      perform: (nodeId) => this.send(nodeId, addOffsetsToTxnApi, { ...identity, transactionalId, groupId }),
      errorsOf: ({ errorCode }) => [errorCode],
    });
  }

  private ofTransaction(request: RequestKind): { request: RequestKind; coordinator: CoordinatorKind; key: string } {
    return { request, coordinator: "transaction", key: this.settings.transactionalId };
  }

  private send<Response, RequestInput>(
    nodeId: number,
    api: Api<unknown, Response, RequestInput, never>,
    body: NoInfer<RequestInput>,
    maxVersion?: number,
  ): Promise<Response> {
    const { cluster, lane } = this.settings;
    const options = { lane, signal: this.stopped.signal };
    return cluster.send(nodeId, api, body, maxVersion === undefined ? options : { ...options, maxVersion });
  }

  /** Until it succeeds, or fails for good. @throws KafkaError, fatal or abortable */
  private async attempt<Response>(attempt: Attempt<Response>): Promise<Response> {
    const { cluster, transactionalId } = this.settings;
    const { request, coordinator, key, perform, errorsOf } = attempt;
    const context = coordinator === "group" ? { transactionalId, groupId: key } : { transactionalId };
    for (let failures = 0; ; failures++) {
      let backoffMs: number | null = null;
      try {
        const nodeId = await cluster.coordinator(coordinator, key, { signal: this.stopped.signal });
        const response = await perform(nodeId);
        const verdict = worst(errorsOf(response).map((code) => judgeTransaction(request, code, context)));
        if (verdict === null) return response;
        if (verdict.kind === "failed") throw verdict.error;
        if (verdict.newCoordinator) cluster.forgetCoordinator(coordinator, key);
        ({ backoffMs } = verdict);
      } catch (error) {
        this.checkRetriable(error);
        cluster.forgetCoordinator(coordinator, key);
      }
      await this.delay(backoffMs ?? cluster.backoffMs(failures));
    }
  }

  // Connections that break are mended by trying again; what the broker refused is not.
  private checkRetriable(error: unknown): void {
    if (this.stopped.signal.aborted) throw new ClosedError("producer");
    if (!(error instanceof KafkaError)) throw error;
    if (error.fatal || error.abortable || !error.retriable) throw error;
  }

  private async delay(ms: number): Promise<void> {
    try {
      await this.settings.cluster.delay(ms, this.stopped.signal);
    } catch {
      throw new ClosedError("producer");
    }
  }

  private inTurn<T>(action: () => Promise<T>): Promise<T> {
    const mine = this.last.then(action, action);
    this.last = mine.catch(() => {});
    return mine;
  }
}

type Judged = ReturnType<typeof judgeTransaction>;

// Of several partitions' verdicts: a failure rules out trying again.
function worst(verdicts: readonly Judged[]): Exclude<Judged, { kind: "done" }> | null {
  const bad = verdicts.filter((each) => each.kind !== "done");
  const failures = bad.filter((each) => each.kind === "failed");
  return (
    failures.find(({ error }) => error.fatal && error.code !== "OPERATION_NOT_ATTEMPTED") ??
    failures[0] ??
    bad[0] ??
    null
  );
}

function byTopic<Item extends TopicPartition, Entry>(
  items: readonly Item[],
  entryOf: (item: Item) => Entry,
): { name: string; partitions: Entry[] }[] {
  const topics = new Map<string, { name: string; partitions: Entry[] }>();
  for (const item of items) {
    const topic = topics.get(item.topic) ?? { name: item.topic, partitions: [] };
    topic.partitions.push(entryOf(item));
    topics.set(item.topic, topic);
  }
  return [...topics.values()];
}

function offsetTopics(offsets: readonly OffsetToCommit[]) {
  const topics = byTopic(offsets, (each) => ({
    partitionIndex: each.partition,
    committedOffset: each.offset,
    committedLeaderEpoch: each.leaderEpoch ?? -1,
    committedMetadata: each.metadata ?? "",
  }));
  return topics.map((topic) => ({ ...topic, topicId: ZERO_UUID }));
}
