// Loads on groups with many members: heartbeats as fast as they are answered, one on its way for each member; and rebalances.

import { failOn } from "../wire.ts";
import { Meter } from "../load-produce.ts";
import type { Caller } from "./caller.ts";
import { ClassicMembers } from "./classic-members.ts";
import { ConsumerMembers } from "./consumer-members.ts";
import { heartbeatErrorCode, readConsumerHeartbeat } from "./frames-groups.ts";
import { Loop, type Counted, type Measured } from "./loop.ts";

export type GroupProtocol = "classic" | "consumer";

interface GroupShape {
  port: number;
  serverPid: number;
  group: string;
  topic: string;
  partitions: number;
  members: number;
  protocol: GroupProtocol;
}

export interface HeartbeatJob extends GroupShape, Measured {
  kind: "heartbeat";
}

export interface RebalanceJob extends GroupShape {
  kind: "rebalance";
  /** Rebalances before the first that counts. */
  warmups: number;
  rebalances: number;
}

export async function runHeartbeats(job: HeartbeatJob): Promise<Counted> {
  const loop = new Loop();
  if (job.protocol === "classic") {
    const group = await ClassicMembers.form(job, loop);
    const workers = group.members.map((member) => () => {
      beat(member.caller, member.heartbeatFrame(), loop, heartbeatErrorCode);
    });
    const result = await loop.measure(job, workers);
    group.close();
    return result;
  }
  const group = await ConsumerMembers.open(job, loop);
  await group.join(group.members);
  const workers = group.members.map((member) => () => {
    beat(member.caller, member.idleFrame(), loop, (response) => readConsumerHeartbeat(response).errorCode);
  });
  const result = await loop.measure(job, workers);
  group.close();
  return result;
}

function beat(caller: Caller, frame: Buffer, loop: Loop, errorCodeOf: (response: Buffer) => number): void {
  caller.send(frame, (response) => {
    failOn("a heartbeat", errorCodeOf(response));
    if (loop.done()) beat(caller, frame, loop, errorCodeOf);
  });
}

/**
 * Classic: the leader joins again, until all members have their SyncGroup answers. Consumer: the last member joins, until all partitions
 * are assigned anew; unmeasured it leaves again. What is left out of `seconds` is left out of the CPU shares as well.
 */
export function runRebalances(job: RebalanceJob): Promise<Counted> {
  return job.protocol === "classic" ? rebalanceClassic(job) : rebalanceConsumer(job);
}

async function rebalanceClassic(job: RebalanceJob): Promise<Counted> {
  const loop = new Loop();
  const group = await ClassicMembers.form(job, loop);
  for (let round = 0; round < job.warmups; round++) await loop.race(group.rebalance());
  const meter = new Meter(job.serverPid);
  meter.start();
  for (let round = 0; round < job.rebalances; round++) await loop.race(group.rebalance());
  const usage = meter.stop();
  group.close();
  return { ...usage, operations: job.rebalances, remarks: {} };
}

async function rebalanceConsumer(job: RebalanceJob): Promise<Counted> {
  const loop = new Loop();
  const group = await ConsumerMembers.open(job, loop);
  const last = group.members.at(-1)!;
  await group.join(group.members.slice(0, -1));
  const measured: Counted[] = [];
  let revocations = 0;
  for (let round = -job.warmups; round < job.rebalances; round++) {
    group.takeRevocations();
    const meter = new Meter(job.serverPid);
    meter.start();
    await group.join([last]);
    if (round >= 0) measured.push({ ...meter.stop(), operations: 1, remarks: {} });
    if (round >= 0) revocations += group.takeRevocations();
    await group.leave(last);
  }
  group.close();
  return { ...together(measured), remarks: { "partitions given up for each joiner": revocations / job.rebalances } };
}

function together(parts: readonly Counted[]): Counted {
  const seconds = parts.reduce((sum, part) => sum + part.seconds, 0);
  const share = (name: "serverCpu" | "loadCpu" | "othersCpu"): number | null =>
    parts.some((part) => part[name] === null)
      ? null
      : parts.reduce((sum, part) => sum + part[name]! * part.seconds, 0) / seconds;
  return {
    seconds,
    serverCpu: share("serverCpu"),
    loadCpu: share("loadCpu"),
    othersCpu: share("othersCpu"),
    operations: parts.length,
    remarks: {},
  };
}
