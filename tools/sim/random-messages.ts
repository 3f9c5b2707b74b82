// Random requests that their schema allows, for any API and version: what the protocol package can encode, a broker must answer.
// Fields whose names mean something (topic, partition, offset, wait) draw from values that hit something: topics that exist
// beside names that never can. What would make a broker do honest heavy work or wait for days is left to the mutations.

import { LONG_MAX, LONG_MIN, ZERO_UUID } from "@ottla/base";
import type { SeededRandom } from "@ottla/base";
import type { MessageSchema } from "@ottla/protocol/schema/message-codec.ts";
import { planMessage } from "@ottla/protocol/schema/plan.ts";
import type { FieldPlan, StructPlan } from "@ottla/protocol/schema/plan.ts";

/** What exists at the broker under test, and what may be destroyed there. */
export interface FuzzWorld {
  /** Topics that frames may create, fill, change and delete. */
  readonly topics: readonly string[];
  /** Ids of those of them that exist at the start. */
  readonly topicIds: readonly string[];
  /** Bytes for a records field. */
  records(random: SeededRandom): Buffer;
}

type Draw = (random: SeededRandom, world: FuzzWorld) => unknown;

const INT8 = [0, 1, 2, 3, 4, 8, -1, 127, -128];
const INT16 = [0, 1, -1, 2, 3, 5, 0x7fff, -0x8000];
const INT32 = [0, 1, -1, 2, 3, 100, 1024, 65_536, 0x7fff_ffff, -0x8000_0000];
const INT64 = [0, 1, -1, -2, -3, -4, -5, 7, 1000, 2 ** 31, 2 ** 40, Number.MAX_SAFE_INTEGER, LONG_MAX, LONG_MIN];
const STRINGS = ["", "a", "client", "1", "ä€🙂", "x".repeat(300), "\u0000", "../../etc/passwd", "%s%n", "-1"];
const CONFIGS = [
  "retention.ms",
  "retention.bytes",
  "cleanup.policy",
  "max.message.bytes",
  "flush.messages",
  "no.such.config",
  "",
];
const CONFIG_VALUES = [
  "-1",
  "0",
  "1048576",
  "86400000",
  "delete",
  "compact",
  "x",
  "",
  "99999999999999999999",
  "-9223372036854775809",
  "1e3",
];
const BAD_NAMES = [
  "",
  ".",
  "..",
  "a b",
  "fuzz.topic",
  "fuzz_topic",
  "x".repeat(249),
  "x".repeat(250),
  "ä",
  "a/b",
  "__consumer_offsets",
];

const topicName: Draw = (random, world) => random.pick(random.chance(0.7) ? world.topics : BAD_NAMES);
const partition: Draw = (random) => (random.chance(0.8) ? random.below(3) : random.pick(INT32));
const offset: Draw = (random) => (random.chance(0.5) ? random.below(50) : random.pick(INT64));
const fewMs: Draw = (random) => random.pick([0, 0, 1, 5, 20, -1]);

/** By field name; a plain `name` means a topic wherever it stands beside partitions, and a harmless string elsewhere. */
const drawByName: Readonly<Record<string, Draw>> = {
  acks: (random) => random.pick([-1, -1, 1, 1, 1, 0, 2, -2]),
  configName: (random) => random.pick(CONFIGS),
  count: (random) => random.pick([0, 1, 2, 3, -1, 0x7fff_ffff]),
  fetchOffset: offset,
  index: partition,
  maxWaitMs: fewMs,
  name: (random, world) => (random.chance(0.8) ? topicName(random, world) : random.pick([...CONFIGS, ...STRINGS])),
  numPartitions: (random) => random.pick([1, 1, 2, 3, -1, 0, -5, 0x7fff_ffff]),
  offset,
  partition,
  partitionIndex: partition,
  replicationFactor: (random) => random.pick([1, 1, 1, -1, 0, 2, 0x7fff]),
  resourceName: (random, world) => (random.chance(0.8) ? topicName(random, world) : random.pick(["1", "", "2", "x"])),
  resourceType: (random) => random.pick([2, 2, 2, 4, 8, 16, 32, 0, 1, 3, -1]),
  sessionEpoch: (random) => random.pick([-1, 0, 0, 1, 2, 0x7fff_ffff, -2]),
  sessionId: (random) => random.pick([0, 0, 0, 1, 77, -1]),
  timeoutMs: fewMs,
  topic: topicName,
  topicId: (random, world) => randomTopicId(random, world),
  topicName,
  value: (random) => random.pick(CONFIG_VALUES),
};

const plans = new Map<MessageSchema, (StructPlan | undefined)[]>();

/** A value that `schema` can encode at `version`. */
export function randomMessage(
  schema: MessageSchema,
  version: number,
  random: SeededRandom,
  world: FuzzWorld,
): Record<string, unknown> {
  let byVersion = plans.get(schema);
  if (byVersion === undefined) plans.set(schema, (byVersion = []));
  const plan = (byVersion[version] ??= planMessage(schema, version).root);
  return randomStruct(plan, random, world);
}

function randomStruct(plan: StructPlan, random: SeededRandom, world: FuzzWorld): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  for (const field of plan.fields) {
    if (field.place === "absent") continue;
    if (field.place === "tagged" && random.chance(0.7)) continue;
    value[field.name] = randomField(field, random, world);
  }
  return value;
}

function randomField(field: FieldPlan, random: SeededRandom, world: FuzzWorld): unknown {
  if (field.nullable && random.chance(0.08)) return null;
  if (field.type === "struct") return randomStruct(field.struct!, random, world);
  if (field.type === "array") return randomArray(field, random, world);
  return randomScalar(field.name, field.type, random, world);
}

function randomArray(field: FieldPlan, random: SeededRandom, world: FuzzWorld): unknown[] {
  const length = random.chance(0.03) ? random.below(60) : random.below(4);
  const element = field.element!;
  const values: unknown[] = [];
  for (let index = 0; index < length; index++) {
    if (element === "struct") values.push(randomStruct(field.struct!, random, world));
    else values.push(randomElement(field.name, element, random, world));
  }
  return values;
}

// An array of scalars is named in the plural: topics, topicNames, partitionIndexes.
function randomElement(name: string, type: FieldPlan["type"], random: SeededRandom, world: FuzzWorld): unknown {
  if (type === "string" && name.toLowerCase().includes("topic")) return topicName(random, world);
  if (type === "uuid") return randomTopicId(random, world);
  if (type === "int32") return partition(random, world);
  return randomScalar("", type, random, world);
}

function randomScalar(name: string, type: FieldPlan["type"], random: SeededRandom, world: FuzzWorld): unknown {
  const draw = drawByName[name];
  if (draw !== undefined && isOfType(name, type)) return draw(random, world);
  switch (type) {
    case "boolean":
      return name === "validateOnly" ? random.chance(0.9) : random.chance(0.5);
    case "int8":
      return random.pick(INT8);
    case "int16":
      return random.pick(INT16);
    case "uint16":
      return random.below(0x1_0000);
    case "int32":
      return random.pick(INT32);
    case "uint32":
      return random.uint32();
    case "int64":
      return random.pick(INT64);
    case "bits64":
      return random.bytes(8).toString("hex");
    case "float64":
      return random.pick([0, 1.5, -1, Number.NaN, Number.POSITIVE_INFINITY]);
    case "string":
      return random.pick(STRINGS);
    case "uuid":
      return randomTopicId(random, world);
    case "bytes":
      return random.bytes(random.below(40));
    default:
      return world.records(random);
  }
}

/** The types that the draws of `drawByName` give. */
const TEXTS = new Set(["configName", "name", "resourceName", "topic", "topicName", "value"]);
const INT64S = new Set(["fetchOffset", "offset"]);
const INT16S = new Set(["acks", "replicationFactor"]);

function isOfType(name: string, type: FieldPlan["type"]): boolean {
  if (TEXTS.has(name)) return type === "string";
  if (INT64S.has(name)) return type === "int64";
  if (INT16S.has(name)) return type === "int16";
  if (name === "topicId") return type === "uuid";
  return name === "resourceType" ? type === "int8" : type === "int32";
}

function randomTopicId(random: SeededRandom, world: FuzzWorld): string {
  if (world.topicIds.length > 0 && random.chance(0.7)) return random.pick(world.topicIds);
  return random.chance(0.5) ? ZERO_UUID : random.bytes(16).toString("base64url");
}
