// What is left on disk, read by both.

import { basename, dirname } from "node:path";
import type { Step } from "../step.ts";

/** What to do with one file, by what it is. */
export function dumpSteps(file: string): Step[] {
  const lines = (...options: string[]): Step[] =>
    ["", ...options].map((option) => ({ command: "kafka-dump-log", line: `--files '${file}' ${option}` }));
  const place = basename(dirname(file));
  if (file.endsWith("index")) return lines("--verify-index-only", "--index-sanity-check");
  if (!/\.(?:log|checkpoint)$/.test(file)) return lines();
  const records = [
    "--print-data-log",
    "--deep-iteration",
    "--print-data-log --skip-record-metadata",
    "--max-bytes 300",
  ];
  return lines(...records, ...decodersOf(place));
}

function decodersOf(place: string): string[] {
  if (place.startsWith("__consumer_offsets")) return ["--offsets-decoder"];
  if (place.startsWith("__transaction_state")) return ["--transaction-log-decoder"];
  return place.startsWith("__cluster_metadata") ? ["--cluster-metadata-decoder"] : [];
}
