// What a command of a coordinator comes to: records to append and answers to give. Effects are values here; the runtime performs them.
// A command that cannot be answered yet (JoinGroup, SyncGroup) returns no reply to its own Pending; a later outcome holds it.
// Invariant: every Pending is answered exactly once, by a reply or, when its shard is unloaded, by the runtime with `refused`.

/** The two times that a command may see. Deadlines are monotonic, what is written in records is wall time. */
export interface Now {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/** Who sent a request, as records and descriptions name it. */
export interface RequestClient {
  readonly clientId: string;
  readonly clientHost: string;
  readonly apiVersion: number;
}

/** A request that waits for its answer. */
export interface Pending<Response> {
  /** Unique within one shard. */
  readonly id: number;
  /** The answer when the coordinator cannot finish: NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE and the like. */
  refused(errorCode: number): Response;
}

export interface Reply {
  readonly to: Pending<unknown>;
  readonly response: unknown;
}

/** The producer in whose transaction records are written. */
export interface TransactionalProducer {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** From the partition, before the transaction coordinator was asked (KIP-890); without it the log takes the records unverified. */
  readonly verificationGuard?: number;
}

export interface Outcome<CoordinatorRecord> {
  /** Appended in one batch, all or none, in this order. */
  readonly records: readonly CoordinatorRecord[];
  /** Given once `records`, and all that was appended before them, are kept. */
  readonly replies: readonly Reply[];
  /** The state already has what the records say: they are appended and not replayed. Default false. */
  readonly applied?: boolean;
  /** The records need not be kept all or none, so that they may go into several batches. Default false. */
  readonly splittable?: boolean;
  /** The records are part of this producer's transaction: they go into a transactional batch of their own. */
  readonly producer?: TransactionalProducer;
}

/** Pairs an answer with its request, so that the compiler sees that they fit. */
export function replyTo<Response>(to: Pending<Response>, response: Response): Reply {
  return { to, response };
}

/** An outcome that writes nothing and gives one answer. */
export function answered<Response>(to: Pending<Response>, response: Response): Outcome<never> {
  return { records: [], replies: [replyTo(to, response)] };
}

export const NOTHING: Outcome<never> = { records: [], replies: [] };
