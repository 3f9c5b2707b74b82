// Turns a schema into what the rest of Ottla uses: an API with its two codecs, or a record type with one.
// Importing a schema only builds small objects; codecs are compiled when first used.

import { MessageCodec } from "./message-codec.ts";
import { parseVersions } from "./version-range.ts";
import type { Codec } from "./message-codec.ts";
import type { DecodedFields, Fields, InputFields } from "./fields.ts";

/** One API of Kafka's protocol. */
export interface Api<Request, Response, RequestInput = Request, ResponseInput = Response> {
  readonly key: number;
  readonly name: string;
  /** Every version the schema describes; what a broker advertises is in `apiKeys`. */
  readonly versions: { readonly from: number; readonly to: number };
  /** The first flexible version (KIP-482), or null. */
  readonly flexibleFrom: number | null;
  readonly request: Codec<Request, RequestInput>;
  readonly response: Codec<Response, ResponseInput>;
}

/** One kind of record that Kafka keeps in a log of its own: the key or the value of an internal topic, or metadata. */
export interface RecordType<Message, MessageInput = Message> extends Codec<Message, MessageInput> {
  /** What tells it from the others of its log; null where nothing does. */
  readonly apiKey: number | null;
  readonly name: string;
  readonly versions: { readonly from: number; readonly to: number };
  readonly flexibleFrom: number | null;
}

export function defineApi<Request extends Fields, Response extends Fields>(definition: {
  key: number;
  name: string;
  versions: string;
  flexibleFrom: number | null;
  request: Request;
  response: Response;
}): Api<DecodedFields<Request>, DecodedFields<Response>, InputFields<Request>, InputFields<Response>> {
  const { key, name, flexibleFrom } = definition;
  const versions = closedRange(definition.versions);
  return {
    key,
    name,
    versions,
    flexibleFrom,
    request: new MessageCodec({ name: `${name}Request`, versions, flexibleFrom, fields: definition.request }),
    response: new MessageCodec({ name: `${name}Response`, versions, flexibleFrom, fields: definition.response }),
  };
}

export function defineRecord<F extends Fields>(definition: {
  apiKey: number | null;
  name: string;
  versions: string;
  flexibleFrom: number | null;
  fields: F;
}): RecordType<DecodedFields<F>, InputFields<F>> {
  const { apiKey, name, flexibleFrom, fields } = definition;
  const versions = closedRange(definition.versions);
  const codec = new MessageCodec<DecodedFields<F>, InputFields<F>>({ name, versions, flexibleFrom, fields });
  return {
    apiKey,
    name,
    versions,
    flexibleFrom,
    schema: codec.schema,
    decode: (reader, version) => codec.decode(reader, version),
    encode: (writer, version, value) => codec.encode(writer, version, value),
  };
}

/** What a codec's `decode` yields. */
export type Decoded<C> = C extends Codec<infer D, infer _> ? D : never;
/** What a codec's `encode` accepts. */
export type Input<C> = C extends Codec<infer _, infer I> ? I : never;

function closedRange(text: string): { from: number; to: number } {
  const range = parseVersions(text);
  if (range === null || range.to === Infinity) throw new SyntaxError(`"${text}" must name a first and a last version`);
  return range;
}
