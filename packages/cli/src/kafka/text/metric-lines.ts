// What --print-metrics prints (ToolsUtils.printMetrics). Pure.

import type { Metric } from "@ottla/client";
import { compareTexts, decimals } from "./java-format.ts";

export function metricLines(metrics: readonly Metric[]): string[] {
  if (metrics.length === 0) return [];
  const named = new Map(metrics.map((metric) => [nameOf(metric), metric.value]));
  const width = Math.max(...[...named.keys()].map((name) => name.length));
  const rows = [...named].sort(([one], [other]) => compareTexts(one, other));
  return [
    `\n${"Metric Name".padEnd(width)}   Value`,
    ...rows.map(([name, value]) => `${name.padEnd(width)} : ${decimals(value, 3)}`),
  ];
}

/** The tags as a Map of Java's prints itself. */
function nameOf({ group, name, tags }: Metric): string {
  const pairs = Object.entries(tags).map(([tag, value]) => `${tag}=${value}`);
  return `${group}:${name}:{${pairs.join(", ")}}`;
}
