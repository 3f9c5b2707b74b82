// Gets the id of an idempotent producer without transactions, trying again for as long as errors are retriable.

import { errorCodes } from "@ottla/protocol";
import { brokerError, KafkaError } from "../errors.ts";
import { asKafkaError } from "./as-kafka-error.ts";
import type { Cluster } from "../network/cluster.ts";
import { NO_TRANSACTION_TIMEOUT_MS, requestIdentity } from "./identity-request.ts";
import type { ProducerIdentity } from "./sequences.ts";
import { NO_IDENTITY } from "./sequences.ts";

export interface IdentityEvents {
  readonly onAcquired: (identity: ProducerIdentity) => void;
  /** It cannot be had, such as for lack of authorization; asked again, it is tried again. */
  readonly onFailed: (error: KafkaError) => void;
}

export class IdentitySeeker {
  private readonly cluster: Cluster;
  private readonly lane: string;
  private readonly events: IdentityEvents;
  private readonly stopped = new AbortController();
  private isSeeking = false;

  constructor(cluster: Cluster, lane: string, events: IdentityEvents) {
    this.cluster = cluster;
    this.lane = lane;
    this.events = events;
  }

  /** Begins, unless that is under way. */
  seek(): void {
    if (this.isSeeking || this.stopped.signal.aborted) return;
    this.isSeeking = true;
    this.attempt().then(
      (identity) => this.end(() => this.events.onAcquired(identity)),
      (error: unknown) => this.end(() => this.events.onFailed(asKafkaError(error, "no producer id could be had"))),
    );
  }

  stop(): void {
    this.stopped.abort();
  }

  private end(action: () => void): void {
    this.isSeeking = false;
    if (!this.stopped.signal.aborted) action();
  }

  private async attempt(): Promise<ProducerIdentity> {
    for (let failures = 0; ; failures++) {
      const error = await this.ask();
      if (!(error instanceof KafkaError)) return error;
      if (!error.retriable) throw error;
      this.cluster.logger.debug({ code: error.code }, "no producer id yet");
      await this.cluster.delay(this.cluster.backoffMs(failures), this.stopped.signal);
    }
  }

  private async ask(): Promise<ProducerIdentity | KafkaError> {
    try {
      const { errorCode, producerId, producerEpoch } = await requestIdentity(this.cluster, {
        nodeId: null,
        lane: this.lane,
        transactionalId: null,
        transactionTimeoutMs: NO_TRANSACTION_TIMEOUT_MS,
        current: NO_IDENTITY,
      });
      return errorCode === errorCodes.NONE ? { producerId, producerEpoch } : brokerError(errorCode, null);
    } catch (error) {
      return asKafkaError(error, "no producer id could be had");
    }
  }
}
