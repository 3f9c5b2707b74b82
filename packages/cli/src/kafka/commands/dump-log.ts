// `kafka-dump-log`: what is in segments, indexes, snapshots and the metadata log. Kafka: org.apache.kafka.tools.DumpLogSegments. The files
// are read by the storage package, as for `ottla dump-log`; how it looks is Kafka's.

import { closeSync, openSync, readSync, statSync } from "node:fs";
import { basename, resolve } from "node:path";
import { DiskFileSystem, inspectFile } from "@ottla/storage";
import type { BatchEntry, InspectedEntry } from "@ottla/storage";
import { CommandFailure } from "../command-failure.ts";
import type { CommandIo, KafkaCommand } from "../command-io.ts";
import { reportingFailures } from "../failure.ts";
import { Checks } from "../options/checks.ts";
import { flag, option, optional, optionTable } from "../options/option-table.ts";
import type { OptionTable } from "../options/option-table.ts";
import { parseOptions } from "../options/parse-options.ts";
import type { ParsedOptions } from "../options/parsed-options.ts";
import { batchLine, optionalLong, recordLine } from "./dump-log/batch-lines.ts";
import { reportOffsetIndex, reportTimeIndex } from "./dump-log/index-files.ts";
import { coordinatorParser, decoderParser, metadataParser } from "./dump-log/record-parsers.ts";
import type { RecordParser } from "./dump-log/record-parsers.ts";

const STRING_DECODER = "org.apache.kafka.tools.api.StringDecoder";
const MAX_INT = 2 ** 31 - 1;

const table = optionTable([
  flag("print-data-log", "Show what is in the records. Any decoder does so as well."),
  flag("verify-index-only", "Check indexes without showing them."),
  flag("index-sanity-check", "Only check whether indexes are usable, as a broker does when it starts."),
  option("files", "file1, file2, ...", "REQUIRED: the files, apart by commas."),
  option("max-message-size", "size", "Size of the largest batch that an index may point at.", {
    type: "Integer",
    byDefault: 5 * 1024 * 1024,
  }),
  option("max-bytes", "size", "Only batches within the first so many bytes of a segment.", {
    type: "Integer",
    byDefault: MAX_INT,
  }),
  flag("deep-iteration", "Show records, not only batches."),
  optional("value-decoder-class", "", "Java class that reads values; only Kafka's own can be had here.", {
    byDefault: STRING_DECODER,
  }),
  optional("key-decoder-class", "", "Java class that reads keys; only Kafka's own can be had here.", {
    byDefault: STRING_DECODER,
  }),
  flag("offsets-decoder", "The records are those of __consumer_offsets."),
  flag("transaction-log-decoder", "The records are those of __transaction_state."),
  flag("cluster-metadata-decoder", "The records are those of the metadata log."),
  flag("remote-log-metadata-decoder", "The records are those of tiered storage; cannot be had here."),
  flag("share-group-state-decoder", "The records are those of __share_group_state."),
  flag("skip-record-metadata", "Leave out where records are and how large, and control records."),
]);

type Options = ParsedOptions<typeof table extends OptionTable<infer Name> ? Name : never>;

export const dumpLog: KafkaCommand = (words, io) =>
  reportingFailures(io, async () => {
    const options = parseOptions(table, words);
    const checks = new Checks(io, options);
    checks.helpOrVersion(
      "This tool helps to parse a log file and dump its contents to the console, useful for debugging a seemingly corrupt log segment.",
    );
    checks.required("files");
    const dump = new Dump(io, options);
    for (const path of options.text("files")!.split(",")) await dump.file(path);
    for (const line of dump.closing) io.error(line);
  });

function parserOf(options: Options): RecordParser {
  if (options.has("offsets-decoder")) return coordinatorParser("offsets");
  if (options.has("transaction-log-decoder")) return coordinatorParser("transaction-log");
  if (options.has("cluster-metadata-decoder")) return metadataParser;
  if (options.has("remote-log-metadata-decoder")) {
    throw new CommandFailure("--remote-log-metadata-decoder is not supported: there is no tiered storage here");
  }
  if (options.has("share-group-state-decoder")) return coordinatorParser("share-group-state");
  return decoderParser(options.text("key-decoder-class")!, options.text("value-decoder-class")!);
}

const printing = [
  "print-data-log",
  "offsets-decoder",
  "transaction-log-decoder",
  "cluster-metadata-decoder",
  "remote-log-metadata-decoder",
  "value-decoder-class",
  "key-decoder-class",
  "share-group-state-decoder",
] as const;

class Dump {
  /** What does not fit, told behind everything else. */
  readonly closing: string[] = [];
  private readonly io: CommandIo;
  private readonly options: Options;
  private readonly prints: boolean;
  private readonly parser: RecordParser;
  private readonly fileSystem = new DiskFileSystem();

  constructor(io: CommandIo, options: Options) {
    this.io = io;
    this.options = options;
    this.prints = printing.some((name) => options.has(name));
    this.parser = parserOf(options);
  }

  async file(path: string): Promise<void> {
    const { io, options } = this;
    io.out(`Dumping ${path}`);
    const indexOptions = {
      verifiesOnly: options.has("verify-index-only"),
      checksSanityOnly: options.has("index-sanity-check"),
    };
    const [suffix] = /\.[^.]*$/.exec(basename(path)) ?? [""];
    if (suffix === ".log" || suffix === ".checkpoint") await this.log(path);
    else if (suffix === ".index") this.report(reportOffsetIndex(path, indexOptions));
    else if (suffix === ".timeindex") this.report(reportTimeIndex(path, indexOptions));
    else if (suffix === ".snapshot" || suffix === ".txnindex") {
      for (const entry of this.entries(path)) io.out(entryLine(entry));
    } else io.error(`Ignoring unknown file ${path}`);
  }

  private report({ lines, mismatches }: ReturnType<typeof reportOffsetIndex>): void {
    for (const line of lines) this.io.out(line);
    this.closing.push(...mismatches);
  }

  private async log(path: string): Promise<void> {
    const { io, options } = this;
    const maxBytes = options.number("max-bytes")!;
    const isDeep = this.prints || options.has("deep-iteration");
    io.out(headLine(path));
    const horizons = new DeleteHorizons(path);
    try {
      const nonConsecutive = new NonConsecutive(path);
      let validBytes = 0;
      for (const entry of this.entries(path, isDeep)) {
        if (entry.kind !== "batch" || entry.position + entry.sizeInBytes > maxBytes) break;
        io.out(batchLine(entry, horizons.of(entry)));
        for (const record of entry.records ?? []) {
          nonConsecutive.see(record.offset);
          const parser = this.prints ? this.parser : null;
          io.out(recordLine(entry, record, { parser, skipsMetadata: options.has("skip-record-metadata") }));
        }
        validBytes = entry.position + entry.sizeInBytes;
        await io.drained();
        if (io.isOutputClosed) return;
      }
      const rest = statSync(path).size - validBytes;
      if (rest > 0 && maxBytes === MAX_INT) io.out(`Found ${rest} invalid bytes at the end of ${basename(path)}`);
      this.closing.push(...nonConsecutive.lines);
    } finally {
      horizons.close();
    }
  }

  private *entries(path: string, records = false): Generator<InspectedEntry> {
    try {
      yield* inspectFile(this.fileSystem, path, { records });
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      throw new CommandFailure(code === "ENOENT" ? `java.nio.file.NoSuchFileException: ${path}` : message, {
        cause: error,
      });
    }
  }
}

function headLine(path: string): string {
  const name = basename(path);
  const [, offset, epoch] = /^(\d{20})-(\d{10})\.checkpoint$/.exec(name) ?? [];
  if (offset !== undefined) return `Snapshot end offset: ${Number(offset)}, epoch: ${Number(epoch)}`;
  if (name === "bootstrap.checkpoint") return "KRaft bootstrap snapshot";
  const start = name.split(".")[0]!;
  if (name.endsWith(".log") && /^\d+$/.test(start)) return `Log starting offset: ${Number(start)}`;
  throw new CommandFailure(`For input string: "${start}"`);
}

function entryLine(entry: InspectedEntry): string {
  if (entry.kind === "abortedTransaction") {
    return `version: 0 producerId: ${entry.producerId} firstOffset: ${entry.firstOffset} lastOffset: ${entry.lastOffset} lastStableOffset: ${entry.lastStableOffset}`;
  }
  if (entry.kind !== "producer") throw new CommandFailure(entry.kind === "problem" ? entry.problem : entry.kind);
  const { currentTxnFirstOffset } = entry;
  const open = optionalLong(currentTxnFirstOffset < 0 ? null : currentTxnFirstOffset);
  const head = `producerId: ${entry.producerId} producerEpoch: ${entry.producerEpoch} coordinatorEpoch: ${entry.coordinatorEpoch} currentTxnFirstOffset: ${open} lastTimestamp: ${entry.lastTimestamp}`;
  if (entry.firstSequence < 0) return head;
  // Sequence numbers begin again at 0 behind the largest.
  const offsetDelta = (entry.lastSequence - entry.firstSequence) & MAX_INT;
  return `${head} firstSequence: ${entry.firstSequence} lastSequence: ${entry.lastSequence} lastOffset: ${entry.lastOffset} offsetDelta: ${offsetDelta} timestamp: ${entry.lastTimestamp}`;
}

/** Offsets that do not follow each other: compaction leaves such gaps. */
class NonConsecutive {
  private readonly path: string;
  private readonly pairs = new Map<number, number>();
  private last = -1;

  constructor(path: string) {
    this.path = path;
  }

  see(offset: number): void {
    if (offset !== this.last + 1) this.pairs.set(this.last, offset);
    this.last = offset;
  }

  get lines(): string[] {
    if (this.pairs.size === 0) return [];
    const pairs = [...this.pairs].sort(([one], [other]) => one - other);
    return [
      `Non-consecutive offsets in ${resolve(this.path)}`,
      ...pairs.map(([one, next]) => `  ${one} is followed by ${next}`),
    ];
  }
}

/** When a batch's tombstones and markers may go: in the place of its first timestamp, if a bit says so (KIP-534). */
class DeleteHorizons {
  private static readonly ATTRIBUTES_AT = 21;
  private static readonly BIT = 0x40;
  private readonly path: string;
  private descriptor: number | null = null;

  constructor(path: string) {
    this.path = path;
  }

  of({ position, magic }: BatchEntry): number | null {
    if (magic < 2) return null;
    this.descriptor ??= openSync(this.path, "r");
    const head = Buffer.alloc(14);
    readSync(this.descriptor, head, 0, head.length, position + DeleteHorizons.ATTRIBUTES_AT);
    return (head.readInt16BE(0) & DeleteHorizons.BIT) === 0 ? null : Number(head.readBigInt64BE(6));
  }

  close(): void {
    if (this.descriptor !== null) closeSync(this.descriptor);
  }
}
