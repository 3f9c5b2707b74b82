// Which of defaults, file, options and overrides decides a property of the broker.

import assert from "node:assert/strict";
import { test } from "node:test";
import { startProperties } from "../src/start/start-properties.ts";
import type { PropertySources } from "../src/start/start-properties.ts";

const cases: { name: string; sources: PropertySources; properties: Record<string, string> }[] = [
  { name: "nothing given", sources: {}, properties: { listeners: "PLAINTEXT://127.0.0.1:9092", "log.dirs": "./data" } },
  {
    name: "options beat the file",
    sources: {
      file: new Map([
        ["listeners", "INSIDE://0.0.0.0:1234"],
        ["log.dir", "/file"],
        ["num.partitions", "3"],
      ]),
      port: 0,
      dataDir: "/option",
    },
    properties: { listeners: "INSIDE://0.0.0.0:0", "num.partitions": "3", "log.dirs": "/option" },
  },
  {
    name: "what the file says is kept",
    sources: {
      file: new Map([
        ["listeners", "A://h:1,B://h:2"],
        ["log.dirs", "/file"],
      ]),
    },
    properties: { listeners: "A://h:1,B://h:2", "log.dirs": "/file" },
  },
  {
    name: "overrides beat everything, and a value may contain =",
    sources: { port: 1, override: ["listeners=PLAINTEXT://:2", "a=b=c", "a = d = e "] },
    properties: { listeners: "PLAINTEXT://:2", "log.dirs": "./data", a: "d = e" },
  },
  {
    name: "a listener of the controller is not meant by the port",
    sources: {
      file: new Map([
        ["listeners", "PLAINTEXT://:9092, CONTROLLER://:9093"],
        ["controller.listener.names", "CONTROLLER"],
      ]),
      port: 0,
    },
    properties: {
      listeners: "PLAINTEXT://:0,CONTROLLER://:9093",
      "controller.listener.names": "CONTROLLER",
      "log.dirs": "./data",
    },
  },
  {
    name: "an IPv6 address gets its brackets",
    sources: { host: "::1" },
    properties: { listeners: "PLAINTEXT://[::1]:9092", "log.dirs": "./data" },
  },
  {
    name: "the port of a listener on all addresses is replaced",
    sources: { file: new Map([["listeners", "PLAINTEXT://:9092"]]), port: 7 },
    properties: { listeners: "PLAINTEXT://:7", "log.dirs": "./data" },
  },
];

for (const { name, sources, properties } of cases) {
  test(name, () => {
    assert.deepEqual(Object.fromEntries(startProperties(sources)), properties);
  });
}

test("a port for one of several listeners is refused", () => {
  const file = new Map([["listeners", "A://h:1,B://h:2"]]);
  assert.throws(() => startProperties({ file, port: 0 }), /listeners=A:\/\/h:1,B:\/\/h:2: use --override listeners=…/);
});

test("an override without a name is refused", () => {
  assert.throws(() => startProperties({ override: ["=1"] }), {
    name: "CommandError",
    message: "--override wants name=value, not =1",
  });
});
