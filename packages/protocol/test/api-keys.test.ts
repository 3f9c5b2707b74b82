// The static table of API keys against the schemas, and the headers whose form depends on it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteReader, ByteWriter, DecodeError } from "@ottla/base";
import { advertisedVersions, apiKeyEntry, apiKeys } from "../src/api-keys.ts";
import { allApis } from "../src/messages/all.ts";
import {
  decodeRequestHeader,
  decodeResponseHeader,
  encodeRequestHeader,
  encodeResponseHeader,
} from "../src/request-header.ts";

test("every key has a schema of the same name that covers its versions, and no schema is without a key", () => {
  assert.deepEqual(
    apiKeys.map(({ key, name, flexibleFrom }) => ({ key, name, flexibleFrom })),
    allApis.map(({ key, name, flexibleFrom }) => ({ key, name, flexibleFrom })),
  );
  for (const { key, name, versions } of apiKeys) {
    const schema = allApis.find((api) => api.key === key)!;
    assert.equal(versions.from, schema.versions.from, name);
    assert.ok(versions.to <= schema.versions.to && versions.to >= versions.from, name);
  }
});

test("75 keys are for clients, keys rise, and the retired ones are gone", () => {
  assert.equal(apiKeys.filter(({ audience }) => audience === "clients").length, 75);
  assert.deepEqual(
    apiKeys,
    [...apiKeys].sort((left, right) => left.key - right.key),
  );
  for (const key of [-1, 4, 5, 6, 7, 95, 0.5]) assert.equal(apiKeyEntry(key), undefined);
});

test("Produce is advertised from version 0, which librdkafka looks for", () => {
  assert.deepEqual(advertisedVersions(apiKeyEntry(0)!), { from: 0, to: 13 });
  assert.deepEqual(advertisedVersions(apiKeyEntry(1)!), { from: 4, to: 18 });
});

const headers = [
  {
    name: "plain",
    hex: "0003 0008 00000007 0002 6964",
    header: { apiKey: 3, apiVersion: 8, correlationId: 7, clientId: "id" },
  },
  {
    name: "flexible, old string length",
    hex: "0003 0009 00000007 0002 6964 00",
    header: { apiKey: 3, apiVersion: 9, correlationId: 7, clientId: "id" },
  },
  {
    name: "no client id",
    hex: "0012 0003 ffffffff ffff 00",
    header: { apiKey: 18, apiVersion: 3, correlationId: -1, clientId: null },
  },
  {
    name: "a version that nobody serves",
    hex: "0012 7fff 00000001 0000 00",
    header: { apiKey: 18, apiVersion: 32767, correlationId: 1, clientId: "" },
  },
  {
    name: "never flexible",
    hex: "0011 0001 00000001 0000",
    header: { apiKey: 17, apiVersion: 1, correlationId: 1, clientId: "" },
  },
];

for (const { name, hex, header } of headers) {
  test(`request header: ${name}`, () => {
    const reader = new ByteReader(fromHex(`${hex} ee`));
    assert.deepEqual(decodeRequestHeader(reader), header);
    assert.equal(reader.remaining(), 1);
    const writer = new ByteWriter();
    encodeRequestHeader(writer, header);
    assert.equal(writer.toBuffer().toString("hex"), hex.replaceAll(" ", ""));
  });
}

test("unknown tags of a request header are passed over", () => {
  const reader = new ByteReader(fromHex("0003 0009 00000007 0000 02 00 02 aabb 07 00 ee"));
  assert.equal(decodeRequestHeader(reader).correlationId, 7);
  assert.equal(reader.remaining(), 1);
});

test("a request header of an unknown key, or cut short, is refused", () => {
  const refused = [
    "03e8 0000 00000001 0000",
    "0007 0000 00000001 0000",
    "0003 0009 00000007 0002 69",
    "0003 0009 00000007 0000",
    "00",
  ];
  for (const hex of refused) assert.throws(() => decodeRequestHeader(new ByteReader(fromHex(hex))), DecodeError, hex);
});

const responses = [
  { name: "plain", apiKey: 3, version: 8, hex: "00000007" },
  { name: "flexible", apiKey: 3, version: 9, hex: "0000000700" },
  { name: "ApiVersions never has tags", apiKey: 18, version: 4, hex: "00000007" },
];

for (const { name, apiKey, version, hex } of responses) {
  test(`response header: ${name}`, () => {
    const writer = new ByteWriter();
    encodeResponseHeader(writer, apiKey, version, 7);
    assert.equal(writer.toBuffer().toString("hex"), hex);
    const reader = new ByteReader(fromHex(hex));
    assert.equal(decodeResponseHeader(reader, apiKey, version), 7);
    assert.equal(reader.remaining(), 0);
  });
}

function fromHex(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(" ", ""), "hex");
}
