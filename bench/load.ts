// The load generator: a process of its own, so that what it costs is not the server's. Takes one job after the other from its parent
// over the channel that `fork` opens, and sends back what it measured.

import { runFetch, runTail, type FetchJob, type TailJob } from "./load-fetch.ts";
import { runLatency, type Latency, type LatencyJob } from "./load-latency.ts";
import { runProduce, type ProduceJob, type Throughput } from "./load-produce.ts";

export type Job = ProduceJob | FetchJob | TailJob | LatencyJob;
export type JobResult = Throughput | Latency;
export type JobAnswer = { result: JobResult } | { error: string };

process.on("disconnect", () => process.exit());
process.on("message", (job: Job) => {
  void run(job)
    .then((result): JobAnswer => ({ result }))
    .catch((error: unknown): JobAnswer => ({ error: error instanceof Error ? error.message : String(error) }))
    .then((answer) => process.send!(answer));
});

function run(job: Job): Promise<JobResult> {
  if (job.kind === "produce") return runProduce(job);
  if (job.kind === "fetch") return runFetch(job);
  return job.kind === "tail" ? runTail(job) : runLatency(job);
}
