// One connection to a broker: requests out, answers in, in the order of the requests; correlation ids, timeouts, what is held back.
// A request that times out closes the connection: nothing behind it could be told apart from its late answer.
// Not here: finding out versions and authenticating (handshake.ts), and which broker to connect to, and when (broker-pool.ts).

import { assert, ByteReader, ByteWriter, DecodeError, writeInt32 } from "@ottla/base";
import type { Clock, Timer } from "@ottla/base";
import { decodeResponseHeader, encodeRequestHeader, errorCodes } from "@ottla/protocol";
import type { Api } from "@ottla/protocol";
import { connectionClosed, connectionOpened, requestAnswered, requestSent } from "../diagnostics.ts";
import type { ConnectionMessage, RequestMessage } from "../diagnostics.ts";
import { AbortedError, brokerError, ConnectionError, KafkaError, TimeoutError } from "../errors.ts";
import type { ErrorContext } from "../errors.ts";
import type { ResolvedClientOptions } from "../options.ts";
import { answeredApiVersionsVersion, commonVersion } from "./api-versions.ts";
import type { BrokerVersions } from "./api-versions.ts";
import type { AnyApi, RequestBody, RequestOptions } from "./cluster.ts";
import type { ConnectionMeter } from "./connection-metrics.ts";
import { Transport } from "./transport.ts";

/** Requests of one connection that wait for their answers, or to be sent. Whoever has more has lost count. */
const MAX_PENDING_REQUESTS = 100_000;
const LAST_CORRELATION_ID = 0x7fff_ffff;
const API_VERSIONS_KEY = 18;
const SIZE_BYTES = 4;

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
  readonly meter: ConnectionMeter;
  /** Called once, after every pending request was rejected. */
  readonly onEnd: (connection: Connection, error: KafkaError) => void;
}

type SendableApi<Response, RequestInput> = Api<unknown, Response, RequestInput, never>;

interface PendingRequest {
  readonly api: SendableApi<unknown, unknown>;
  readonly body: unknown;
  readonly options: RequestOptions;
  readonly deadlineMs: number;
  version: number;
  correlationId: number;
  sentAtMs: number;
  requestBytes: number;
  /** The caller has had its answer, such as an AbortedError; the broker's is passed over when it comes. */
  settled: boolean;
  resolve(response: unknown): void;
  reject(error: unknown): void;
  forgetSignal(): void;
}

export class Connection {
  readonly place: ConnectionPlace;
  readonly address: string;
  /** What the broker knows; set by the handshake. */
  versions: BrokerVersions = [];
  /** An answer came after the handshake: the broker works. */
  hasAnswered = false;
  /** Asked before each request whether something has to happen first, such as authenticating anew. True: requests are held. */
  beforeRequest: ((nowMs: number) => void) | null = null;
  private readonly settings: ConnectionSettings;
  private readonly transport: Transport;
  private readonly opening = Promise.withResolvers<void>();
  private readonly sent: PendingRequest[] = [];
  private readonly waiting: PendingRequest[] = [];
  private holds = 0;
  private correlationId = 0;
  private movedAtMs: number;
  private timer: Timer | null = null;
  private timerDueMs = Infinity;
  private throttle: Timer | null = null;
  private endedWith: KafkaError | null = null;
  private isOpen = false;

  constructor(place: ConnectionPlace, settings: ConnectionSettings) {
    this.place = place;
    this.settings = settings;
    this.address = `${place.host}:${place.port}`;
    const { tls, maxResponseBytes, connectTimeoutMs } = settings.options;
    this.movedAtMs = settings.clock.monotonicMs();
    this.opening.promise.catch(() => {});
    this.transport = new Transport({
      host: place.host,
      port: place.port,
      tls,
      maxFrameBytes: maxResponseBytes,
      onOpen: () => this.opened(),
      onFrame: (frame) => this.answer(frame),
      onEnd: (cause) => this.end(this.errorOf(cause)),
    });
    this.watch(this.movedAtMs + connectTimeoutMs);
  }

  /** Resolves when the socket is connected and, with TLS, secured. */
  whenOpen(): Promise<void> {
    return this.opening.promise;
  }

  get hasEnded(): boolean {
    return this.endedWith !== null;
  }

  /** Requests that are not answered yet. */
  get pendingCount(): number {
    return this.sent.length + this.waiting.length;
  }

  /** The highest version that both sides know, or -1. */
  versionOf(api: AnyApi, maxVersion?: number): number {
    return commonVersion(this.versions, api, maxVersion);
  }

  /** One request in a version that both sides know, once nothing holds requests back. */
  send<Response, RequestInput>(
    api: SendableApi<Response, RequestInput>,
    body: RequestBody<NoInfer<RequestInput>>,
    options: RequestOptions,
  ): Promise<Response> {
    this.beforeRequest?.(this.settings.clock.monotonicMs());
    return new Promise((resolve, reject) => {
      const version = commonVersion(this.versions, api, options.maxVersion);
      if (version < 0) reject(this.unsupported(api));
      else this.accept(api, { version, body, options, resolve, reject }, this.holds > 0);
    });
  }

  /** One request of the handshake: in exactly this version, and past whatever is held. */
  exchange<Response, RequestInput>(
    api: SendableApi<Response, RequestInput>,
    version: number,
    body: NoInfer<RequestInput>,
    timeoutMs: number,
  ): Promise<Response> {
    return new Promise((resolve, reject) =>
      this.accept(api, { version, body, options: { timeoutMs }, resolve, reject }, false),
    );
  }

  /** Requests from now on wait until `release`. */
  hold(): void {
    this.holds++;
  }

  release(): void {
    this.holds--;
    assert(this.holds >= 0, "what is released was held");
    while (this.holds === 0 && this.waiting.length > 0) {
      const request = this.waiting.shift()!;
      if (!request.settled) this.transmit(request);
    }
  }

  /** Rejects what is pending and closes the socket; resolves when it is gone. */
  close(error: KafkaError): Promise<void> {
    this.end(error);
    return this.transport.close();
  }

  context(api?: string): ErrorContext {
    const base = { nodeId: this.place.nodeId, address: this.address };
    return api === undefined ? base : { ...base, api };
  }

  private accept<Response>(
    api: SendableApi<Response, never>,
    request: {
      version: number;
      body: unknown;
      options: RequestOptions;
      resolve(response: Response): void;
      reject(error: unknown): void;
    },
    isHeld: boolean,
  ): void {
    const { options, reject } = request;
    if (this.endedWith !== null) return reject(this.endedError(api.name));
    if (options.signal?.aborted === true) return reject(new AbortedError(options.signal));
    if (this.pendingCount >= MAX_PENDING_REQUESTS) {
      return reject(
        new ConnectionError("too many requests wait for their answers", { context: this.context(api.name) }),
      );
    }
    const nowMs = this.settings.clock.monotonicMs();
    const pending: PendingRequest = {
      api: api as SendableApi<unknown, unknown>,
      body: request.body,
      options,
      deadlineMs: nowMs + (options.timeoutMs ?? this.settings.options.requestTimeoutMs),
      version: request.version,
      correlationId: -1,
      sentAtMs: nowMs,
      requestBytes: 0,
      settled: false,
      resolve: request.resolve as (response: unknown) => void,
      reject,
      forgetSignal: nothing,
    };
    if (options.signal !== undefined) listen(pending, options.signal);
    if (pending.deadlineMs < this.timerDueMs) this.watch(pending.deadlineMs);
    if (isHeld) this.waiting.push(pending);
    else this.transmit(pending);
  }

  private transmit(request: PendingRequest): void {
    const { api, version, body, options } = request;
    const writer = new ByteWriter();
    const correlationId = this.correlationId;
    try {
      writer.int32(0);
      encodeRequestHeader(writer, {
        apiKey: api.key,
        apiVersion: version,
        correlationId,
        clientId: this.settings.options.clientId,
      });
      const fields = typeof body === "function" ? (body as (version: number) => unknown)(version) : body;
      api.request.encode(writer, version, fields);
    } catch (error) {
      settle(request, () => request.reject(error));
      return;
    }
    const size = writer.size();
    const parts = writer.finish() as Buffer[];
    writeInt32(parts[0]!, 0, size - SIZE_BYTES);
    this.correlationId = correlationId === LAST_CORRELATION_ID ? 0 : correlationId + 1;
    request.correlationId = correlationId;
    request.requestBytes = size;
    request.sentAtMs = this.settings.clock.monotonicMs();
    this.movedAtMs = request.sentAtMs;
    this.settings.meter.sent(size);
    if (requestSent.hasSubscribers) requestSent.publish(this.requestMessage(request));
    if (options.noResponse === true) {
      this.transport.write(parts, () => settle(request, () => request.resolve(undefined)));
      return;
    }
    this.sent.push(request);
    this.transport.write(parts);
  }

  private answer(frame: Buffer): void {
    const request = this.sent.shift();
    const nowMs = this.settings.clock.monotonicMs();
    this.movedAtMs = nowMs;
    if (request === undefined) return this.breakOff("an answer came to no request");
    this.settings.meter.answered(frame.length + SIZE_BYTES, nowMs - request.sentAtMs);
    try {
      const response = this.decode(frame, request);
      if (requestAnswered.hasSubscribers) {
        const message = this.requestMessage(request);
        requestAnswered.publish({ ...message, latencyMs: nowMs - request.sentAtMs, responseBytes: frame.length });
      }
      this.hasAnswered = true;
      this.obeyThrottle(response);
      settle(request, () => request.resolve(response));
    } catch (error) {
      const context = this.context(request.api.name);
      const message = `${request.api.name}'s answer cannot be read: ${error instanceof Error ? error.message : String(error)}`;
      settle(request, () =>
        request.reject(new KafkaError(message, { code: "INVALID_RESPONSE", context, cause: error })),
      );
      this.breakOff(message, error);
    }
  }

  private decode(frame: Buffer, request: PendingRequest): unknown {
    const { api, correlationId } = request;
    const reader = new ByteReader(frame);
    const answered = decodeResponseHeader(reader, api.key, request.version);
    if (answered !== correlationId) throw new DecodeError(`it answers request ${answered}, not ${correlationId}`);
    const version =
      api.key === API_VERSIONS_KEY ? answeredApiVersionsVersion(reader, request.version) : request.version;
    return api.response.decode(reader, version);
  }

  // KIP-219: the broker answers at once and tells how long it will not listen; what is sent before would time out for nothing.
  private obeyThrottle(response: unknown): void {
    const { throttleTimeMs } = response as { throttleTimeMs?: number };
    if (throttleTimeMs === undefined || throttleTimeMs <= 0 || this.throttle !== null) return;
    this.settings.meter.throttled(throttleTimeMs);
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
    const delayMs = Math.max(0, Math.ceil(dueMs - this.settings.clock.monotonicMs()));
    this.timer = this.settings.clock.schedule(delayMs, () => this.check());
  }

  private check(): void {
    this.timer = null;
    const nowMs = this.settings.clock.monotonicMs();
    const { connectionsMaxIdleMs, connectTimeoutMs } = this.settings.options;
    if (!this.isOpen && nowMs - this.movedAtMs >= connectTimeoutMs)
      return this.breakOff(`no connection within ${connectTimeoutMs} ms`);
    let nextMs = this.isOpen ? Infinity : this.movedAtMs + connectTimeoutMs;
    const overdue: PendingRequest[] = [];
    for (const request of [...this.sent, ...this.waiting]) {
      if (request.deadlineMs <= nowMs) overdue.push(request);
      else nextMs = Math.min(nextMs, request.deadlineMs);
    }
    if (overdue.length > 0) return this.timeOut(overdue);
    if (this.pendingCount === 0 && this.isOpen) {
      nextMs = this.movedAtMs + connectionsMaxIdleMs;
      if (nextMs <= nowMs) return this.end(new ConnectionError("idle for too long", { context: this.context() }));
    }
    this.watch(nextMs);
  }

  private timeOut(overdue: readonly PendingRequest[]): void {
    for (const request of overdue) {
      const context = this.context(request.api.name);
      const error = new TimeoutError(`${this.address} did not answer ${request.api.name} in time`, { context });
      settle(request, () => request.reject(error));
    }
    this.breakOff(`${overdue[0]!.api.name} was not answered in time`);
  }

  private opened(): void {
    this.isOpen = true;
    this.movedAtMs = this.settings.clock.monotonicMs();
    this.settings.meter.opened();
    if (connectionOpened.hasSubscribers) connectionOpened.publish(this.message());
    this.opening.resolve();
  }

  private breakOff(reason: string, cause?: unknown): void {
    this.end(new ConnectionError(`connection to ${this.address}: ${reason}`, { context: this.context(), cause }));
  }

  private errorOf(cause: Error | null): KafkaError {
    const reason = cause === null ? "the broker closed it" : cause.message || cause.name;
    const message = this.isOpen
      ? `connection to ${this.address}: ${reason}`
      : `cannot connect to ${this.address}: ${reason}`;
    return new ConnectionError(message, { context: this.context(), ...(cause === null ? {} : { cause }) });
  }

  private end(error: KafkaError): void {
    if (this.endedWith !== null) return;
    this.endedWith = error;
    this.timer?.cancel();
    this.throttle?.cancel();
    void this.transport.close();
    this.settings.meter.closed(this.isOpen);
    if (connectionClosed.hasSubscribers && this.isOpen) connectionClosed.publish({ ...this.message(), error });
    for (const request of [...this.sent.splice(0), ...this.waiting.splice(0)])
      settle(request, () => request.reject(this.endedError(request.api.name)));
    this.opening.reject(error);
    this.settings.onEnd(this, error);
  }

  private endedError(api: string): KafkaError {
    const error = this.endedWith!;
    if (error.code !== "CONNECTION") return error;
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

function nothing(): void {}

function settle(request: PendingRequest, action: () => void): void {
  if (request.settled) return;
  request.settled = true;
  request.forgetSignal();
  action();
}

function listen(request: PendingRequest, signal: AbortSignal): void {
  const onAbort = (): void => settle(request, () => request.reject(new AbortedError(signal)));
  signal.addEventListener("abort", onAbort, { once: true });
  request.forgetSignal = () => signal.removeEventListener("abort", onAbort);
}
