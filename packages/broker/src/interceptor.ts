// The one place where something may stand between the network and the handlers: how the test kit sees requests and breaks answers on purpose.
// A node has none unless startNode is given one; then every request that has a handler goes through `intercept`, and what that
// gives back is the answer. The frame under a request stays valid until it is answered.

import type { FramePart } from "@ottla/base";
import type { Connection } from "@ottla/net";
import type { RequestHeader } from "@ottla/protocol";
import type { AnyHandler } from "./handler.ts";

export interface RequestInterceptor {
  /**
   * Called for each request in the order in which its connection sent them; requests that may overlap (Produce) are handed over one after another
   * too. A handler that is not called before this returns may see them in another order than the client sent them.
   * @returns what a handler would: an answer that the API's codec takes, `noResponse`, `closeConnection`, or a promise of it; or an EncodedAnswer.
   * What it throws closes the connection with a log line.
   */
  intercept(request: InterceptedRequest): unknown;
  /** A connection is gone; nothing that is still to be answered on it reaches anyone. */
  connectionClosed?(connection: Connection): void;
}

export interface InterceptedRequest extends RequestHeader {
  readonly api: AnyHandler["api"];
  readonly connection: Connection;
  /** Decoded, in the version of the header. */
  readonly request: unknown;
  /** Has the API's handler answer `request`, which may be another than the one that came. To be called once at most. */
  handle(request: unknown): unknown;
  /** The bytes of an answer without its size. Whoever asks for them owns the streamed parts among them, or passes them on as an EncodedAnswer. */
  encode(answer: unknown): FramePart[];
}

/** An answer whose bytes are chosen by the interceptor: header and body, without the size. */
export class EncodedAnswer {
  readonly parts: FramePart[];

  constructor(parts: FramePart[]) {
    this.parts = parts;
  }
}
