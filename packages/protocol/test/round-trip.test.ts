// Every message at every version, with made-up values: what is encoded comes back, byte for byte and field for field.
// What the bytes must be is not tested here but on captures (captures.test.ts) and by hand (schema.test.ts).

import assert from "node:assert/strict";
import { test } from "node:test";
import { AssertionError, ByteReader, ByteWriter, DecodeError, SeededRandom } from "@ottla/base";
import { allMessages, decodeAny, encodeAny, versionsOf } from "./support/all-messages.ts";
import { defaultMessage, randomMessage } from "./support/random-message.ts";

const seed = Number(process.env["SEED"] ?? 20_260_801);
const roundsPerVersion = 6;

test(`random messages come back as they went (SEED=${seed})`, () => {
  const random = new SeededRandom(seed);
  for (const codec of allMessages) {
    for (const version of versionsOf(codec)) {
      for (let round = 0; round < roundsPerVersion; round++) {
        const value = randomMessage(codec.schema, version, random);
        assertComesBack(codec, version, value);
      }
    }
  }
});

test("messages of defaults come back as they went", () => {
  for (const codec of allMessages) {
    for (const version of versionsOf(codec)) assertComesBack(codec, version, defaultMessage(codec.schema, version));
  }
});

test(`messages cut short are refused with DecodeError and nothing else (SEED=${seed})`, () => {
  const random = new SeededRandom(seed);
  for (const codec of allMessages) {
    for (const version of versionsOf(codec)) {
      const bytes = encoded(codec, version, randomMessage(codec.schema, version, random));
      const steps = Math.max(1, Math.floor(bytes.length / 40));
      for (let length = 0; length < bytes.length; length += 1 + random.below(steps)) {
        const where = `${codec.schema.name} v${version} cut to ${length} of ${bytes.length}`;
        assert.throws(() => decodeAny(codec, new ByteReader(bytes, 0, length), version), DecodeError, where);
      }
    }
  }
});

test(`damaged messages are decoded or refused with DecodeError (SEED=${seed})`, () => {
  const random = new SeededRandom(seed);
  for (const codec of allMessages) {
    for (const version of versionsOf(codec)) {
      const bytes = encoded(codec, version, randomMessage(codec.schema, version, random));
      for (let round = 0; round < 10 && bytes.length > 0; round++) {
        const damaged = Buffer.from(bytes);
        for (let hits = 1 + random.below(3); hits > 0; hits--)
          damaged[random.below(damaged.length)] = random.below(256);
        try {
          decodeAny(codec, new ByteReader(damaged), version);
        } catch (error) {
          const where = `${codec.schema.name} v${version} ${damaged.toString("hex")}`;
          assert.ok(error instanceof DecodeError, `${where}: ${String(error)}`);
        }
      }
    }
  }
});

test("a version outside the schema's range is a bug of the caller", () => {
  for (const codec of allMessages) {
    const { from, to } = codec.schema.versions;
    for (const version of [from - 1, to + 1, 0.5]) {
      assert.throws(() => decodeAny(codec, new ByteReader(Buffer.alloc(100)), version), AssertionError);
    }
  }
});

type AnyCodec = (typeof allMessages)[number];

function encoded(codec: AnyCodec, version: number, value: unknown): Buffer {
  const writer = new ByteWriter(16);
  encodeAny(codec, writer, version, value);
  return writer.toBuffer();
}

function assertComesBack(codec: AnyCodec, version: number, value: unknown): void {
  const where = `${codec.schema.name} v${version}`;
  const bytes = encoded(codec, version, value);
  const reader = new ByteReader(bytes);
  const decoded = decodeAny(codec, reader, version);
  assert.equal(reader.remaining(), 0, `${where} leaves bytes`);
  assert.deepEqual(decoded, value, where);
  assert.deepEqual(encoded(codec, version, decoded), bytes, `${where} encodes differently the second time`);
}
