// An answer sketched with only what matters in it, and the same answer complete: every field that the sketch leaves out gets Kafka's default,
// as a message of Kafka's own classes has it before anything is set.

import { ZERO_UUID } from "@ottla/base";
import type { Api } from "@ottla/protocol";
import type { Field, Fields } from "@ottla/protocol/schema/fields.ts";

/** A message of which any field may be missing, at any depth. */
export type Sketch<T> = T extends Buffer
  ? T
  : T extends readonly (infer Element)[]
    ? Sketch<Element>[]
    : T extends object
      ? { [Name in keyof T]?: Sketch<T[Name]> }
      : T;

/** What an error answer tells. */
export interface ErrorToTell {
  readonly code: number;
  /** Kafka's answers carry a sentence where they have a field for it. */
  readonly message: string | null;
}

/** How a request of one API is refused as a whole. */
export interface ErrorAnswer {
  readonly apiKey: number;
  readonly name: string;
  readonly build: (request: unknown, error: ErrorToTell, version: number) => object;
}

// oxlint-disable-next-line typescript/no-explicit-any -- error answers neither decode responses nor encode requests
type AnyApi<Request, Response> = Api<Request, Response, any, any>;

/** One row of the table of error answers. */
export function errorAnswer<Request, Response>(
  api: AnyApi<Request, Response>,
  sketch: (request: Request, error: ErrorToTell, version: number) => Sketch<Response>,
): ErrorAnswer {
  return {
    apiKey: api.key,
    name: api.name,
    build: (request, error, version) =>
      complete(api.response.schema.fields, sketch(request as Request, error, version) as Record<string, unknown>),
  };
}

function complete(fields: Fields, sketch: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const message: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) message[name] = completeField(field, sketch[name]);
  return message;
}

function completeField(field: Field, given: unknown): unknown {
  if (given === undefined) return defaultOf(field);
  if (given === null || field.fields === null) return given;
  const fields = field.fields;
  if (field.type === "struct") return complete(fields, given as Record<string, unknown>);
  return (given as Record<string, unknown>[]).map((element) => complete(fields, element));
}

function defaultOf({ type, fields, options }: Field): unknown {
  if (options.default !== undefined) return options.default;
  switch (type) {
    case "string":
      return "";
    case "boolean":
      return false;
    case "uuid":
      return ZERO_UUID;
    case "bytes":
    case "records":
      return Buffer.alloc(0);
    case "array":
      return [];
    case "struct":
      return complete(fields!, {});
    case "bits64":
      return "0".repeat(16);
    default:
      return 0;
  }
}
