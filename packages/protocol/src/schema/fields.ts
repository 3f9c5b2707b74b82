// The vocabulary of the schema files: one function per Kafka type, each giving a description of a field.
// A description is plain data. Its type parameters carry what decoding yields and what encoding accepts,
// so that `defineApi` can infer both shapes from the schema alone.

import type { FramePart } from "@ottla/base";

export const int8 = scalar<number>("int8");
export const int16 = scalar<number>("int16");
export const uint16 = scalar<number>("uint16");
export const int32 = scalar<number>("int32");
export const uint32 = scalar<number>("uint32");
/** A safe integer, or Long.MAX_VALUE or Long.MIN_VALUE as base's LONG_MAX and LONG_MIN. */
export const int64 = scalar<number>("int64");
/** An int64 whose 64 bits are no number, such as a hash: 16 hexadecimal digits. */
export const bits64 = scalar<string>("bits64");
export const float64 = scalar<number>("float64");
export const boolean = scalar<boolean>("boolean");
export const string = scalar<string>("string");
/** Kafka's Uuid as 22 characters of base64url. */
export const uuid = scalar<string>("uuid");
/** Decoded bytes share memory with the frame. */
export const bytes = scalar<Buffer>("bytes");
/** Record batches, not looked into. Decoded they share memory with the frame; encoded they are listed, not copied. */
export const records = scalar<Buffer, Buffer | FramePart[]>("records");

/** A structure inside the message. */
export function struct<F extends Fields, O extends FieldOptions<null>>(
  versions: string,
  fields: F,
  options?: O,
): Field<OrNull<O, DecodedFields<F>>, OrNull<O, InputFields<F>>, IsOmittable<O>> {
  return { type: "struct", versions, element: null, fields, options: options ?? NO_OPTIONS };
}

/** An array: of a scalar, as in `array("0+", int32)`, or of structures, as in `array("0+", { name: string("0+") })`. */
export function array<E extends ArrayElement, O extends FieldOptions<null>>(
  versions: string,
  element: E,
  options?: O,
): Field<OrNull<O, DecodedElement<E>[]>, OrNull<O, readonly InputElement<E>[]>, IsOmittable<O>> {
  const scalarElement = typeof element === "function";
  return {
    type: "array",
    versions,
    element: scalarElement ? element.scalarType : "struct",
    fields: scalarElement ? null : element,
    options: options ?? NO_OPTIONS,
  };
}

export type ScalarType =
  | "int8"
  | "int16"
  | "uint16"
  | "int32"
  | "uint32"
  | "int64"
  | "bits64"
  | "float64"
  | "boolean"
  | "string"
  | "uuid"
  | "bytes"
  | "records";

/** What may follow the versions of a field. Version ranges are written as in "0+", "3-9", "4". */
export interface FieldOptions<Default> {
  /** The versions in which the value may be null. */
  nullable?: string;
  /** What an absent field decodes to, and what encoding takes for an omitted one. Without it: Kafka's zero of the type. */
  default?: Default | null;
  /** Makes it a tagged field, in all versions that have the field. */
  tag?: number;
  /** A value that the version at hand cannot carry is dropped; without this it is refused. */
  ignorable?: boolean;
}

/** One field of a schema. The parameters: what decoding yields, what encoding accepts, whether encoding may omit it. */
export interface Field<out Decoded = unknown, out Input = unknown, out Omittable extends boolean = boolean> {
  readonly type: ScalarType | "struct" | "array";
  readonly versions: string;
  /** What an array holds. */
  readonly element: ScalarType | "struct" | null;
  /** The fields of a structure, or of an array's structures, in the order of the wire. */
  readonly fields: Fields | null;
  readonly options: FieldOptions<unknown>;
  /** For inference only; never there. */
  readonly [phantom]?: { decoded: Decoded; given: Input; omittable: Omittable };
}

export interface Fields {
  readonly [name: string]: Field;
}

/** The shape that decoding yields, in every version the same. */
export type DecodedFields<F extends Fields> = {
  -readonly [Name in keyof F]: F[Name] extends Field<infer Decoded> ? Decoded : never;
};

/** The shape that encoding accepts: fields with a default, and tagged fields, may be left out. */
export type InputFields<F extends Fields> = Flatten<
  { [Name in keyof F as F[Name] extends Field<unknown, unknown, true> ? never : Name]: InputOf<F[Name]> } & {
    [Name in keyof F as F[Name] extends Field<unknown, unknown, true> ? Name : never]?: InputOf<F[Name]> | undefined;
  }
>;

declare const phantom: unique symbol;

const NO_OPTIONS: FieldOptions<unknown> = {};

type InputOf<F> = F extends Field<unknown, infer Input> ? Input : never;
type Flatten<T> = { [Key in keyof T]: T[Key] };
type OrNull<O, Value> = O extends { nullable: string } ? Value | null : Value;
type IsOmittable<O> = O extends { default: unknown } | { tag: number } ? true : false;

/** Describes a field when called; names the element type when given to `array`. */
interface Scalar<Value, Input> {
  <O extends FieldOptions<Value>>(
    versions: string,
    options?: O,
  ): Field<OrNull<O, Value>, OrNull<O, Input>, IsOmittable<O>>;
  readonly scalarType: ScalarType;
}

// oxlint-disable-next-line typescript/no-explicit-any -- any scalar may be an element
type ArrayElement = Scalar<any, any> | Fields;
type DecodedElement<E> = E extends Scalar<infer Value, infer _> ? Value : E extends Fields ? DecodedFields<E> : never;
type InputElement<E> = E extends Scalar<infer _, infer Input> ? Input : E extends Fields ? InputFields<E> : never;

function scalar<Value, Input = Value>(type: ScalarType): Scalar<Value, Input> {
  const describe = (versions: string, options?: FieldOptions<Value>): Field<never, never, never> => ({
    type,
    versions,
    element: null,
    fields: null,
    options: options ?? NO_OPTIONS,
  });
  return Object.assign(describe, { scalarType: type });
}
