// One step of a member towards its target: every state, every reason to leave it or to stay (CurrentAssignmentBuilder in Kafka 4.3).

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { errorName } from "@ottla/protocol";
import { assignmentOf, ownedOf } from "../src/group/consumer/assignment.ts";
import type { OwnedAssignment } from "../src/group/consumer/assignment.ts";
import { memberStates, newMember } from "../src/group/consumer/consumer-member.ts";
import type { MemberState } from "../src/group/consumer/consumer-member.ts";
import { reconcile } from "../src/group/consumer/current-assignment.ts";
import { Refusal } from "../src/group/consumer/refusal.ts";
import { partitionsOf, topicId } from "./support/consumer-driver.ts";
import { topicsView } from "./support/group-context.ts";

interface Case {
  readonly name: string;
  readonly state: MemberState;
  /** Partitions with their epochs, as "t 0@3 1@3". */
  readonly has: string;
  readonly givesUp?: string;
  /** The member's epoch; 5 if left out. */
  readonly epoch?: number;
  /** The target, for epoch 6 unless the case says otherwise. */
  readonly target: string;
  readonly targetEpoch?: number;
  /** What the member reports; left out it says nothing. */
  readonly reports?: string;
  /** Partitions that others own, as "t 1". */
  readonly taken?: string;
  readonly topics?: readonly string[];
  readonly pattern?: readonly string[];
  readonly subscriptionChanged?: boolean;
  readonly becomes: string;
}

const { STABLE, UNREVOKED_PARTITIONS, UNRELEASED_PARTITIONS, UNKNOWN } = memberStates;
const STATE_NAMES: Record<number, string> = { 0: "Stable", 1: "UnrevokedPartitions", 2: "UnreleasedPartitions" };

const cases: Case[] = [
  // From Stable.
  {
    name: "Stable, at the target's epoch: stays",
    state: STABLE,
    has: "t 0@3",
    target: "t 0",
    targetEpoch: 5,
    becomes: "the same",
  },
  {
    name: "Stable, the same target at a newer epoch",
    state: STABLE,
    has: "t 0@3",
    target: "t 0",
    becomes: "6<5 Stable [t 0@3]",
  },
  { name: "Stable, more to get", state: STABLE, has: "t 0@3", target: "t 0 1", becomes: "6<5 Stable [t 0@3 1@6]" },
  { name: "Stable, a first topic to get", state: STABLE, has: "", target: "t 2", becomes: "6<5 Stable [t 2@6]" },
  {
    name: "Stable, something to give up that it does not speak of",
    state: STABLE,
    has: "t 0@3 1@4",
    target: "t 0",
    becomes: "5<5 UnrevokedPartitions [t 0@3] gives up t 1@4",
  },
  {
    name: "Stable, something to give up that it has",
    state: STABLE,
    has: "t 0@3 1@4",
    target: "t 0",
    reports: "t 0 1",
    becomes: "5<5 UnrevokedPartitions [t 0@3] gives up t 1@4",
  },
  {
    name: "Stable, something to give up that it has given up already",
    state: STABLE,
    has: "t 0@3 1@4",
    target: "t 0",
    reports: "t 0",
    becomes: "6<5 Stable [t 0@3]",
  },
  {
    name: "Stable, one to give up and one to get: first the one, then the other",
    state: STABLE,
    has: "t 0@3",
    target: "t 1",
    reports: "t 0",
    becomes: "5<5 UnrevokedPartitions [] gives up t 0@3",
  },
  {
    name: "Stable, one to get that is another's",
    state: STABLE,
    has: "t 0@3",
    target: "t 0 1",
    taken: "t 1",
    becomes: "6<5 UnreleasedPartitions [t 0@3]",
  },
  {
    name: "Stable, one to get that is free, one that is another's",
    state: STABLE,
    has: "",
    target: "t 0 1",
    taken: "t 1",
    becomes: "6<5 UnreleasedPartitions [t 0@6]",
  },
  {
    name: "Stable, left a topic and the target does not know yet",
    state: STABLE,
    has: "t 0@3 | u 0@3",
    target: "t 0 | u 0",
    targetEpoch: 5,
    topics: ["t"],
    subscriptionChanged: true,
    reports: "t 0 | u 0",
    becomes: "5<5 UnrevokedPartitions [t 0@3] gives up u 0@3",
  },
  {
    name: "Stable, left a topic and has given it up",
    state: STABLE,
    has: "t 0@3 | u 0@3",
    target: "t 0 | u 0",
    targetEpoch: 5,
    topics: ["t"],
    subscriptionChanged: true,
    reports: "t 0",
    becomes: "5<5 Stable [t 0@3]",
  },
  {
    name: "Stable, left all topics",
    state: STABLE,
    has: "t 0@3",
    target: "t 0",
    targetEpoch: 5,
    topics: [],
    subscriptionChanged: true,
    becomes: "5<5 UnrevokedPartitions [] gives up t 0@3",
  },
  {
    name: "Stable, subscription changed and nothing of it concerns what it has",
    state: STABLE,
    has: "t 0@3",
    target: "t 0",
    targetEpoch: 5,
    topics: ["t", "u"],
    subscriptionChanged: true,
    becomes: "the same",
  },
  {
    name: "Stable, the target has a topic that it does not subscribe to",
    state: STABLE,
    has: "",
    target: "t 0 | u 0",
    topics: ["t"],
    becomes: "6<5 Stable [t 0@6]",
  },
  {
    name: "Stable, the target has a topic that is gone",
    state: STABLE,
    has: "gone 0@3",
    target: "gone 0",
    topics: ["gone"],
    reports: "",
    becomes: "6<5 Stable []",
  },
  {
    name: "Stable, subscribes by a pattern that matches",
    state: STABLE,
    has: "",
    target: "t 0 | u 0",
    topics: [],
    pattern: ["u"],
    becomes: "6<5 Stable [u 0@6]",
  },
  // From UnrevokedPartitions.
  {
    name: "UnrevokedPartitions, says nothing: stays",
    state: UNREVOKED_PARTITIONS,
    has: "t 0@3",
    givesUp: "t 1@3",
    target: "t 0",
    becomes: "the same",
  },
  {
    name: "UnrevokedPartitions, still has some of it: stays",
    state: UNREVOKED_PARTITIONS,
    has: "t 0@3",
    givesUp: "t 1@3 2@3",
    target: "t 0",
    reports: "t 0 2",
    becomes: "the same",
  },
  {
    name: "UnrevokedPartitions, has given up: goes on to the target",
    state: UNREVOKED_PARTITIONS,
    has: "t 0@3",
    givesUp: "t 1@3",
    target: "t 0",
    reports: "t 0",
    becomes: "6<5 Stable [t 0@3]",
  },
  {
    name: "UnrevokedPartitions, has given up and gets what is free",
    state: UNREVOKED_PARTITIONS,
    has: "t 0@3",
    givesUp: "t 1@3",
    target: "t 0 2",
    reports: "t 0",
    becomes: "6<5 Stable [t 0@3 2@6]",
  },
  {
    name: "UnrevokedPartitions, has given up and waits for what is another's",
    state: UNREVOKED_PARTITIONS,
    has: "t 0@3",
    givesUp: "t 1@3",
    target: "t 0 2",
    taken: "t 2",
    reports: "t 0",
    becomes: "6<5 UnreleasedPartitions [t 0@3]",
  },
  {
    name: "UnrevokedPartitions, a newer target wants the given up back: it is its own",
    state: UNREVOKED_PARTITIONS,
    has: "t 0@3",
    givesUp: "t 1@3",
    target: "t 0 1",
    taken: "t 1",
    reports: "t 0",
    becomes: "6<5 Stable [t 0@3 1@6]",
  },
  {
    name: "UnrevokedPartitions, a newer target takes more away",
    state: UNREVOKED_PARTITIONS,
    has: "t 0@3 2@3",
    givesUp: "t 1@3",
    target: "t 0",
    reports: "t 0 2",
    becomes: "5<5 UnrevokedPartitions [t 0@3] gives up t 2@3",
  },
  {
    name: "UnrevokedPartitions, leaves a topic besides",
    state: UNREVOKED_PARTITIONS,
    has: "t 0@3 | u 0@4",
    givesUp: "t 1@3 | u 2@3",
    target: "t 0",
    topics: ["t"],
    subscriptionChanged: true,
    reports: "t 0 1 | u 0 2",
    becomes: "5<5 UnrevokedPartitions [t 0@3] gives up t 1@3 | u 0@4 2@3",
  },
  {
    name: "UnrevokedPartitions, subscription changed to no effect: stays",
    state: UNREVOKED_PARTITIONS,
    has: "t 0@3",
    givesUp: "t 1@3",
    target: "t 0",
    topics: ["t", "u"],
    subscriptionChanged: true,
    becomes: "the same",
  },
  // From UnreleasedPartitions.
  {
    name: "UnreleasedPartitions, still another's",
    state: UNRELEASED_PARTITIONS,
    epoch: 6,
    has: "t 0@3",
    target: "t 0 1",
    taken: "t 1",
    becomes: "6<6 UnreleasedPartitions [t 0@3]",
  },
  {
    name: "UnreleasedPartitions, has become free",
    state: UNRELEASED_PARTITIONS,
    epoch: 6,
    has: "t 0@3",
    target: "t 0 1",
    becomes: "6<6 Stable [t 0@3 1@6]",
  },
  {
    name: "UnreleasedPartitions, some of it has become free",
    state: UNRELEASED_PARTITIONS,
    epoch: 6,
    has: "",
    target: "t 0 1",
    taken: "t 1",
    becomes: "6<6 UnreleasedPartitions [t 0@6]",
  },
  {
    name: "UnreleasedPartitions, a newer target does not want it any more",
    state: UNRELEASED_PARTITIONS,
    has: "t 0@3",
    target: "t 0",
    taken: "t 1",
    becomes: "6<5 Stable [t 0@3]",
  },
  {
    name: "UnreleasedPartitions, a newer target takes something away",
    state: UNRELEASED_PARTITIONS,
    has: "t 0@3",
    target: "t 1",
    taken: "t 1",
    becomes: "5<5 UnrevokedPartitions [] gives up t 0@3",
  },
  // From a state that this version does not know.
  { name: "Unknown, says nothing", state: UNKNOWN, has: "t 0@3", target: "t 0", becomes: "FENCED_MEMBER_EPOCH" },
  {
    name: "Unknown, has something",
    state: UNKNOWN,
    has: "t 0@3",
    target: "t 0",
    reports: "t 0",
    becomes: "FENCED_MEMBER_EPOCH",
  },
  {
    name: "Unknown, has nothing: begins anew",
    state: UNKNOWN,
    has: "t 1@3",
    target: "t 0",
    reports: "",
    becomes: "6<5 Stable [t 0@6]",
  },
];

const topics = topicsView([
  { id: topicId("t"), name: "t", partitions: 3 },
  { id: topicId("u"), name: "u", partitions: 3 },
]);

describe("a member goes from", () => {
  for (const each of cases) test(each.name, () => assert.equal(stepOf(each), each.becomes));
});

function stepOf(given: Case): string {
  const member = {
    ...newMember("a"),
    state: given.state,
    memberEpoch: given.epoch ?? 5,
    topicNames: given.topics ?? ["t", "u"],
    topicRegex: given.pattern === undefined ? "" : "pattern",
    assigned: ownedIn(given.has),
    pendingRevocation: ownedIn(given.givesUp ?? ""),
  };
  const taken = new Set(
    partitionsOf(given.taken ?? "").flatMap((each) => each.partitions.map((one) => `${each.topicId}/${one}`)),
  );
  const resolved = { topics: given.pattern ?? [], version: 1, timestampMs: 0 };
  const next = reconcile(member, {
    topics,
    targetEpoch: given.targetEpoch ?? 6,
    target: assignmentOf(partitionsOf(given.target)),
    subscriptionChanged: given.subscriptionChanged ?? false,
    resolvedPatterns: new Map([["pattern", resolved]]),
    partitionEpoch: (id, partition) => (taken.has(`${id}/${partition}`) ? 4 : -1),
    reported: given.reports === undefined ? null : partitionsOf(given.reports),
  });
  if (next instanceof Refusal) return errorName(next.errorCode);
  if (next === member) return "the same";
  const gives = next.pendingRevocation.size > 0 ? ` gives up ${ownedText(next.pendingRevocation)}` : "";
  return `${next.memberEpoch}<${next.previousMemberEpoch} ${STATE_NAMES[next.state]} [${ownedText(next.assigned)}]${gives}`;
}

function ownedIn(text: string): OwnedAssignment {
  if (text === "") return new Map();
  const list = text.split(" | ").map((each) => {
    const [name, ...pairs] = each.split(" ");
    const numbers = pairs.map((pair) => pair.split("@").map(Number) as [number, number]);
    return {
      topicId: topicId(name!),
      partitions: numbers.map(([partition]) => partition),
      assignmentEpochs: numbers.map(([, epoch]) => epoch),
    };
  });
  return ownedOf(list, 0);
}

function ownedText(owned: OwnedAssignment): string {
  const texts = [...owned].map(([id, { partitions, epochs }]) => {
    const name = Buffer.from(id, "base64url").toString("latin1").replaceAll("\0", "");
    return `${name} ${partitions.map((partition, index) => `${partition}@${epochs[index]}`).join(" ")}`;
  });
  return texts.sort().join(" | ");
}
