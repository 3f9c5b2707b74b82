// The assignors beside Java's: the same members' bytes in, the same partitions and the same bytes out, so that it does not matter who leads a
// group of both. The vectors are of Kafka 4.3's own assignors (tools/capture/Assignments.java).

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import type { AssignorMember } from "../src/consumer/group/assignors/assignor.ts";
import { resolveAssignors } from "../src/consumer/group/assignors/resolve-assignors.ts";
import type { AssignorName } from "../src/consumer/group/assignors/resolve-assignors.ts";
import { decodeStickyUserData, encodeStickyUserData } from "../src/consumer/group/assignors/sticky.ts";
import {
  decodeAssignment,
  decodeMember,
  encodeAssignment,
  encodeSubscription,
} from "../src/consumer/group/consumer-protocol.ts";
import { comparePartitions, keyOf } from "../src/consumer/group/partition-set.ts";

interface VectorMember {
  readonly memberId: string;
  readonly instance: string | null;
  readonly subscription: string;
  readonly partitions: readonly string[];
  readonly assignment: string;
}

interface Vector {
  readonly assignor: AssignorName;
  readonly scenario: number;
  readonly generation: number;
  /** Racks of each partition's replicas. */
  readonly topics: Readonly<Record<string, readonly (readonly string[])[]>>;
  readonly members: readonly VectorMember[];
}

const file = join(import.meta.dirname, "../../testkit/captures/java-assignments.jsonl.gz");
const vectors = gunzipSync(readFileSync(file))
  .toString()
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Vector);

describe("assignors beside Java's", () => {
  for (const name of ["range", "roundrobin", "sticky", "cooperative-sticky"] as const) {
    test(`${name} gives each member what Java's gives it, in the same order`, () => {
      const ofAssignor = vectors.filter(({ assignor }) => assignor === name);
      assert.equal(ofAssignor.length, 128);
      for (const vector of ofAssignor) assert.deepEqual(assigned(vector), expected(vector), where(vector));
    });
  }
});

describe("the bytes of ConsumerProtocol", () => {
  test("an assignment is written and read as Java's", () => {
    for (const vector of vectors) {
      for (const { partitions, assignment } of vector.members) {
        const bytes = Buffer.from(assignment, "base64");
        const parsed = partitions.map(partitionOf);
        assert.deepEqual(encodeAssignment(parsed), bytes, where(vector));
        assert.deepEqual(decodeAssignment(bytes), parsed.toSorted(comparePartitions), where(vector));
      }
    }
  });

  test("a subscription is written as Java's", () => {
    for (const vector of vectors) {
      for (const each of vector.members) {
        const { topics, userData, ownedPartitions, generationId, rack } = memberOf(each);
        const bytes = encodeSubscription({ topics, userData, ownedPartitions, generationId, rack });
        assert.deepEqual(bytes, Buffer.from(each.subscription, "base64"), where(vector));
      }
    }
  });

  test("the user data of sticky is written as Java's, but for the order of topics", () => {
    const all = vectors.filter(({ assignor }) => assignor === "sticky").flatMap(({ members }) => members.map(memberOf));
    const withData = all.flatMap(({ userData }) => (userData === null ? [] : [userData]));
    assert.ok(withData.length > 100);
    for (const userData of withData) {
      const { partitions, generationId } = decodeStickyUserData(userData);
      assert.deepEqual(encodeStickyUserData(partitions, generationId!), userData);
    }
  });

  test("bytes that are none are told from an empty assignment", () => {
    assert.equal(decodeAssignment(Buffer.alloc(0)), null);
    assert.equal(decodeAssignment(Buffer.from("00030000", "hex")), null);
    assert.deepEqual(decodeAssignment(encodeAssignment([])), []);
    assert.equal(decodeMember({ memberId: "m", groupInstanceId: null, metadata: Buffer.from("ffff", "hex") }), null);
  });

  test("a subscription of version 0 has topics and user data", () => {
    const metadata = Buffer.from("0000 00000001 0001 61 00000002 0102".replaceAll(" ", ""), "hex");
    assert.deepEqual(decodeMember({ memberId: "m", groupInstanceId: "i", metadata }), {
      memberId: "m",
      groupInstanceId: "i",
      topics: ["a"],
      ownedPartitions: [],
      generationId: -1,
      rack: null,
      userData: Buffer.from([1, 2]),
    });
  });

  test("a version to come is read as the newest known", () => {
    const known = encodeSubscription({
      topics: ["a"],
      userData: null,
      ownedPartitions: [{ topic: "a", partition: 1 }],
      generationId: 7,
      rack: "r",
    });
    const metadata = Buffer.concat([known, Buffer.from("more")]);
    metadata.writeInt16BE(9, 0);
    const member = decodeMember({ memberId: "m", groupInstanceId: null, metadata })!;
    assert.deepEqual([member.generationId, member.rack, member.ownedPartitions.map(keyOf)], [7, "r", ["a-1"]]);
  });
});

function assigned({ assignor: name, topics, members: told }: Vector): [string, string[]][] {
  const {
    assignors: [assignor],
  } = resolveAssignors([name]);
  const members = told.map(memberOf);
  const subscribed = new Set(members.flatMap((member) => member.topics));
  const known = new Map(
    Object.entries(topics)
      .filter(([topic]) => subscribed.has(topic))
      .map(([topic, partitions]) => [topic, partitions.map((racks, partition) => ({ partition, racks }))]),
  );
  const result = assignor!.assign({ topics: known, members });
  return told.map(({ memberId }) => [memberId, (result.get(memberId) ?? []).map(keyOf)]);
}

function expected({ members }: Vector): (string | readonly string[])[][] {
  return members.map(({ memberId, partitions }) => [memberId, partitions]);
}

function memberOf({ memberId, instance, subscription }: VectorMember): AssignorMember {
  const member = decodeMember({ memberId, groupInstanceId: instance, metadata: Buffer.from(subscription, "base64") });
  assert.ok(member !== null);
  return member;
}

function partitionOf(key: string): { topic: string; partition: number } {
  const dash = key.lastIndexOf("-");
  return { topic: key.slice(0, dash), partition: Number(key.slice(dash + 1)) };
}

function where({ assignor, scenario, generation }: Vector): string {
  return `${assignor}, scenario ${scenario}, generation ${generation}`;
}
