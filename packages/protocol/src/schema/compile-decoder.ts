// Writes the source of a decoder for one message at one version and compiles it.
// Each structure becomes one function. Runs of fixed-size fields share one bounds check and are read inline;
// everything else is a call into decode-runtime. All names in the source come from our own schemas, never from input.

import { decodeRuntime } from "./decode-runtime.ts";
import { EMPTY, fixedSize, smallestSize } from "./plan.ts";
import type { ByteReader } from "@ottla/base";
import type { FieldPlan, MessagePlan, StructPlan } from "./plan.ts";

export type Decoder = (reader: ByteReader) => unknown;

export function compileDecoder(plan: MessagePlan): Decoder {
  // oxlint-disable-next-line typescript/no-implied-eval -- the purpose of this file
  return new Function("runtime", decoderSource(plan))(decodeRuntime) as Decoder;
}

/** The source text, for people who want to look at it. */
export function decoderSource(plan: MessagePlan): string {
  const functions: string[] = [];
  const entry = addStruct(plan.root, functions);
  return [
    '"use strict";',
    `const { ${Object.keys(decodeRuntime).join(", ")} } = runtime;`,
    ...functions,
    `return ${entry};`,
    `//# sourceURL=ottla:${plan.name}-v${plan.version}-decode.js`,
  ].join("\n");
}

/** Adds the function that reads `struct`, behind those it calls, and returns its name. */
function addStruct(struct: StructPlan, functions: string[]): string {
  const name = struct.path.replaceAll(".", "_");
  const inline = struct.fields.filter((field) => field.place === "inline");
  const body: string[] = [];
  for (let index = 0; index < inline.length;) {
    const run = fixedRun(inline, index);
    if (run.length > 0) {
      addFixedRun(run, body);
      index += run.length;
    } else {
      const field = inline[index++]!;
      body.push(`const $${field.name} = ${readValue(field, functions)};`);
    }
  }
  if (struct.flexible) addTags(struct, body, functions);
  const properties = struct.fields.map((field) =>
    field.place === "absent" ? `${field.name}: ${defaultOf(field)}` : `${field.name}: $${field.name}`,
  );
  body.push(`return { ${properties.join(", ")} };`);
  const declared = body.some((line) => line.startsWith("at = ")) ? "let at; const { buffer } = reader;\n  " : "";
  functions.push(`function ${name}(reader) {\n  ${declared}${body.join("\n  ")}\n}`);
  return name;
}

/** The fixed-size fields that follow each other from `start` on. */
function fixedRun(fields: readonly FieldPlan[], start: number): FieldPlan[] {
  let end = start;
  while (end < fields.length && fixedSize(fields[end]!.type) > 0) end++;
  return fields.slice(start, end);
}

function addFixedRun(run: readonly FieldPlan[], body: string[]): void {
  const total = run.reduce((sum, field) => sum + fixedSize(field.type), 0);
  body.push(`at = reader.skip(${total});`);
  let position = 0;
  for (const field of run) {
    body.push(`const $${field.name} = ${readFixed(field.type, position)};`);
    position += fixedSize(field.type);
  }
}

function readFixed(type: FieldPlan["type"], position: number): string {
  const byte = (index: number): string => `buffer[at + ${position + index}]`;
  switch (type) {
    case "boolean":
      return `${byte(0)} !== 0`;
    case "int8":
      return `(${byte(0)} << 24) >> 24`;
    case "int16":
      return `((${byte(0)} << 24) | (${byte(1)} << 16)) >> 16`;
    case "uint16":
      return `(${byte(0)} << 8) | ${byte(1)}`;
    case "int32":
      return `(${byte(0)} << 24) | (${byte(1)} << 16) | (${byte(2)} << 8) | ${byte(3)}`;
    case "uint32":
      return `((${byte(0)} << 24) | (${byte(1)} << 16) | (${byte(2)} << 8) | ${byte(3)}) >>> 0`;
    case "int64":
      return `readInt64(buffer, at + ${position})`;
    case "bits64":
      return `bits64(buffer, at + ${position})`;
    case "float64":
      return `buffer.readDoubleBE(at + ${position})`;
    case "uuid":
      return `internUuid(buffer, at + ${position})`;
    default:
      throw new TypeError(`${type} has no fixed size`);
  }
}

/** An expression that reads one field whose size is on the wire. `structIsNull` reads the mark before a nullable structure. */
function readValue(field: FieldPlan, functions: string[], structIsNull = "reader.int8() < 0"): string {
  if (field.type === "struct") {
    const read = `${addStruct(field.struct!, functions)}(reader)`;
    return field.nullable ? `${structIsNull} ? null : ${read}` : read;
  }
  if (field.type === "array") return readArray(field, functions);
  const kind = field.type === "string" ? "text" : "bytes";
  return `${variant(field, kind)}(reader)`;
}

function readArray(field: FieldPlan, functions: string[]): string {
  const length = (smallest: number): string => `${variant(field, "count")}(reader, ${smallest})`;
  if (field.element !== "struct") {
    const type = field.element!;
    const smallest = fixedSize(type) || (field.flexible ? 1 : 2);
    const list = type !== "string" ? `${type}List` : field.flexible ? "compactTextList" : "textList";
    return `${list}(reader, ${length(smallest)})`;
  }
  const element = addStruct(field.struct!, functions);
  functions.push(`function ${element}_list(reader) {
  const size = ${length(Math.max(1, smallestSize(field.struct!)))};
  ${field.nullable ? "if (size < 0) return null;" : ""}
  const list = newList(size);
  for (let index = 0; index < size; index++) list[index] = ${element}(reader);
  return list;
}`);
  return `${element}_list(reader)`;
}

/** The runtime's functions come in four forms: nullable or not, compact or not. */
function variant(field: FieldPlan, kind: "text" | "bytes" | "count"): string {
  const parts = [
    field.flexible ? "compact" : "",
    field.nullable ? "Nullable" : "",
    kind[0]!.toUpperCase() + kind.slice(1),
  ];
  const name = parts.join("");
  return name[0]!.toLowerCase() + name.slice(1);
}

function addTags(struct: StructPlan, body: string[], functions: string[]): void {
  const tagged = struct.fields.filter((field) => field.place === "tagged");
  // A tag that other versions know is refused, as Kafka's generated classes do; one that no version knows is passed over.
  const foreign = struct.fields.filter((field) => field.place === "absent" && field.tag >= 0);
  if (tagged.length + foreign.length === 0) {
    body.push("skipTags(reader);");
    return;
  }
  for (const field of tagged) body.push(`let $${field.name} = ${defaultOf(field)};`);
  const cases = [
    ...tagged.map((field) => `case ${field.tag}: $${field.name} = ${readTagged(field, functions)}; break;`),
    ...foreign.map((field) => `case ${field.tag}: foreignTag(reader, tag);`),
  ];
  body.push(`for (let left = length(reader); left > 0; left--) {
    const tag = reader.unsignedVarint();
    const end = tagEnd(reader);
    switch (tag) {
      ${cases.join("\n      ")}
      default: reader.offset = end;
    }
    if (reader.offset !== end) wrongTagSize(reader, tag, end);
  }`);
}

function readTagged(field: FieldPlan, functions: string[]): string {
  if (field.type === "uuid") return "internUuid(reader.buffer, reader.skip(16))";
  if (field.type === "bits64") return "bits64(reader.buffer, reader.skip(8))";
  if (fixedSize(field.type) > 0) return `reader.${field.type}()`;
  // The mark is a varint here (0 for null) and an int8 elsewhere (-1 for null).
  return readValue(field, functions, "reader.unsignedVarint() === 0");
}

function defaultOf(field: FieldPlan): string {
  if (field.default !== EMPTY) return JSON.stringify(field.default);
  if (field.type === "array") return "[]";
  if (field.type === "bytes") return "EMPTY_BUFFER";
  const properties = field.struct!.fields.map((inner) => `${inner.name}: ${defaultOf(inner)}`);
  return `{ ${properties.join(", ")} }`;
}
