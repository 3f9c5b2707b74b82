// Randomness as a parameter: a seeded generator (sfc32) for simulations and tests, and the interface that both it and the system's fit.
// Not for secrets.

export interface Random {
  /** 0 to 2^32 - 1. */
  uint32(): number;
}

/** The same seed gives the same numbers on every machine. */
export class SeededRandom implements Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  constructor(seed: number) {
    this.a = seed | 0;
    this.b = Math.floor(seed / 0x1_0000_0000) | 0;
    this.c = 0x9e3779b9 | 0;
    for (let round = 0; round < 16; round++) this.uint32();
  }

  uint32(): number {
    const sum = (this.a + this.b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + sum;
    return sum >>> 0;
  }

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor((this.uint32() / 0x1_0000_0000) * limit);
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.uint32() / 0x1_0000_0000 < probability;
  }

  /** One of `choices`. */
  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }

  bytes(length: number): Buffer {
    const result = Buffer.allocUnsafe(length);
    for (let at = 0; at < length; at++) result[at] = this.uint32() & 0xff;
    return result;
  }
}

/** A version 4 Uuid in Kafka's 22 characters, never one that begins with a dash (it would look like an option on a command line). */
export function randomUuid(random: Random): string {
  const bytes = Buffer.allocUnsafe(16);
  for (;;) {
    for (let at = 0; at < 16; at += 4) bytes.writeUInt32BE(random.uint32(), at);
    bytes[6] = (bytes[6]! & 0x0f) | 0x40;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    const text = bytes.toString("base64url");
    if (!text.startsWith("-")) return text;
  }
}
