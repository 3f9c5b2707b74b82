// Compares one schema with Kafka's definition of the same message, field by field, and says every difference in a sentence.
// Compared: order, names, types, versions, nullable and tagged versions, tags, defaults, ignorable, and the message's own versions.
// Not compared: names of structures, map keys, entity types, zero copy. They shape Java classes, not bytes or values.

import { LONG_MAX } from "@ottla/base";
import type { Field, Fields } from "@ottla/protocol/schema/fields.ts";
import type { MessageSchema } from "@ottla/protocol/schema/message-codec.ts";
import { parseVersions } from "@ottla/protocol/schema/version-range.ts";
import type { DefinedField, Definition } from "./definitions.ts";

/** The differences, none when the schema says what the definition says. */
export function compareMessage(schema: MessageSchema, definition: Definition): string[] {
  const differences: string[] = [];
  const { versions, flexibleFrom, name } = schema;
  const range = versions.from === versions.to ? `${versions.from}` : `${versions.from}-${versions.to}`;
  expect(differences, name, "name", name, definition.name);
  expect(differences, name, "validVersions", range, definition.validVersions);
  const flexible = flexibleFrom === null ? "none" : `${flexibleFrom}+`;
  expect(differences, name, "flexibleVersions", flexible, definition.flexibleVersions ?? "none");
  const structs = new Map((definition.commonStructs ?? []).map((struct) => [struct.name, struct.fields]));
  compareFields(differences, name, schema.fields, definition.fields ?? [], structs);
  return differences;
}

type Structs = ReadonlyMap<string, DefinedField[]>;

function compareFields(
  differences: string[],
  path: string,
  fields: Fields,
  defined: readonly DefinedField[],
  structs: Structs,
): void {
  const names = Object.keys(fields);
  const expected = defined.map((field) => fieldName(field.name));
  if (names.join() !== expected.join()) {
    differences.push(`${path}: fields are ${names.join(", ")}, not ${expected.join(", ")}`);
  }
  for (const field of defined) {
    const ours = fields[fieldName(field.name)];
    if (ours !== undefined) compareField(differences, `${path}.${fieldName(field.name)}`, ours, field, structs);
  }
}

function compareField(
  differences: string[],
  path: string,
  field: Field,
  defined: DefinedField,
  structs: Structs,
): void {
  const { options } = field;
  // Kafka's generator: a field that names no versions has its tagged ones.
  const versions = defined.versions ?? defined.taggedVersions ?? "none";
  const taggedVersions = options.tag === undefined ? undefined : field.versions;
  expectVersions(differences, path, "versions", field.versions, versions);
  expectVersions(differences, path, "nullableVersions", options.nullable, defined.nullableVersions);
  expectVersions(differences, path, "taggedVersions", taggedVersions, defined.taggedVersions);
  expect(differences, path, "tag", options.tag, defined.tag);
  expect(differences, path, "ignorable", options.ignorable === true, String(defined.ignorable) === "true");
  expect(differences, path, "default", defaultOf(field), definedDefault(defined));
  expect(differences, path, "flexibleVersions", undefined, defined.flexibleVersions);
  const inner = defined.fields ?? structs.get(defined.type.replace("[]", ""));
  expect(differences, path, "type", typeText(field), definedType(defined, inner));
  if (field.fields !== null && inner !== undefined) compareFields(differences, path, field.fields, inner, structs);
}

function typeText(field: Field): string {
  if (field.type === "bits64") return "int64";
  return field.type === "array" ? `[]${field.element}` : field.type;
}

function defaultOf({ type, options }: Field): unknown {
  if (type === "bits64" && typeof options.default === "string") return Number.parseInt(options.default, 16);
  return options.default;
}

function definedType({ type }: DefinedField, inner: unknown): string {
  const element = type.replace("[]", "");
  const plain = inner !== undefined ? "struct" : element === "bool" ? "boolean" : element;
  return type.startsWith("[]") ? `[]${plain}` : plain;
}

/** The default as a value. JSON's own null is no default for Kafka's generator; the text "null" is one. */
function definedDefault(defined: DefinedField): unknown {
  if (defined.default === undefined || defined.default === null) return undefined;
  const written = `${defined.default}`;
  if (written === "null") return null;
  if (defined.type === "string") return written;
  if (defined.type === "bool") return written === "true";
  return written === "9223372036854775807" ? LONG_MAX : Number(written);
}

function fieldName(name: string): string {
  return name[0]!.toLowerCase() + name.slice(1);
}

function expectVersions(
  differences: string[],
  path: string,
  what: string,
  actual: string | undefined,
  expected: string | undefined,
): void {
  const range = (versions = "none"): string => JSON.stringify(parseVersions(versions), infinityAsText);
  if (range(actual) !== range(expected)) expect(differences, path, what, actual, expected);
}

function infinityAsText(_key: string, value: unknown): unknown {
  return value === Infinity ? "+" : value;
}

function expect(differences: string[], path: string, what: string, actual: unknown, expected: unknown): void {
  if (actual !== expected) differences.push(`${path}: ${what} is ${text(actual)}, not ${text(expected)}`);
}

function text(value: unknown): string {
  return value === undefined ? "absent" : JSON.stringify(value);
}
