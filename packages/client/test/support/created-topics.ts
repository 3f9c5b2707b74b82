// Topics that are there. Apache Kafka's controller answers CreateTopics before the broker tells of the topic, and the broker tells of it
// before it leads its partitions: who joins a group, or writes without waiting for an answer, would meet a topic that is half there.

import type { Admin } from "../../src/admin/admin.ts";
import type { CreatedTopic, NewTopic } from "../../src/admin/topics.ts";
import { eventually } from "./eventually.ts";

/** Creates topics, and resolves when the broker tells of them and their leaders answer. */
export async function createTopics(
  admin: Admin,
  topics: readonly (string | NewTopic)[],
): Promise<Map<string, CreatedTopic>> {
  const created = await admin.createTopics(topics);
  await eventually(async () => {
    const described = await admin.describeTopics([...created.keys()]);
    const all = [...described].flatMap(([topic, { partitions }]) =>
      partitions.map(({ partition }) => ({ topic, partition })),
    );
    await admin.listOffsets(all);
  });
  return created;
}
