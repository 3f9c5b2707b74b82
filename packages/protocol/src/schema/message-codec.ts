// A codec for one message: compiles a decoder and an encoder per version when first asked for that version, and keeps them.
// Asking for a version outside the schema's range is a bug of the caller: requests are checked against `apiKeys` before.

import { assert } from "@ottla/base";
import { compileDecoder } from "./compile-decoder.ts";
import { compileEncoder } from "./compile-encoder.ts";
import { planMessage } from "./plan.ts";
import type { ByteReader, ByteWriter } from "@ottla/base";
import type { Decoder } from "./compile-decoder.ts";
import type { Encoder } from "./compile-encoder.ts";
import type { Fields } from "./fields.ts";

export interface Codec<out Decoded, in Input = Decoded> {
  readonly schema: MessageSchema;
  /**
   * Reads one message. Bytes and records in it share memory with the reader's buffer.
   * Fields that the version lacks get Kafka's default.
   * @throws DecodeError when the input does not fit the schema.
   */
  decode(reader: ByteReader, version: number): Decoded;
  /**
   * Writes one message. Records are listed in the writer, not copied.
   * @throws AssertionError when a value is out of range, or when it is not the default, not ignorable and unknown to the version.
   */
  encode(writer: ByteWriter, version: number, value: Input): void;
}

export interface MessageSchema {
  readonly name: string;
  readonly versions: { readonly from: number; readonly to: number };
  readonly flexibleFrom: number | null;
  readonly fields: Fields;
}

export class MessageCodec<Decoded, Input> implements Codec<Decoded, Input> {
  readonly schema: MessageSchema;
  private readonly decoders: (Decoder | undefined)[] = [];
  private readonly encoders: (Encoder | undefined)[] = [];

  constructor(schema: MessageSchema) {
    this.schema = schema;
  }

  decode(reader: ByteReader, version: number): Decoded {
    const decoder = this.decoders[version] ?? this.compileDecoder(version);
    return decoder(reader) as Decoded;
  }

  encode(writer: ByteWriter, version: number, value: Input): void {
    const encoder = this.encoders[version] ?? this.compileEncoder(version);
    encoder(writer, value);
  }

  private compileDecoder(version: number): Decoder {
    this.assertKnown(version);
    return (this.decoders[version] = compileDecoder(planMessage(this.schema, version)));
  }

  private compileEncoder(version: number): Encoder {
    this.assertKnown(version);
    return (this.encoders[version] = compileEncoder(planMessage(this.schema, version)));
  }

  private assertKnown(version: number): void {
    const { name, versions } = this.schema;
    const known = Number.isInteger(version) && version >= versions.from && version <= versions.to;
    assert(known, `${name} has versions ${versions.from} to ${versions.to}, not ${version}`);
  }
}
