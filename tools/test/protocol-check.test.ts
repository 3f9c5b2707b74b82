// The protocol check itself: that it passes on Kafka's definitions where they are, and that it finds what is wrong.

import assert from "node:assert/strict";
import { test } from "node:test";
import { array, int32, int64, string, struct } from "@ottla/protocol/schema/fields.ts";
import type { MessageSchema } from "@ottla/protocol/schema/message-codec.ts";
import { apiMessages, checkProtocol, recordMessages, summary } from "../protocol-check.ts";
import { compareMessage } from "../protocol-check/compare.ts";
import { definitionsFolder, readDefinitions } from "../protocol-check/definitions.ts";
import type { Definition } from "../protocol-check/definitions.ts";

const definitions = readDefinitions(definitionsFolder);
const skip = definitions === null ? "Kafka's message definitions are not beside this checkout" : false;

test("no schema differs from Kafka's definitions", { skip }, () => {
  const result = checkProtocol([...apiMessages, ...recordMessages], definitions!);
  assert.deepEqual(result.differences, []);
  assert.equal(result.advertisedApis, 75);
  assert.ok(result.records > 80);
  assert.match(summary(result), /^protocol: 75 APIs .* 0 differences$/);
});

test("a schema taken away, and one too many, are differences", { skip }, () => {
  const withoutFetch = apiMessages.filter(({ schema }) => schema.name !== "FetchRequest");
  const result = checkProtocol([...withoutFetch, ...recordMessages], definitions!);
  assert.deepEqual(result.differences, ["FetchRequest: no schema for client/FetchRequest.json"]);
  assert.equal(result.advertisedApis, 74);
  const [extra] = apiMessages;
  const strange = { apiKey: 1000, schema: { ...extra!.schema, name: "StrangeRequest" } };
  const more = checkProtocol([...apiMessages, ...recordMessages, strange], definitions!);
  assert.deepEqual(more.differences, ["StrangeRequest: no definition for this schema"]);
});

test("a wrong key, and a field changed deep inside a real schema, are differences", { skip }, () => {
  const messages = apiMessages.map((message) => {
    if (message.schema.name !== "FetchRequest") return message;
    const { topics } = message.schema.fields;
    const changed = { ...topics!, fields: { ...topics!.fields, topicId: string("13+", { ignorable: true }) } };
    return { apiKey: 2, schema: { ...message.schema, fields: { ...message.schema.fields, topics: changed } } };
  });
  const { differences } = checkProtocol([...messages, ...recordMessages], definitions!);
  assert.deepEqual(differences, [
    "FetchRequest: apiKey is 2, not 1",
    'FetchRequest.topics.topicId: type is "string", not "uuid"',
  ]);
});

const definition: Definition = {
  path: "client/SampleRequest.json",
  apiKey: 1000,
  type: "request",
  name: "SampleRequest",
  validVersions: "1-4",
  flexibleVersions: "3+",
  fields: [
    { name: "Name", type: "string", versions: "0+", nullableVersions: "2+", default: "null", ignorable: true },
    { name: "Places", type: "[]Place", versions: "1+" },
    { name: "Offset", type: "int64", versions: "3+", taggedVersions: "3+", tag: 0, default: "9223372036854775807" },
    { name: "Untold", type: "int32", taggedVersions: "3+", tag: 1, default: null },
  ],
  commonStructs: [{ name: "Place", versions: "0+", fields: [{ name: "X", type: "int32", versions: "0+" }] }],
};

const fields = {
  name: string("0+", { nullable: "2+", default: null, ignorable: true }),
  places: array("1+", { x: int32("0+") }),
  offset: int64("3+", { default: 2 ** 63, tag: 0 }),
  untold: int32("3+", { tag: 1 }),
};

const schema: MessageSchema = { name: "SampleRequest", versions: { from: 1, to: 4 }, flexibleFrom: 3, fields };

test("a schema that says the same has no differences", () => {
  assert.deepEqual(compareMessage(schema, definition), []);
});

const changes: { name: string; schema: MessageSchema; difference: string }[] = [
  {
    name: "versions",
    schema: { ...schema, versions: { from: 1, to: 3 } },
    difference: 'validVersions is "1-3", not "1-4"',
  },
  {
    name: "flexible versions",
    schema: { ...schema, flexibleFrom: null },
    difference: 'flexibleVersions is "none", not "3+"',
  },
  change("a field's versions", { places: array("2+", { x: int32("0+") }) }, '.places: versions is "2+", not "1+"'),
  change("a closed range", { places: array("1-4", { x: int32("0+") }) }, '.places: versions is "1-4", not "1+"'),
  change("a type", { untold: int64("3+", { tag: 1 }) }, '.untold: type is "int64", not "int32"'),
  change(
    "an array that is a structure",
    { places: struct("1+", { x: int32("0+") }) },
    '.places: type is "struct", not "[]struct"',
  ),
  change("a nested field", { places: array("1+", { x: int64("0+") }) }, '.places.x: type is "int64", not "int32"'),
  change(
    "nullable",
    { name: string("0+", { default: null, ignorable: true }) },
    '.name: nullableVersions is absent, not "2+"',
  ),
  change("ignorable", { name: string("0+", { nullable: "2+", default: null }) }, ".name: ignorable is false, not true"),
  change(
    "a default",
    { offset: int64("3+", { default: -1, tag: 0 }) },
    ".offset: default is -1, not 9223372036854776000",
  ),
  change(
    "a default that is missing",
    { offset: int64("3+", { tag: 0 }) },
    ".offset: default is absent, not 9223372036854776000",
  ),
  change("a tag", { untold: int32("3+", { tag: 2 }) }, ".untold: tag is 2, not 1"),
  change(
    "a field too many",
    { more: int32("0+") },
    ": fields are name, places, offset, untold, more, not name, places, offset, untold",
  ),
];

for (const { name, schema: changed, difference } of changes) {
  test(`the check finds ${name}`, () => {
    const differences = compareMessage(changed, definition);
    assert.equal(differences.length, 1, differences.join("\n"));
    assert.ok(differences[0]!.includes(difference), differences[0]);
  });
}

test("the check finds fields in another order", () => {
  const { name, ...rest } = fields;
  assert.equal(compareMessage({ ...schema, fields: { ...rest, name } }, definition).length, 1);
});

function change(name: string, changed: MessageSchema["fields"], difference: string): (typeof changes)[number] {
  return { name, schema: { ...schema, fields: { ...fields, ...changed } }, difference };
}
