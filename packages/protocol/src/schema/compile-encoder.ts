// Writes the source of an encoder for one message at one version and compiles it. The counterpart of compile-decoder:
// one function per structure, one reservation for each run of fixed-size fields, integers checked and stored inline.

import { encodeRuntime } from "./encode-runtime.ts";
import { EMPTY, fixedSize } from "./plan.ts";
import type { ByteWriter } from "@ottla/base";
import type { FieldPlan, MessagePlan, StructPlan } from "./plan.ts";

export type Encoder = (writer: ByteWriter, value: unknown) => void;

export function compileEncoder(plan: MessagePlan): Encoder {
  // oxlint-disable-next-line typescript/no-implied-eval -- the purpose of this file
  return new Function("runtime", encoderSource(plan))(encodeRuntime) as Encoder;
}

/** The source text, for people who want to look at it. */
export function encoderSource(plan: MessagePlan): string {
  const functions = new Map<string, string>();
  const entry = addStruct(plan.root, { version: plan.version, functions });
  return [
    '"use strict";',
    `const { ${Object.keys(encodeRuntime).join(", ")} } = runtime;`,
    ...functions.values(),
    `return ${entry};`,
    `//# sourceURL=ottla:${plan.name}-v${plan.version}-encode.js`,
  ].join("\n");
}

interface Target {
  readonly version: number;
  /** Finished functions by name. */
  readonly functions: Map<string, string>;
}

/** Adds the function that writes `struct`, behind those it calls, and returns its name. */
function addStruct(struct: StructPlan, target: Target): string {
  const name = struct.path.replaceAll(".", "_");
  const body: string[] = [];
  for (const field of struct.fields) {
    if (field.place === "absent") addAbsentCheck(field, struct, body, target);
  }
  addInlineFields(struct, body, target);
  const tagged = struct.fields.filter((field) => field.place === "tagged");
  if (tagged.length > 0) addTags(tagged, struct, body, target);
  const reserves = body.some((line) => line.startsWith("at = "));
  const declared = reserves ? "let at, buffer;\n  " : "";
  target.functions.set(name, `function ${name}(writer, value) {\n  ${declared}${body.join("\n  ")}\n}`);
  return name;
}

function addInlineFields(struct: StructPlan, body: string[], target: Target): void {
  const inline = struct.fields.filter((field) => field.place === "inline");
  const untagged = struct.flexible && struct.fields.every((field) => field.place !== "tagged");
  let run: FieldPlan[] = [];
  for (const field of inline) {
    if (fixedSize(field.type) > 0) {
      run.push(field);
      continue;
    }
    addFixedRun(run, false, struct, body);
    addSized(field, struct, body, target);
    run = [];
  }
  addFixedRun(run, untagged, struct, body);
}

/** Fixed-size fields in one reservation; `closing` adds the byte that says "no tagged fields". */
function addFixedRun(run: readonly FieldPlan[], closing: boolean, struct: StructPlan, body: string[]): void {
  const total = run.reduce((sum, field) => sum + fixedSize(field.type), 0);
  if (total === 0 && !closing) return;
  body.push(`at = writer.reserve(${closing ? total + 1 : total}); buffer = writer.buffer;`);
  let position = 0;
  for (const field of run) {
    body.push(`const $${field.name} = ${givenOrDefault(field)};`);
    body.push(...storeFixed(field, `${struct.path}.${field.name}`, position));
    position += fixedSize(field.type);
  }
  if (closing) body.push(`buffer[at + ${position}] = 0;`);
}

function storeFixed(field: FieldPlan, path: string, position: number): string[] {
  const value = `$${field.name}`;
  const check = (condition: string): string => `if (${condition}) outOfRange("${path}", ${value});`;
  const byte = (index: number, shift: number): string =>
    `buffer[at + ${position + index}] = ${shift > 0 ? `${value} >>> ${shift}` : value};`;
  switch (field.type) {
    case "boolean":
      return [check(`typeof ${value} !== "boolean"`), `buffer[at + ${position}] = ${value} ? 1 : 0;`];
    case "int8":
      return [check(`${value} << 24 >> 24 !== ${value}`), byte(0, 0)];
    case "int16":
      return [check(`${value} << 16 >> 16 !== ${value}`), byte(0, 8), byte(1, 0)];
    case "uint16":
      return [check(`(${value} & 0xffff) !== ${value}`), byte(0, 8), byte(1, 0)];
    case "int32":
      return [check(`(${value} | 0) !== ${value}`), byte(0, 24), byte(1, 16), byte(2, 8), byte(3, 0)];
    case "uint32":
      return [check(`${value} >>> 0 !== ${value}`), byte(0, 24), byte(1, 16), byte(2, 8), byte(3, 0)];
    case "int64":
      return [`storeInt64(buffer, at + ${position}, ${value});`];
    case "bits64":
      return [`storeBits64(buffer, at + ${position}, ${value});`];
    case "float64":
      return [check(`typeof ${value} !== "number"`), `buffer.writeDoubleBE(${value}, at + ${position});`];
    case "uuid":
      return [`storeUuid(buffer, at + ${position}, ${value});`];
    default:
      throw new TypeError(`${field.type} has no fixed size`);
  }
}

function addSized(field: FieldPlan, struct: StructPlan, body: string[], target: Target): void {
  body.push(`const $${field.name} = ${givenOrDefault(field)};`);
  if (!field.nullable) body.push(`if ($${field.name} == null) missing("${struct.path}.${field.name}");`);
  body.push(writeSized(field, target, "inline"));
}

/** A statement that writes a value, known not to be null unless the field is nullable. */
function writeSized(field: FieldPlan, target: Target, place: "inline" | "tagged"): string {
  const value = `$${field.name}`;
  if (field.type === "struct") {
    const write = `${addStruct(field.struct!, target)}(writer, ${value});`;
    if (!field.nullable) return write;
    const [absent, present] = place === "inline" ? ["-1", "1"] : ["0", "1"];
    return `if (${value} === null) writer.int8(${absent}); else { writer.int8(${present}); ${write} }`;
  }
  if (field.type === "array") return writeArray(field, value, target);
  const kinds: { [type: string]: string } = { string: "text", bytes: "bytes", records: "records" };
  return `${variant(field, kinds[field.type]!)}(writer, ${value});`;
}

function writeArray(field: FieldPlan, value: string, target: Target): string {
  const length = field.flexible ? `writer.unsignedVarint(${value}.length + 1);` : `writer.int32(${value}.length);`;
  const elements = writeElements(field, value, target);
  if (!field.nullable) return `${length} ${elements}`;
  return `if (${value} === null) ${field.flexible ? "writer.int8(0)" : "writer.int32(-1)"}; else { ${length} ${elements} }`;
}

function writeElements(field: FieldPlan, value: string, target: Target): string {
  const each = (write: string): string =>
    `for (let index = 0; index < ${value}.length; index++) ${write}(writer, ${value}[index]);`;
  if (field.element === "struct") return each(addStruct(field.struct!, target));
  if (field.element === "string") return each(field.flexible ? "compactText" : "text");
  return `${field.element!}List(writer, ${value});`;
}

function variant(field: FieldPlan, kind: string): string {
  const name = `${field.flexible ? "compact" : ""}${field.nullable ? "Nullable" : ""}${kind[0]!.toUpperCase()}${kind.slice(1)}`;
  return name[0]!.toLowerCase() + name.slice(1);
}

function addTags(tagged: readonly FieldPlan[], struct: StructPlan, body: string[], target: Target): void {
  const inOrder = [...tagged].sort((left, right) => left.tag - right.tag);
  for (const field of inOrder) {
    body.push(`const $${field.name} = value.${field.name};`);
    body.push(`const has_${field.name} = ${isGivenAndNotDefault(field, `$${field.name}`, target)};`);
  }
  body.push(`writer.unsignedVarint(${inOrder.map((field) => `(has_${field.name} ? 1 : 0)`).join(" + ")});`);
  for (const field of inOrder) {
    body.push(`if (has_${field.name}) { ${writeTagged(field, `${struct.path}.${field.name}`, target)} }`);
  }
}

function writeTagged(field: FieldPlan, path: string, target: Target): string {
  const size = fixedSize(field.type);
  const tag = `writer.unsignedVarint(${field.tag});`;
  if (size > 0) {
    const store = storeFixed(field, path, 0).join(" ");
    return `${tag} writer.int8(${size}); const at = writer.reserve(${size}); const buffer = writer.buffer; ${store}`;
  }
  const check = field.nullable ? "" : `if ($${field.name} === null) missing("${path}"); `;
  return `${check}${tag} const begin = beginTag(writer); ${writeSized(field, target, "tagged")} endTag(writer, begin);`;
}

function addAbsentCheck(field: FieldPlan, struct: StructPlan, body: string[], target: Target): void {
  if (field.ignorable) return;
  const value = `value.${field.name}`;
  const path = `${struct.path}.${field.name}`;
  body.push(`if (${isGivenAndNotDefault(field, value, target)}) unsupported("${path}", ${target.version});`);
}

/** A condition: the property is there and its value is not the default. */
function isGivenAndNotDefault(field: FieldPlan, value: string, target: Target): string {
  if (field.default !== EMPTY) return `${value} !== undefined && ${value} !== ${JSON.stringify(field.default)}`;
  if (field.type !== "struct") return `${value} !== undefined && (${value} === null || ${value}.length > 0)`;
  const differs = addDiffersFromDefault(field.struct!, target);
  return `${value} !== undefined && (${value} === null || ${differs}(${value}))`;
}

/** Adds the function that says whether any field of a structure differs from its default. */
function addDiffersFromDefault(struct: StructPlan, target: Target): string {
  const name = `${struct.path.replaceAll(".", "_")}_differs`;
  const conditions = struct.fields.map((field) => `(${isGivenAndNotDefault(field, `value.${field.name}`, target)})`);
  target.functions.set(name, `function ${name}(value) {\n  return ${conditions.join(" || ")};\n}`);
  return name;
}

function givenOrDefault(field: FieldPlan): string {
  const value = `value.${field.name}`;
  if (!field.omittable) return value;
  const fallback =
    field.default !== EMPTY ? JSON.stringify(field.default) : field.type === "array" ? "EMPTY_LIST" : "EMPTY_BUFFER";
  return `${value} === undefined ? ${fallback} : ${value}`;
}
