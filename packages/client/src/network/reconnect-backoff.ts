// How long to leave an address alone after it could not be reached: doubled with each failure in a row, with jitter (KIP-144, KIP-580).

import type { Random } from "@ottla/base";

const JITTER = 0.2;

export interface BackoffBounds {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** `firstMs` doubled `attempt` times, at most `maxMs`, give or take 20 %. */
export function exponentialBackoffMs(attempt: number, bounds: BackoffBounds, random: Random): number {
  const base = Math.min(bounds.firstMs * 2 ** Math.min(attempt, 30), Math.max(bounds.firstMs, bounds.maxMs));
  return base * (1 - JITTER + 2 * JITTER * (random.uint32() / 0x1_0000_0000));
}

/** Failures by address. An address that works is forgotten, so the table holds only those that do not. */
export class ReconnectBackoff {
  private readonly bounds: BackoffBounds;
  private readonly random: Random;
  private readonly failures = new Map<string, { count: number; retryAtMs: number }>();

  constructor(bounds: BackoffBounds, random: Random) {
    this.bounds = bounds;
    this.random = random;
  }

  failed(address: string, nowMs: number): void {
    const count = this.failures.get(address)?.count ?? 0;
    const retryAtMs = nowMs + exponentialBackoffMs(count, this.bounds, this.random);
    this.failures.set(address, { count: count + 1, retryAtMs });
  }

  worked(address: string): void {
    this.failures.delete(address);
  }

  /** How often in a row it failed. */
  failuresOf(address: string): number {
    return this.failures.get(address)?.count ?? 0;
  }

  /** Milliseconds until the address may be tried; 0 for now. */
  waitMs(address: string, nowMs: number): number {
    return Math.max(0, (this.failures.get(address)?.retryAtMs ?? 0) - nowMs);
  }
}
