// The load generator: a process of its own, so that what it costs is not the server's. Takes one job after the other from its parent
// over the channel that `fork` opens, and sends back what it measured.

import { runCommits, runFill, type CommitJob, type FillJob } from "./coordinators/load-commits.ts";
import { runHeartbeats, runRebalances, type HeartbeatJob, type RebalanceJob } from "./coordinators/load-groups.ts";
import { runTransactions, type TransactionJob } from "./coordinators/load-transactions.ts";
import type { Counted } from "./coordinators/loop.ts";
import { runFetch, runTail, type FetchJob, type TailJob } from "./load-fetch.ts";
import { runLatency, type Latency, type LatencyJob } from "./load-latency.ts";
import { runProduce, type ProduceJob, type Throughput } from "./load-produce.ts";

export type CoordinatorJob = CommitJob | FillJob | HeartbeatJob | RebalanceJob | TransactionJob;
export type Job = ProduceJob | FetchJob | TailJob | LatencyJob | CoordinatorJob;
export type JobResult = Throughput | Latency | Counted;
export type JobAnswer = { result: JobResult } | { error: string };

const runners: { [Kind in Job["kind"]]: (job: Extract<Job, { kind: Kind }>) => Promise<JobResult> } = {
  produce: runProduce,
  fetch: runFetch,
  tail: runTail,
  latency: runLatency,
  commit: runCommits,
  fill: runFill,
  heartbeat: runHeartbeats,
  rebalance: runRebalances,
  transaction: runTransactions,
};

process.on("disconnect", () => process.exit());
process.on("message", (job: Job) => {
  void run(job)
    .then((result): JobAnswer => ({ result }))
    .catch((error: unknown): JobAnswer => ({ error: error instanceof Error ? error.message : String(error) }))
    .then((answer) => process.send!(answer));
});

function run(job: Job): Promise<JobResult> {
  // The table pairs each kind of job with its function; the compiler does not see that the two here fit.
  return (runners[job.kind] as (job: Job) => Promise<JobResult>)(job);
}
