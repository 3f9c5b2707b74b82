// TxnOffsetCommit on the wire, with the answers of Kafka 4.3: offsets that count with a transaction, seen by who asks for stable ones and
// by who does not. Versions 0 to 4 want AddOffsetsToTxn before, version 5 adds the group itself (KIP-890).

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ZERO_UUID } from "@ottla/base";
import { errorCodes, errorName } from "@ottla/protocol";
import { offsetCommitApi } from "@ottla/protocol/messages/08-offset-commit.ts";
import { offsetFetchApi } from "@ottla/protocol/messages/09-offset-fetch.ts";
import { findCoordinatorApi } from "@ottla/protocol/messages/10-find-coordinator.ts";
import { initProducerIdApi } from "@ottla/protocol/messages/22-init-producer-id.ts";
import { addOffsetsToTxnApi } from "@ottla/protocol/messages/25-add-offsets-to-txn.ts";
import { endTxnApi } from "@ottla/protocol/messages/26-end-txn.ts";
import { txnOffsetCommitApi } from "@ottla/protocol/messages/28-txn-offset-commit.ts";
import { offsetDeleteApi } from "@ottla/protocol/messages/47-offset-delete.ts";
import { versionsOf, Wire } from "./support/wire.ts";

type Commits = Readonly<Record<string, readonly [partition: number, offset: number, metadata?: string | null][]>>;

interface Claim {
  readonly generation?: number;
  readonly member?: string;
}

const ADDS_GROUP_ITSELF = 5;

describe("offsets within transactions", () => {
  let wire: Wire;
  let names = 0;

  before(async () => {
    wire = await Wire.open();
    await wire.createTopics({ a: 3 });
  });
  after(() => wire[Symbol.asyncDispose]());

  /** A producer with its transactional id and a group that nobody used, and the version of TxnOffsetCommit that it speaks. */
  class Pipeline {
    readonly id = wire.name(`id-${names}`);
    readonly group = wire.name(`group-${names++}`);
    readonly version: number;
    producerId = -1;
    producerEpoch = -1;

    constructor(version: number) {
      this.version = version;
    }

    static async open(version: number): Promise<Pipeline> {
      const pipeline = new Pipeline(version);
      for (;;) {
        const coordinators = [0, 1].map((keyType) =>
          wire.call(findCoordinatorApi, 4, {
            keyType,
            key: "",
            coordinatorKeys: [keyType === 0 ? pipeline.group : pipeline.id],
          }),
        );
        const found = (await Promise.all(coordinators)).every(({ coordinators: [each] }) => each!.errorCode === 0);
        if (found && (await pipeline.init()) === "NONE" && (await pipeline.plain(-1)) === "NONE") return pipeline;
      }
    }

    async init(): Promise<string> {
      const response = await wire.call(initProducerIdApi, 4, {
        transactionalId: this.id,
        transactionTimeoutMs: 60_000,
        producerId: -1,
        producerEpoch: -1,
      });
      if (response.errorCode === errorCodes.NONE) {
        this.producerId = response.producerId;
        this.producerEpoch = response.producerEpoch;
      }
      return errorName(response.errorCode);
    }

    /** What a client of this version does before its first commit. */
    async begin(): Promise<void> {
      if (this.version >= ADDS_GROUP_ITSELF) return;
      for (;;) {
        const { errorCode } = await wire.call(addOffsetsToTxnApi, 3, {
          transactionalId: this.id,
          producerId: this.producerId,
          producerEpoch: this.producerEpoch,
          groupId: this.group,
        });
        if (errorCode === errorCodes.CONCURRENT_TRANSACTIONS) continue;
        assert.equal(errorName(errorCode), "NONE");
        return;
      }
    }

    /** Answers as `partition ERROR`; of a commit that waits for the end of the transaction before, the next answer. */
    async commit(
      topics: Commits,
      claim: Claim = {},
      epoch = this.producerEpoch,
      group = this.group,
    ): Promise<string[]> {
      const response = await wire.call(txnOffsetCommitApi, this.version, {
        transactionalId: this.id,
        groupId: group,
        producerId: this.producerId,
        producerEpoch: epoch,
        generationIdOrMemberEpoch: claim.generation ?? -1,
        memberId: claim.member ?? "",
        groupInstanceId: null,
        topics: Object.entries(topics).map(([topic, partitions]) => ({
          name: wire.name(topic),
          topicId: ZERO_UUID,
          partitions: partitions.map(([partitionIndex, committedOffset, committedMetadata = ""]) => ({
            partitionIndex,
            committedOffset,
            committedMetadata,
            committedLeaderEpoch: -1,
          })),
        })),
      });
      const answers = response.topics.flatMap(({ name, partitions }) =>
        partitions.map((each) => `${wire.plainName(name)}-${each.partitionIndex} ${errorName(each.errorCode)}`),
      );
      const isBusy = answers.some((answer) => answer.endsWith("CONCURRENT_TRANSACTIONS"));
      return isBusy ? this.commit(topics, claim, epoch, group) : answers;
    }

    async end(committed: boolean): Promise<void> {
      const version = this.version >= ADDS_GROUP_ITSELF ? 5 : 3;
      const { producerId, producerEpoch } = this;
      const request = { transactionalId: this.id, producerId, producerEpoch, committed };
      const response = await wire.call(endTxnApi, version, request);
      assert.equal(errorName(response.errorCode), "NONE");
      if (version === 5) this.producerEpoch = response.producerEpoch;
      while ((await this.offset(true)) === "UNSTABLE_OFFSET_COMMIT") await new Promise((next) => setImmediate(next));
    }

    /** Commits partition 0 outside of the transaction. */
    async plain(offset: number): Promise<string> {
      const partitions = [{ partitionIndex: 0, committedOffset: offset, committedMetadata: "" }];
      const response = await wire.call(offsetCommitApi, 8, {
        groupId: this.group,
        memberId: "",
        topics: [{ name: wire.name("a"), topicId: ZERO_UUID, partitions }],
      });
      return errorName(response.topics[0]!.partitions[0]!.errorCode);
    }

    /** What partition 0 has. */
    async offset(requireStable: boolean): Promise<string> {
      const topics = [{ name: wire.name("a"), topicId: ZERO_UUID, partitionIndexes: [0] }];
      const response = await wire.call(offsetFetchApi, 9, {
        groupId: "",
        topics: [],
        groups: [{ groupId: this.group, topics }],
        requireStable,
      });
      const [partition] = response.groups[0]!.topics[0]!.partitions;
      return partition!.errorCode === 0 ? String(partition!.committedOffset) : errorName(partition!.errorCode);
    }

    /** Told to who wants stable offsets, and to who does not. */
    async seen(): Promise<string[]> {
      return [await this.offset(true), await this.offset(false)];
    }
  }

  for (const version of versionsOf(txnOffsetCommitApi)) {
    it(`count when the transaction is committed, version ${version}`, async () => {
      const pipeline = await Pipeline.open(version);
      await pipeline.begin();
      assert.deepEqual(await pipeline.commit({ a: [[0, 10]] }), ["a-0 NONE"]);
      assert.deepEqual(await pipeline.seen(), ["UNSTABLE_OFFSET_COMMIT", "-1"]);
      await pipeline.end(true);
      assert.deepEqual(await pipeline.seen(), ["10", "10"]);
    });

    it(`never count when it is aborted, and the next transaction begins anew, version ${version}`, async () => {
      const pipeline = await Pipeline.open(version);
      await pipeline.begin();
      await pipeline.commit({ a: [[0, 10]] });
      await pipeline.end(false);
      assert.deepEqual(await pipeline.seen(), ["-1", "-1"]);
      await pipeline.begin();
      assert.deepEqual(await pipeline.commit({ a: [[0, 11]] }), ["a-0 NONE"]);
      await pipeline.end(true);
      assert.deepEqual(await pipeline.seen(), ["11", "11"]);
    });
  }

  it("give way to a plain commit that came later", async () => {
    const pipeline = await Pipeline.open(5);
    await pipeline.commit({ a: [[0, 10]] });
    assert.equal(await pipeline.plain(3), "NONE");
    assert.deepEqual(await pipeline.seen(), ["UNSTABLE_OFFSET_COMMIT", "3"]);
    await pipeline.end(true);
    assert.deepEqual(await pipeline.seen(), ["3", "3"]);
  });

  it("are gone when they are deleted meanwhile", async () => {
    const pipeline = await Pipeline.open(5);
    await pipeline.commit({ a: [[0, 10]] });
    await wire.call(offsetDeleteApi, 0, {
      groupId: pipeline.group,
      topics: [{ name: wire.name("a"), partitions: [{ partitionIndex: 0 }] }],
    });
    assert.deepEqual(await pipeline.seen(), ["-1", "-1"]);
    await pipeline.end(true);
    assert.deepEqual(await pipeline.seen(), ["-1", "-1"]);
  });

  it("are refused partition by partition: unknown ones first in the answer, then metadata that is too long", async () => {
    const pipeline = await Pipeline.open(5);
    const topics: Commits = {
      a: [
        [0, 1],
        [3, 1],
        [1, 1, "x".repeat(4097)],
      ],
      nope: [[0, 1]],
    };
    assert.deepEqual(await pipeline.commit(topics), [
      "a-3 UNKNOWN_TOPIC_OR_PARTITION",
      "a-0 NONE",
      "a-1 OFFSET_METADATA_TOO_LARGE",
      "nope-0 UNKNOWN_TOPIC_OR_PARTITION",
    ]);
  });

  const REFUSED: [sentence: string, version: number, begins: boolean, error: string, claim?: Claim][] = [
    ["without AddOffsetsToTxn, for older clients", 3, false, "INVALID_TXN_STATE"],
    ["without AddOffsetsToTxn", 4, false, "TRANSACTION_ABORTABLE"],
    ["of a generation that the group does not have", 5, false, "UNKNOWN_MEMBER_ID", { generation: 1, member: "m" }],
    ["of a member without a generation", 5, false, "NONE", { member: "m" }],
  ];

  for (const [sentence, version, begins, error, claim] of REFUSED) {
    it(`${sentence}: ${error}`, async () => {
      const pipeline = await Pipeline.open(version);
      if (begins) await pipeline.begin();
      assert.deepEqual(await pipeline.commit({ a: [[0, 10]] }, claim), [`a-0 ${error}`]);
      assert.equal(await pipeline.offset(false), "-1");
    });
  }

  it("of a group that does not exist are refused with a generation, and make a group without", async () => {
    for (const version of [3, 5]) {
      const pipeline = await Pipeline.open(version);
      await pipeline.begin();
      const group = wire.name(`nobody-${version}`);
      if (version === 5) {
        assert.deepEqual(await pipeline.commit({ a: [[0, 1]] }, { generation: 1, member: "m" }, undefined, group), [
          "a-0 ILLEGAL_GENERATION",
        ]);
      }
      assert.deepEqual(await pipeline.commit({ a: [[0, 1]] }), ["a-0 NONE"]);
    }
  });

  it("need a group's name", async () => {
    const pipeline = await Pipeline.open(5);
    assert.deepEqual(await pipeline.commit({ a: [[0, 1]], nope: [[0, 1]] }, {}, undefined, ""), [
      "nope-0 UNKNOWN_TOPIC_OR_PARTITION",
      "a-0 INVALID_GROUP_ID",
    ]);
  });

  it("of a producer that was fenced are refused, before and after its successor's", async () => {
    for (const version of [3, 4, 5]) {
      const pipeline = await Pipeline.open(version);
      const zombieEpoch = pipeline.producerEpoch;
      await pipeline.begin();
      assert.deepEqual(await pipeline.commit({ a: [[0, 10]] }), ["a-0 NONE"]);
      while ((await pipeline.init()) !== "NONE");
      assert.ok(pipeline.producerEpoch > zombieEpoch);
      assert.deepEqual(await pipeline.seen(), ["-1", "-1"]);
      const late: Commits = { a: [[0, 11]] };
      assert.deepEqual(await pipeline.commit(late, {}, zombieEpoch), ["a-0 INVALID_PRODUCER_EPOCH"], `${version}`);
      await pipeline.begin();
      assert.deepEqual(await pipeline.commit({ a: [[0, 20]] }), ["a-0 NONE"]);
      assert.deepEqual(await pipeline.commit(late, {}, zombieEpoch), ["a-0 INVALID_PRODUCER_EPOCH"], `${version}`);
      await pipeline.end(true);
      assert.deepEqual(await pipeline.seen(), ["20", "20"]);
    }
  });
});
