// The hash by which Kafka's clients choose a partition for a key: MurmurHash2, 32 bits, as org.apache.kafka.common.utils.Utils has it.
// Pure. The result must be Java's bit by bit, or keys of one topic land on other partitions than those of Java programs.

const SEED = 0x9747b28c;
const MIX = 0x5bd1e995;

/** The hash of the first `length` bytes, a signed 32-bit number as in Java. */
export function murmur2(bytes: Uint8Array, length = bytes.length): number {
  let hash = (SEED ^ length) | 0;
  const whole = length & ~3;
  for (let at = 0; at < whole; at += 4) {
    let word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    word = Math.imul(word, MIX);
    word ^= word >>> 24;
    word = Math.imul(word, MIX);
    hash = Math.imul(hash, MIX) ^ word;
  }
  const rest = length - whole;
  if (rest === 3) hash ^= bytes[whole + 2]! << 16;
  if (rest >= 2) hash ^= bytes[whole + 1]! << 8;
  if (rest >= 1) hash = Math.imul(hash ^ bytes[whole]!, MIX);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, MIX);
  return hash ^ (hash >>> 15);
}

/** The partition of a key: BuiltInPartitioner.partitionForKey. */
export function partitionForKey(key: Uint8Array, partitionCount: number, length = key.length): number {
  return (murmur2(key, length) & 0x7fff_ffff) % partitionCount;
}
