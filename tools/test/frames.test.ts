// The source of fuzz frames, and the judge: frames repeat, cover every API and version, and a server that misbehaves is found out.

import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { describe, it } from "node:test";
import { ByteReader, SeededRandom } from "@ottla/base";
import { apiKeys, batchFormat, decodeRequestHeader } from "@ottla/protocol";
import { badUnderTheChecksum, goodBatch } from "../sim/bad-batches.ts";
import { FrameSource, headOf } from "../sim/frames.ts";
import type { FuzzFrame } from "../sim/frames.ts";
import { Lane } from "../sim/fuzz-lane.ts";

const served = apiKeys
  .filter(({ audience }) => audience === "clients")
  .map(({ key, versions }) => ({ key, from: versions.from, to: versions.to }));
const topics = ["fuzz-0", "fuzz-1"];
const sourceOf = (seed: number): FrameSource => new FrameSource({ seed, served, topics, topicIds: [] });

describe("the source of frames", () => {
  it("gives the same frame for the same seed and index, in any order", () => {
    const [first, second] = [sourceOf(7), sourceOf(7)];
    for (const index of [5, 3, 1000, 0, 3]) assert.deepEqual(first.frame(index), second.frame(index));
    assert.notDeepEqual(sourceOf(8).frame(5).bytes, first.frame(5).bytes);
  });

  it("gives every kind, and valid requests of every API in every version that decode again", () => {
    const kinds = new Set<string>();
    const versions = new Set<string>();
    const source = sourceOf(1);
    for (let index = 0; index < 30_000; index++) {
      const frame = source.frame(index);
      kinds.add(frame.kind.split(":")[0]!);
      if (!frame.kind.startsWith("valid: ")) continue;
      versions.add(frame.kind);
      const reader = new ByteReader(frame.bytes, 4);
      const { apiVersion } = decodeRequestHeader(reader);
      headOf(frame.bytes)!.api.request.decode(reader, apiVersion);
      assert.equal(reader.remaining(), 0, `frame ${index} (${frame.kind})`);
    }
    assert.equal(kinds.size, 16);
    assert.equal(
      versions.size,
      served.reduce((sum, { from, to }) => sum + to - from + 1, 0),
    );
  });
});

describe("the bad batches", () => {
  it("begin with a good one, whose checksum holds", () => {
    assert.equal(batchFormat.verifyCrc(goodBatch(new SeededRandom(1)), 0), true);
  });

  // Those whose defect is not the checksum must not be refused for it: then the defect would never be looked at.
  for (const batch of badUnderTheChecksum) {
    it(`have a right checksum when the defect lies under it: ${batch.name}`, () => {
      const bytes = batch.build(new SeededRandom(1))!;
      assert.equal(batchFormat.batchSizeAt(bytes, 0), bytes.length);
      assert.equal(batchFormat.verifyCrc(bytes, 0), true);
    });
  }
});

describe("the judge", () => {
  const answerWith =
    (change: (answer: Buffer) => void) =>
    (socket: Socket, frame: Buffer): void => {
      const answer = Buffer.concat([
        Buffer.from([0, 0, 0, 10]),
        frame.subarray(8, 12),
        Buffer.from([0, 0, 0, 0, 0, 0]),
      ]);
      change(answer);
      socket.write(answer);
    };
  const versionsRequest = Buffer.from("0000000a001200001234567800000000", "hex").subarray(0, 14);
  const cases: [string, FuzzFrame["expects"], (socket: Socket, frame: Buffer) => void, RegExp | null][] = [
    ["accepts a right answer", "answer", answerWith(() => {}), null],
    [
      "objects to another correlation id",
      "answer",
      answerWith((answer) => answer.writeInt32BE(1, 4)),
      /correlation id 1/,
    ],
    [
      "objects to an answer cut short",
      "answer",
      answerWith((answer) => answer.writeInt32BE(2, 10)),
      /cannot be decoded/,
    ],
    ["objects to a closed connection where an answer is due", "answer", (socket) => socket.destroy(), /was closed/],
    ["accepts a closed connection where one is due", "close", (socket) => socket.destroy(), null],
    ["objects to an answer where a close is due", "close", answerWith(() => {}), /an answer where close was due/],
    ["objects to a negative size", "any", answerWith((answer) => answer.writeInt32BE(-1)), /an answer of -1 bytes/],
  ];
  for (const [name, expects, react, complaint] of cases) {
    it(name, async () => {
      const server = createServer((socket) => {
        socket.on("error", () => {});
        socket.on("data", (frame) => react(socket, frame));
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const found: string[] = [];
      let frames: FuzzFrame[] = [{ index: 0, kind: "", bytes: versionsRequest, expects, pauseAt: null }];
      await new Promise<void>((resolve, reject) => {
        new Lane({
          port: (server.address() as AddressInfo).port,
          take: () => frames.pop() ?? null,
          settled: () => {},
          found: (_, what) => void found.push(what),
          unreachable: reject,
          finished: () => resolve(),
        }).next();
      });
      frames = [];
      server.close();
      if (complaint === null) assert.deepEqual(found, []);
      else assert.match(found.join(), complaint);
    });
  }
});
