// Topics with records in them, for the tests of commands that show records.

import { Kafka } from "@ottla/client";
import type { RecordToSend } from "@ottla/client";
import type { TestBroker } from "@ottla/testkit";

/** Makes a topic with records; they are in partition 0 unless they name another. */
export async function topicWith(
  broker: TestBroker,
  records: readonly Partial<RecordToSend>[],
  {
    name = "t",
    partitions = 1,
    configs = {},
  }: { name?: string; partitions?: number; configs?: Record<string, string> } = {},
): Promise<void> {
  await using kafka = new Kafka({ bootstrapServers: broker.bootstrap });
  await kafka.admin().createTopics([{ name, partitions, configs }]);
  if (records.length === 0) return;
  await kafka.producer().send(records.map((record) => ({ topic: name, partition: 0, value: null, ...record })));
}

/** Values "0", "1" and so on, a second apart from 1,000 s on. */
export function numbered(count: number): { value: string; timestamp: number }[] {
  return Array.from({ length: count }, (_, index) => ({ value: String(index), timestamp: 1_000_000 + index * 1000 }));
}
