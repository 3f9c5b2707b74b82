// Which partitions to ask which broker for, now. Pure. Rules, with Kafka's AbstractFetch.prepareFetchRequests as their base:
// one request per broker at a time; what is fetched ahead stays within the budget; a partition that has enough ahead is left out, and so is
// its broker when the application may take from that partition: a long poll for the others would hold up the next data of this one.

import type { PartitionState } from "../partition-state.ts";

/** A partition has enough ahead with this many chunks that together have `maxPartitionFetchBytes`. */
const CHUNKS_AHEAD = 2;

export interface PlanLimits {
  readonly maxPartitionFetchBytes: number;
  readonly fetchMaxBytes: number;
  /** For what is buffered and under way together. */
  readonly prefetchBytes: number;
}

export interface BrokerFacts {
  /** Whether a request can go to this broker now: it is known, none is under way, no backoff and no throttling waits. */
  isReady(nodeId: number): boolean;
  /** Whether the replica is there and online, as far as the metadata tell. */
  isOnline(state: PartitionState, nodeId: number): boolean;
}

export interface PlannedFetch {
  readonly nodeId: number;
  readonly states: readonly PartitionState[];
  readonly maxBytes: number;
}

export interface FetchPlan {
  readonly fetches: readonly PlannedFetch[];
  /** A partition has no leader that we know. */
  readonly needsMetadata: boolean;
  /** When a partition that waits after an error can be asked for again; Infinity when none waits. */
  readonly wakeAtMs: number;
}

export function planFetches(
  states: Iterable<PartitionState>,
  now: { readonly ms: number; readonly bytesUnderWay: number; readonly bytesBuffered: number },
  limits: PlanLimits,
  brokers: BrokerFacts,
): FetchPlan {
  const wanted = new Map<number, PartitionState[]>();
  const full = new Set<number>();
  let needsMetadata = false;
  let wakeAtMs = Infinity;
  for (const state of states) {
    if (!state.isFetchable) continue;
    const nodeId = readFrom(state, now.ms, brokers);
    if (nodeId < 0) needsMetadata = true;
    else if (state.retryAtMs > now.ms) wakeAtMs = Math.min(wakeAtMs, state.retryAtMs);
    else if (!hasEnoughAhead(state, limits)) add(wanted, nodeId, state);
    else if (!state.busy) full.add(nodeId);
  }
  return { fetches: share(wanted, full, now, limits, brokers), needsMetadata, wakeAtMs };
}

// Brokers share what is left of the budget, so that one that has nothing to answer does not keep the others from being asked.
function share(
  wanted: ReadonlyMap<number, readonly PartitionState[]>,
  full: ReadonlySet<number>,
  now: { readonly bytesUnderWay: number; readonly bytesBuffered: number },
  limits: PlanLimits,
  brokers: BrokerFacts,
): PlannedFetch[] {
  const fetches: PlannedFetch[] = [];
  const fewest = Math.min(limits.maxPartitionFetchBytes, limits.prefetchBytes);
  const each = Math.max(fewest, Math.floor(limits.prefetchBytes / Math.max(1, wanted.size)));
  let left = limits.prefetchBytes - now.bytesBuffered - now.bytesUnderWay;
  for (const [nodeId, states] of wanted) {
    if (left < fewest) break;
    if (full.has(nodeId) || !brokers.isReady(nodeId)) continue;
    const maxBytes = Math.min(limits.fetchMaxBytes, states.length * limits.maxPartitionFetchBytes, each, left);
    fetches.push({ nodeId, states, maxBytes });
    left -= maxBytes;
  }
  return fetches;
}

function hasEnoughAhead(state: PartitionState, limits: PlanLimits): boolean {
  return state.chunks.length >= CHUNKS_AHEAD && state.bufferedBytes >= limits.maxPartitionFetchBytes;
}

// The preferred replica while it is online, else the leader (KIP-392).
function readFrom(state: PartitionState, nowMs: number, brokers: BrokerFacts): number {
  const nodeId = state.readReplica(nowMs);
  if (nodeId === state.leaderId || brokers.isOnline(state, nodeId)) return nodeId;
  state.preferredReplica = -1;
  return state.leaderId;
}

function add(wanted: Map<number, PartitionState[]>, nodeId: number, state: PartitionState): void {
  const list = wanted.get(nodeId);
  if (list === undefined) wanted.set(nodeId, [state]);
  else list.push(state);
}
