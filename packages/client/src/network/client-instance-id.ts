// The id under which brokers know a client in its metrics (KIP-714). Asking for it is all that this client does of that: it pushes no metrics.

import { ZERO_UUID } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import { getTelemetrySubscriptionsApi } from "@ottla/protocol/messages/71-get-telemetry-subscriptions.ts";
import { brokerError, KafkaError, TimeoutError } from "../errors.ts";
import type { CallOptions } from "../records.ts";
import type { Cluster } from "./cluster.ts";

/** The id of one producer or consumer; asked for once. */
export class ClientInstanceId {
  private readonly cluster: Cluster;
  private readonly lane: string;
  private id: string | null = null;

  constructor(cluster: Cluster, lane: string) {
    this.cluster = cluster;
    this.lane = lane;
  }

  /** @throws BrokerError UNSUPPORTED_VERSION where brokers take no metrics; TimeoutError, AbortedError */
  async get(options: CallOptions): Promise<string> {
    const { clock } = this.cluster;
    const deadlineMs = clock.monotonicMs() + (options.timeoutMs ?? this.cluster.options.defaultApiTimeoutMs);
    for (let attempt = 0; this.id === null; attempt++) {
      const leftMs = Math.max(1, deadlineMs - clock.monotonicMs());
      try {
        this.id = await this.ask({ ...options, timeoutMs: Math.min(leftMs, this.cluster.options.requestTimeoutMs) });
      } catch (error) {
        if (!(error instanceof KafkaError) || !error.retriable) throw error;
        if (clock.monotonicMs() >= deadlineMs)
          throw new TimeoutError("no client instance id came in time", { cause: error });
        await this.cluster.delay(Math.min(this.cluster.backoffMs(attempt), leftMs), options.signal);
      }
    }
    return this.id;
  }

  private async ask(options: CallOptions): Promise<string> {
    const body = { clientInstanceId: ZERO_UUID };
    const response = await this.cluster.send(null, getTelemetrySubscriptionsApi, body, { ...options, lane: this.lane });
    if (response.errorCode !== errorCodes.NONE)
      throw brokerError(response.errorCode, null, { api: getTelemetrySubscriptionsApi.name });
    return response.clientInstanceId;
  }
}
