// Messages as JSON, as the JsonConverter classes write them that Kafka generates: fields of the version at hand in the schema's order,
// tagged ones only where they are not the default, bytes in base64. Pure.

import type { Codec } from "@ottla/protocol";
import { includesVersion } from "@ottla/protocol/schema/version-range.ts";

type Fields = Codec<unknown>["schema"]["fields"];
type Field = Fields[string];

/** Plain JSON values; numbers beyond JavaScript's are JsonNumber. */
export function messageJson(fields: Fields, version: number, message: object): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    if (!includesVersion(field.versions, version)) continue;
    const value = (message as Record<string, unknown>)[name];
    if (field.options.tag !== undefined && isDefault(field, value)) continue;
    json[name] = fieldJson(field, version, value);
  }
  return json;
}

function isDefault(field: Field, value: unknown): boolean {
  const { default: byDefault } = field.options;
  if (byDefault !== undefined) return value === byDefault;
  if (value === null) return false;
  if (Array.isArray(value) || Buffer.isBuffer(value)) return value.length === 0;
  return value === 0 || value === false || value === "" || value === "AAAAAAAAAAAAAAAAAAAAAA";
}

function fieldJson(field: Field, version: number, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (field.type === "struct") return messageJson(field.fields!, version, value);
  if (field.type !== "array") return scalarJson(field.type, value);
  const { element, fields } = field;
  return (value as unknown[]).map((each) =>
    fields === null ? scalarJson(element!, each) : messageJson(fields, version, each as object),
  );
}

function scalarJson(type: string, value: unknown): unknown {
  if (type === "bits64") return new JsonNumber(BigInt.asIntN(64, BigInt(`0x${value as string}`)).toString());
  if (Buffer.isBuffer(value)) return value.toString("base64");
  // Long.MAX_VALUE and Long.MIN_VALUE are the two that come out of range.
  if (typeof value === "number" && !Number.isSafeInteger(value) && Number.isInteger(value)) {
    return new JsonNumber(String(value > 0 ? BigInt(value) - 1n : BigInt(value)));
  }
  if (type === "float64") return new JsonNumber(Number.isInteger(value) ? `${String(value)}.0` : String(value));
  return value;
}

/** A number by its digits. */
class JsonNumber {
  readonly digits: string;

  constructor(digits: string) {
    this.digits = digits;
  }
}

/** JSON text without white space. */
export function jsonText(value: unknown): string {
  if (value instanceof JsonNumber) return value.digits;
  if (Array.isArray(value)) return `[${value.map(jsonText).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}:${jsonText(each)}`);
    return `{${fields.join(",")}}`;
  }
  return JSON.stringify(value);
}
