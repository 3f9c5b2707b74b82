// Which partitions are asked about: by topic and partitions, or by patterns such as `orders:1-3,payments`. Pure.

import { CommandFailure } from "../../command-failure.ts";
import { includeListPattern } from "../../text/java-regex.ts";

export interface PartitionFilter {
  allowsTopic(topic: string): boolean;
  allows(topic: string, partition: number): boolean;
}

/** --topic and --partitions. @throws CommandFailure */
export function filterByTopic(topic: string | undefined, partitions: string | undefined): PartitionFilter {
  const pattern = includeListPattern(topic ?? ".*");
  const listed = partitionList(partitions);
  const allowsTopic = (name: string): boolean => pattern.test(name);
  return {
    allowsTopic,
    allows: (name, partition) => allowsTopic(name) && (listed.size === 0 || listed.has(partition)),
  };
}

/** --topic-partitions. @throws CommandFailure */
export function filterByPatterns(text: string): PartitionFilter {
  const rules = text.split(",").map(rule);
  return {
    allowsTopic: (topic) => rules.some((each) => each.allowsTopic(topic)),
    allows: (topic, partition) => rules.some((each) => each.allows(topic, partition)),
  };
}

/** A pattern of topics; behind a colon one partition, or a range without its end. */
const RULE = /^([^:,]*)(?::(?:(\d*)|(?:(\d*)-(\d*))))?$/;

function rule(text: string): PartitionFilter {
  const match = RULE.exec(text);
  if (match === null)
    throw new CommandFailure(`org.apache.kafka.tools.TerseException: Invalid rule specification: ${text}`);
  const [, topic = "", single = "", from = "", to = ""] = match;
  const pattern = includeListPattern(topic === "" ? ".*" : topic);
  const allowsTopic = (name: string): boolean => pattern.test(name);
  const fits = (partition: number): boolean =>
    single !== ""
      ? partition === Number(single)
      : partition >= Number(from) && partition < (to === "" ? Infinity : Number(to));
  return { allowsTopic, allows: (name, partition) => allowsTopic(name) && fits(partition) };
}

function partitionList(text: string | undefined): Set<number> {
  if (text === undefined || text === "") return new Set();
  const ids = text.split(",");
  if (ids.some((id) => !/^[+-]?\d+$/.test(id))) {
    throw new CommandFailure(
      `--partitions expects a comma separated list of numeric partition ids, but received: ${text}`,
    );
  }
  return new Set(ids.map(Number));
}
