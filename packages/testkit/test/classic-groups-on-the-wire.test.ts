// Classic groups byte by byte: every version of JoinGroup, SyncGroup, Heartbeat, LeaveGroup, DescribeGroups, ListGroups and DeleteGroups,
// with the whole answers that Kafka 4.3 gives, accepted and refused. With REFERENCE_PORT set the same table asks Kafka, which has to run with
// --override group.initial.rebalance.delay.ms=0 --override offsets.topic.num.partitions=1.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { errorCodes } from "@ottla/protocol";
import { findCoordinatorApi } from "@ottla/protocol/messages/10-find-coordinator.ts";
import { joinGroupApi } from "@ottla/protocol/messages/11-join-group.ts";
import type { JoinGroupRequestInput, JoinGroupResponse } from "@ottla/protocol/messages/11-join-group.ts";
import { heartbeatApi } from "@ottla/protocol/messages/12-heartbeat.ts";
import { leaveGroupApi } from "@ottla/protocol/messages/13-leave-group.ts";
import { syncGroupApi } from "@ottla/protocol/messages/14-sync-group.ts";
import { describeGroupsApi } from "@ottla/protocol/messages/15-describe-groups.ts";
import { listGroupsApi } from "@ottla/protocol/messages/16-list-groups.ts";
import { deleteGroupsApi } from "@ottla/protocol/messages/42-delete-groups.ts";
import { WireClient } from "../../../tools/sim/wire-client.ts";
import { versionsOf, Wire } from "./support/wire.ts";

const METADATA = Buffer.from([0, 1, 0, 0, 0, 1, 0, 1, 0x74, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
const ASSIGNMENT = Buffer.from("an assignment");
const EMPTY = Buffer.alloc(0);
const NO_FILTERS = { statesFilter: [], typesFilter: [] };
/** Read, delete, describe, describe configs, alter configs, by the bits of AclOperation. */
const GROUP_OPERATIONS = (1 << 3) | (1 << 6) | (1 << 8) | (1 << 10) | (1 << 11);
const NOT_ASKED = -0x8000_0000;

describe("classic groups on the wire", () => {
  let wire: Wire;
  let groups = 0;
  const clients: WireClient[] = [];

  before(async () => {
    wire = await Wire.open();
    const request = { key: "", keyType: 0, coordinatorKeys: [wire.name("any")] };
    // Kafka creates the coordinator's topic behind our back and refuses until it is there and loaded.
    for (let errorCode = -1; errorCode !== errorCodes.NONE;) {
      errorCode = (await wire.call(findCoordinatorApi, 6, request)).coordinators[0]!.errorCode;
      if (errorCode === errorCodes.NONE)
        errorCode = (await join(newGroup(), 3, { sessionTimeoutMs: 10_000 })).errorCode;
    }
  });
  after(async () => {
    for (const client of clients) client.close();
    await wire[Symbol.asyncDispose]();
  });

  const newGroup = (): string => wire.name(`group-${groups++}`);

  async function connection(): Promise<WireClient> {
    const client = await WireClient.connect(wire.port);
    clients.push(client);
    return client;
  }

  function join(
    groupId: string,
    version: number,
    said: Partial<JoinGroupRequestInput> = {},
    client: WireClient | Wire = wire,
  ): Promise<JoinGroupResponse> {
    const request = {
      groupId,
      sessionTimeoutMs: 10_000,
      memberId: "",
      protocolType: "consumer",
      protocols: [{ name: "range", metadata: METADATA }],
      ...(version >= 1 ? { rebalanceTimeoutMs: 60_000 } : {}),
      ...said,
    };
    return client.call(joinGroupApi, version, request);
  }

  /** A member of a new group of one, as clients of this version become one. */
  async function only(
    version = 9,
    said: Partial<JoinGroupRequestInput> = {},
  ): Promise<{ groupId: string; joined: JoinGroupResponse }> {
    const groupId = newGroup();
    const isAsked = version >= 4 && said.groupInstanceId === undefined;
    const { memberId } = isAsked ? await join(groupId, version, said) : { memberId: "" };
    return { groupId, joined: await join(groupId, version, { ...said, memberId }) };
  }

  async function stable(said: Partial<JoinGroupRequestInput> = {}): Promise<{ groupId: string; memberId: string }> {
    const { groupId, joined } = await only(9, said);
    const { memberId } = joined;
    const groupInstanceId = said.groupInstanceId ?? null;
    await sync(groupId, 5, memberId, { assignments: [{ memberId, assignment: ASSIGNMENT }], groupInstanceId });
    return { groupId, memberId };
  }

  const sync = (groupId: string, version: number, memberId: string, said: object = {}) =>
    wire.call(syncGroupApi, version, {
      groupId,
      generationId: 1,
      memberId,
      assignments: [],
      ...(version >= 5 ? { protocolType: "consumer", protocolName: "range" } : {}),
      ...said,
    });

  const heartbeat = (groupId: string, version: number, memberId: string, said: object = {}) =>
    wire.call(heartbeatApi, version, { groupId, generationId: 1, memberId, ...said });

  const refusedJoin = (version: number, errorCode: number, memberId: string): JoinGroupResponse => ({
    throttleTimeMs: 0,
    errorCode,
    generationId: -1,
    protocolType: null,
    protocolName: version < 7 ? "" : null,
    leader: "",
    skipAssignment: false,
    memberId,
    members: [],
  });

  for (const version of versionsOf(joinGroupApi)) {
    it(`JoinGroup ${version}: a group of one`, async () => {
      const { joined } = await only(version);
      const { memberId } = joined;
      assert.match(memberId, /^ottla-sim-[0-9a-f-]{36}$/);
      assert.deepEqual(joined, {
        throttleTimeMs: 0,
        errorCode: errorCodes.NONE,
        generationId: 1,
        protocolType: version < 7 ? null : "consumer",
        protocolName: "range",
        leader: memberId,
        skipAssignment: false,
        memberId,
        members: [{ memberId, groupInstanceId: null, metadata: METADATA }],
      });
    });

    it(`JoinGroup ${version}: refused`, async () => {
      const { groupId } = await stable();
      const rows: [string, Partial<JoinGroupRequestInput>, number, string][] = [
        [groupId, { sessionTimeoutMs: 1 }, errorCodes.INVALID_SESSION_TIMEOUT, ""],
        [groupId, { sessionTimeoutMs: 1, memberId: "m" }, errorCodes.INVALID_SESSION_TIMEOUT, "m"],
        ["", { memberId: "m" }, errorCodes.INVALID_GROUP_ID, "m"],
        [groupId, { memberId: "m" }, errorCodes.UNKNOWN_MEMBER_ID, "m"],
        [newGroup(), { memberId: "m" }, errorCodes.UNKNOWN_MEMBER_ID, "m"],
        [groupId, { protocolType: "connect" }, errorCodes.INCONSISTENT_GROUP_PROTOCOL, ""],
        [groupId, { protocols: [] }, errorCodes.INCONSISTENT_GROUP_PROTOCOL, ""],
        [newGroup(), { protocols: [] }, errorCodes.INCONSISTENT_GROUP_PROTOCOL, ""],
        [newGroup(), { protocolType: "" }, errorCodes.INCONSISTENT_GROUP_PROTOCOL, ""],
      ];
      for (const [group, said, errorCode, memberId] of rows) {
        assert.deepEqual(await join(group, version, said), refusedJoin(version, errorCode, memberId));
      }
    });
  }

  for (const version of versionsOf(joinGroupApi, 4)) {
    it(`JoinGroup ${version}: a new member gets its id first`, async () => {
      const answer = await join(newGroup(), version);
      assert.deepEqual(answer, refusedJoin(version, errorCodes.MEMBER_ID_REQUIRED, answer.memberId));
    });
  }

  for (const version of versionsOf(joinGroupApi, 5)) {
    it(`JoinGroup ${version}: a static leader comes back, and its old id is fenced`, async () => {
      const said = { groupInstanceId: "i" };
      const { groupId, memberId: old } = await stable(said);
      const back = await join(groupId, version, said);
      const { memberId } = back;
      assert.match(memberId, /^i-[0-9a-f-]{36}$/);
      assert.deepEqual(back, {
        throttleTimeMs: 0,
        errorCode: errorCodes.NONE,
        generationId: 1,
        protocolType: version < 7 ? null : "consumer",
        protocolName: "range",
        leader: version < 9 ? old : memberId,
        skipAssignment: version >= 9,
        memberId,
        members: version < 9 ? [] : [{ memberId, groupInstanceId: "i", metadata: METADATA }],
      });
      const fenced = await join(groupId, version, { ...said, memberId: old });
      assert.deepEqual(fenced, refusedJoin(version, errorCodes.FENCED_INSTANCE_ID, old));
      assert.equal((await heartbeat(groupId, 4, old, said)).errorCode, errorCodes.FENCED_INSTANCE_ID);
      assert.equal((await heartbeat(groupId, 4, memberId, said)).errorCode, errorCodes.NONE);
      assert.deepEqual((await sync(groupId, 5, memberId, said)).assignment, ASSIGNMENT);
    });
  }

  for (const version of versionsOf(syncGroupApi)) {
    it(`SyncGroup ${version}`, async () => {
      const { groupId, joined } = await only();
      const { memberId } = joined;
      const refused = { throttleTimeMs: 0, protocolType: null, protocolName: null, assignment: EMPTY };
      const names =
        version < 5 ? { protocolType: null, protocolName: null } : { protocolType: "consumer", protocolName: "range" };
      const rows: [string, string, object, number][] = [
        [groupId, "m", {}, errorCodes.UNKNOWN_MEMBER_ID],
        [newGroup(), "m", {}, errorCodes.UNKNOWN_MEMBER_ID],
        ["", "m", {}, errorCodes.INVALID_GROUP_ID],
        [groupId, memberId, { generationId: 2 }, errorCodes.ILLEGAL_GENERATION],
      ];
      for (const [group, member, said, errorCode] of rows) {
        assert.deepEqual(await sync(group, version, member, said), { ...refused, errorCode });
      }
      if (version >= 3) {
        const claimed = await sync(groupId, version, memberId, { groupInstanceId: "i" });
        assert.deepEqual(claimed, { ...refused, errorCode: errorCodes.UNKNOWN_MEMBER_ID });
      }
      const inconsistent = { ...refused, errorCode: errorCodes.INCONSISTENT_GROUP_PROTOCOL };
      for (const said of version < 5
        ? []
        : [{ protocolName: null }, { protocolType: null }, { protocolName: "sticky" }]) {
        assert.deepEqual(await sync(groupId, version, memberId, said), inconsistent);
      }
      if (version >= 5) assert.deepEqual(await sync("", version, "m", { protocolType: null }), inconsistent);
      const assigned = { throttleTimeMs: 0, errorCode: errorCodes.NONE, ...names, assignment: ASSIGNMENT };
      const assignments = [{ memberId, assignment: ASSIGNMENT }];
      assert.deepEqual(await sync(groupId, version, memberId, { assignments }), assigned);
      assert.deepEqual(await sync(groupId, version, memberId), assigned, "it may ask again");
    });
  }

  for (const version of versionsOf(heartbeatApi)) {
    it(`Heartbeat ${version}`, async () => {
      const { groupId, memberId } = await stable();
      const rows: [string, string, object, number][] = [
        [groupId, memberId, {}, errorCodes.NONE],
        [groupId, memberId, { generationId: 0 }, errorCodes.ILLEGAL_GENERATION],
        [groupId, "m", {}, errorCodes.UNKNOWN_MEMBER_ID],
        [newGroup(), "m", {}, errorCodes.UNKNOWN_MEMBER_ID],
        ["", "m", {}, errorCodes.INVALID_GROUP_ID],
      ];
      for (const [group, member, said, errorCode] of rows) {
        assert.deepEqual(await heartbeat(group, version, member, said), { throttleTimeMs: 0, errorCode });
      }
    });
  }

  for (const version of versionsOf(leaveGroupApi)) {
    it(`LeaveGroup ${version}`, async () => {
      const { groupId, memberId } = await stable({ groupInstanceId: "i" });
      const leave = (group: string, member: string) =>
        wire.call(leaveGroupApi, version, {
          groupId: group,
          memberId: version < 3 ? member : "",
          members: version < 3 ? [] : [{ memberId: member }],
        });
      const answer = (errorCode: number, member: string) =>
        version < 3
          ? { throttleTimeMs: 0, errorCode, members: [] }
          : { throttleTimeMs: 0, errorCode: 0, members: [{ memberId: member, groupInstanceId: null, errorCode }] };
      assert.deepEqual(await leave(groupId, "m"), answer(errorCodes.UNKNOWN_MEMBER_ID, "m"));
      assert.deepEqual(await leave(newGroup(), "m"), answer(errorCodes.UNKNOWN_MEMBER_ID, "m"));
      assert.deepEqual(await leave("", "m"), {
        throttleTimeMs: 0,
        errorCode: errorCodes.INVALID_GROUP_ID,
        members: [],
      });
      assert.deepEqual(await leave(groupId, memberId), answer(errorCodes.NONE, memberId));
      assert.equal((await heartbeat(groupId, 4, memberId)).errorCode, errorCodes.UNKNOWN_MEMBER_ID);
    });
  }

  for (const version of versionsOf(leaveGroupApi, 3)) {
    it(`LeaveGroup ${version}: an administrator removes static members`, async () => {
      const { groupId, memberId } = await stable({ groupInstanceId: "i" });
      const members = [
        { memberId: "", groupInstanceId: "j" },
        { memberId: "wrong", groupInstanceId: "i" },
        { memberId: "", groupInstanceId: null },
        { memberId: "", groupInstanceId: "i" },
        { memberId, groupInstanceId: "i" },
      ];
      const answer = await wire.call(leaveGroupApi, version, { groupId, memberId: "", members });
      assert.deepEqual(
        answer.members.map(({ errorCode }) => errorCode),
        [
          errorCodes.UNKNOWN_MEMBER_ID,
          errorCodes.FENCED_INSTANCE_ID,
          errorCodes.UNKNOWN_MEMBER_ID,
          errorCodes.NONE,
          errorCodes.UNKNOWN_MEMBER_ID,
        ],
      );
      assert.equal(answer.errorCode, errorCodes.NONE);
    });
  }

  for (const version of versionsOf(describeGroupsApi)) {
    it(`DescribeGroups ${version}`, async () => {
      const { groupId, memberId } = await stable({ groupInstanceId: "i" });
      const { groupId: forming, joined } = await only();
      const missing = newGroup();
      const asked = version >= 3;
      const answer = await wire.call(describeGroupsApi, version, {
        groups: [groupId, forming, missing],
        includeAuthorizedOperations: asked,
      });
      const member = { clientId: "ottla-sim", clientHost: "/127.0.0.1" };
      const byId = new Map(answer.groups.map((group) => [group.groupId, group]));
      assert.equal(answer.groups.length, 3);
      assert.deepEqual(byId.get(groupId), {
        errorCode: 0,
        errorMessage: null,
        groupId,
        groupState: "Stable",
        protocolType: "consumer",
        protocolData: "range",
        members: [
          {
            ...member,
            memberId,
            groupInstanceId: version < 4 ? null : "i",
            memberMetadata: METADATA,
            memberAssignment: ASSIGNMENT,
          },
        ],
        authorizedOperations: asked ? GROUP_OPERATIONS : NOT_ASKED,
      });
      assert.equal(byId.get(forming)!.groupState, "CompletingRebalance");
      assert.deepEqual(byId.get(forming)!.members, [
        { ...member, memberId: joined.memberId, groupInstanceId: null, memberMetadata: EMPTY, memberAssignment: EMPTY },
      ]);
      assert.equal(byId.get(forming)!.protocolData, "");
      assert.deepEqual(byId.get(missing), {
        errorCode: version < 6 ? errorCodes.NONE : errorCodes.GROUP_ID_NOT_FOUND,
        errorMessage: version < 6 ? null : `Group ${missing} not found.`,
        groupId: missing,
        groupState: "Dead",
        protocolType: "",
        protocolData: "",
        members: [],
        authorizedOperations: version >= 3 && version < 6 ? GROUP_OPERATIONS : NOT_ASKED,
      });
    });
  }

  for (const version of versionsOf(listGroupsApi)) {
    it(`ListGroups ${version}`, async () => {
      const { groupId } = await stable();
      const list = async (filters: object = {}) => {
        const answer = await wire.call(listGroupsApi, version, { ...filters } as never);
        assert.equal(answer.errorCode, errorCodes.NONE);
        return answer.groups.find((group) => group.groupId === groupId);
      };
      const listed = {
        groupId,
        protocolType: "consumer",
        groupState: version < 4 ? "" : "Stable",
        groupType: version < 5 ? "" : "classic",
      };
      assert.deepEqual(await list(NO_FILTERS), listed);
      if (version >= 4) {
        assert.deepEqual(await list({ ...NO_FILTERS, statesFilter: ["Empty", " stable"] }), listed);
        assert.equal(await list({ ...NO_FILTERS, statesFilter: ["Empty"] }), undefined);
        assert.equal(await list({ ...NO_FILTERS, statesFilter: ["Nowhere"] }), undefined);
      }
      if (version >= 5) {
        assert.deepEqual(await list({ ...NO_FILTERS, typesFilter: ["Classic"] }), listed);
        assert.equal(await list({ ...NO_FILTERS, typesFilter: ["consumer"] }), undefined);
        assert.equal(await list({ ...NO_FILTERS, typesFilter: ["unheard-of"] }), undefined);
      }
    });
  }

  for (const version of versionsOf(deleteGroupsApi)) {
    it(`DeleteGroups ${version}`, async () => {
      const { groupId, memberId } = await stable();
      const missing = newGroup();
      const remove = async () => {
        const answer = await wire.call(deleteGroupsApi, version, { groupsNames: [groupId, missing, groupId] });
        return new Map(answer.results.map((result) => [result.groupId, result.errorCode]));
      };
      assert.deepEqual(
        await remove(),
        new Map([
          [groupId, errorCodes.NON_EMPTY_GROUP],
          [missing, errorCodes.GROUP_ID_NOT_FOUND],
        ]),
      );
      await wire.call(leaveGroupApi, 5, { groupId, memberId: "", members: [{ memberId }] });
      assert.equal((await remove()).get(groupId), errorCodes.NONE);
      assert.equal((await remove()).get(groupId), errorCodes.GROUP_ID_NOT_FOUND);
    });
  }

  it("two members: the leader's answer, the follower's, and what each is told when one leaves", async () => {
    const groupId = newGroup();
    const [first, second] = [await connection(), await connection()];
    const leader = (await join(groupId, 9)).memberId;
    const follower = (await join(groupId, 9)).memberId;
    await join(groupId, 9, { memberId: leader }, first);
    const rejoined = join(groupId, 9, { memberId: follower }, second);
    while ((await heartbeat(groupId, 4, leader)).errorCode !== errorCodes.REBALANCE_IN_PROGRESS);
    const again = await join(groupId, 9, { memberId: leader }, first);
    assert.equal(again.generationId, 2);
    assert.equal(again.leader, leader);
    assert.deepEqual(again.members.map(({ memberId }) => memberId).sort(), [leader, follower].sort());
    assert.deepEqual(await rejoined, { ...again, memberId: follower, members: [] });
    const waiting = second.call(syncGroupApi, 5, {
      groupId,
      generationId: 2,
      memberId: follower,
      protocolType: "consumer",
      protocolName: "range",
      assignments: [],
    });
    const own = await sync(groupId, 5, leader, {
      generationId: 2,
      assignments: [{ memberId: leader, assignment: ASSIGNMENT }],
    });
    assert.deepEqual(own.assignment, ASSIGNMENT);
    assert.deepEqual(await waiting, { ...own, assignment: EMPTY });
    await wire.call(leaveGroupApi, 5, { groupId, memberId: "", members: [{ memberId: leader }] });
    assert.equal(
      (await heartbeat(groupId, 4, follower, { generationId: 2 })).errorCode,
      errorCodes.REBALANCE_IN_PROGRESS,
    );
    const alone = await join(groupId, 9, { memberId: follower }, second);
    assert.equal(alone.leader, follower);
    assert.equal(alone.generationId, 3);
  });
});
