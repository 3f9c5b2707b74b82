// Which partition of a coordinator's topic keeps the state of a group or a transactional id. Every broker must come to the same, Apache Kafka's too,
// or a folder that changes hands would lose sight of its groups.

import { assert } from "@ottla/base";

const INT_MIN = -0x8000_0000;

/** Java's String.hashCode, its absolute value (0 for the one that has none: Kafka's Utils.abs), modulo the number of partitions. */
export function partitionFor(key: string, partitionCount: number): number {
  assert(partitionCount > 0, "a coordinator's topic has partitions");
  const hash = javaHash(key);
  return (hash === INT_MIN ? 0 : Math.abs(hash)) % partitionCount;
}

/** Over UTF-16 units, modulo 2^32, signed. */
function javaHash(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  return hash;
}
