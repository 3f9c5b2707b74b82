// The lines that tutorials have, as they stand there, with names that both would make: each side runs all of them, and the topics are
// deleted before the other one begins.

import { plain } from "../step.ts";
import type { Step } from "../step.ts";

export const fourLines: readonly Step[] = [
  ...plain("kafka-topics.sh", [
    "--bootstrap-server localhost:9092 --replication-factor 1 --partitions 1 --topic my_topic --create",
  ]),
  ...plain("kafka-console-producer.sh", ["--broker-list localhost:9092 --topic t"], {
    alone: true,
    input: "hello\nworld\n",
    kafkasLine: "--bootstrap-server localhost:9092 --topic t",
  }),
  ...plain(
    "kafka-console-consumer.sh",
    ["--bootstrap-server localhost:9092 --from-beginning --partition 0 --topic t"],
    { interruptAfter: 2 },
  ),
  ...plain("kafka-consumer-groups.sh", ["--bootstrap-server localhost:9092 --group g --describe"]),
];

/** What they made. */
export const afterFourLines: readonly Step[] = plain("kafka-topics", [
  "--bootstrap-server BROKER --delete --topic my_topic",
  "--bootstrap-server BROKER --delete --topic t",
]);
