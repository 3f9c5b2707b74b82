// Configs by the admin client: described with where they come from, changed in every way, refused by resource.

import assert from "node:assert/strict";
import { test } from "node:test";
import { resourceKey } from "../src/admin/configs.ts";
import type { ConfigResource } from "../src/admin/configs.ts";
import { codeOf, codesOf, startAdmin } from "./support/admin-fixtures.ts";
import { eventually } from "./support/eventually.ts";

test("a topic's configs are described with source, type, synonyms and documentation", async () => {
  await using made = await startAdmin();
  const { admin, name } = made;
  const topic = name("orders");
  await made.create([{ name: topic, configs: { "retention.ms": 3_600_000, "max.message.bytes": 5000 } }]);
  const resource: ConfigResource = { type: "TOPIC", name: topic };
  const plain = (await admin.describeConfigs([resource])).get(resourceKey(resource))!;
  assert.deepEqual({ type: plain.type, name: plain.name }, resource);
  const retention = plain.entries.get("retention.ms")!;
  assert.deepEqual(retention, {
    name: "retention.ms",
    value: "3600000",
    source: "DYNAMIC_TOPIC_CONFIG",
    isReadOnly: false,
    isSensitive: false,
    type: "LONG",
    synonyms: [],
    documentation: null,
  });
  assert.equal(plain.entries.get("segment.bytes")!.source, "DEFAULT_CONFIG");
  assert.equal(plain.entries.get("cleanup.policy")!.type, "LIST");
  const options = { includeSynonyms: true, includeDocumentation: true };
  const full = (await admin.describeConfigs([resource], options)).get(resourceKey(resource))!.entries;
  const [own, ...weaker] = full.get("max.message.bytes")!.synonyms;
  assert.deepEqual(own, { name: "max.message.bytes", value: "5000", source: "DYNAMIC_TOPIC_CONFIG" });
  assert.deepEqual(weaker.at(-1), { name: "message.max.bytes", value: "1048588", source: "DEFAULT_CONFIG" });
  assert.equal(full.get("retention.ms")!.documentation!.length > 20, true);
});

test("a broker's configs come from that broker, together with those of topics in one call", async () => {
  await using made = await startAdmin();
  const { admin, name } = made;
  const topic = name("orders");
  await made.create([topic]);
  const [nodeId] = (await admin.describeCluster()).nodes.keys();
  const described = await admin.describeConfigs([
    { type: "BROKER", name: String(nodeId) },
    { type: "TOPIC", name: topic },
  ]);
  assert.deepEqual([...described.keys()], [`BROKER:${nodeId}`, `TOPIC:${topic}`]);
  const listeners = described.get(`BROKER:${nodeId}`)!.entries.get("listeners")!;
  assert.equal(listeners.source, "STATIC_BROKER_CONFIG");
  assert.match(listeners.value!, /PLAINTEXT:\/\//);
});

test("configs are set, deleted, appended to and subtracted from", async () => {
  await using made = await startAdmin();
  const { admin, name } = made;
  const topic = name("orders");
  const resource: ConfigResource = { type: "TOPIC", name: topic };
  await made.create([{ name: topic, configs: { "segment.ms": 60_000 } }]);
  const read = async (config: string): Promise<string> => {
    const { value, source } = (await admin.describeConfigs([resource]))
      .get(resourceKey(resource))!
      .entries.get(config)!;
    return `${value} ${source}`;
  };
  const becomes = (config: string, expected: string): Promise<void> =>
    eventually(async () => assert.equal(await read(config), expected));
  await admin.incrementalAlterConfigs([
    { ...resource, set: { "retention.ms": 1000, "message.timestamp.type": "LogAppendTime" }, delete: ["segment.ms"] },
  ]);
  await becomes("retention.ms", "1000 DYNAMIC_TOPIC_CONFIG");
  await becomes("message.timestamp.type", "LogAppendTime DYNAMIC_TOPIC_CONFIG");
  await becomes("segment.ms", "604800000 DEFAULT_CONFIG");
  await admin.incrementalAlterConfigs([{ ...resource, append: { "cleanup.policy": "delete" } }]);
  await becomes("cleanup.policy", "delete DYNAMIC_TOPIC_CONFIG");
  await admin.incrementalAlterConfigs([{ ...resource, subtract: { "cleanup.policy": "compact" } }]);
  await becomes("cleanup.policy", "delete DYNAMIC_TOPIC_CONFIG");
  await admin.incrementalAlterConfigs([{ ...resource, set: { "retention.ms": 5 } }], { validateOnly: true });
  await becomes("retention.ms", "1000 DYNAMIC_TOPIC_CONFIG");
});

test("each resource fails for itself", async () => {
  await using made = await startAdmin();
  const { admin, name } = made;
  const [topic, missing] = [name("orders"), name("missing")];
  await made.create([topic]);
  const call = admin.incrementalAlterConfigs([
    { type: "TOPIC", name: topic, set: { "retention.ms": "soon" } },
    { type: "TOPIC", name: missing, set: { "retention.ms": 1 } },
  ]);
  assert.deepEqual(await codesOf(call), {
    [`TOPIC:${topic}`]: "INVALID_CONFIG",
    [`TOPIC:${missing}`]: "UNKNOWN_TOPIC_OR_PARTITION",
  });
  assert.deepEqual(
    await codesOf(
      admin.describeConfigs([
        { type: "TOPIC", name: topic },
        { type: "TOPIC", name: missing },
      ]),
    ),
    { [`TOPIC:${missing}`]: "UNKNOWN_TOPIC_OR_PARTITION" },
  );
  assert.equal(await codeOf(admin.describeConfigs([{ type: "BROKER", name: "first" }])), "CONFIG");
});
