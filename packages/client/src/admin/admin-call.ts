// One call of an Admin while it runs: its time limit, its way to end early, requests within both, and trying again.
// Calls know nothing of each other. What is asked of whom stands in the files by family; how keys are pursued in keyed.ts.

import { AssertionError } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import type { Api } from "@ottla/protocol";
import {
  AbortedError,
  BrokerError,
  ClosedError,
  ConfigError,
  KafkaError,
  TimeoutError,
  brokerError,
} from "../errors.ts";
import type { ErrorContext } from "../errors.ts";
import type { BrokerNode, Cluster, CoordinatorKind, RequestBody } from "../network/cluster.ts";
import type { CallOptions } from "../records.ts";

export interface AdminCallOptions extends CallOptions {
  /** Of the admin that makes the call. */
  readonly lane: string;
  /** The method's name, for messages. */
  readonly what: string;
}

export class AdminCall {
  readonly cluster: Cluster;
  private readonly what: string;
  private readonly lane: string;
  private readonly timeoutMs: number;
  private readonly deadlineMs: number;
  private readonly ending = new AbortController();
  private readonly userSignal: AbortSignal | undefined;
  private readonly forwardAbort = (): void => this.ending.abort(this.userSignal?.reason);
  private timedOut: TimeoutError | null = null;

  constructor(cluster: Cluster, options: AdminCallOptions) {
    this.cluster = cluster;
    this.what = options.what;
    this.lane = options.lane;
    this.timeoutMs = options.timeoutMs ?? cluster.options.defaultApiTimeoutMs;
    this.deadlineMs = cluster.clock.monotonicMs() + this.timeoutMs;
    this.userSignal = options.signal;
    if (this.userSignal?.aborted === true) this.forwardAbort();
    else this.userSignal?.addEventListener("abort", this.forwardAbort, { once: true });
  }

  /** Ends the call from outside, as closing the admin does. */
  abort(reason: ClosedError): void {
    this.ending.abort(reason);
  }

  /** Lets go of the caller's signal. */
  finish(): void {
    this.userSignal?.removeEventListener("abort", this.forwardAbort);
  }

  /** @throws the admin's ClosedError or an AbortedError, when the call was ended */
  throwIfEnded(): void {
    const { signal } = this.ending;
    if (!signal.aborted) return;
    if (signal.reason instanceof ClosedError) throw signal.reason;
    throw new AbortedError(signal);
  }

  /** Milliseconds that the next request may take; what brokers are told as their own time limit. At least 1. */
  get requestTimeoutMs(): number {
    const remaining = this.deadlineMs - this.cluster.clock.monotonicMs();
    return Math.max(1, Math.floor(Math.min(this.cluster.options.requestTimeoutMs, remaining)));
  }

  /** One request, one answer, within what is left of the time. */
  async send<Response, RequestInput>(
    nodeId: number | null,
    api: Api<unknown, Response, RequestInput, never>,
    body: RequestBody<NoInfer<RequestInput>>,
    maxVersion?: number,
  ): Promise<Response> {
    this.throwIfEnded();
    try {
      return await this.cluster.send(nodeId, api, body, {
        ...this.requestOptions,
        ...(maxVersion === undefined ? {} : { maxVersion }),
      });
    } catch (error) {
      this.throwIfEnded();
      // What the codec cannot write is something that the caller gave: a count that is no whole number, a name that is too long.
      if (error instanceof AssertionError) throw new ConfigError(error.message);
      throw error;
    }
  }

  /** The version that `send` would use, or -1. */
  versionOf(nodeId: number | null, api: Api<unknown, unknown, never, never>): Promise<number> {
    return this.cluster.versionOf(nodeId, api, this.requestOptions);
  }

  /** The node for controller requests. With `again`, asked for anew, since the last one was not the controller. */
  async controller(again: boolean): Promise<number> {
    if (again) await this.cluster.refreshMetadata(this.requestOptions);
    return this.cluster.controller(this.requestOptions);
  }

  /** The node of a coordinator, or why there will be none. With `again`, asked for anew. @throws what ends the whole call */
  async coordinator(kind: CoordinatorKind, key: string, again: boolean): Promise<number | KafkaError> {
    if (again) this.cluster.forgetCoordinator(kind, key);
    try {
      return await this.cluster.coordinator(kind, key, this.requestOptions);
    } catch (error) {
      return this.failure(error);
    }
  }

  /** Makes one attempt after another until one succeeds, fails for good, or the time is over. */
  async retry<T>(once: (isFirst: boolean) => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await once(attempt === 0);
      } catch (error) {
        const failure = this.failure(error);
        if (!failure.retriable) throw failure;
        await this.pause(attempt, failure);
      }
    }
  }

  /** Waits before the next attempt; attempt 0 is the first repetition. @throws TimeoutError when no time is left for one */
  async pause(attempt: number, cause: KafkaError, atLeastMs = 0): Promise<void> {
    const waitMs = Math.max(this.cluster.backoffMs(attempt), atLeastMs);
    if (this.cluster.clock.monotonicMs() + waitMs >= this.deadlineMs) throw this.timeout(cause);
    try {
      await this.cluster.delay(waitMs, this.ending.signal);
    } catch (error) {
      this.throwIfEnded();
      throw error;
    }
  }

  /** What was thrown, as an error of the client; anything else is a fault of the program and goes on. */
  failure(error: unknown): KafkaError {
    this.throwIfEnded();
    if (error instanceof KafkaError) return error;
    throw error;
  }

  /** The broker's address; asks for the brokers when this one is not among those known. */
  async node(nodeId: number): Promise<BrokerNode> {
    const isKnown = this.cluster.metadata.brokers.has(nodeId);
    const { brokers } = isKnown ? this.cluster.metadata : await this.cluster.refreshMetadata(this.requestOptions);
    return brokers.get(nodeId) ?? { nodeId, host: "", port: -1, rack: null };
  }

  /** One error per call: items that run out of time share it. */
  private timeout(cause: KafkaError): TimeoutError {
    const message = `${this.what} was not done within ${this.timeoutMs} ms; the last attempt failed with ${cause.code}`;
    this.timedOut ??= new TimeoutError(message, { cause });
    return this.timedOut;
  }

  private get requestOptions(): { lane: string; timeoutMs: number; signal: AbortSignal } {
    return { lane: this.lane, timeoutMs: this.requestTimeoutMs, signal: this.ending.signal };
  }
}

/** @throws BrokerError unless the code is NONE */
export function throwOnError(errorCode: number, message: string | null = null, context: ErrorContext = {}): void {
  if (errorCode !== errorCodes.NONE) throw brokerError(errorCode, message, context);
}

/** For changes that are not made twice: of all codes, only this one is a reason to send the request again. */
export function throwIfNotController(errorCode: number): void {
  if (errorCode === errorCodes.NOT_CONTROLLER) throwOnError(errorCode);
}

/** For request bodies: what was asked for cannot be said in the version that both sides know. @throws BrokerError UNSUPPORTED_VERSION */
export function needsVersion(
  api: Api<unknown, unknown, never, never>,
  version: number,
  least: number,
  what: string,
): void {
  if (version >= least) return;
  const message = `${what} needs ${api.name} version ${least}; the broker has version ${version}`;
  throw new BrokerError(errorCodes.UNSUPPORTED_VERSION, message, {
    code: "UNSUPPORTED_VERSION",
    context: { api: api.name },
  });
}

/** The broker's answer lacks what it has to contain. */
export function incompleteAnswer(api: string, item: string | number): KafkaError {
  return new KafkaError(`the ${api} response says nothing of ${item}`, {
    code: "UNKNOWN_SERVER_ERROR",
    context: { api },
  });
}
