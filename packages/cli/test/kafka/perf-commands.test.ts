// kafka-producer-perf-test, kafka-consumer-perf-test and the verifiable ones against a broker; what they compute as tables.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startBroker } from "@ottla/testkit";
import { dateFormat } from "../../src/kafka/commands/consumer-perf/date-format.ts";
import { Statistics } from "../../src/kafka/commands/producer-perf/statistics.ts";
import { decimals, doubleText } from "../../src/kafka/text/java-format.ts";
import { metricLines } from "../../src/kafka/text/metric-lines.ts";
import { runCommand } from "./run-command.ts";
import type { CommandResult } from "./run-command.ts";

let broker: Awaited<ReturnType<typeof startBroker>>;

before(async () => {
  broker = await startBroker();
});

after(() => broker.close());

function run(command: string, line: string): Promise<CommandResult> {
  return runCommand(command, `--bootstrap-server ${broker.bootstrap} ${line}`);
}

const TOTAL =
  /^(\d+) records sent, [\d.]+ records\/sec \([\d.]+ MB\/sec\), [\d.]+ ms avg latency, [\d.]+ ms max latency, \d+ ms 50th, \d+ ms 95th, \d+ ms 99th, \d+ ms 99\.9th\.$/m;

test("records are sent and counted, read and counted", async () => {
  const sent = await run(
    "kafka-producer-perf-test",
    "--topic perf --num-records 1500 --record-size 100 --throughput -1",
  );
  assert.equal(sent.code, 0);
  assert.equal(TOTAL.exec(sent.stdout)?.[1], "1500");
  const read = await run("kafka-consumer-perf-test", "--topic perf --num-records 1500 --group readers --timeout 60000");
  const [head, row] = read.stdout.split("\n");
  assert.equal(
    head,
    "start.time, end.time, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec",
  );
  assert.match(row!, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d:\d{3}, [\d :-]+, 0\.1431, [\d.]+, 1500, /);
});

test("records behind the warm-up are counted by themselves, and metrics are printed", async () => {
  const { stdout } = await run(
    "kafka-producer-perf-test",
    "--topic warm --num-records 30 --payload-monotonic --throughput 1000 --warmup-records 20 --print-metrics",
  );
  assert.match(
    stdout,
    /^Warmup first 20 records\. Steady state results will print after the complete test summary\.\n30 records sent, /,
  );
  assert.match(stdout, /^10 steady state records sent, /m);
  assert.match(stdout, /^Metric Name +Value$/m);
  assert.match(
    stdout,
    /^producer-metrics:record-send-total:\{client-id=perf-producer-client(?:, producer=[\w-]+)?\} +: 30\.000$/m,
  );
});

test("too few records are told of", async () => {
  const { stdout, code } = await run(
    "kafka-consumer-perf-test",
    "--topic warm --messages 31 --group few --timeout 50 --hide-header",
  );
  assert.equal(code, 0);
  assert.match(
    stdout,
    /^Warning: --messages is deprecated\. Use --num-records instead\.\nWARNING: Exiting before consuming the expected number of records: timeout \(50 ms\) exceeded\. You can use the --timeout option to increase the timeout\.\n/,
  );
});

test("the verifiable ones tell of each record and each commit", async () => {
  const sent = await run(
    "kafka-verifiable-producer",
    "--topic verified --max-messages 3 --value-prefix 7 --repeating-keys 2",
  );
  const events = sent.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line.replaceAll(/"timestamp":\d+,/g, "")) as Record<string, unknown>);
  assert.deepEqual(events.slice(0, -1), [
    { name: "startup_complete" },
    { name: "producer_send_success", key: "0", value: "7.0", offset: 0, topic: "verified", partition: 0 },
    { name: "producer_send_success", key: "1", value: "7.1", offset: 1, topic: "verified", partition: 0 },
    { name: "producer_send_success", key: "0", value: "7.2", offset: 2, topic: "verified", partition: 0 },
    { name: "shutdown_complete" },
  ]);
  assert.match(
    sent.stdout,
    /"name":"tool_data","sent":3,"acked":3,"target_throughput":-1,"avg_throughput":[\d.E]+\}\n$/,
  );
  const read = await run(
    "kafka-verifiable-consumer",
    "--topic verified --group-id verifiers --max-messages 3 --verbose",
  );
  const lines = read.stdout
    .replaceAll(/"timestamp":\d+,/g, "")
    .trim()
    .split("\n");
  assert.deepEqual(lines, [
    '{"name":"startup_complete"}',
    '{"name":"partitions_assigned","partitions":[{"topic":"verified","partition":0}]}',
    '{"name":"record_data","key":"0","value":"7.0","topic":"verified","partition":0,"offset":0}',
    '{"name":"record_data","key":"1","value":"7.1","topic":"verified","partition":0,"offset":1}',
    '{"name":"record_data","key":"0","value":"7.2","topic":"verified","partition":0,"offset":2}',
    '{"name":"records_consumed","count":3,"partitions":[{"topic":"verified","partition":0,"count":3,"minOffset":0,"maxOffset":2}]}',
    '{"name":"offsets_committed","offsets":[{"topic":"verified","partition":0,"offset":3}],"success":true}',
    '{"name":"partitions_revoked","partitions":[{"topic":"verified","partition":0}]}',
    '{"name":"shutdown_complete"}',
    '{"name":"shutdown_requested"}',
  ]);
});

const perfMistakes: { line: string; error: string }[] = [
  {
    line: "--topic t --num-records 0 --throughput -1 --record-size 5",
    error: "--num-records should be greater than zero.",
  },
  {
    line: "--topic t --num-records 5 --throughput -1 --record-size 0",
    error: "--record-size should be greater than zero.",
  },
  {
    line: "--topic t --num-records 5 --throughput -1 --record-size 5 --warmup-records 5",
    error:
      "The value for --warmup-records must be strictly fewer than the number of records in the test, --num-records.",
  },
  {
    line: "--topic t --num-records 5 --throughput -1",
    error: "one of the arguments --record-size --payload-file --payload-monotonic is required",
  },
  {
    line: "--topic t --num-records 5 --throughput x --record-size 5",
    error: `argument --throughput: could not convert 'x' to Double (For input string: "x")`,
  },
  {
    line: "--topic t --num-records 5 --throughput -1 --record-size 5",
    error:
      "At least one of --bootstrap-server, --command-property, --producer-props, --producer.config or --command-config must be specified.",
  },
];

describe("mistakes of kafka-producer-perf-test", () => {
  for (const { line, error } of perfMistakes) {
    test(line, async () => {
      const { code, stderr } = await runCommand("kafka-producer-perf-test", line);
      assert.equal(code, 1);
      assert.ok(stderr.replaceAll("\n", " ").includes(`kafka-producer-perf-test: error: ${error}`), stderr);
    });
  }
});

test("statistics count windows and all of it", () => {
  const statistics = new Statistics({ numRecords: 4, reportingIntervalMs: 1000, isSteadyState: false, startMs: 0 });
  assert.deepEqual(statistics.record(10, 1048576, 100), []);
  assert.deepEqual(statistics.record(20, 1048576, 1000), [
    "2 records sent, 2.0 records/sec (2.00 MB/sec), 15.0 ms avg latency, 20.0 ms max latency.",
  ]);
  statistics.record(30, 0, 1500);
  assert.equal(
    statistics.totalLine(2000),
    "3 records sent, 1.500000 records/sec (1.00 MB/sec), 20.00 ms avg latency, 30.00 ms max latency, 20 ms 50th, 30 ms 95th, 30 ms 99th, 30 ms 99.9th.",
  );
});

test("times are written in SimpleDateFormat's letters", () => {
  const ms = new Date(2026, 0, 2, 3, 4, 5, 6).getTime();
  assert.equal(dateFormat("yyyy-MM-dd HH:mm:ss:SSS")(ms), "2026-01-02 03:04:05:006");
  assert.equal(dateFormat("yy/M/d 'at' H''m")(ms), "26/1/2 at 3'4");
  assert.throws(() => dateFormat("z"), /Illegal pattern character 'z'/);
});

test("numbers are written as Java writes them", () => {
  assert.deepEqual([1, 0.1, 1e7, 1.5e-4, 123456.75, -0, NaN, Infinity].map(doubleText), ["1.0", "0.1", "1.0E7", "1.5E-4", "123456.75", "-0.0", "NaN", "Infinity"]); // prettier-ignore
  assert.deepEqual([decimals(1.005, 1), decimals(NaN, 2), decimals(-Infinity, 2)], ["1.0", "NaN", "-Infinity"]);
});

test("metrics stand in columns", () => {
  const metric = { group: "g", name: "n", tags: { a: "1", b: "2" }, value: 1 };
  assert.deepEqual(metricLines([metric]), ["\nMetric Name      Value", "g:n:{a=1, b=2} : 1.000"]);
  assert.deepEqual(metricLines([]), []);
});
