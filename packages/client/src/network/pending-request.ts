// A request between the call and its end: its bytes, its deadline, and whom to tell. Told once: whoever comes second,
// be it the answer, the deadline, the caller's signal or the end of the connection, is passed over.

import { ByteWriter, writeInt32 } from "@ottla/base";
import { encodeRequestHeader } from "@ottla/protocol";
import type { Api } from "@ottla/protocol";
import { AbortedError } from "../errors.ts";
import type { RequestOptions } from "./cluster.ts";

const SIZE_BYTES = 4;

/** An API as a request sees it: what it takes, what it gives. */
export type SendableApi<Response, RequestInput> = Api<unknown, Response, RequestInput, never>;

export interface RequestParts {
  readonly api: SendableApi<unknown, never>;
  /** The fields, or what makes them for a version. */
  readonly body: unknown;
  readonly options: RequestOptions;
  /** On the monotonic clock. */
  readonly deadlineMs: number;
  readonly resolve: (response: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export class PendingRequest {
  readonly api: SendableApi<unknown, never>;
  readonly options: RequestOptions;
  readonly deadlineMs: number;
  version = -1;
  correlationId = -1;
  sentAtMs = 0;
  requestBytes = 0;
  settled = false;
  private readonly parts: RequestParts;
  private onAbort: (() => void) | null = null;

  constructor(parts: RequestParts) {
    this.parts = parts;
    this.api = parts.api;
    this.options = parts.options;
    this.deadlineMs = parts.deadlineMs;
    const { signal } = parts.options;
    if (signal === undefined) return;
    this.onAbort = () => this.reject(new AbortedError(signal));
    signal.addEventListener("abort", this.onAbort, { once: true });
  }

  /** The frame in parts. Those that the body brought along belong to the caller. @throws AssertionError when the body does not fit the version */
  encode(version: number, correlationId: number, clientId: string): Buffer[] {
    const { api } = this;
    const { body } = this.parts;
    const writer = new ByteWriter();
    writer.int32(0);
    encodeRequestHeader(writer, { apiKey: api.key, apiVersion: version, correlationId, clientId });
    const fields = typeof body === "function" ? (body as (version: number) => unknown)(version) : body;
    api.request.encode(writer, version, fields as never);
    this.version = version;
    this.correlationId = correlationId;
    this.requestBytes = writer.size();
    const parts = writer.finish() as Buffer[];
    writeInt32(parts[0]!, 0, this.requestBytes - SIZE_BYTES);
    return parts;
  }

  resolve(response: unknown): void {
    if (this.settled) return;
    this.settle();
    this.parts.resolve(response);
  }

  reject(error: unknown): void {
    if (this.settled) return;
    this.settle();
    this.parts.reject(error);
  }

  private settle(): void {
    this.settled = true;
    if (this.onAbort === null) return;
    this.options.signal?.removeEventListener("abort", this.onAbort);
    this.onAbort = null;
  }
}
