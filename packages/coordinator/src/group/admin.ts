// What administrators ask of the groups of one shard, whatever their protocol: ListGroups, DescribeGroups, DeleteGroups.
// ConsumerGroupDescribe is not here: it asks for what only groups of the consumer protocol have.

import { errorCodes } from "@ottla/protocol";
import type { ListGroupsRequest, ListGroupsResponse } from "@ottla/protocol/messages/16-list-groups.ts";
import type { DeleteGroupsResponse } from "@ottla/protocol/messages/42-delete-groups.ts";
import { answered, replyTo } from "../runtime/outcome.ts";
import type { Outcome, Pending } from "../runtime/outcome.ts";
import type { ClassicGroups, DescribedGroup } from "./classic/classic-groups.ts";
import type { GroupContext } from "./group-context.ts";
import type { GroupRecord } from "./group-records.ts";

export type ListedGroup = ListGroupsResponse["groups"][number];
export type DeletedGroup = DeleteGroupsResponse["results"][number];

/** What deleting a group needs of the committed offsets. */
export interface GroupOffsets {
  /** Tombstones for every offset of the group. */
  deleteAll(groupId: string): GroupRecord[];
}

export interface GroupAdminOptions {
  readonly context: GroupContext;
  readonly classic: ClassicGroups;
  readonly offsets: GroupOffsets;
}

export class GroupAdmin {
  private readonly context: GroupContext;
  private readonly classic: ClassicGroups;
  private readonly offsets: GroupOffsets;

  constructor(options: GroupAdminOptions) {
    this.context = options.context;
    this.classic = options.classic;
    this.offsets = options.offsets;
  }

  /** The groups of this shard in one of the states (KIP-518) and of one of the types (KIP-848); no filter lets all pass. */
  list({ statesFilter, typesFilter }: ListGroupsRequest): ListedGroup[] {
    const states = new Set(statesFilter.map((state) => state.toLowerCase().trim()));
    const types = new Set(typesFilter.map((type) => type.toLowerCase()));
    const listed: ListedGroup[] = [];
    for (const group of this.context.groups.values()) {
      const groupState = group.stateName();
      if (states.size > 0 && !states.has(groupState.toLowerCase())) continue;
      if (types.size > 0 && !types.has(group.type)) continue;
      listed.push({ groupId: group.groupId, protocolType: group.protocolType(), groupState, groupType: group.type });
    }
    return listed;
  }

  /** One group of a DescribeGroups request. */
  describe(groupId: string, apiVersion: number): DescribedGroup {
    return this.classic.describe(groupId, apiVersion);
  }

  /** One group of a DeleteGroups request (KIP-229): with its offsets, if nobody is in it. */
  delete(groupId: string, pending: Pending<DeletedGroup>): Outcome<GroupRecord> {
    const group = this.context.groups.get(groupId);
    const errorCode = group === undefined ? errorCodes.GROUP_ID_NOT_FOUND : group.refuseDelete();
    const deleted: DeletedGroup = { groupId, errorCode, errorMessage: null };
    if (group === undefined || errorCode !== errorCodes.NONE) return answered(pending, deleted);
    // The group comes last, so that whoever deletes it again after a crash in between finds it.
    const records = [...this.offsets.deleteAll(groupId), ...group.tombstones()];
    this.context.logger.info({ group: groupId, records: records.length }, "group was deleted");
    return { records, replies: [replyTo(pending, deleted)], splittable: true };
  }
}
