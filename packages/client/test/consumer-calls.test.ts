// Calls of the consumer that few make: a rebalance that is asked for, an assignor of one's own, commits that are watched.

import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { test } from "node:test";
import type { JoinGroupRequestInput } from "@ottla/protocol/messages/11-join-group.ts";
import { Consumer } from "../src/consumer/consumer.ts";
import type { Assignor } from "../src/consumer/group/assignors/assignor.ts";
import { startConsuming, write } from "./support/consuming.ts";
import { eventually } from "./support/eventually.ts";
import { wrapSend } from "./support/wrapped-cluster.ts";

test("enforceRebalance makes the group join again, and says why (KIP-568, KIP-800)", async () => {
  await using kit = await startConsuming();
  const topic = await kit.topic("joined");
  const reasons: (string | null | undefined)[] = [];
  const cluster = wrapSend(kit.target.cluster(), (api, next, body) => {
    if (api === "JoinGroup") reasons.push((body as JoinGroupRequestInput).reason);
    return next();
  });
  let assignments = 0;
  const consumer = new Consumer(cluster, {
    groupId: kit.target.topicName("group"),
    heartbeatIntervalMs: 20,
    onAssigned: () => void assignments++,
  });
  await consumer.subscribe(topic);
  const polling = consumer.poll({ timeoutMs: 60_000 }).catch(() => []);
  await eventually(() => assert.equal(assignments, 1));
  consumer.enforceRebalance("the weather changed");
  await eventually(() => assert.equal(assignments, 2));
  assert.match(reasons.at(-1)!, /the weather changed/);
  await consumer.close();
  await polling;
});

test("an assignor of one's own divides the partitions", async () => {
  await using kit = await startConsuming();
  const topic = await kit.topic("divided", { partitions: 3 });
  const onlyTheLast: Assignor = {
    name: "only-the-last",
    subscriptionUserData: () => Buffer.from("hello"),
    assign: ({ members, topics }) => {
      assert.equal(members[0]!.userData!.toString(), "hello");
      const { partition } = topics.get(topic)!.at(-1)!;
      return new Map(members.map(({ memberId }) => [memberId, [{ topic, partition }]]));
    },
  };
  const assigned = Promise.withResolvers<readonly { topic: string; partition: number }[]>();
  const consumer = kit.consumer({
    groupId: kit.target.topicName("group"),
    partitionAssignors: [onlyTheLast],
    onAssigned: (partitions) => assigned.resolve(partitions),
  });
  await consumer.subscribe(topic);
  const polling = consumer.poll({ timeoutMs: 60_000 }).catch(() => []);
  assert.deepEqual(await assigned.promise, [{ topic, partition: 2 }]);
  await consumer.close();
  await polling;
});

test("commits are told on a diagnostics channel", async () => {
  await using kit = await startConsuming();
  const topic = await kit.topic("committed");
  await write(kit.cluster, { topic, partition: 0 }, ["a"]);
  const groupId = kit.target.topicName("group");
  const heard: unknown[] = [];
  const listener = (message: unknown): void => void heard.push(message);
  subscribe("ottla:client:consumer:commit", listener);
  const consumer = kit.consumer({ groupId, autoOffsetReset: "earliest", commit: "manual" }, { clientId: "told" });
  await consumer.assign([{ topic, partition: 0 }]);
  const offsets = [{ topic, partition: 0, offset: 1 }];
  await consumer.commit(offsets);
  unsubscribe("ottla:client:consumer:commit", listener);
  assert.deepEqual(heard, [{ clientId: "told", groupId, offsets }]);
});
