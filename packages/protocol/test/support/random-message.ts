// Makes up messages that fit a schema at one version: for round trips and for damaging. The same seed gives the same messages.
// Fields that the version lacks get their defaults, so that what comes back from a codec can be compared as a whole.

import { LONG_MAX, LONG_MIN } from "@ottla/base";
import type { SeededRandom } from "@ottla/base";
import { EMPTY, planMessage } from "../../src/schema/plan.ts";
import type { MessageSchema } from "../../src/schema/message-codec.ts";
import type { FieldPlan, StructPlan } from "../../src/schema/plan.ts";

/** A whole message as decoding would yield it. */
export function randomMessage(schema: MessageSchema, version: number, random: SeededRandom): unknown {
  return randomStruct(planMessage(schema, version).root, random);
}

/** A message of defaults alone. */
export function defaultMessage(schema: MessageSchema, version: number): unknown {
  return defaultStruct(planMessage(schema, version).root);
}

function randomStruct(struct: StructPlan, random: SeededRandom): unknown {
  return Object.fromEntries(struct.fields.map((field) => [field.name, randomField(field, random)]));
}

function randomField(field: FieldPlan, random: SeededRandom): unknown {
  if (field.place === "absent") return defaultValue(field);
  if (field.nullable && random.chance(0.3)) return null;
  if (random.chance(0.15)) return defaultOrZero(field);
  if (field.type === "struct") return randomStruct(field.struct!, random);
  if (field.type !== "array") return randomScalar(field.type, random);
  return Array.from({ length: random.below(4) }, () =>
    field.element === "struct" ? randomStruct(field.struct!, random) : randomScalar(field.element!, random),
  );
}

function randomScalar(type: string, random: SeededRandom): unknown {
  const word = random.uint32();
  switch (type) {
    case "boolean":
      return (word & 1) === 1;
    case "int8":
      return (word << 24) >> 24;
    case "int16":
      return (word << 16) >> 16;
    case "uint16":
      return word & 0xffff;
    case "int32":
      return word | 0;
    case "uint32":
      return word;
    case "int64":
      return randomInt64(random);
    case "bits64":
      return random.bytes(8).toString("hex");
    case "float64":
      return (word - 0x8000_0000) / 1024;
    case "uuid":
      return random.bytes(16).toString("base64url");
    case "string":
      return randomText(random);
    default:
      return random.bytes(random.pick([0, 1, 5, 130, 300]));
  }
}

function randomInt64(random: SeededRandom): number {
  const edges = [
    LONG_MAX,
    LONG_MIN,
    -1,
    0,
    0xffff_ffff,
    -0x1_0000_0000,
    Number.MAX_SAFE_INTEGER,
    Number.MIN_SAFE_INTEGER,
  ];
  if (random.chance(0.3)) return random.pick(edges);
  return random.uint32() * 0x10_0000 + random.below(0x10_0000) - 0x8_0000_0000_0000;
}

function randomText(random: SeededRandom): string {
  const alphabets = ["abcXYZ019._-", "äöü€ßñ", "日本語😀", "\u0000\u007f "];
  const alphabet = Array.from(random.chance(0.6) ? alphabets[0]! : random.pick(alphabets));
  const length = random.chance(0.05) ? 40 + random.below(300) : random.below(20);
  return Array.from({ length }, () => random.pick(alphabet)).join("");
}

// Records have null as Kafka's zero even where they may not be null; the other types' defaults always fit.
function defaultOrZero(field: FieldPlan): unknown {
  return field.type === "records" && !field.nullable && field.place !== "absent"
    ? Buffer.alloc(0)
    : defaultValue(field);
}

function defaultStruct(struct: StructPlan): unknown {
  return Object.fromEntries(struct.fields.map((field) => [field.name, defaultOrZero(field)]));
}

function defaultValue(field: FieldPlan): unknown {
  if (field.default !== EMPTY) return field.default;
  if (field.type === "array") return [];
  if (field.type === "bytes") return Buffer.alloc(0);
  return Object.fromEntries(field.struct!.fields.map((inner) => [inner.name, defaultValue(inner)]));
}
