// `ottla perf …`: the options of both measurements; what they do is in the files beside this one.

import type { CommandCall, CommandFamily, CommandOption } from "../../command-definition.ts";
import { connectionOptions } from "../connect.ts";
import { outputOption } from "../output.ts";
import { wholeNumber } from "../words.ts";
import type { PerfConsumeFlags } from "./perf-consume.ts";
import type { PerfProduceFlags } from "./perf-produce.ts";

const topic = { flags: "<topic>", summary: "the topic, which has to be there", completedBy: "topics" } as const;
const MEBIBYTE = 1024 * 1024;

const recordsOption: CommandOption = {
  flags: "-c, --records <count>",
  summary: "how many records are measured (1000000)",
  parse: wholeNumber(1),
};

export const perfCommands: CommandFamily = {
  commands: [
    {
      name: "produce",
      summary: "write records of random bytes as fast as they are taken",
      arguments: [topic],
      options: [
        recordsOption,
        { flags: "--size <bytes>", summary: "bytes of each value (100)", parse: wholeNumber(0, 64 * MEBIBYTE) },
        { flags: "--keys <count>", summary: "records have keys, so many different ones", parse: wholeNumber(1) },
        { flags: "--rate <count>", summary: "no more than so many records a second", parse: wholeNumber(1) },
        {
          flags: "--in-flight <count>",
          summary: "records without an acknowledgement at a time (10000)",
          parse: wholeNumber(1, 1_000_000),
        },
        {
          flags: "-z, --compression <codec>",
          summary: "how batches are compressed (none)",
          choices: ["none", "gzip", "snappy", "lz4", "zstd"],
        },
        {
          flags: "--acks <acks>",
          summary: "all replicas in sync, 1 the leader, 0 nobody (all)",
          choices: ["all", "1", "0"],
        },
        { flags: "--linger <ms>", summary: "how long records wait for company (5)", parse: wholeNumber(0, 60_000) },
        {
          flags: "--batch-size <bytes>",
          summary: "a batch of this size does not wait (16384)",
          parse: wholeNumber(1, 64 * MEBIBYTE),
        },
        outputOption,
        ...connectionOptions,
      ],
      details: `Latency is from handing a record to the client to its acknowledgement. Values are random bytes of a pool of 1 MiB: no codec makes them
much smaller. The exit code is 1 when any record was not written.`,
      examples: [
        "ottla perf produce test --records 500000 --size 1000 -z zstd",
        "ottla perf produce test --rate 5000 --records 50000 -o json",
      ],
      run: async (call: CommandCall<PerfProduceFlags>) => await (await import("./perf-produce.ts")).perfProduce(call),
    },
    {
      name: "consume",
      summary: "read records as fast as they come",
      arguments: [topic],
      options: [
        {
          ...recordsOption,
          summary: "how many records are measured at most (all there were at the beginning, or 1000000 live ones)",
        },
        {
          flags: "--live",
          summary: "measure records that come, from now on, and how long they took since their timestamp",
        },
        {
          flags: "--isolation <level>",
          summary: "whether records of open and aborted transactions are left out (read_committed)",
          choices: ["read_committed", "read_uncommitted"],
        },
        {
          flags: "--prefetch <bytes>",
          summary: "how much is fetched ahead (33554432)",
          parse: wholeNumber(1, 1024 * MEBIBYTE),
        },
        outputOption,
        ...connectionOptions,
      ],
      details: `All partitions are read, from their beginnings. Latency is how long each group of records was waited for, or with --live from a record's
timestamp to the moment it was read: both clocks have to agree. Ctrl-C ends it with what was measured.`,
      examples: ["ottla perf consume test", "ottla perf consume test --live --records 50000 -o json"],
      run: async (call: CommandCall<PerfConsumeFlags>) => await (await import("./perf-consume.ts")).perfConsume(call),
    },
  ],
};
