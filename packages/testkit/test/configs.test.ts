// DescribeConfigs, IncrementalAlterConfigs and AlterConfigs with the answers of Kafka 4.3, at every version of them. A config that Ottla
// does not have is absent here and refused there; that is wanted (docs/reference/configs.md lists what there is).

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { errorName } from "@ottla/protocol";
import { describeConfigsApi } from "@ottla/protocol/messages/32-describe-configs.ts";
import { alterConfigsApi } from "@ottla/protocol/messages/33-alter-configs.ts";
import { incrementalAlterConfigsApi } from "@ottla/protocol/messages/44-incremental-alter-configs.ts";
import { versionsOf, Wire } from "./support/wire.ts";

const TOPIC = 2;
const BROKER = 4;
const [SET, DELETE, APPEND, SUBTRACT] = [0, 1, 2, 3];
const onReference = process.env["REFERENCE_PORT"] !== undefined;

type Change = [name: string, value: string | null, operation: number];

// One after the other on one topic: the answer, and the config's value afterwards with its sources, strongest first
// (1 topic, 5 default).
const STEPS: [sentence: string, changes: Change[], error: string, config: string, shown: string][] = [
  ["set a value", [["flush.messages", "5000", SET]], "NONE", "flush.messages", "5000 from 1 5"],
  ["set it with white space", [["flush.messages", " 12 ", SET]], "NONE", "flush.messages", "12 from 1 5"],
  ["set what is no number", [["flush.messages", "x", SET]], "INVALID_CONFIG", "flush.messages", "12 from 1 5"],
  ["set null", [["flush.messages", null, SET]], "INVALID_REQUEST", "flush.messages", "12 from 1 5"],
  [
    "set one config twice",
    [
      ["flush.messages", "1", SET],
      ["flush.messages", "2", SET],
    ],
    "INVALID_REQUEST",
    "flush.messages",
    "12 from 1 5",
  ],
  [
    "set a good and a bad one",
    [
      ["flush.messages", "1", SET],
      ["segment.bytes", "1", SET],
    ],
    "INVALID_CONFIG",
    "flush.messages",
    "12 from 1 5",
  ],
  ["append to a number", [["flush.messages", "1", APPEND]], "INVALID_CONFIG", "flush.messages", "12 from 1 5"],
  ["delete it", [["flush.messages", null, DELETE]], "NONE", "flush.messages", "9223372036854775807 from 5"],
  ["delete it again", [["flush.messages", null, DELETE]], "NONE", "flush.messages", "9223372036854775807 from 5"],
  ["delete what does not exist", [["no.such", null, DELETE]], "NONE", "flush.messages", "9223372036854775807 from 5"],
  [
    "set what does not exist",
    [["no.such", "1", SET]],
    "INVALID_CONFIG",
    "flush.messages",
    "9223372036854775807 from 5",
  ],
  ["append what the default has", [["cleanup.policy", "delete", APPEND]], "NONE", "cleanup.policy", "delete from 1 5"],
  [
    "append what the list knows no such thing",
    [["cleanup.policy", "archive", APPEND]],
    "INVALID_CONFIG",
    "cleanup.policy",
    "delete from 1 5",
  ],
  [
    "subtract what is not there",
    [["cleanup.policy", "archive", SUBTRACT]],
    "NONE",
    "cleanup.policy",
    "delete from 1 5",
  ],
  ["subtract all", [["cleanup.policy", "delete", SUBTRACT]], "NONE", "cleanup.policy", " from 1 5"],
  ["append to nothing", [["cleanup.policy", "delete,delete", APPEND]], "NONE", "cleanup.policy", "delete from 1 5"],
  ["append null", [["cleanup.policy", null, APPEND]], "INVALID_REQUEST", "cleanup.policy", "delete from 1 5"],
  ["change nothing", [], "NONE", "cleanup.policy", "delete from 1 5"],
];

const RESOURCES: [sentence: string, type: number, name: string, error: string][] = [
  ["a topic that is not there", TOPIC, "nope", "UNKNOWN_TOPIC_OR_PARTITION"],
  ["a name that no topic can have", TOPIC, "a b", "INVALID_TOPIC_EXCEPTION"],
  ["another broker", BROKER, "2", "INVALID_REQUEST"],
  ["a broker whose name is no number", BROKER, "x", "INVALID_REQUEST"],
  ["a resource type that does not exist", 127, "x", "INVALID_REQUEST"],
];

describe("configs on the wire", () => {
  let wire: Wire;

  before(async () => {
    wire = await Wire.open();
    const configs = { "flush.messages": "9", "index.interval.bytes": "8" };
    await wire.createTopics({ stepped: 1, replaced: { partitions: 1, configs }, a: 1 });
  });
  after(() => wire[Symbol.asyncDispose]());

  for (const [sentence, changes, error, config, shown] of STEPS) {
    it(`a topic's configs: ${sentence}`, async () => {
      for (const version of versionsOf(incrementalAlterConfigsApi)) {
        assert.deepEqual(await alter(version, TOPIC, wire.name("stepped"), changes), error);
        await becomes(() => describedAs(TOPIC, wire.name("stepped"), config), shown);
      }
    });
  }

  it("validateOnly changes nothing", async () => {
    assert.equal(await alter(1, TOPIC, wire.name("a"), [["flush.messages", "1", SET]], true), "NONE");
    assert.equal(await alter(1, TOPIC, wire.name("a"), [["flush.messages", "x", SET]], true), "INVALID_CONFIG");
    assert.equal(await describedAs(TOPIC, wire.name("a"), "flush.messages"), "9223372036854775807 from 5");
  });

  it("a broker's configs count for its topics, a broker's own before all brokers'", async () => {
    const shown = async (): Promise<string> => describedAs(TOPIC, wire.name("a"), "flush.messages");
    for (const [broker, value, expected] of [
      ["", "3000000", "3000000 from 3 5"],
      ["1", "4000000", "4000000 from 2 3 5"],
      ["", null, "4000000 from 2 5"],
      ["1", null, "9223372036854775807 from 5"],
    ] as const) {
      const change: Change = ["log.flush.interval.messages", value, value === null ? DELETE : SET];
      assert.equal(await alter(1, BROKER, broker, [change]), "NONE");
      await becomes(shown, expected);
    }
  });

  for (const [sentence, name, value, ofAll, ofOne] of [
    ["a size", "message.max.bytes", "100000", "NONE", "NONE"],
    ["what is no number", "message.max.bytes", "x", "INVALID_REQUEST", "INVALID_REQUEST"],
    ["what only a start can change", "log.dirs", "/x", "INVALID_REQUEST", "INVALID_REQUEST"],
    ["what there is one of for all brokers", "min.insync.replicas", "2", "NONE", "INVALID_CONFIG"],
  ] as const) {
    it(`setting ${sentence} for all brokers gives ${ofAll}, for one ${ofOne}`, async () => {
      for (const version of versionsOf(incrementalAlterConfigsApi)) {
        assert.equal(await alter(version, BROKER, "", [[name, value, SET]], true), ofAll);
        assert.equal(await alter(version, BROKER, "1", [[name, value, SET]], true), ofOne);
      }
    });
  }

  it("AlterConfigs replaces all that a topic has", async () => {
    for (const version of versionsOf(alterConfigsApi)) {
      const replace = async (configs: [string, string | null][], validateOnly = false): Promise<string> => {
        const resource = { resourceType: TOPIC, resourceName: wire.name("replaced") };
        const given = { ...resource, configs: configs.map(([name, value]) => ({ name, value })) };
        const response = await wire.call(alterConfigsApi, version, { resources: [given], validateOnly });
        return errorName(response.responses[0]!.errorCode);
      };
      const shown = async (config: string): Promise<string> => describedAs(TOPIC, wire.name("replaced"), config);
      assert.equal(await replace([["flush.messages", "7"]]), "NONE");
      await becomes(() => shown("flush.messages"), "7 from 1 5");
      assert.equal(await shown("index.interval.bytes"), "4096 from 5");
      assert.equal(await replace([["flush.messages", "6"]], true), "NONE");
      assert.equal(await replace([["flush.messages", null]]), "INVALID_REQUEST");
      assert.equal(await replace([["no.such", "1"]]), "INVALID_CONFIG");
      assert.equal(await shown("flush.messages"), "7 from 1 5");
      assert.equal(await replace([]), "NONE");
      await becomes(() => shown("flush.messages"), "9223372036854775807 from 5");
    }
  });

  for (const [sentence, resourceType, name, error] of RESOURCES) {
    it(`describing ${sentence} gives ${error}`, async () => {
      for (const version of versionsOf(describeConfigsApi)) {
        const resourceName = name === "nope" ? wire.name(name) : name;
        const resources = [{ resourceType, resourceName, configurationKeys: null }];
        const response = await wire.call(describeConfigsApi, version, { resources });
        const [result] = response.results;
        assert.deepEqual([errorName(result!.errorCode), result!.configs], [error, []]);
      }
    });
  }

  it("describing gives the keys that are asked for and are there, documented and with synonyms if asked", async () => {
    for (const version of versionsOf(describeConfigsApi)) {
      for (const asked of [true, false]) {
        const resource = {
          resourceType: TOPIC,
          resourceName: wire.name("a"),
          configurationKeys: ["no.such", "segment.bytes"],
        };
        const documented = version >= 3 ? { includeDocumentation: asked } : {};
        const response = await wire.call(describeConfigsApi, version, {
          resources: [resource],
          includeSynonyms: asked,
          ...documented,
        });
        assert.equal(response.results[0]!.errorMessage, "");
        const [config, ...others] = response.results[0]!.configs;
        assert.deepEqual(others, []);
        const { documentation, ...rest } = config!;
        assert.equal((documentation ?? "") !== "", version >= 3 && asked);
        assert.deepEqual(rest, {
          name: "segment.bytes",
          value: "1073741824",
          readOnly: false,
          configSource: 5,
          isSensitive: false,
          synonyms: asked ? [{ name: "log.segment.bytes", value: "1073741824", source: 5 }] : [],
          configType: version < 3 ? 0 : 3,
        });
      }
    }
  });

  it("describing all brokers gives only what was set for them", async () => {
    const response = await wire.call(describeConfigsApi, 4, {
      resources: [{ resourceType: BROKER, resourceName: "", configurationKeys: null }],
    });
    assert.deepEqual(
      response.results[0]!.configs.map(({ name, value }) => `${name}=${value}`),
      ["min.insync.replicas=1"],
    );
  });

  async function alter(
    version: number,
    resourceType: number,
    resourceName: string,
    changes: readonly Change[],
    validateOnly = false,
  ): Promise<string> {
    const configs = changes.map(([name, value, configOperation]) => ({ name, value, configOperation }));
    const response = await wire.call(incrementalAlterConfigsApi, version, {
      resources: [{ resourceType, resourceName, configs }],
      validateOnly,
    });
    return errorName(response.responses[0]!.errorCode);
  }

  /** "value from source source…". */
  async function describedAs(resourceType: number, resourceName: string, config: string): Promise<string> {
    const resources = [{ resourceType, resourceName, configurationKeys: [config] }];
    const response = await wire.call(describeConfigsApi, 4, { resources, includeSynonyms: true });
    const [found] = response.results[0]!.configs;
    return `${found!.value} from ${found!.synonyms.map(({ source }) => source).join(" ")}`;
  }

  /** Ottla's changes are in force when it answers; Kafka's a little later. */
  async function becomes(shown: () => Promise<string>, expected: string): Promise<void> {
    const deadlineMs = performance.now() + (onReference ? 60_000 : 0);
    while ((await shown()) !== expected && performance.now() < deadlineMs)
      await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(await shown(), expected);
  }
});
