// What a broker tells of its groups: states, and committed offsets as who asks for stable ones sees them and as others do.
// Asked of Apache Kafka when its folder is recorded, and of Ottla on that folder by the tests.

import { errorName } from "@ottla/protocol";
import { offsetFetchApi } from "@ottla/protocol/messages/09-offset-fetch.ts";
import { listGroupsApi } from "@ottla/protocol/messages/16-list-groups.ts";
import type { Caller } from "../sim/wire-client.ts";

export interface ToldGroup {
  readonly groupId: string;
  readonly type: string;
  readonly state: string;
  readonly protocolType: string;
  /** `topic-partition offset epoch 'metadata'` or `topic-partition ERROR`, sorted. */
  readonly offsets: string[];
  readonly stableOffsets: string[];
}

/** Every group, by id. */
export async function toldGroups(client: Caller): Promise<ToldGroup[]> {
  const { groups } = await client.call(listGroupsApi, 5, { statesFilter: [], typesFilter: [] });
  const told = groups.map(async ({ groupId, groupType, groupState, protocolType }) => ({
    groupId,
    type: groupType,
    state: groupState,
    protocolType,
    offsets: await offsetsOf(client, groupId, false),
    stableOffsets: await offsetsOf(client, groupId, true),
  }));
  return (await Promise.all(told)).toSorted((one, other) => (one.groupId < other.groupId ? -1 : 1));
}

async function offsetsOf(client: Caller, groupId: string, requireStable: boolean): Promise<string[]> {
  const response = await client.call(offsetFetchApi, 9, {
    groupId: "",
    topics: [],
    groups: [{ groupId, topics: null }],
    requireStable,
  });
  const { topics } = response.groups[0]!;
  const lines = topics.flatMap(({ name, partitions }) =>
    partitions.map((each) => {
      const place = `${name}-${each.partitionIndex}`;
      if (each.errorCode !== 0) return `${place} ${errorName(each.errorCode)}`;
      return `${place} ${each.committedOffset} ${each.committedLeaderEpoch} '${each.metadata}'`;
    }),
  );
  return lines.sort();
}
