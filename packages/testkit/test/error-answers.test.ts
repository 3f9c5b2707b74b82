// The table of error answers: every API that the broker serves has a row, every version of it can be encoded, and what comes out says the error to
// Ottla's own decoders and to kafkajs's.

import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { ByteReader, ByteWriter, randomUuid, SeededRandom } from "@ottla/base";
import { apiKeyEntry, apiKeys, errorCodes } from "@ottla/protocol";
import type { Api } from "@ottla/protocol";
import { allApis } from "@ottla/protocol/messages/all.ts";
import type { Field, Fields } from "@ottla/protocol/schema/fields.ts";
import { includesVersion } from "@ottla/protocol/schema/version-range.ts";
import { startBroker } from "@ottla/testkit";
import { apiNames } from "../src/api-names.ts";
import { buildErrorAnswer, errorAnswers } from "../src/error-answers/index.ts";
import { versionsOf } from "./support/wire.ts";

// oxlint-disable-next-line typescript/no-explicit-any -- the test goes through all APIs
type AnyApi = Api<any, any, any, any>;

/** One that kafkajs knows by Kafka's name. */
const ERROR = "NOT_CONTROLLER";
/** Answers without a place for an error: in Kafka too, DescribeLogDirs has one from version 3 on. */
const SPEECHLESS: Readonly<Record<string, readonly number[]>> = { DescribeLogDirs: [1, 2] };

const apis: readonly AnyApi[] = errorAnswers.map(
  ({ apiKey }) => allApis.find(({ key }) => key === apiKey) as unknown as AnyApi,
);

/** A request in which every field has a value and every array one element, as it is decoded in a version. */
function sampleOf(fields: Fields, version: number): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, sampleOfField(name, field, version)]));
}

function sampleOfField(name: string, field: Field, version: number): unknown {
  const { type, fields, element, versions } = field;
  if (!includesVersion(versions, version)) return type === "array" ? [] : type === "string" ? "" : 0;
  if (type === "struct") return sampleOf(fields!, version);
  if (type === "array") return [element === "struct" ? sampleOf(fields!, version) : sampleOfScalar(name, element!)];
  return sampleOfScalar(name, type);
}

function sampleOfScalar(name: string, type: Field["type"]): unknown {
  if (type === "string") return `a ${name}`;
  if (type === "boolean") return true;
  if (type === "uuid") return randomUuid(new SeededRandom(1));
  if (type === "bytes" || type === "records") return Buffer.from("bytes");
  return 1;
}

function encodedAnswer(api: AnyApi, version: number, error: keyof typeof errorCodes): Buffer {
  const request = sampleOf(api.request.schema.fields, version);
  const writer = new ByteWriter(64);
  api.response.encode(writer, version, buildErrorAnswer({ apiKey: api.key, apiVersion: version, request }, error));
  return writer.toBuffer();
}

function codesIn(value: unknown): number[] {
  if (typeof value !== "object" || value === null || Buffer.isBuffer(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    /errorCode/i.test(name) && inner !== 0 ? [inner as number] : codesIn(inner),
  );
}

test("every API that the broker serves has an error answer, and a name", async () => {
  await using broker = await startBroker();
  const served = broker.node.broker.servedKeys.map((key) => apiKeyEntry(key)!.name);
  assert.deepEqual(errorAnswers.map(({ name }) => name).sort(), [...served].sort());
  assert.deepEqual([...apiNames].sort(), [...served].sort());
});

for (const api of apis) {
  test(`${api.name} says its error in every version`, () => {
    for (const version of versionsOf(api)) {
      const reader = new ByteReader(encodedAnswer(api, version, ERROR));
      const answer: unknown = api.response.decode(reader, version);
      assert.equal(reader.remaining(), 0, `version ${version} is read to its end`);
      const codes = codesIn(answer);
      if (SPEECHLESS[api.name]?.includes(version) === true) {
        assert.deepEqual(codes, []);
        continue;
      }
      assert.ok(codes.length > 0, `version ${version} says no error`);
      assert.deepEqual([...new Set(codes)], [errorCodes[ERROR]], `version ${version}`);
    }
  });
}

// kafkajs has one decoder for each version that it knows: independent readers of the same bytes.
const requests = join(dirname(createRequire(import.meta.url).resolve("kafkajs/package.json")), "src/protocol/requests");
const folders = new Map(readdirSync(requests).map((folder) => [folder.toLowerCase(), folder]));

interface KafkajsResponse {
  decode(bytes: Buffer): Promise<unknown>;
  parse(decoded: unknown): Promise<unknown>;
}

/** Where its error classes have Kafka's name: their own, or of each topic or partition. */
interface KafkajsError {
  readonly type?: string;
  readonly errors?: readonly { readonly type?: string }[];
  readonly partitions?: readonly { readonly error: { readonly type?: string } }[];
}

let kafkajsDecoders = 0;
for (const api of apis) {
  const folder = folders.get(api.name.toLowerCase());
  if (folder === undefined) continue;
  for (const version of versionsOf(api)) {
    const path = join(requests, folder, `v${version}`, "response.js");
    if (!existsSync(path)) continue;
    kafkajsDecoders++;
    test(`kafkajs finds the error in ${api.name} version ${version}`, async () => {
      // Some say in their errors what the request named.
      const module = createRequire(import.meta.url)(path) as KafkajsResponse | ((request: object) => KafkajsResponse);
      const topics = [{ topic: "a name", partitions: [{ partition: 1, offset: "1" }] }];
      const reader = typeof module === "function" ? module({ topics }) : module;
      const decoded = await reader.decode(flexibleBody(api, version));
      const told = await reader.parse(decoded).then(
        () => codesIn(decoded).map((code) => Object.keys(errorCodes).find((name) => named(name) === code)),
        (error: KafkajsError) => [error.type ?? error.errors?.[0]?.type ?? error.partitions?.[0]?.error.type],
      );
      assert.ok(told.length > 0, "it finds none");
      for (const name of told) assert.equal(name, ERROR);
    });
  }
}

test("kafkajs knows more than forty of these answers", () => assert.ok(kafkajsDecoders > 40, String(kafkajsDecoders)));

function named(name: string): number {
  return errorCodes[name as keyof typeof errorCodes];
}

// kafkajs reads the tagged fields of a flexible response header with the body.
function flexibleBody(api: AnyApi, version: number): Buffer {
  const entry = apiKeys.find(({ key }) => key === api.key)!;
  const body = encodedAnswer(api, version, ERROR);
  return entry.flexibleFrom !== null && version >= entry.flexibleFrom && api.key !== 18
    ? Buffer.concat([Buffer.of(0), body])
    : body;
}
