// Groups of every type in one shape: who is in them, what they have committed, and how far behind they are.

import { partitionKey, settled } from "@ottla/client";
import type { Admin, GroupListing, GroupState, GroupType, ItemKey, KafkaError, TopicPartition } from "@ottla/client";
import { offsetsAt } from "../cluster-facts.ts";
import type { Session } from "../connect.ts";
import { expandNames } from "../names.ts";

export interface MemberFacts {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly host: string;
  /** null in groups of Streams, whose members have tasks. */
  readonly partitions: readonly TopicPartition[] | null;
}

export interface GroupOffset extends TopicPartition {
  /** Of share groups, the offset before which all is done. null when there is none. */
  readonly committed: number | null;
  /** null when no leader tells. */
  readonly end: number | null;
  readonly lag: number | null;
  /** Who has the partition now. */
  readonly memberId: string | null;
}

export interface GroupFacts {
  readonly groupId: string;
  readonly type: GroupType | null;
  readonly protocolType: string;
  readonly state: GroupState | null;
  readonly assignor: string | null;
  readonly coordinatorId: number | null;
  readonly members: readonly MemberFacts[];
  /** Of all partitions that have one; null when none has. */
  readonly lag: number | null;
  readonly offsets: readonly GroupOffset[];
}

export interface FoundGroups {
  readonly groups: readonly GroupFacts[];
  readonly errors: ReadonlyMap<ItemKey, KafkaError>;
}

/** The groups that the words stand for; those that are not there are among the errors. @throws CommandError */
export async function groupListings(
  { admin, call }: Session,
  words: readonly string[],
): Promise<{ listings: readonly GroupListing[]; errors: ReadonlyMap<ItemKey, KafkaError> }> {
  const { values, errors } = await settled(admin.listGroups(call));
  const all = new Map([...values.values()].map((listing) => [listing.groupId, listing]));
  const names = expandNames(words, all.keys(), "group");
  const listings = names.flatMap((name) => all.get(name) ?? []);
  const missing = names.filter((name) => !all.has(name));
  // The coordinator says it in its own words, or knows it after all.
  const asked = await settled(missing.length === 0 ? Promise.resolve() : admin.describeConsumerGroups(missing, call));
  const found = [...asked.values.values()].map(({ groupId, state, type }) => ({
    groupId,
    state,
    type,
    protocolType: "consumer",
  }));
  return { listings: [...listings, ...found], errors: new Map([...errors, ...asked.errors]) };
}

/** Everything of these groups, with a few requests for all of them. */
export async function groupFacts(session: Session, listings: readonly GroupListing[]): Promise<FoundGroups> {
  const errors = new Map<ItemKey, KafkaError>();
  const kinds = new Map<Kind, GroupListing[]>();
  for (const listing of listings) {
    const kind = kindOf(listing);
    kinds.set(kind, [...(kinds.get(kind) ?? []), listing]);
  }
  const told: Told[] = [];
  for (const [kind, some] of kinds) told.push(await askers[kind](session, some, errors));
  const committed = told.flatMap(({ offsets }) => [...offsets.values()].flat());
  const assigned = told.flatMap(({ groups }) =>
    [...groups.values()].flatMap(({ members }) => members.flatMap(partitionsOf)),
  );
  const distinct = new Map([...committed, ...assigned].map((each) => [partitionKey(each.topic, each.partition), each]));
  const ends = await offsetsAt(session, [...distinct.values()], "latest");
  const groups = listings.flatMap((listing) => {
    const { groups: described, offsets } = told.find(({ groups: some }) => some.has(listing.groupId)) ?? nothing;
    const group = described.get(listing.groupId);
    return group === undefined ? [] : [factsOf(listing, group, offsets.get(listing.groupId) ?? [], ends)];
  });
  return { groups, errors };
}

type Kind = "consumer" | "other" | "share" | "streams";

function kindOf({ type, protocolType }: GroupListing): Kind {
  if (type === "Share") return "share";
  if (type === "Streams") return "streams";
  return protocolType === "consumer" || protocolType === "" ? "consumer" : "other";
}

interface DescribedGroup extends Pick<GroupFacts, "assignor" | "coordinatorId" | "members"> {
  readonly state: GroupState;
}

interface CommittedPartition extends TopicPartition {
  readonly offset: number | null;
  /** As the broker tells it, for share groups. */
  readonly lag?: number | null;
}

interface Told {
  readonly groups: ReadonlyMap<string, DescribedGroup>;
  readonly offsets: ReadonlyMap<string, readonly CommittedPartition[]>;
}

const nothing: Told = { groups: new Map(), offsets: new Map() };

type Asker = (session: Session, some: readonly GroupListing[], errors: Map<ItemKey, KafkaError>) => Promise<Told>;

const askers: Readonly<Record<Kind, Asker>> = {
  consumer: ({ admin, call }, some, errors) =>
    ask(some, errors, {
      describe: (ids) => admin.describeConsumerGroups(ids, call),
      offsets: (ids) => admin.listConsumerGroupOffsets(ids, call),
      group: ({ state, assignor, coordinator, members }) => ({
        state,
        assignor,
        coordinatorId: coordinator.nodeId,
        members: members.map((member) => ({ ...identityOf(member), partitions: member.assignment })),
      }),
    }),
  other: ({ admin, call }, some, errors) =>
    ask(some, errors, {
      describe: (ids) => admin.describeClassicGroups(ids, call),
      offsets: () => Promise.resolve(new Map()),
      group: ({ state, protocolData, coordinator, members }) => ({
        state,
        assignor: protocolData,
        coordinatorId: coordinator.nodeId,
        members: members.map((member) => ({ ...identityOf(member), partitions: member.assignment })),
      }),
    }),
  share: ({ admin, call }, some, errors) =>
    ask(some, errors, {
      describe: (ids) => admin.describeShareGroups(ids, call),
      offsets: async (ids) => await shareOffsets(admin, call, ids, errors),
      group: ({ state, coordinator, members }) => ({
        state,
        assignor: null,
        coordinatorId: coordinator.nodeId,
        members: members.map((member) => ({ ...identityOf(member), partitions: member.assignment })),
      }),
    }),
  streams: ({ admin, call }, some, errors) =>
    ask(some, errors, {
      describe: (ids) => admin.describeStreamsGroups(ids, call),
      offsets: (ids) => admin.listStreamsGroupOffsets(ids, call),
      group: ({ state, coordinator, members }) => ({
        state,
        assignor: null,
        coordinatorId: coordinator.nodeId,
        members: members.map((member) => ({ ...identityOf(member), partitions: null })),
      }),
    }),
};

interface Calls<Description> {
  describe(ids: string[]): Promise<ReadonlyMap<string, Description>>;
  offsets(ids: string[]): Promise<ReadonlyMap<string, readonly CommittedPartition[]>>;
  group(description: Description): DescribedGroup;
}

async function ask<Description>(
  some: readonly GroupListing[],
  errors: Map<ItemKey, KafkaError>,
  calls: Calls<Description>,
): Promise<Told> {
  const ids = some.map(({ groupId }) => groupId);
  const described = await settled(calls.describe(ids));
  const offsets = await settled(calls.offsets(ids));
  for (const [id, error] of [...described.errors, ...offsets.errors]) if (!errors.has(id)) errors.set(id, error);
  return {
    groups: new Map([...described.values].map(([id, group]) => [String(id), calls.group(group)])),
    offsets: offsets.values as Told["offsets"],
  };
}

async function shareOffsets(
  admin: Admin,
  call: Session["call"],
  ids: string[],
  errors: Map<ItemKey, KafkaError>,
): Promise<Map<string, CommittedPartition[]>> {
  const listed = await settled(admin.listShareGroupOffsets(ids, call));
  for (const [id, error] of listed.errors) errors.set(id, error);
  return new Map(
    [...listed.values].map(([id, offsets]) => [
      String(id),
      offsets.map(({ topic, partition, startOffset, lag }) => ({ topic, partition, offset: startOffset, lag })),
    ]),
  );
}

function identityOf(member: {
  readonly memberId: string;
  readonly groupInstanceId?: string | null;
  readonly clientId: string;
  readonly host: string;
}): Omit<MemberFacts, "partitions"> {
  const { memberId, groupInstanceId = null, clientId, host } = member;
  // As Java writes addresses, "/10.0.0.1".
  return { memberId, groupInstanceId, clientId, host: host.replace(/^\//, "") };
}

function partitionsOf({ partitions }: MemberFacts): readonly TopicPartition[] {
  return partitions ?? [];
}

/** Partitions with a committed offset, and those of members without one. */
function factsOf(
  { groupId, type, protocolType }: GroupListing,
  group: DescribedGroup,
  committed: readonly CommittedPartition[],
  ends: ReadonlyMap<string, number>,
): GroupFacts {
  const owners = new Map(
    group.members.flatMap((member) =>
      partitionsOf(member).map((each) => [partitionKey(each.topic, each.partition), member.memberId] as const),
    ),
  );
  const known = new Map(committed.map((each) => [partitionKey(each.topic, each.partition), each]));
  const partitions = new Map<string, TopicPartition>(known);
  for (const each of group.members.flatMap(partitionsOf))
    partitions.set(partitionKey(each.topic, each.partition), each);
  const offsets = [...partitions].map(([key, { topic, partition }]): GroupOffset => {
    const offset = known.get(key)?.offset ?? null;
    const end = ends.get(key) ?? null;
    const lag = known.get(key)?.lag ?? (offset === null || end === null ? null : Math.max(0, end - offset));
    return { topic, partition, committed: offset, end, lag, memberId: owners.get(key) ?? null };
  });
  offsets.sort((one, other) =>
    one.topic === other.topic ? one.partition - other.partition : one.topic < other.topic ? -1 : 1,
  );
  const lags = offsets.flatMap(({ lag }) => lag ?? []);
  const lag = lags.length === 0 ? null : lags.reduce((sum, each) => sum + each, 0);
  return {
    groupId,
    type,
    protocolType,
    ...group,
    assignor: group.assignor === "" ? null : group.assignor,
    lag,
    offsets,
  };
}
