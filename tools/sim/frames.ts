// A seeded source of frames for a broker: valid, mutated, random, cut, absurd. Frame `index` of a seed is the same whenever it
// is asked for, in any order, so that one frame can be sent again alone. Each comes with what a broker may do with it.

import { assert, ByteWriter, SeededRandom } from "@ottla/base";
import { apiKeyEntry, encodeRequestHeader } from "@ottla/protocol";
import type { Api } from "@ottla/protocol";
import { allApis } from "@ottla/protocol/messages/all.ts";
import { badBatches, batchWithBytesBehind, goodBatch, tooLargeBatch } from "./bad-batches.ts";
import { randomMessage } from "./random-messages.ts";
import type { FuzzWorld } from "./random-messages.ts";

/** An API as the broker under test advertises it. */
export interface ServedApi {
  readonly key: number;
  readonly from: number;
  readonly to: number;
}

/**
 * What may come back.
 * answer: an answer and nothing else. refusal: a Produce answer with an error, or a closed connection. close: a closed
 * connection. silence: nothing, until the client closes. any: an answer or a closed connection; for Produce and Fetch also
 * nothing. answers: any number of answers, then nothing or a closed connection.
 */
export type Expectation = "answer" | "refusal" | "close" | "silence" | "any" | "answers";

export interface FuzzFrame {
  readonly index: number;
  /** What was done, for reports. */
  readonly kind: string;
  /** All bytes to send, size in front. */
  readonly bytes: Buffer;
  readonly expects: Expectation;
  /** Where to wait a moment while sending, or null. */
  readonly pauseAt: number | null;
}

export interface FrameSourceOptions {
  readonly seed: number;
  readonly served: readonly ServedApi[];
  readonly topics: readonly string[];
  readonly topicIds: readonly string[];
}

type AnyApi = Api<unknown, unknown>;
type Draft = Omit<FuzzFrame, "index" | "pauseAt"> & { pauseAt?: number };

const PRODUCE = 0;
const API_VERSIONS = 18;
const FRAME_BYTES_MAX = 104_857_600;
const CORRELATION_AT = 8;
const CLIENT_ID = "fuzz";
const apis = new Map((allApis as readonly AnyApi[]).map((api) => [api.key, api]));

export class FrameSource {
  private readonly options: FrameSourceOptions;
  private readonly world: FuzzWorld;

  constructor(options: FrameSourceOptions) {
    assert(options.served.length > 0, "a broker serves some APIs");
    this.options = options;
    this.world = {
      topics: options.topics,
      topicIds: options.topicIds,
      records: (random) =>
        random.chance(0.7)
          ? goodBatch(random, randomBatchOptions(random))
          : (random.pick(badBatches).build(random) ?? Buffer.alloc(0)),
    };
  }

  /** The same frame for the same seed, index and options. */
  frame(index: number): FuzzFrame {
    const random = new SeededRandom((this.options.seed % 0x10_0000) * 0x1_0000_0000 + index);
    let ticket = random.below(totalWeight);
    for (const [weight, kind, build] of kinds) {
      ticket -= weight;
      if (ticket >= 0) continue;
      const draft = build(this, random);
      return { pauseAt: null, ...draft, kind: draft.kind === "" ? kind : `${kind}: ${draft.kind}`, index };
    }
    throw new Error("the weights do not add up");
  }

  /** A request that the broker serves and the protocol package can encode. */
  valid(random: SeededRandom): Draft & { api: ServedApi; version: number; bodyAt: number } {
    const api = random.pick(this.options.served);
    const version = api.from + random.below(api.to - api.from + 1);
    const schema = apis.get(api.key)!.request.schema;
    const body = randomMessage(schema, version, random, this.world);
    const writer = new ByteWriter(512);
    writeHeader(writer, api.key, version, random);
    const bodyAt = writer.size();
    apis.get(api.key)!.request.encode(writer, version, body);
    const silent = api.key === PRODUCE && body["acks"] === 0;
    const kind = `${apis.get(api.key)!.name} ${version}`;
    return {
      kind,
      bytes: sized(writer.toBuffer()),
      expects: silent ? "any" : "answer",
      api,
      version,
      bodyAt: bodyAt + 4,
    };
  }

  /** A Produce of one batch for a topic that exists. */
  produce(records: Buffer | null, random: SeededRandom): Buffer {
    const served = this.options.served.find((api) => api.key === PRODUCE);
    const [from, to] = [Math.max(3, served?.from ?? 3), Math.min(12, served?.to ?? 12)];
    const version = from + random.below(to - from + 1);
    const writer = new ByteWriter(512);
    writeHeader(writer, PRODUCE, version, random);
    const partitionData = [{ index: 0, records }];
    const topicData = [{ name: this.options.topics[0]!, partitionData }];
    apis.get(PRODUCE)!.request.encode(writer, version, { transactionalId: null, acks: -1, timeoutMs: 1000, topicData });
    return sized(writer.toBuffer());
  }

  served(): readonly ServedApi[] {
    return this.options.served;
  }
}

/** Weight, name, and how to build one. An empty `kind` of the draft leaves the name alone. */
const kinds: readonly (readonly [number, string, (source: FrameSource, random: SeededRandom) => Draft])[] = [
  [260, "valid", (source, random) => source.valid(random)],
  [240, "flipped bits", flippedBits],
  [80, "spoiled bytes", spoiledBytes],
  [70, "truncated", truncated],
  [60, "random body", randomBody],
  [50, "absurd length", absurdLength],
  [40, "random frame", (_, random) => ({ kind: "", bytes: sized(random.bytes(random.below(300))), expects: "any" })],
  [30, "bytes behind", bytesBehind],
  [30, "spliced", spliced],
  [20, "half a frame", halfFrame],
  [10, "slow half frame", slowHalf],
  [20, "impossible size", impossibleSize],
  [20, "unknown key", unknownKey],
  [30, "unknown version", unknownVersion],
  [140, "bad batch", badBatch],
  [10, "several at once", severalAtOnce],
];
const totalWeight = kinds.reduce((sum, [weight]) => sum + weight, 0);

function flippedBits(source: FrameSource, random: SeededRandom): Draft {
  const { kind, bytes } = source.valid(random);
  for (let left = 1 + random.below(8); left > 0; left--) {
    bytes[4 + random.below(bytes.length - 4)]! ^= 1 << random.below(8);
  }
  return { kind, bytes, expects: "any" };
}

function spoiledBytes(source: FrameSource, random: SeededRandom): Draft {
  const { kind, bytes, bodyAt } = source.valid(random);
  for (let left = 1 + random.below(4); left > 0 && bytes.length > bodyAt; left--) {
    bytes[bodyAt + random.below(bytes.length - bodyAt)] = random.pick([0, 0xff, 0x7f, 0x80, random.below(256)]);
  }
  return { kind, bytes, expects: "any" };
}

function truncated(source: FrameSource, random: SeededRandom): Draft {
  const { kind, bytes } = source.valid(random);
  return { kind, bytes: sized(bytes.subarray(4, 4 + random.below(bytes.length - 4))), expects: "any" };
}

function randomBody(source: FrameSource, random: SeededRandom): Draft {
  const { kind, bytes, bodyAt } = source.valid(random);
  return {
    kind,
    bytes: sized(Buffer.concat([bytes.subarray(4, bodyAt), random.bytes(random.below(200))])),
    expects: "any",
  };
}

/** A length of gigabytes or below zero, in the form of old or of flexible versions, at the start of the body or anywhere in it. */
function absurdLength(source: FrameSource, random: SeededRandom): Draft {
  const { kind, bytes, bodyAt } = source.valid(random);
  const length = random.pick([
    Buffer.from([0x7f, 0xff, 0xff, 0xff]),
    Buffer.from([0x80, 0, 0, 0]),
    Buffer.from([0xff, 0xff, 0xff, 0xfe]),
    Buffer.from([0x00, 0xff, 0xff, 0xff]),
    Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f]),
    Buffer.from([0xff, 0xff, 0xff, 0xff, 0x07]),
    Buffer.from([0x80, 0x80, 0x80, 0x04]),
    Buffer.alloc(9, 0xff),
  ]);
  const at = random.chance(0.5) ? bodyAt : bodyAt + random.below(bytes.length - bodyAt + 1);
  const over = random.chance(0.5) ? at : Math.min(bytes.length, at + length.length);
  return { kind, bytes: sized(Buffer.concat([bytes.subarray(4, at), length, bytes.subarray(over)])), expects: "any" };
}

// Kafka does not look behind the last field it knows, so this is a valid request to it; but it may as well be refused.
function bytesBehind(source: FrameSource, random: SeededRandom): Draft {
  const { kind, bytes } = source.valid(random);
  return { kind, bytes: sized(Buffer.concat([bytes.subarray(4), random.bytes(1 + random.below(50))])), expects: "any" };
}

function spliced(source: FrameSource, random: SeededRandom): Draft {
  const [first, second] = [source.valid(random), source.valid(random)];
  const head = first.bytes.subarray(4, 4 + random.below(first.bytes.length - 4));
  const tail = second.bytes.subarray(4 + random.below(second.bytes.length - 4));
  return { kind: `${first.kind} and ${second.kind}`, bytes: sized(Buffer.concat([head, tail])), expects: "any" };
}

function halfFrame(source: FrameSource, random: SeededRandom): Draft {
  const { kind, bytes } = source.valid(random);
  return { kind, bytes: bytes.subarray(0, 1 + random.below(bytes.length - 1)), expects: "silence" };
}

function slowHalf(source: FrameSource, random: SeededRandom): Draft {
  const { kind, bytes, expects } = source.valid(random);
  return { kind, bytes, expects, pauseAt: 1 + random.below(bytes.length - 1) };
}

function impossibleSize(_source: FrameSource, random: SeededRandom): Draft {
  const bytes = random.bytes(4 + random.below(100));
  bytes.writeInt32BE(random.pick([-1, -2, -0x8000_0000, 0x7fff_ffff, FRAME_BYTES_MAX + 1]));
  return { kind: "", bytes, expects: "close" };
}

function unknownKey(source: FrameSource, random: SeededRandom): Draft {
  const { bytes } = source.valid(random);
  const key = random.pick([-1, 4, 5, 6, 7, 95, 128, 1000, 0x7fff, -0x8000]);
  bytes.writeInt16BE(key, 4);
  return { kind: String(key), bytes, expects: "close" };
}

/** A version that is not served of a key that is, or a key that is not. ApiVersions answers even then (KIP-511). */
function unknownVersion(source: FrameSource, random: SeededRandom): Draft {
  const notServed = [...apis.keys()].filter((key) => !source.served().some((api) => api.key === key));
  const writer = new ByteWriter(64);
  if (notServed.length > 0 && random.chance(0.4)) {
    const key = random.pick(notServed);
    writeHeader(writer, key, apiKeyEntry(key)!.versions.to, random);
    writer.bytes(random.bytes(random.below(60)));
    return { kind: `key ${key} not served`, bytes: sized(writer.toBuffer()), expects: "close" };
  }
  const api = random.pick(source.served());
  const version = random.pick([api.to + 1, api.to + 5, 99, 0x7fff, -1, -0x8000]);
  writeHeader(writer, api.key, version, random);
  writer.bytes(random.bytes(random.below(60)));
  return {
    kind: `${api.key} ${version}`,
    bytes: sized(writer.toBuffer()),
    expects: api.key === API_VERSIONS ? "answer" : "close",
  };
}

function badBatch(source: FrameSource, random: SeededRandom): Draft {
  if (random.chance(0.03)) {
    const records = batchWithBytesBehind.build(random);
    return { kind: batchWithBytesBehind.name, bytes: source.produce(records, random), expects: "answer" };
  }
  const batch = random.chance(0.002) ? tooLargeBatch : random.pick(badBatches);
  return { kind: batch.name, bytes: source.produce(batch.build(random), random), expects: "refusal" };
}

/** Good requests and noise behind them in one write: the answers come, then the connection ends or waits for more. */
function severalAtOnce(source: FrameSource, random: SeededRandom): Draft {
  const parts = Array.from({ length: 1 + random.below(5) }, () => source.valid(random).bytes);
  return { kind: "", bytes: Buffer.concat([...parts, random.bytes(random.below(100))]), expects: "answers" };
}

function randomBatchOptions(random: SeededRandom): Parameters<typeof goodBatch>[1] {
  const compression = random.pick(["none", "none", "gzip", "snappy", "lz4", "zstd"] as const);
  if (random.chance(0.7)) return { compression };
  const producer = { producerId: random.below(2000), producerEpoch: random.below(3), baseSequence: random.below(8) };
  return { compression, ...producer, isTransactional: random.chance(0.2) };
}

function writeHeader(writer: ByteWriter, apiKey: number, apiVersion: number, random: SeededRandom): void {
  const clientId = random.chance(0.1) ? null : CLIENT_ID;
  encodeRequestHeader(writer, { apiKey, apiVersion, correlationId: random.uint32() | 0, clientId });
}

function sized(frame: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(4 + frame.length);
  bytes.writeInt32BE(frame.length);
  frame.copy(bytes, 4);
  return bytes;
}

/** Key, version and correlation id as they stand in a frame, or null when it is too short or no such API exists. */
export function headOf(bytes: Buffer): { api: AnyApi; version: number; correlationId: number } | null {
  if (bytes.length < CORRELATION_AT + 4) return null;
  const api = apis.get(bytes.readInt16BE(4));
  if (api === undefined) return null;
  return { api, version: bytes.readInt16BE(6), correlationId: bytes.readInt32BE(CORRELATION_AT) };
}
