// The codecs on bytes that others produced: exchanges of clients in five languages with Apache Kafka 4.3, and of a broker with
// its controller. Each is decoded to its end and, encoded again, has the same bytes.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ByteReader, ByteWriter } from "@ottla/base";
import { apiKeyEntry, apiKeys, advertisedVersions } from "../src/api-keys.ts";
import { apiVersionsApi } from "../src/messages/18-api-versions.ts";
import { allApis } from "../src/messages/all.ts";
import {
  decodeRequestHeader,
  decodeResponseHeader,
  encodeRequestHeader,
  encodeResponseHeader,
} from "../src/request-header.ts";

interface Exchange {
  key: number;
  version: number;
  request: string;
  response: string | null;
}

const capturesFolder = join(import.meta.dirname, "../../testkit/captures");
const recordings = readdirSync(capturesFolder).flatMap((name) => (name.endsWith(".jsonl") ? [name.slice(0, -6)] : []));

/** librdkafka 2.16 asks for all topics with a null array of four bytes where one is due; Kafka reads one and ignores what is left over. */
const surplusBytes: Record<string, number> = { "python-confluent Metadata v13 request": 3 };

for (const recording of recordings) {
  test(`requests recorded from ${recording} are read to their end and written as they were`, () => {
    for (const { key, version, request } of exchangesOf(recording)) {
      const bytes = Buffer.from(request, "hex");
      const api = apiOf(key);
      if (isNewer(key, version)) continue;
      const reader = new ByteReader(bytes);
      const header = decodeRequestHeader(reader);
      const body = api.request.decode(reader, version);
      const where = `${api.name} v${version} request`;
      assert.deepEqual([header.apiKey, header.apiVersion], [key, version], where);
      const left = reader.remaining();
      assert.ok(left === 0 || left === surplusBytes[`${recording} ${where}`], `${where} leaves ${left} bytes`);
      const writer = new ByteWriter();
      encodeRequestHeader(writer, header);
      api.request.encode(writer, version, body as never);
      assert.equal(writer.toBuffer().toString("hex"), bytes.subarray(0, bytes.length - left).toString("hex"), where);
    }
  });

  test(`responses recorded for ${recording} are read to their end and written as they were`, () => {
    for (const { key, version, response } of exchangesOf(recording)) {
      const api = apiOf(key);
      if (response === null || isNewer(key, version)) continue;
      const reader = new ByteReader(Buffer.from(response, "hex"));
      const correlationId = decodeResponseHeader(reader, key, version);
      const body = api.response.decode(reader, version);
      const where = `${api.name} v${version} response`;
      assert.equal(reader.remaining(), 0, `${where} leaves bytes`);
      const writer = new ByteWriter();
      encodeResponseHeader(writer, key, version, correlationId);
      api.response.encode(writer, version, body as never);
      assert.equal(writer.toBuffer().toString("hex"), response, where);
    }
  });
}

test("the table of API keys says what Apache Kafka 4.3 advertised to a Java client", () => {
  const exchange = exchangesOf("java").find(({ key, version }) => key === 18 && version >= 3)!;
  const reader = new ByteReader(Buffer.from(exchange.response!, "hex"));
  decodeResponseHeader(reader, 18, exchange.version);
  const advertised = apiVersionsApi.response.decode(reader, exchange.version).apiKeys;
  const ours = apiKeys
    .filter(({ audience }) => audience === "clients")
    .map((entry) => ({ apiKey: entry.key, ...advertisedVersions(entry) }));
  assert.deepEqual(
    ours,
    advertised
      .map(({ apiKey, minVersion, maxVersion }) => ({ apiKey, from: minVersion, to: maxVersion }))
      .sort((left, right) => left.apiKey - right.apiKey),
  );
  assert.equal(ours.length, 75);
});

test("an ApiVersions request newer than Kafka knows was answered in version 0 with UNSUPPORTED_VERSION", () => {
  const newer = recordings.flatMap(exchangesOf).filter(({ key, version }) => isNewer(key, version));
  assert.ok(newer.length > 0);
  for (const { key, response } of newer) {
    assert.equal(key, 18);
    const reader = new ByteReader(Buffer.from(response!, "hex"));
    decodeResponseHeader(reader, 18, 0);
    const { errorCode, apiKeys: answered } = apiVersionsApi.response.decode(reader, 0);
    assert.deepEqual([errorCode, answered], [35, [{ apiKey: 18, minVersion: 0, maxVersion: 4 }]]);
    assert.equal(reader.remaining(), 0);
  }
});

test("the recordings cover most of what is advertised", () => {
  const keys = new Set(recordings.flatMap((recording) => exchangesOf(recording).map(({ key }) => key)));
  const advertised = [...keys].filter((key) => apiKeyEntry(key)?.audience === "clients");
  assert.ok(advertised.length >= 60, `${advertised.length} of 75`);
});

function exchangesOf(recording: string): Exchange[] {
  const lines = readFileSync(join(capturesFolder, `${recording}.jsonl`), "utf8")
    .trimEnd()
    .split("\n");
  assert.ok(lines.length > 5, `${recording}.jsonl has exchanges`);
  return lines.map((line) => JSON.parse(line) as Exchange);
}

/** Whether the version is above what Apache Kafka 4.3 advertises. */
function isNewer(key: number, version: number): boolean {
  return version > advertisedVersions(apiKeyEntry(key)!).to;
}

function apiOf(key: number): (typeof allApis)[number] {
  const api = allApis.find((each) => each.key === key);
  assert.ok(api !== undefined, `there is a schema for key ${key}`);
  return api;
}
