// One connection to a broker: requests out, answers in, in the order of the requests; correlation ids, timeouts, what is held back.
// It takes requests from the first moment on and sends them, in their order, once it is ready.
// A request that times out closes the connection: nothing behind it could be told apart from its late answer.
// Not here: finding out versions and authenticating (handshake.ts), and which broker to connect to, and when (broker-pool.ts).

import { assert, ByteReader, DecodeError } from "@ottla/base";
import type { Clock, Timer } from "@ottla/base";
import { decodeResponseHeader, errorCodes } from "@ottla/protocol";
import { connectionClosed, connectionFailed, connectionOpened, requestAnswered, requestSent } from "../diagnostics.ts";
import type { ConnectionMessage, RequestMessage } from "../diagnostics.ts";
import { AbortedError, brokerError, ConnectionError, KafkaError, TimeoutError } from "../errors.ts";
import type { ErrorContext } from "../errors.ts";
import type { ResolvedClientOptions } from "../options.ts";
import { answeredVersion, commonVersion } from "./api-versions.ts";
import type { BrokerVersions } from "./api-versions.ts";
import type { AnyApi, RequestBody, RequestOptions } from "./cluster.ts";
import type { ConnectionMeter } from "./connection-metrics.ts";
import { PendingRequest } from "./pending-request.ts";
import type { SendableApi } from "./pending-request.ts";
import { RequestLine } from "./request-line.ts";
import { connectionFailure } from "./tls-failure.ts";
import { Transport } from "./transport.ts";

const LAST_CORRELATION_ID = 0x7fff_ffff;
const SIZE_BYTES = 4;

type ConnectionState = "new" | "connecting" | "handshake" | "ready" | "ended";

// new: no socket yet, perhaps because of the reconnect backoff. connecting: the socket is. handshake: only `exchange` may send.
// ready: requests go out, unless something holds them. ended: everything was rejected.
const LEGAL: Readonly<Record<ConnectionState, readonly ConnectionState[]>> = {
  new: ["connecting", "ended"],
  connecting: ["handshake", "ended"],
  handshake: ["ready", "ended"],
  ready: ["ended"],
  ended: [],
};

export interface ConnectionPlace {
  /** Negative for a bootstrap server. */
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly lane: string;
}

export interface ConnectionSettings {
  readonly options: ResolvedClientOptions;
  readonly clock: Clock;
  readonly connectTimeoutMs: number;
  /** Called once, after every pending request was rejected. */
  readonly onEnd: (error: KafkaError) => void;
}

export class Connection {
  readonly place: ConnectionPlace;
  readonly address: string;
  meter: ConnectionMeter;
  /** What the broker knows; set by the handshake. */
  versions: BrokerVersions = [];
  /** Asked before each request; it may hold requests, as authenticating anew does. */
  beforeRequest: (() => void) | null = null;
  /** A request behind the handshake was answered: the broker works. */
  hasServed = false;
  private readonly settings: ConnectionSettings;
  private readonly opening = Promise.withResolvers<void>();
  private readonly becomingReady = Promise.withResolvers<Connection>();
  private state: ConnectionState = "new";
  private transport: Transport | null = null;
  private readonly requests = new RequestLine();
  /** What keeps requests waiting; the handshake is the first. */
  private holds = 1;
  private correlationId = 0;
  private movedAtMs = 0;
  private timer: Timer | null = null;
  private timerDueMs = Infinity;
  private throttle: Timer | null = null;
  private endedWith: KafkaError | null = null;
  private isRetired = false;

  constructor(place: ConnectionPlace, meter: ConnectionMeter, settings: ConnectionSettings) {
    this.place = place;
    this.meter = meter;
    this.settings = settings;
    this.address = `${place.host}:${place.port}`;
    this.opening.promise.catch(() => {});
    this.becomingReady.promise.catch(() => {});
  }

  /** Connects. Resolves when the socket is connected and, with TLS, secured. @throws ConnectionError, AuthenticationError */
  open(): Promise<void> {
    if (this.endedWith !== null) return Promise.reject(this.endedWith);
    this.become("connecting");
    const { tls, maxResponseBytes } = this.settings.options;
    const { host, port } = this.place;
    this.transport = new Transport({
      host,
      port,
      tls,
      maxFrameBytes: maxResponseBytes,
      onOpen: () => this.opened(),
      onFrame: (frame) => this.answer(frame),
      onEnd: (cause) => this.end(connectionFailure(this.address, cause, this.context(), this.state === "connecting")),
    });
    this.movedAtMs = this.settings.clock.monotonicMs();
    this.watch(this.movedAtMs + this.settings.connectTimeoutMs);
    return this.opening.promise;
  }

  /** The handshake is done: what waits is sent. */
  becomeReady(): void {
    if (this.endedWith !== null) return;
    this.become("ready");
    this.movedAtMs = this.settings.clock.monotonicMs();
    this.watch(Math.min(this.timerDueMs, this.movedAtMs + this.settings.options.connectionsMaxIdleMs));
    this.becomingReady.resolve(this);
    this.release();
  }

  /** Resolves with itself. @throws what `open` or the handshake failed with */
  whenReady(): Promise<Connection> {
    return this.becomingReady.promise;
  }

  get isReady(): boolean {
    return this.state === "ready";
  }

  get hasEnded(): boolean {
    return this.state === "ended";
  }

  /** Requests that are not answered yet. */
  get pendingCount(): number {
    return this.requests.length;
  }

  /** The highest version that both sides know, or -1. Only once ready. */
  versionOf(api: AnyApi, maxVersion?: number): number {
    return commonVersion(this.versions, api, maxVersion);
  }

  /** One request in a version that both sides know, once nothing holds requests back. */
  send<Response, RequestInput>(
    api: SendableApi<Response, RequestInput>,
    body: RequestBody<NoInfer<RequestInput>>,
    options: RequestOptions,
  ): Promise<Response> {
    this.beforeRequest?.();
    return new Promise((resolve, reject) => {
      const request = this.accept(api, body, options, resolve as (response: unknown) => void, reject);
      if (request === null) return;
      if (this.holds > 0) this.requests.addWaiting(request);
      else this.transmit(request);
    });
  }

  /** One request of the handshake: in exactly this version, and past whatever is held. */
  exchange<Response, RequestInput>(
    api: SendableApi<Response, RequestInput>,
    version: number,
    body: NoInfer<RequestInput>,
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      const request = this.accept(api, body, {}, resolve as (response: unknown) => void, reject);
      if (request !== null) this.transmit(request, version);
    });
  }

  /** Requests from now on wait until `release`. */
  hold(): void {
    this.holds++;
  }

  release(): void {
    this.holds--;
    assert(this.holds >= 0, "what is released was held");
    while (this.holds === 0) {
      const request = this.requests.takeWaiting();
      if (request === undefined) return;
      if (!request.settled) this.transmit(request);
    }
  }

  /** Rejects what is pending and closes the socket; resolves when it is gone. */
  async close(error: KafkaError): Promise<void> {
    this.end(error);
    await this.transport?.close();
  }

  /** Closes as soon as nothing is pending. */
  retire(): void {
    this.isRetired = true;
    this.endIfRetired();
  }

  context(api?: string): ErrorContext {
    const base = { nodeId: this.place.nodeId, address: this.address };
    return api === undefined ? base : { ...base, api };
  }

  private accept(
    api: SendableApi<unknown, never>,
    body: unknown,
    options: RequestOptions,
    resolve: (response: unknown) => void,
    reject: (error: unknown) => void,
  ): PendingRequest | null {
    const { signal, timeoutMs = this.settings.options.requestTimeoutMs } = options;
    const refusal = this.refusal(api, signal);
    if (refusal !== null) {
      reject(refusal);
      return null;
    }
    const deadlineMs = this.settings.clock.monotonicMs() + timeoutMs;
    if (deadlineMs < this.timerDueMs) this.watch(deadlineMs);
    return new PendingRequest({ api, body, options, deadlineMs, resolve, reject });
  }

  private refusal(api: AnyApi, signal: AbortSignal | undefined): KafkaError | null {
    if (this.endedWith !== null) return this.endedError(api.name);
    if (signal?.aborted === true) return new AbortedError(signal);
    return this.requests.isFull ? this.failure(api.name, "too many requests are under way") : null;
  }

  private transmit(request: PendingRequest, exactVersion?: number): void {
    const { api, options } = request;
    const version = exactVersion ?? this.versionOf(api, options.maxVersion);
    if (version < 0) return request.reject(this.unsupported(api));
    let parts: Buffer[];
    try {
      parts = request.encode(version, this.correlationId, this.settings.options.clientId);
    } catch (error) {
      return request.reject(error);
    }
    this.correlationId = this.correlationId === LAST_CORRELATION_ID ? 0 : this.correlationId + 1;
    request.sentAtMs = this.settings.clock.monotonicMs();
    this.movedAtMs = request.sentAtMs;
    this.meter.sent(request.requestBytes, request.sentAtMs);
    if (requestSent.hasSubscribers) requestSent.publish(this.requestMessage(request));
    if (options.noResponse === true) {
      this.requests.addUnwritten(request);
      this.transport!.write(parts, (error) => this.written(request, error));
    } else {
      this.requests.addSent(request);
      this.transport!.write(parts);
    }
  }

  // Writes end in their order, so it is the first that was unwritten; unless the connection ended, and it is no longer there.
  private written(request: PendingRequest, error: Error | null): void {
    if (this.endedWith === null) this.requests.takeUnwritten();
    if (error === null) request.resolve(undefined);
    else request.reject(this.failure(request.api.name, "closed", error));
    this.endIfRetired();
  }

  private answer(frame: Buffer): void {
    const request = this.requests.takeSent();
    const nowMs = this.settings.clock.monotonicMs();
    this.movedAtMs = nowMs;
    if (request === undefined) return this.end(this.failure(undefined, "an answer came to no request"));
    this.meter.answered(frame.length + SIZE_BYTES, nowMs - request.sentAtMs, nowMs);
    let response: unknown;
    try {
      response = decodeAnswer(frame, request);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const context = this.context(request.api.name);
      const message = `${this.address}: ${request.api.name}'s answer cannot be read: ${reason}`;
      request.reject(new KafkaError(message, { code: "INVALID_RESPONSE", context, cause: error }));
      return this.end(new ConnectionError(message, { context, cause: error }));
    }
    if (requestAnswered.hasSubscribers) {
      const latencyMs = nowMs - request.sentAtMs;
      requestAnswered.publish({ ...this.requestMessage(request), latencyMs, responseBytes: frame.length + SIZE_BYTES });
    }
    this.hasServed = this.state === "ready";
    this.obeyThrottle(response);
    request.resolve(response);
    this.endIfRetired();
  }

  // KIP-219: the broker answers at once and tells how long it will not listen; what is sent before would time out for nothing.
  private obeyThrottle(response: unknown): void {
    const { throttleTimeMs } = response as { throttleTimeMs?: number };
    if (throttleTimeMs === undefined || throttleTimeMs <= 0 || this.throttle !== null) return;
    this.meter.throttled(throttleTimeMs);
    this.hold();
    this.throttle = this.settings.clock.schedule(throttleTimeMs, () => {
      this.throttle = null;
      this.release();
    });
  }

  /** Makes sure that `check` runs when this moment has come. */
  private watch(dueMs: number): void {
    this.timer?.cancel();
    this.timerDueMs = dueMs;
    this.timer = null;
    if (dueMs === Infinity || this.state === "ended") return;
    const delayMs = Math.max(0, Math.ceil(dueMs - this.settings.clock.monotonicMs()));
    this.timer = this.settings.clock.schedule(delayMs, () => this.check());
  }

  private check(): void {
    const nowMs = this.settings.clock.monotonicMs();
    for (const request of this.requests.takeLateWaiting(nowMs)) request.reject(this.timeout(request));
    const late = this.requests.lateSent(nowMs);
    for (const request of late) request.reject(this.timeout(request));
    const dueMs = this.dueMs();
    if (late.length > 0) this.end(this.failure(undefined, `${late[0]!.api.name} was not answered in time`));
    else if (dueMs <= nowMs)
      this.end(this.failure(undefined, this.isReady ? "idle for long" : "not connected in time"));
    else this.watch(Math.min(dueMs, this.requests.nextDeadlineMs()));
  }

  /** When connecting, or having nothing to do, will have lasted too long. */
  private dueMs(): number {
    const { connectionsMaxIdleMs } = this.settings.options;
    if (this.state === "connecting") return this.movedAtMs + this.settings.connectTimeoutMs;
    return this.isReady && this.requests.length === 0 ? this.movedAtMs + connectionsMaxIdleMs : Infinity;
  }

  private opened(): void {
    this.become("handshake");
    this.movedAtMs = this.settings.clock.monotonicMs();
    this.meter.opened();
    if (connectionOpened.hasSubscribers) connectionOpened.publish(this.message());
    this.opening.resolve();
  }

  private end(error: KafkaError): void {
    if (this.endedWith !== null) return;
    const wasOpen = this.state === "handshake" || this.state === "ready";
    const channel = wasOpen ? connectionClosed : connectionFailed;
    this.endedWith = error;
    this.become("ended");
    this.timer?.cancel();
    this.throttle?.cancel();
    void this.transport?.close();
    if (wasOpen) this.meter.closed();
    if (channel.hasSubscribers) channel.publish({ ...this.message(), error });
    for (const request of this.requests.takeAll()) request.reject(this.endedError(request.api.name));
    this.opening.reject(error);
    this.becomingReady.reject(error);
    this.settings.onEnd(error);
  }

  private endIfRetired(): void {
    if (this.isRetired && this.pendingCount === 0) this.end(this.failure(undefined, "no longer used"));
  }

  private become(next: ConnectionState): void {
    assert(LEGAL[this.state].includes(next), `a connection does not go from ${this.state} to ${next}`);
    this.state = next;
  }

  private failure(api: string | undefined, reason: string, cause?: unknown): ConnectionError {
    const options = { context: this.context(api), ...(cause === undefined ? {} : { cause }) };
    return new ConnectionError(`connection to ${this.address}: ${reason}`, options);
  }

  private timeout(request: PendingRequest): TimeoutError {
    const { name } = request.api;
    return new TimeoutError(`${this.address} did not answer ${name} in time`, { context: this.context(name) });
  }

  private endedError(api: string): KafkaError {
    const error = this.endedWith!;
    if (!(error instanceof ConnectionError)) return error;
    return new ConnectionError(error.message, { context: this.context(api), cause: error });
  }

  private unsupported(api: AnyApi): KafkaError {
    const message = `${this.address} does not serve a version of ${api.name} that this client knows`;
    return brokerError(errorCodes.UNSUPPORTED_VERSION, message, this.context(api.name));
  }

  private message(): ConnectionMessage {
    const { nodeId, lane } = this.place;
    return { clientId: this.settings.options.clientId, nodeId, address: this.address, lane };
  }

  private requestMessage(request: PendingRequest): RequestMessage {
    const { api, version, correlationId, requestBytes } = request;
    return { ...this.message(), api: api.name, apiVersion: version, correlationId, requestBytes };
  }
}

function decodeAnswer(frame: Buffer, { api, version, correlationId }: PendingRequest): unknown {
  const reader = new ByteReader(frame);
  const answered = decodeResponseHeader(reader, api.key, version);
  if (answered !== correlationId) throw new DecodeError(`it answers request ${answered}, not ${correlationId}`);
  return api.response.decode(reader, answeredVersion(api.key, version, reader));
}
