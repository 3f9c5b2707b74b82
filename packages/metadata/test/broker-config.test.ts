// Properties files: what starts, what is warned of, what is refused with which line, and which layer wins.

import { test } from "node:test";
import assert from "node:assert/strict";
import { readBrokerProperties } from "../src/configs/broker-config.ts";
import { ConfigError } from "../src/configs/config-error.ts";
import { parseProperties } from "../src/configs/properties.ts";
import { brokerConfigOf } from "./image-fixtures.ts";

/** In the manner of config/server.properties of Kafka 4.3, a combined node. */
const kafkasFile = `
process.roles=broker,controller
node.id=7
controller.quorum.bootstrap.servers=localhost:9093
listeners=PLAINTEXT://:9092,CONTROLLER://:9093
inter.broker.listener.name=PLAINTEXT
advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
num.network.threads=3
num.io.threads=8
socket.send.buffer.bytes=102400
socket.request.max.bytes=104857600
log.dirs=/var/lib/kafka
num.partitions=2
offsets.topic.replication.factor=1
log.retention.hours=48
`;

test("a combined node's file made for Kafka starts, and names without effect are reported", () => {
  const { config, unknown } = readBrokerProperties(parseProperties(kafkasFile));
  assert.deepEqual(unknown, ["num.network.threads", "num.io.threads", "socket.send.buffer.bytes"]);
  assert.equal(config.get("node.id"), 7);
  assert.equal(config.get("broker.id"), 7);
  assert.equal(config.logFolder(), "/var/lib/kafka");
  assert.equal(config.get("num.partitions"), 2);
  assert.deepEqual(config.listeners(), {
    listeners: [{ name: "PLAINTEXT", host: "", port: 9092 }],
    controllerListeners: [{ name: "CONTROLLER", host: "", port: 9093 }],
    advertised: new Map([["PLAINTEXT", { name: "PLAINTEXT", host: "localhost", port: 9092 }]]),
    interBrokerListenerName: "PLAINTEXT",
  });
});

test("an empty file is a node on the loopback address with a folder of its own", () => {
  const config = brokerConfigOf();
  assert.equal(config.get("node.id"), 1);
  assert.equal(config.logFolder(), "./data");
  assert.deepEqual(config.listeners().listeners, [{ name: "PLAINTEXT", host: "127.0.0.1", port: 9092 }]);
  assert.equal(config.listeners().advertised, null);
});

test("the controller's voters may be this node alone", () => {
  const config = brokerConfigOf({ "node.id": "3", "controller.quorum.voters": "3@localhost:9093" });
  assert.deepEqual(config.get("controller.quorum.voters"), ["3@localhost:9093"]);
});

const refused: [sentence: string, properties: Record<string, string>, line: RegExp][] = [
  [
    "a bad value",
    { "num.partitions": "many" },
    /^Invalid value many for configuration num.partitions: it must be a whole number/,
  ],
  ["several folders", { "log.dirs": "/a,/b" }, /log.dirs: one folder only/],
  ["compaction of all topics", { "log.cleanup.policy": "compact" }, /log compaction is not there yet/],
  ["half a node", { "process.roles": "broker" }, /broker,controller/],
  ["node.id and broker.id that differ", { "node.id": "1", "broker.id": "2" }, /node.id is 1 and broker.id is 2/],
  ["a negative broker.id", { "broker.id": "-5" }, /must not be negative/],
  ["other voters", { "node.id": "1", "controller.quorum.voters": "1@a:1,2@b:2" }, /node 2 is not this node \(1\)/],
  ["voters without a port", { "controller.quorum.voters": "1@a" }, /"1@a" is not id@host:port/],
  ["several bootstrap controllers", { "controller.quorum.bootstrap.servers": "a:1,b:2" }, /several controllers/],
  ["an authorizer", { "authorizer.class.name": "some.Authorizer" }, /would leave the broker open/],
  ["TLS between brokers", { "security.inter.broker.protocol": "SSL" }, /would leave the broker open/],
  ["a listener with TLS", { listeners: "SSL://:9093" }, /listener SSL uses SSL, and only PLAINTEXT/],
  ["a listener without a scheme", { listeners: "localhost:9092" }, /"localhost:9092" is not NAME:\/\/host:port/],
  ["a listener without a protocol", { listeners: "INTERNAL://:9092" }, /listener INTERNAL has no security protocol/],
  ["a port that is none", { listeners: "PLAINTEXT://:70000" }, /from 0 to 65535/],
  ["a listener name twice", { listeners: "PLAINTEXT://:1,plaintext://:2" }, /listeners has PLAINTEXT twice/],
  [
    "a port twice",
    { listeners: "A://a:1,B://b:1", "listener.security.protocol.map": "A:PLAINTEXT,B:PLAINTEXT" },
    /listeners has port 1 twice/,
  ],
  ["only controller listeners", { listeners: "CONTROLLER://:9093" }, /no listener for clients/],
  [
    "advertising what is not listened on",
    { "advertised.listeners": "SSL://h:1", "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SSL:PLAINTEXT" },
    /SSL, which is not in listeners/,
  ],
  [
    "advertising every address",
    { "advertised.listeners": "PLAINTEXT://0.0.0.0:9092" },
    /no address that a client can connect to/,
  ],
  ["advertising nothing", { "advertised.listeners": "PLAINTEXT://:9092" }, /no address that a client can connect to/],
  ["a map that is none", { "listener.security.protocol.map": "PLAINTEXT" }, /is not NAME:PROTOCOL/],
  [
    "an inter-broker listener that is not advertised",
    { "inter.broker.listener.name": "INTERNAL" },
    /INTERNAL is not among the advertised listeners \(PLAINTEXT\)/,
  ],
];

for (const [sentence, properties, line] of refused) {
  test(`refused with one line: ${sentence}`, () => {
    assert.throws(
      () => brokerConfigOf(properties),
      (error: unknown) => {
        assert(error instanceof ConfigError);
        assert.match(error.message, line);
        assert.equal(error.message.includes("\n"), false);
        return true;
      },
    );
  });
}

test("an IPv4 and an IPv6 address may share a port", () => {
  const { listeners } = brokerConfigOf({
    listeners: "A://127.0.0.1:9092,B://[::1]:9092",
    "listener.security.protocol.map": "A:PLAINTEXT,B:PLAINTEXT",
  }).listeners();
  assert.deepEqual(
    listeners.map(({ host }) => host),
    ["127.0.0.1", "::1"],
  );
});

test("a dynamic value of this broker goes before that of all brokers, the file and the default", () => {
  const file = brokerConfigOf({ "message.max.bytes": "2" });
  assert.equal(file.get("message.max.bytes"), 2);
  const all = file.withDynamic(new Map(), new Map([["message.max.bytes", "3"]]));
  assert.equal(all.get("message.max.bytes"), 3);
  const one = file.withDynamic(new Map([["message.max.bytes", "4"]]), new Map([["message.max.bytes", "3"]]));
  assert.equal(one.get("message.max.bytes"), 4);
  assert.equal(file.get("message.max.bytes"), 2);
});

test("dynamic values that are unknown, broken or of a read-only config are left out", () => {
  const config = brokerConfigOf().withDynamic(
    new Map([
      ["foo.bar", "1"],
      ["num.partitions", "9"],
      ["message.max.bytes", "x"],
    ]),
    new Map(),
  );
  assert.deepEqual([...config.layers.dynamicBroker], []);
  assert.equal(config.get("num.partitions"), 1);
});
