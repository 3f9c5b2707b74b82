// What is typed into Kafka and read from it, and the programs that measure and verify.

import { connected } from "../step.ts";
import type { Step } from "../step.ts";

function typed(line: string, input: string): Step[] {
  return connected("kafka-console-producer", [line], { input });
}

const typing: Step[] = [
  ...connected("kafka-topics", ["--create --topic SIDE-typed", "--create --topic SIDE-perf"]),
  ...typed("--topic SIDE-typed", "one\ntwo\r\n\nlast"),
  ...typed(
    "--topic SIDE-typed --reader-property parse.key=true --reader-property parse.headers=true --reader-property null.marker=NIL",
    "h:1,i:2\tk\tv\nNIL\tNIL\tNIL\n",
  ),
  ...typed(
    "--topic SIDE-typed --sync --compression-codec zstd --property parse.key=true --property key.separator=:",
    "a:b\n",
  ),
  ...typed(
    "--topic SIDE-typed --request-required-acks 1 --reader-property parse.key=true --reader-property key.separator=:",
    "a:b\nno key\n",
  ),
  ...typed("--topic SIDE-typed --request-required-acks 0 --max-block-ms 5000 --timeout 10", ""),
];

function read(lines: readonly string[]): Step[] {
  return connected(
    "kafka-console-consumer",
    lines.map((line) => `--topic SIDE-typed --from-beginning ${line}`),
  );
}

const reading: Step[] = [
  ...read([
    "--max-messages 7",
    "--max-messages 3 --group SIDE-readers",
    "--max-messages 2 --group SIDE-readers",
    "--max-messages 6 --formatter-property print.key=true --formatter-property print.headers=true --formatter-property print.offset=true --formatter-property print.partition=true --formatter-property print.epoch=true",
    "--max-messages 6 --property print.key=true --property key.separator=| --property null.literal=NIL",
    "--max-messages 6 --formatter-property print.value=false --formatter-property print.key=true --formatter-property print.timestamp=false",
    "--max-messages 6 --formatter-property print.headers=true --formatter-property headers.separator=; --formatter-property line.separator=!",
    "--max-messages 2 --formatter org.apache.kafka.tools.consumer.NoOpMessageFormatter",
    "--max-messages 2 --isolation-level read_committed --enable-systest-events",
    "--timeout-ms 1500 --max-messages 100",
    "--max-messages 1 --skip-message-on-error --formatter-property value.deserializer=org.apache.kafka.common.serialization.LongDeserializer --timeout-ms 1500",
  ]),
  ...connected("kafka-console-consumer", [
    "--topic SIDE-typed --partition 0 --offset 1 --max-messages 2",
    "--topic SIDE-typed --partition 0 --offset earliest --max-messages 1",
    "--topic SIDE-typed --partition 0 --offset latest --timeout-ms 500",
    "--include SIDE-ty.* --from-beginning --max-messages 1",
    "--topic SIDE-typed --from-beginning --max-messages 1 --command-config FOLDER/client.properties",
    "--topic SIDE-typed --from-beginning --max-messages 1 --consumer-property client.id=mine",
    "--topic no-such-topic-here --timeout-ms 500 --consumer-property allow.auto.create.topics=false",
  ]),
];

const measuring: Step[] = [
  ...connected(
    "kafka-producer-perf-test",
    [
      "--topic SIDE-perf --num-records 200 --record-size 50 --throughput -1",
      "--topic SIDE-perf --num-records 20 --payload-file FOLDER/payload.txt --throughput 100 --command-property acks=all",
      "--topic SIDE-perf --num-records 20 --payload-monotonic --throughput -1 --warmup-records 5",
      "--topic SIDE-perf --num-records 20 --record-size 5 --throughput -1 --transactional-id SIDE-perf --transaction-duration-ms 1000",
      "--topic SIDE-perf --num-records 20 --record-size 5 --throughput -1 --warmup-records 30",
    ],
    { alone: true, measured: true },
  ),
  ...connected(
    "kafka-consumer-perf-test",
    [
      "--topic SIDE-perf --num-records 200 --from-latest --timeout 1000",
      "--topic SIDE-perf --num-records 200 --hide-header",
      "--topic SIDE-perf --messages 100 --show-detailed-stats --reporting-interval 60000",
    ],
    { measured: true },
  ),
  ...connected(
    "kafka-verifiable-producer",
    [
      "--topic SIDE-perf --max-messages 5 --repeating-keys 2",
      "--topic SIDE-perf --max-messages 3 --value-prefix 4 --acks 1",
    ],
    { alone: true, unordered: true },
  ),
  ...connected("kafka-verifiable-consumer", ["--topic SIDE-typed --group-id SIDE-verified --max-messages 5"], {
    alone: true,
  }),
];

const offsets: Step[] = [
  ...connected("kafka-get-offsets", [
    "--topic SIDE-typed",
    "--topic SIDE-perf --time -1",
    "--topic SIDE-typed --time earliest",
    "--topic SIDE-typed --time -2",
    "--topic SIDE-typed --time latest",
    "--topic SIDE-typed --time max-timestamp",
    "--topic SIDE-typed --time -3",
    "--topic SIDE-typed --time 1700000000000",
    "--topic SIDE-typed --time 99999999999999",
    "--topic-partitions SIDE-typed:0,SIDE-perf:0-2,orders",
    "--topic orders --partitions 0,2",
    "--exclude-internal-topics",
    "--topic SIDE-typed --command-config FOLDER/client.properties",
  ]),
  ...connected("kafka-delete-records", [
    "--offset-json-file FOLDER/delete-SIDE.json",
    "--offset-json-file FOLDER/delete-too-far.json",
  ]),
  ...connected("kafka-get-offsets", ["--topic SIDE-typed --time earliest"]),
];

export const clientScript: readonly Step[] = [...typing, ...reading, ...measuring, ...offsets];
