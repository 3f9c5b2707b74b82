// Kafka's own deserializers, as text: what toString() of what they read is. Pure.

import { CommandFailure } from "../../command-failure.ts";
import { doubleText } from "../../text/java-format.ts";

/** The text of bytes. @throws CommandFailure when they have the wrong length */
export type ToText = (bytes: Buffer) => string;

const PACKAGE = "org.apache.kafka.common.serialization.";

const deserializers: Readonly<Record<string, ToText>> = {
  StringDeserializer: (bytes) => bytes.toString("utf8"),
  IntegerDeserializer: sized(4, "IntegerDeserializer", (bytes) => String(bytes.readInt32BE())),
  LongDeserializer: sized(8, "LongDeserializer", (bytes) => String(bytes.readBigInt64BE())),
  ShortDeserializer: sized(2, "ShortDeserializer", (bytes) => String(bytes.readInt16BE())),
  FloatDeserializer: sized(4, "Deserializer", (bytes) => doubleText(shortestSingle(bytes.readFloatBE()))),
  DoubleDeserializer: sized(8, "Deserializer", (bytes) => doubleText(bytes.readDoubleBE())),
  BooleanDeserializer: (bytes) => {
    if (bytes.length !== 1) throw unreadable("Size of data received by BooleanDeserializer is not 1");
    if (bytes[0]! > 1) throw unreadable(`Unexpected byte received by BooleanDeserializer: ${bytes.readInt8(0)}`);
    return String(bytes[0] === 1);
  },
  BytesDeserializer: (bytes) => escaped(bytes),
  UUIDDeserializer: (bytes) => bytes.toString("utf8").toLowerCase(),
};

/** Undefined when there is none of this name: only Kafka's own can be had without Java. */
export function deserializerOf(className: string): ToText | undefined {
  if (!className.startsWith(PACKAGE)) return undefined;
  const name = className.slice(PACKAGE.length);
  return Object.hasOwn(deserializers, name) ? deserializers[name] : undefined;
}

function sized(length: number, name: string, read: ToText): ToText {
  return (bytes) => {
    if (bytes.length === length) return read(bytes);
    throw unreadable(`Size of data received by ${name} is not ${length}`);
  };
}

function unreadable(message: string): CommandFailure {
  return new CommandFailure(message, { javaClass: "org.apache.kafka.common.errors.SerializationException" });
}

/** The number with the fewest digits that is the same single-precision one. */
function shortestSingle(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return candidate;
  }
  return value;
}

/** Bytes.toString(): printable ASCII as it is, the rest as \xNN. */
function escaped(bytes: Buffer): string {
  let text = "";
  for (const byte of bytes) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x5c;
    text += isPlain ? String.fromCharCode(byte) : `\\x${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return text;
}
