// `ottla decode` on frames written out byte by byte, and on damaged ones.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteWriter, ZERO_UUID } from "@ottla/base";
import { encodeRequestHeader, encodeResponseHeader, RecordBatchBuilder } from "@ottla/protocol";
import { produceApi } from "@ottla/protocol/messages/00-produce.ts";
import { fetchApi } from "@ottla/protocol/messages/01-fetch.ts";
import { ottla } from "./run-ottla.ts";

// Size, key 18, version 4, correlation id 1, client id "ottla", no tags; software "ab" "c", no tags.
const apiVersionsFrame = "00000016 0012 0004 00000001 0005 6f74746c61 00 03 6162 02 63 00".replaceAll(" ", "");

const apiVersionsJson = {
  header: { apiName: "ApiVersions", apiKey: 18, apiVersion: 4, correlationId: 1, clientId: "ottla" },
  body: { clientSoftwareName: "ab", clientSoftwareVersion: "c" },
};

test("a request with its size is shown with header and body", async () => {
  const { stdout, code } = await ottla(["decode", apiVersionsFrame]);
  assert.deepEqual(JSON.parse(stdout), { size: 22, ...apiVersionsJson });
  assert.equal(code, 0);
});

test("a request without its size, with colons and blanks, is read from stdin", async () => {
  const text = `0x${apiVersionsFrame.slice(8).replace(/../g, "$&:")}`.replaceAll("6f:", "6f \n");
  const { stdout, stderr } = await ottla(["decode", "-"], text);
  assert.equal(stderr, "");
  assert.deepEqual(JSON.parse(stdout), apiVersionsJson);
});

test("a response is decoded as the answer to the API and version given", async () => {
  // Correlation id 7, UNSUPPORTED_VERSION, one API: 18 from 0 to 4.
  const { stdout } = await ottla([
    "decode",
    "00000007 0023 00000001 0012 0000 0004",
    "--response",
    "--api-key",
    "apiversions",
    "--api-version",
    "0",
  ]);
  assert.deepEqual(JSON.parse(stdout), {
    header: { apiName: "ApiVersions", apiKey: 18, apiVersion: 0, correlationId: 7 },
    body: { errorCode: 35, apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }] },
  });
});

test("the records of a Produce request are opened, text as text and other bytes as digits", async () => {
  const builder = new RecordBatchBuilder({ compression: "gzip" });
  builder.append({
    timestamp: 1000,
    key: Buffer.from("k"),
    value: Buffer.from([0xff, 0x00]),
    headers: [{ key: "h", value: null }],
  });
  const writer = new ByteWriter();
  encodeRequestHeader(writer, { apiKey: 0, apiVersion: 9, correlationId: 3, clientId: null });
  const partitionData = [{ index: 2, records: builder.build() }];
  produceApi.request.encode(writer, 9, {
    acks: 1,
    timeoutMs: 5,
    topicData: [{ name: "t", topicId: ZERO_UUID, partitionData }],
  });
  const { stdout } = await ottla(["decode", writer.toBuffer().toString("hex")]);
  const { body } = JSON.parse(stdout) as { body: { topicData: { partitionData: { records: object[] }[] }[] } };
  assert.deepEqual(
    Object.keys(body.topicData[0]!),
    ["name", "partitionData"],
    "the topic id came later, in version 13",
  );
  const [batch] = body.topicData[0]!.partitionData[0]!.records as [
    { compression: string; crcIsValid: boolean; records: unknown },
  ];
  assert.deepEqual([batch.compression, batch.crcIsValid], ["gzip", true]);
  assert.deepEqual(batch.records, [
    { offset: 0, timestamp: 1000, key: "k", value: { hex: "ff00" }, headers: [{ key: "h", value: null }] },
  ]);
});

test("a batch that the end of a Fetch response cuts off is counted", async () => {
  const builder = new RecordBatchBuilder({});
  builder.append({ timestamp: 1, key: null, value: Buffer.from("v") });
  const batch = builder.build();
  const writer = new ByteWriter();
  encodeResponseHeader(writer, 1, 12, 1);
  const partitions = [
    {
      partitionIndex: 0,
      errorCode: 0,
      highWatermark: 1,
      abortedTransactions: null,
      records: Buffer.concat([batch, batch.subarray(0, 30)]),
    },
  ];
  fetchApi.response.encode(writer, 12, {
    throttleTimeMs: 0,
    errorCode: 0,
    sessionId: 0,
    responses: [{ topic: "t", topicId: ZERO_UUID, partitions }],
  });
  const { stdout } = await ottla([
    "decode",
    writer.toBuffer().toString("hex"),
    "--response",
    "--api-key",
    "1",
    "--api-version",
    "12",
  ]);
  const { body } = JSON.parse(stdout) as {
    body: { responses: { partitions: { records: { incompleteBytes?: number }[] }[] }[] };
  };
  const batches = body.responses[0]!.partitions[0]!.records;
  assert.equal(batches.length, 2);
  assert.deepEqual(batches[1], { incompleteBytes: 30 });
});

const refusals: { name: string; words: string[]; stderr: RegExp }[] = [
  {
    name: "a character that is no digit",
    words: ["00120g"],
    stderr: /"g" is not a hexadecimal digit \(after 5 digits\)/,
  },
  { name: "half a byte", words: ["001200040000000"], stderr: /15 hexadecimal digits are not whole bytes/ },
  { name: "nothing", words: [" "], stderr: /there are no bytes to decode/ },
  {
    name: "a frame that is cut off",
    words: [apiVersionsFrame.slice(0, -6)],
    stderr: /the frame says 22 bytes, but only 19 are there/,
  },
  {
    name: "two frames",
    words: [apiVersionsFrame + apiVersionsFrame],
    stderr: /the frame says 22 bytes, but 48 are there: more than one frame\?/,
  },
  {
    name: "a body that is cut off",
    words: [apiVersionsFrame.slice(8, -4)],
    stderr: /the ApiVersions request of version 4 cannot be decoded \(cut off, or something else\?\): /,
  },
  {
    name: "an unknown API",
    words: ["7fff 0000 00000001 ffff"],
    stderr: /the request header cannot be decoded .*there is no API key 32767/,
  },
  {
    name: "a version that nobody knows",
    words: ["0003 0063 00000001 ffff 00"],
    stderr: /Metadata is known in versions 0 to 13, this request is of version 99/,
  },
  {
    name: "a response without its API",
    words: ["00000001 0000", "--response"],
    stderr: /give --api-key and --api-version of the request/,
  },
  {
    name: "an API for a request",
    words: ["00", "--api-key", "1"],
    stderr: /--api-key and --api-version are for --response/,
  },
  {
    name: "an API that there is not",
    words: ["00", "--response", "--api-key", "Fetsch", "--api-version", "1"],
    stderr: /there is no API Fetsch/,
  },
];

for (const { name, words, stderr } of refusals) {
  test(`${name} is one clear line and exit code 1`, async () => {
    const result = await ottla(["decode", ...words]);
    assert.match(result.stderr, stderr);
    assert.match(result.stderr, /^ottla: [^\n]+\n$/);
    assert.equal(result.stdout, "");
    assert.equal(result.code, 1);
  });
}
