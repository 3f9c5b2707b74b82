// Resolves a schema for one version: which fields are on the wire, in what form, and what stands for those that are not.
// Both compilers work from this plan and look at no version range themselves.

import { ZERO_UUID } from "@ottla/base";
import { includesVersion } from "./version-range.ts";
import type { Field, Fields, ScalarType } from "./fields.ts";
import type { MessageSchema } from "./message-codec.ts";

/** A message at one version. */
export interface MessagePlan {
  readonly name: string;
  readonly version: number;
  readonly root: StructPlan;
}

export interface StructPlan {
  /** Where it is in the message, for names in compiled code and in errors: "FetchRequest.topics". */
  readonly path: string;
  readonly flexible: boolean;
  /** In the order of the schema, those that the version lacks included. */
  readonly fields: readonly FieldPlan[];
}

export interface FieldPlan {
  readonly name: string;
  readonly type: ScalarType | "struct" | "array";
  /** Inline: in order, among the others. Tagged: behind them, if not the default. Absent: not in this version. */
  readonly place: "inline" | "tagged" | "absent";
  readonly tag: number;
  readonly flexible: boolean;
  readonly nullable: boolean;
  readonly ignorable: boolean;
  /** Whether encoding takes a missing property for the default. */
  readonly omittable: boolean;
  /** Null, a scalar, or "empty" for arrays, bytes and structures: Kafka's zero of the type unless the schema says otherwise. */
  readonly default: null | number | boolean | string | typeof EMPTY;
  readonly element: ScalarType | "struct" | null;
  /** Of a structure, or of an array's structures. */
  readonly struct: StructPlan | null;
}

/** The default of arrays, bytes and structures that are not null by default. */
export const EMPTY = Symbol("empty");

export function planMessage(schema: MessageSchema, version: number): MessagePlan {
  const flexible = schema.flexibleFrom !== null && version >= schema.flexibleFrom;
  return { name: schema.name, version, root: planStruct(schema.name, schema.fields, version, flexible) };
}

/** The fewest bytes a structure takes: what an array's length is checked against before anything is allocated. */
export function smallestSize(struct: StructPlan): number {
  let size = struct.flexible ? 1 : 0;
  for (const field of struct.fields) {
    if (field.place === "inline") size += smallestFieldSize(field);
  }
  return size;
}

/** How many bytes a type always takes, or 0 when that depends on the value. */
export function fixedSize(type: FieldPlan["type"]): number {
  return FIXED_SIZES[type] ?? 0;
}

function planStruct(path: string, fields: Fields, version: number, flexible: boolean): StructPlan {
  const plans = Object.entries(fields).map(([name, field]) => planField(path, name, field, version, flexible));
  return { path, flexible, fields: plans };
}

function planField(path: string, name: string, field: Field, version: number, flexible: boolean): FieldPlan {
  const { options, type } = field;
  const present = includesVersion(field.versions, version);
  return {
    name,
    type,
    place: !present ? "absent" : options.tag !== undefined ? "tagged" : "inline",
    tag: options.tag ?? -1,
    flexible,
    nullable: includesVersion(options.nullable, version),
    ignorable: options.ignorable === true,
    omittable: options.default !== undefined || options.tag !== undefined,
    default: options.default === undefined ? zeroOf(type) : (options.default as FieldPlan["default"]),
    element: field.element,
    struct: field.fields === null ? null : planStruct(`${path}.${name}`, field.fields, version, flexible),
  };
}

// What Kafka's generator gives a field without a default: a string is "", even a nullable one; only records are null.
function zeroOf(type: FieldPlan["type"]): FieldPlan["default"] {
  if (type === "string") return "";
  if (type === "uuid") return ZERO_UUID;
  if (type === "bits64") return "0000000000000000";
  if (type === "boolean") return false;
  if (type === "records") return null;
  return type === "bytes" || type === "array" || type === "struct" ? EMPTY : 0;
}

function smallestFieldSize(field: FieldPlan): number {
  const fixed = fixedSize(field.type);
  if (fixed > 0) return fixed;
  if (field.type === "struct") return field.nullable ? 1 : smallestSize(field.struct!);
  if (field.flexible) return 1;
  return field.type === "string" ? 2 : 4;
}

const FIXED_SIZES: { readonly [type: string]: number } = {
  boolean: 1,
  int8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  bits64: 8,
  float64: 8,
  uuid: 16,
};
