// Serdes of Java's remaining built-in types, byte for byte: numbers, booleans, UUIDs, nothing, and lists. null stays null.
// What a value does not fit into is refused, never cut off.

import type { Serde } from "./serdes.ts";

/** A serde whose values all take as many bytes, null aside. */
export interface FixedSerde<T> extends Serde<T | null> {
  readonly sizeInBytes: number;
}

/** Two bytes, big endian (ShortSerializer). */
export const shortSerde: FixedSerde<number> = fixed("a short", 2, {
  write: (bytes, data: number) => bytes.writeInt16BE(data),
  read: (bytes) => bytes.readInt16BE(),
});

/** Four bytes, big endian (IntegerSerializer). */
export const integerSerde: FixedSerde<number> = fixed("an integer", 4, {
  write: (bytes, data: number) => bytes.writeInt32BE(data),
  read: (bytes) => bytes.readInt32BE(),
});

/** Eight bytes, big endian (LongSerializer), as a number. What a number cannot tell exactly is refused: `bigintSerde` has all 64 bits. */
export const longSerde: FixedSerde<number> = fixed("a long", 8, {
  write: (bytes, data: number) => bytes.writeBigInt64BE(BigInt(checkedSafe(data))),
  read: (bytes) => checkedSafe(Number(bytes.readBigInt64BE())),
});

/** Eight bytes, big endian (LongSerializer), as a bigint. */
export const bigintSerde: FixedSerde<bigint> = fixed("a long", 8, {
  write: (bytes, data: bigint) => bytes.writeBigInt64BE(data),
  read: (bytes) => bytes.readBigInt64BE(),
});

/** Four bytes (FloatSerializer). */
export const floatSerde: FixedSerde<number> = fixed("a float", 4, {
  write: (bytes, data: number) => bytes.writeFloatBE(data),
  read: (bytes) => bytes.readFloatBE(),
});

/** Eight bytes (DoubleSerializer). */
export const doubleSerde: FixedSerde<number> = fixed("a double", 8, {
  write: (bytes, data: number) => bytes.writeDoubleBE(data),
  read: (bytes) => bytes.readDoubleBE(),
});

/** One byte, 0 or 1 (BooleanSerializer). Lists tell the length of each, as Java's do. */
export const booleanSerde: Serde<boolean | null> = {
  serialize: (data) => (data === null ? null : Buffer.of(data ? 1 : 0)),
  deserialize(bytes) {
    if (bytes === null) return null;
    if (bytes.length !== 1 || bytes[0]! > 1) throw new RangeError("a boolean is one byte, 0 or 1");
    return bytes[0] === 1;
  },
};

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The 36 characters of a UUID (UUIDSerializer). */
export const uuidSerde: FixedSerde<string> = fixed("a UUID", 36, {
  write: (bytes, data: string) => bytes.write(checkedUuid(data), "latin1"),
  read: (bytes) => checkedUuid(bytes.toString("latin1")),
});

/** Nothing at all (VoidSerializer): null, and bytes are refused. */
export const voidSerde: Serde<null> = {
  serialize: () => null,
  deserialize(bytes) {
    if (bytes !== null) throw new RangeError(`there should be nothing, these are ${bytes.length} bytes`);
    return null;
  },
};

const CONSTANT_SIZE = 0;
const VARIABLE_SIZE = 1;
const NULL_ENTRY = -1;

/** A list of what `inner` does (ListSerializer), nulls among them; `inner` must answer at once. */
export function listSerde<T>(inner: Serde<T | null>): Serde<(T | null)[] | null> {
  const sizeInBytes = "sizeInBytes" in inner ? (inner.sizeInBytes as number) : null;
  return {
    serialize(data, context) {
      if (data === null) return null;
      const entries = data.map((entry) => (entry === null ? null : atOnce(inner.serialize(entry, context))));
      return sizeInBytes === null ? withSizes(entries) : withoutSizes(entries);
    },
    deserialize(bytes, context) {
      if (bytes === null) return null;
      return entriesOf(bytes, sizeInBytes).map((entry) =>
        entry === null ? null : atOnce(inner.deserialize(entry, context)),
      );
    },
  };
}

function withSizes(entries: readonly (Buffer | null)[]): Buffer {
  const parts: Buffer[] = [Buffer.of(VARIABLE_SIZE), int32(entries.length)];
  for (const entry of entries) parts.push(int32(entry?.length ?? NULL_ENTRY), ...(entry === null ? [] : [entry]));
  return Buffer.concat(parts);
}

// Where sizes are known, only the places of the nulls are told.
function withoutSizes(entries: readonly (Buffer | null)[]): Buffer {
  const nulls = [...entries.keys()].filter((index) => entries[index] === null);
  const present = entries.filter((entry) => entry !== null);
  return Buffer.concat([
    Buffer.of(CONSTANT_SIZE),
    int32(nulls.length),
    ...nulls.map(int32),
    int32(entries.length),
    ...present,
  ]);
}

// Every read is bounded by the buffer, which throws a RangeError beyond its end.
function entriesOf(bytes: Buffer, sizeInBytes: number | null): (Buffer | null)[] {
  let at = 1;
  const next = (): number => bytes.readInt32BE((at += 4) - 4);
  const part = (size: number): Buffer => {
    if (size < 0 || at + size > bytes.length) throw new RangeError(`a list ends within an entry of ${size} bytes`);
    return bytes.subarray(at, (at += size));
  };
  const kind = bytes[0];
  if (kind !== VARIABLE_SIZE && (kind !== CONSTANT_SIZE || sizeInBytes === null))
    throw new RangeError(`a list of kind ${kind} does not have entries of this type`);
  const nulls = new Set<number>();
  if (kind === CONSTANT_SIZE) for (let left = next(); left > 0; left--) nulls.add(next());
  const entries: (Buffer | null)[] = [];
  const count = next();
  for (let index = 0; index < count; index++) {
    const size = nulls.has(index) ? NULL_ENTRY : kind === CONSTANT_SIZE ? sizeInBytes! : next();
    entries.push(size === NULL_ENTRY ? null : part(size));
    if (entries.length > bytes.length) throw new RangeError(`a list of ${count} entries does not fit into its bytes`);
  }
  return entries;
}

interface Codec<T> {
  write(bytes: Buffer, data: T): unknown;
  read(bytes: Buffer): T;
}

function fixed<T>(what: string, sizeInBytes: number, codec: Codec<T>): FixedSerde<T> {
  return {
    sizeInBytes,
    serialize(data) {
      if (data === null) return null;
      const bytes = Buffer.allocUnsafe(sizeInBytes);
      codec.write(bytes, data);
      return bytes;
    },
    deserialize(bytes) {
      if (bytes === null) return null;
      if (bytes.length !== sizeInBytes)
        throw new RangeError(`${what} has ${sizeInBytes} bytes, these are ${bytes.length}`);
      return codec.read(bytes);
    },
  };
}

function checkedSafe(data: number): number {
  if (!Number.isSafeInteger(data)) throw new RangeError(`${data} is not exactly told by a number`);
  return data;
}

function checkedUuid(text: string): string {
  if (!UUID.test(text)) throw new RangeError("this is not the text of a UUID");
  return text;
}

function int32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function atOnce<R>(result: R | Promise<R>): R {
  if (result instanceof Promise) throw new TypeError("a list's serde must answer at once");
  return result;
}
