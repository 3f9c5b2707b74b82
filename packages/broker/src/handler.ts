// What a handler of one API key is: the schema it serves and one function from request to response.
// Everything that is known of a key besides (dispatch, ApiVersions, the reference page) is derived from the list of handlers.

import type { Connection } from "@ottla/net";
import type { Api } from "@ottla/protocol";
import type { Broker } from "./broker.ts";

/** What a handler may know of where a request came from. */
export interface RequestContext {
  readonly broker: Broker;
  readonly connection: Connection;
  readonly apiVersion: number;
  readonly clientId: string | null;
  /** Called when the client goes away before it was answered; at most one is kept. */
  onGone(action: (() => void) | null): void;
}

/** Answers nothing, as Produce with acks=0 wants. */
export const noResponse = Symbol("no response");
/** Closes the connection: the only way to tell an acks=0 producer that something went wrong. */
export const closeConnection = Symbol("close connection");

export type Reply<Response> = Response | typeof noResponse | typeof closeConnection;

export interface Handler<Request, Response> {
  /** `Response` is whatever the response codec accepts: the decoded shape, or one with defaults left out. */
  // oxlint-disable-next-line typescript/no-explicit-any -- handlers neither decode responses nor encode requests
  readonly api: Api<Request, any, any, Response>;
  /** True when requests may overlap on one connection and their frames come from the pool. Only Produce. */
  readonly bulk?: boolean;
  handle(request: Request, context: RequestContext): Reply<Response> | Promise<Reply<Response>>;
}

/** A handler whose types are forgotten, as the list of all handlers holds it. */
// oxlint-disable-next-line typescript/no-explicit-any -- the list mixes the types of all APIs; dispatch pairs each codec with its own handler
export type AnyHandler = Handler<any, any>;
