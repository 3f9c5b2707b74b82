// OffsetCommit load: each connection commits the offset of one partition for a group of its own, several requests on their way;
// and the filling of a broker with many committed offsets.

import { failOn } from "../wire.ts";
import { openCallers, type Caller } from "./caller.ts";
import { offsetCommitErrorCode, offsetCommitFrame } from "./frames-offsets.ts";
import { Loop, type Counted, type Measured } from "./loop.ts";

export interface CommitJob extends Measured {
  kind: "commit";
  port: number;
  topic: string;
  /** Groups are named with this and a number. */
  group: string;
  connections: number;
  inFlight: number;
}

export async function runCommits(job: CommitJob): Promise<Counted> {
  const loop = new Loop();
  const callers = await openCallers(job.port, job.connections, loop.lost);
  const workers = callers.flatMap((caller, connection) =>
    Array.from({ length: job.inFlight }, () =>
      committer(caller, loop, { ...job, group: `${job.group}-${connection}` }),
    ),
  );
  const result = await loop.measure(job, workers);
  for (const caller of callers) caller.close();
  return result;
}

function committer(caller: Caller, loop: Loop, { group, topic }: { group: string; topic: string }): () => void {
  const { frame, offsetsAt } = offsetCommitFrame({ group, topic, partitions: 1, offset: 0 });
  let offset = 0;
  const commit = (): void => {
    frame.writeInt32BE(offset++, offsetsAt[0]! + 4);
    caller.send(frame, (response) => {
      failOn("OffsetCommit", offsetCommitErrorCode(response));
      if (loop.done()) commit();
    });
  };
  return commit;
}

/** Commits `offset` in many groups, each for the first partitions of a topic. */
export interface FillJob {
  kind: "fill";
  port: number;
  topic: string;
  groups: number;
  partitions: number;
  offset: number;
}

const FILLING_CONNECTIONS = 8;
const FILLING_IN_FLIGHT = 4;
const GROUP_DIGITS = 8;

/** The groups of a `FillJob`. */
export function filledGroup(index: number): string {
  return `filled-${String(index).padStart(GROUP_DIGITS, "0")}`;
}

export async function runFill(job: FillJob): Promise<Counted> {
  const loop = new Loop();
  const callers = await openCallers(job.port, FILLING_CONNECTIONS, loop.lost);
  let next = 0;
  const startedMs = performance.now();
  const fillers = callers.flatMap((caller) =>
    Array.from({ length: FILLING_IN_FLIGHT }, () => filler(caller, job, () => (next < job.groups ? next++ : null))),
  );
  await loop.race(Promise.all(fillers));
  for (const caller of callers) caller.close();
  const seconds = (performance.now() - startedMs) / 1000;
  return { seconds, serverCpu: null, loadCpu: null, othersCpu: null, operations: job.groups, remarks: {} };
}

function filler(caller: Caller, job: FillJob, nextGroup: () => number | null): Promise<void> {
  const { frame, groupAt } = offsetCommitFrame({ ...job, group: filledGroup(0) });
  return new Promise((resolve) => {
    const commit = (): void => {
      const group = nextGroup();
      if (group === null) return resolve();
      frame.write(filledGroup(group), groupAt, "latin1");
      caller.send(frame, (response) => {
        failOn("OffsetCommit", offsetCommitErrorCode(response));
        commit();
      });
    };
    commit();
  });
}
