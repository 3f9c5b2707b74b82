// `ottla api-versions` against brokers that are scripted here, byte by byte: new, old, silent, and not Kafka at all.

import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { ottla } from "./run-ottla.ts";

/** Answers each request with what `answer` makes of it (in hexadecimal digits), null for nothing. Returns host:port. */
async function scriptedBroker(context: TestContext, answer: (request: string) => string | null): Promise<string> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (data) => {
      const reply = answer(data.toString("hex"));
      if (reply === null) socket.end();
      else socket.write(Buffer.from(reply.replaceAll(" ", ""), "hex"));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

// Size; correlation id; no error; Produce 0 to 13 and a key 999 that nobody knows, in compact form; throttle time; no tags.
const modern = "0000001a 00000001 0000 03 0000 0000 000d 00 03e7 0001 0002 00 00000000 00";

test("a table names the APIs and their versions", async (context) => {
  const address = await scriptedBroker(context, () => modern);
  const { stdout, stderr, code } = await ottla(["api-versions", address]);
  assert.equal(stderr, "");
  assert.deepEqual(stdout.split("\n"), [
    `${address} serves 2 APIs`,
    "",
    "key  name                              versions",
    "  0  Produce                           0-13",
    "999  (unknown)                         1-2",
    "",
  ]);
  assert.equal(code, 0);
});

test("--json gives the same to programs", async (context) => {
  const address = await scriptedBroker(context, () => modern);
  const { stdout } = await ottla(["api-versions", address, "--json"]);
  assert.deepEqual(JSON.parse(stdout), {
    address,
    apis: [
      { key: 0, name: "Produce", from: 0, to: 13 },
      { key: 999, name: null, from: 1, to: 2 },
    ],
    supportedFeatures: [],
    finalizedFeatures: [],
  });
});

test("an old broker, which refuses the version of the question, is asked again in its own", async (context) => {
  const versions: string[] = [];
  const address = await scriptedBroker(context, (request) => {
    versions.push(request.slice(12, 16));
    // Version 0 both times: first UNSUPPORTED_VERSION with ApiVersions 0 to 1, then (version 1) Fetch 0 to 11 and a throttle time.
    return versions.length === 1
      ? "00000010 00000001 0023 00000001 0012 0000 0001"
      : "00000014 00000001 0000 00000001 0001 0000 000b 00000000";
  });
  const { stdout, stderr } = await ottla(["api-versions", address]);
  assert.equal(stderr, "");
  assert.match(stdout, /^ {2}1 {2}Fetch +0-11$/m);
  assert.deepEqual(versions, ["0004", "0001"]);
});

const failures: { name: string; answer: string | null; stderr: RegExp }[] = [
  { name: "a broker that hangs up", answer: null, stderr: /closed the connection without an answer/ },
  {
    name: "a server that speaks HTTP",
    answer: Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n").toString("hex"),
    stderr: /answered with something that is not Kafka's protocol/,
  },
  { name: "a frame that is no answer", answer: "00000004 00000001", stderr: /not an ApiVersions response: needs/ },
  {
    name: "an answer to another request",
    answer: "00000006 00000002 0000",
    stderr: /not an ApiVersions response: it answers another request/,
  },
  {
    name: "a refusal",
    answer: "0000000c 00000001 003a 01 00000000 00",
    stderr: /refused to answer: SASL_AUTHENTICATION_FAILED/,
  },
];

for (const { name, answer, stderr } of failures) {
  test(`${name} is one clear line and exit code 1`, async (context) => {
    const address = await scriptedBroker(context, () => answer);
    const result = await ottla(["api-versions", address]);
    assert.match(result.stderr, stderr);
    assert.match(result.stderr, /^ottla: 127\.0\.0\.1:\d+ [^\n]+\n$/);
    assert.equal(result.code, 1);
  });
}

test("nobody there, and no address, are said in one line", async () => {
  assert.match(
    (await ottla(["api-versions", "127.0.0.1:1"])).stderr,
    /^ottla: 127\.0\.0\.1:1 refused the connection: nothing listens there\n$/,
  );
  assert.match(
    (await ottla(["api-versions", "a:b:c"])).stderr,
    /^ottla: a:b:c is no address: it should be HOST:PORT\n$/,
  );
});
