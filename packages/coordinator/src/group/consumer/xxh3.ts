// XXH3 in its 64-bit form, seed 0, with the default secret (Yann Collet's xxHash, specification version 0.8).
// Kafka hashes the topics that a group subscribes to with it (KIP-1101); the hash is kept in __consumer_offsets, so both must compute the same.
// bigint throughout: inputs are short and hashed once for each change of a topic.

/** The hash as 16 hexadecimal digits. */
export function xxh3(input: Buffer): string {
  return hash(input).toString(16).padStart(16, "0");
}

function hash(input: Buffer): bigint {
  const { length } = input;
  if (length === 0) return avalanche64((secret(56) ^ secret(64)) & MASK);
  if (length <= 3) return hashTo3(input);
  if (length <= 8) return hashTo8(input);
  if (length <= 16) return hashTo16(input);
  if (length <= 128) return hashTo128(input);
  if (length <= 240) return hashTo240(input);
  return hashLong(input);
}

function hashTo3(input: Buffer): bigint {
  const { length } = input;
  const [first, middle, last] = [input[0]!, input[length >> 1]!, input[length - 1]!];
  const combined = ((first << 16) | (middle << 24) | last | (length << 8)) >>> 0;
  const flip = BigInt((SECRET.readUInt32LE(0) ^ SECRET.readUInt32LE(4)) >>> 0);
  return avalanche64(BigInt(combined) ^ flip);
}

function hashTo8(input: Buffer): bigint {
  const { length } = input;
  const first = BigInt(input.readUInt32LE(0));
  const last = BigInt(input.readUInt32LE(length - 4));
  const flip = secret(8) ^ secret(16);
  let value = (last + (first << 32n)) ^ flip;
  value ^= rotate(value, 49n) ^ rotate(value, 24n);
  value = (value * PRIME_MX2) & MASK;
  value ^= (value >> 35n) + BigInt(length);
  value = (value * PRIME_MX2) & MASK;
  return value ^ (value >> 28n);
}

function hashTo16(input: Buffer): bigint {
  const { length } = input;
  const low = input.readBigUInt64LE(0) ^ (secret(24) ^ secret(32));
  const high = input.readBigUInt64LE(length - 8) ^ (secret(40) ^ secret(48));
  return avalanche(BigInt(length) + swapBytes(low) + high + foldedProduct(low, high));
}

function hashTo128(input: Buffer): bigint {
  const { length } = input;
  let sum = BigInt(length) * PRIME64_1;
  // From both ends towards the middle, 16 bytes at a time.
  for (let round = (length - 1) >> 5; round >= 0; round--) {
    sum += mix16(input, 16 * round, 32 * round);
    sum += mix16(input, length - 16 * (round + 1), 32 * round + 16);
  }
  return avalanche(sum);
}

function hashTo240(input: Buffer): bigint {
  const { length } = input;
  const rounds = length >> 4;
  let sum = BigInt(length) * PRIME64_1;
  for (let round = 0; round < 8; round++) sum += mix16(input, 16 * round, 16 * round);
  sum = avalanche(sum);
  for (let round = 8; round < rounds; round++) sum += mix16(input, 16 * round, 16 * (round - 8) + 3);
  sum += mix16(input, length - 16, SECRET_SIZE_MINIMUM - 17);
  return avalanche(sum);
}

const STRIPE = 64;
const STRIPES_PER_BLOCK = (192 - STRIPE) / 8;

function hashLong(input: Buffer): bigint {
  const { length } = input;
  const lanes = [PRIME32_3, PRIME64_1, PRIME64_2, PRIME64_3, PRIME64_4, PRIME32_2, PRIME64_5, PRIME32_1];
  const stripes = Math.floor((length - 1) / STRIPE);
  for (let stripe = 0; stripe < stripes; stripe++) {
    const inBlock = stripe % STRIPES_PER_BLOCK;
    accumulate(lanes, input, stripe * STRIPE, 8 * inBlock);
    if (inBlock === STRIPES_PER_BLOCK - 1) scramble(lanes);
  }
  accumulate(lanes, input, length - STRIPE, 192 - STRIPE - 7);
  return merge(lanes, BigInt(length) * PRIME64_1);
}

function accumulate(lanes: bigint[], input: Buffer, at: number, secretAt: number): void {
  for (let lane = 0; lane < 8; lane++) {
    const value = input.readBigUInt64LE(at + 8 * lane);
    const keyed = value ^ secret(secretAt + 8 * lane);
    lanes[lane ^ 1] = (lanes[lane ^ 1]! + value) & MASK;
    lanes[lane] = (lanes[lane]! + (keyed & LOW32) * (keyed >> 32n)) & MASK;
  }
}

function scramble(lanes: bigint[]): void {
  for (let lane = 0; lane < 8; lane++) {
    const value = lanes[lane]!;
    lanes[lane] = ((value ^ (value >> 47n) ^ secret(192 - STRIPE + 8 * lane)) * PRIME32_1) & MASK;
  }
}

function merge(lanes: readonly bigint[], start: bigint): bigint {
  let sum = start;
  for (let pair = 0; pair < 4; pair++) {
    const at = 11 + 16 * pair;
    sum += foldedProduct(lanes[2 * pair]! ^ secret(at), lanes[2 * pair + 1]! ^ secret(at + 8));
  }
  return avalanche(sum);
}

function mix16(input: Buffer, at: number, secretAt: number): bigint {
  const low = input.readBigUInt64LE(at) ^ secret(secretAt);
  const high = input.readBigUInt64LE(at + 8) ^ secret(secretAt + 8);
  return foldedProduct(low, high);
}

function foldedProduct(left: bigint, right: bigint): bigint {
  const product = left * right;
  return (product & MASK) ^ (product >> 64n);
}

function avalanche(sum: bigint): bigint {
  let value = sum & MASK;
  value ^= value >> 37n;
  value = (value * PRIME_MX1) & MASK;
  return value ^ (value >> 32n);
}

function avalanche64(start: bigint): bigint {
  let value = start;
  value ^= value >> 33n;
  value = (value * PRIME64_2) & MASK;
  value ^= value >> 29n;
  value = (value * PRIME64_3) & MASK;
  return value ^ (value >> 32n);
}

function rotate(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & MASK;
}

const swapped = Buffer.alloc(8);

function swapBytes(value: bigint): bigint {
  swapped.writeBigUInt64LE(value);
  return swapped.readBigUInt64BE();
}

function secret(at: number): bigint {
  return SECRET.readBigUInt64LE(at);
}

const MASK = 0xffff_ffff_ffff_ffffn;
const LOW32 = 0xffff_ffffn;
const SECRET_SIZE_MINIMUM = 136;
const PRIME32_1 = 0x9e3779b1n;
const PRIME32_2 = 0x85ebca77n;
const PRIME32_3 = 0xc2b2ae3dn;
const PRIME64_1 = 0x9e3779b185ebca87n;
const PRIME64_2 = 0xc2b2ae3d27d4eb4fn;
const PRIME64_3 = 0x165667b19e3779f9n;
const PRIME64_4 = 0x85ebca77c2b2ae63n;
const PRIME64_5 = 0x27d4eb2f165667c5n;
const PRIME_MX1 = 0x165667919e3779f9n;
const PRIME_MX2 = 0x9fb21c651e98df25n;

const SECRET = Buffer.from(
  "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221b8084674f743248e" +
    "e03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8a8fa763fe39c343ff9dcbbc7c70b4f1d" +
    "8a51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc" +
    "8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e",
  "hex",
);
