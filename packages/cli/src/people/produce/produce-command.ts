// `ottla produce`: what the input says becomes records of a topic. Lines, or pieces between other delimiters, are values, or keys and values, or
// records as JSON. The input is read no faster than records leave, so it may be of any length.

import type { RecordToSend } from "@ottla/client";
import { CommandError } from "../../command-error.ts";
import type { CommandBody, CommandCall } from "../../command-definition.ts";
import { withKafka } from "../connect.ts";
import { choosePartitions, partitionsOfTopic } from "../known-partitions.ts";
import { print } from "../output.ts";
import type { PeopleIo } from "../people-io.ts";
import type { Piece } from "../record-splitter.ts";
import { rateText } from "../rates.ts";
import type { Progress } from "../terminal.ts";
import { startProgress } from "../terminal.ts";
import { countText, durationText, sizeText } from "../text.ts";
import { inputPieces } from "./input-pieces.ts";
import type { RecordReader } from "./input-records.ts";
import { checkFlags, producerOptions, produceOptions, readerOf, recordLimit, splitOf } from "./produce-options.ts";
import type { ProduceFlags } from "./produce-options.ts";
import { Sending } from "./sending.ts";
import type { NumberedRecord, Outcome } from "./sending.ts";

export const produceCommand: CommandBody = {
  arguments: [{ flags: "<topic>", summary: "the topic, which has to be there", completedBy: "topics" }],
  options: produceOptions,
  details: `Every line of the input is a record, an empty one too, and the last need not end. What cannot be read or written is told with its
line and counted, the rest goes on; the exit code is then 1. Formats: string, hex, base64, json (checked, sent as it is),
int (4 bytes), long (8 bytes), as Java's serializers write them.`,
  examples: [
    "echo hello | ottla produce orders",
    "ottla produce orders -K : --file lines.txt -z zstd",
    "ottla consume orders -e -o jsonl | ottla produce copy-of-orders --json",
  ],
  run: (call: CommandCall<ProduceFlags>) => produce(call),
};

async function produce({ options: flags, words: [topic], io }: CommandCall<ProduceFlags>): Promise<number> {
  checkFlags(flags);
  const reader = readerOf(topic!, flags);
  return await withKafka(flags, io, async (kafka, session) => {
    choosePartitions(await partitionsOfTopic(session, topic!), flags.partition === undefined ? [] : [flags.partition]);
    const startMs = performance.now();
    const progress = flags.quiet === true ? noProgress : startProgress(io);
    const sending = new Sending(kafka.producer(producerOptions(flags)), pieceName(flags), (line) => {
      progress.end();
      io.error(`ottla: ${line}`);
    });
    const elapsedMs = (): number => Math.round(performance.now() - startMs);
    const onSent = (): void => progress.update(() => progressText(sending.outcome, elapsedMs()));
    try {
      await sendAll(sending, { io, flags, reader, onSent });
    } finally {
      progress.end();
      const { written, failed, bytes } = sending.outcome;
      await report(io, flags, { topic: topic!, written, failed, bytes, tookMs: elapsedMs() });
    }
    return sending.outcome.failed === 0 ? 0 : 1;
  });
}

interface Work {
  readonly io: PeopleIo;
  readonly flags: ProduceFlags;
  readonly reader: RecordReader;
  readonly onSent: () => void;
}

/** Until the input, or the signal, ends; what was read by then has its outcome afterwards, also when reading fails. */
async function sendAll(sending: Sending, { io, flags, reader, onSent }: Work): Promise<void> {
  const max = flags.max ?? Infinity;
  const read = readPieceWith(reader, recordLimit(flags));
  let number = 0;
  let taken = 0;
  try {
    for await (const pieces of inputPieces(io, flags.file ?? [], splitOf(flags))) {
      const group: NumberedRecord[] = [];
      for (const piece of pieces) {
        if (taken >= max) break;
        number += 1;
        const record = read(piece);
        if (record === null) continue;
        taken += 1;
        if (typeof record === "string") sending.refuse(number, record);
        else group.push({ number, record });
      }
      await sending.send(group);
      onSent();
      if (taken >= max || sending.isHopeless) break;
    }
  } finally {
    await sending.end();
  }
}

/** The record; why it is none; or null when there is nothing in the piece. */
function readPieceWith(reader: RecordReader, limitBytes: number): (piece: Piece) => RecordToSend | string | null {
  const tooLong = (bytes: number): string =>
    `it has ${bytes} bytes, more than ${limitBytes}: --max-record-bytes allows more (MESSAGE_TOO_LARGE)`;
  return (piece) => {
    if (!Buffer.isBuffer(piece)) return tooLong(piece.tooLongBytes);
    try {
      const record = reader(piece);
      const bytes = (record?.key?.length ?? 0) + (record?.value?.length ?? 0);
      return bytes > limitBytes ? tooLong(bytes) : record;
    } catch (error) {
      if (error instanceof CommandError) return error.message;
      throw error;
    }
  };
}

function pieceName({ whole, delimiter }: ProduceFlags): string {
  if (whole === true) return "file";
  return delimiter === undefined ? "line" : "record";
}

const noProgress: Progress = { update: () => {}, end: () => {} };

function progressText({ written, failed, bytes }: Outcome, elapsedMs: number): string {
  const failures = failed === 0 ? "" : `, ${failed} failed`;
  return `${countText(written, "record")} written, ${sizeText(bytes)}, ${rateText(written, elapsedMs)}${failures}`;
}

interface Report extends Outcome {
  readonly topic: string;
  readonly tookMs: number;
}

async function report(
  io: PeopleIo,
  flags: ProduceFlags,
  { topic, written, failed, bytes, tookMs }: Report,
): Promise<void> {
  if (flags.output === "json" || flags.output === "yaml") {
    await print(io, flags, { document: { topic, written, failed, bytes, tookMs }, lines: () => [] });
    return;
  }
  if (failed > 0) {
    const were = failed === 1 ? "was" : "were";
    io.error(`ottla: ${failed} of ${countText(written + failed, "record")} ${were} not written to ${topic}`);
  } else if (flags.quiet !== true) {
    io.error(`${countText(written, "record")} written to ${topic}: ${sizeText(bytes)} in ${durationText(tookMs)}`);
  }
}
