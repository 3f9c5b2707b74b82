// From a frame to an answered frame: reads the header, finds the handler, decodes, calls, encodes.
// Malformed input closes the connection with a log line; a handler that throws is a bug of ours and closes it too,
// but never ends the process. A request is answered at most once.

import { ByteReader, ByteWriter, DecodeError } from "@ottla/base";
import type { FramePart, StreamedPart } from "@ottla/base";
import type { Connection, NetRequest } from "@ottla/net";
import { apiKeyEntry, decodeRequestHeader, encodeResponseHeader } from "@ottla/protocol";
import type { RequestHeader } from "@ottla/protocol";
import type { Broker } from "./broker.ts";
import { closeConnection, noResponse } from "./handler.ts";
import type { AnyHandler, RequestContext } from "./handler.ts";
import { API_VERSIONS_KEY, unsupportedApiVersions } from "./handlers/18-api-versions.ts";
import { handlersByKey } from "./handlers/index.ts";
import { EncodedAnswer } from "./interceptor.ts";
import type { RequestInterceptor } from "./interceptor.ts";

/**
 * The most that an answer may have besides records. A small request may ask for the same thing a million times over, such as an offset with
 * 4 KB of metadata; no client takes such an answer, and the memory for it would end the process.
 */
const LARGEST_ANSWER_BYTES = 256 * 1024 * 1024;

/**
 * The most elements that the arrays of one request may have together. Kafka has no such limit, and a heap that a frame of a hundred million elements
 * fills; as many partitions as all fetch sessions remember together are far more than a client of one node asks about.
 */
const REQUEST_ELEMENTS_MAX = 250_000;

/** What the broker keeps with a connection. */
interface ConnectionState {
  gone: (() => void) | null;
}

/** Serves one request. Returns at once; the answer may come later. */
export function dispatch(broker: Broker, request: NetRequest): void {
  const reader = new ByteReader(request.frame);
  reader.elementsLeft = REQUEST_ELEMENTS_MAX;
  let header: RequestHeader;
  try {
    header = decodeRequestHeader(reader);
  } catch (error) {
    refuse(broker, request, error, "the request header cannot be read");
    return;
  }
  const handler = handlersByKey.get(header.apiKey);
  const version = header.apiVersion;
  if (handler === undefined || !isServed(header.apiKey, version)) {
    if (header.apiKey === API_VERSIONS_KEY) answerUnsupported(request, header);
    else request.fail(`api key ${header.apiKey} version ${version} is not supported`);
    return;
  }
  broker.counters.countRequest(header.apiKey);
  serve(broker, request, { handler, header, reader });
}

/** Tells whatever waits on behalf of this connection that its client is gone. */
export function connectionClosed(connection: Connection): void {
  const state = connection.attachment as ConnectionState | null;
  if (state === null) return;
  const { gone } = state;
  state.gone = null;
  gone?.();
}

function isServed(apiKey: number, version: number): boolean {
  const versions = apiKeyEntry(apiKey)?.versions;
  return versions !== undefined && version >= versions.from && version <= versions.to;
}

interface Work {
  handler: AnyHandler;
  header: RequestHeader;
  reader: ByteReader;
}

function serve(broker: Broker, request: NetRequest, work: Work): void {
  const { handler, header, reader } = work;
  let reply: unknown;
  try {
    const decoded: unknown = handler.api.request.decode(reader, header.apiVersion);
    const context = contextOf(broker, request.connection, header);
    reply =
      broker.interceptor === null
        ? handler.handle(decoded, context)
        : intercepted(broker.interceptor, work, decoded, context);
  } catch (error) {
    refuse(broker, request, error, `${handler.api.name} version ${header.apiVersion} failed`);
    return;
  }
  if (!(reply instanceof Promise)) {
    answer(broker, request, work, reply);
    return;
  }
  reply
    .then(
      (late: unknown) => answer(broker, request, work, late),
      (error: unknown) => refuse(broker, request, error, `${handler.api.name} version ${header.apiVersion} failed`),
    )
    .catch((error: unknown) => {
      // The answer could not be handed over, for example because it is larger than a frame can be. What the client sent must not end the process.
      broker.logger.error({ error, client: request.connection.remoteAddress }, "an answer could not be sent");
      request.connection.destroy();
    });
}

function intercepted(interceptor: RequestInterceptor, work: Work, request: unknown, context: RequestContext): unknown {
  const { handler, header } = work;
  return interceptor.intercept({
    api: handler.api,
    ...header,
    connection: context.connection,
    request,
    handle: (given) => handler.handle(given, context),
    encode: (reply) => encoded(work, reply),
  });
}

function answer(broker: Broker, request: NetRequest, work: Work, reply: unknown): void {
  const { handler } = work;
  if (reply === noResponse) {
    request.respond(null);
    return;
  }
  if (reply === closeConnection) {
    request.fail(`${handler.api.name} with acks=0 failed`);
    return;
  }
  if (reply instanceof EncodedAnswer) {
    request.respond(reply.parts);
    return;
  }
  let parts: FramePart[];
  try {
    parts = encoded(work, reply);
  } catch (error) {
    refuse(broker, request, error, `the ${handler.api.name} response cannot be encoded`);
    return;
  }
  request.respond(parts);
}

// What cannot be encoded is given back.
function encoded({ handler, header }: Work, reply: unknown): FramePart[] {
  const writer = new ByteWriter(256, LARGEST_ANSWER_BYTES);
  try {
    encodeResponseHeader(writer, header.apiKey, header.apiVersion, header.correlationId);
    handler.api.response.encode(writer, header.apiVersion, reply);
  } catch (error) {
    // Empty ones the writer releases at once.
    for (const part of streamedPartsOf(reply)) if (part.length > 0) part.release();
    throw error;
  }
  return writer.finish();
}

/** All streamed parts of a reply, those that the encoder did not come to as well. */
function streamedPartsOf(reply: unknown, found = new Set<StreamedPart>()): Set<StreamedPart> {
  if (typeof reply !== "object" || reply === null || Buffer.isBuffer(reply)) return found;
  if (isStreamedPart(reply)) return found.add(reply);
  for (const value of Object.values(reply)) streamedPartsOf(value, found);
  return found;
}

function isStreamedPart(value: object): value is StreamedPart {
  return "release" in value && typeof value.release === "function" && "read" in value;
}

// KIP-511: a broker answers an ApiVersions version that it does not know in version 0, with the versions it does know.
function answerUnsupported(request: NetRequest, header: RequestHeader): void {
  const writer = new ByteWriter(64);
  encodeResponseHeader(writer, API_VERSIONS_KEY, 0, header.correlationId);
  handlersByKey.get(API_VERSIONS_KEY)!.api.response.encode(writer, 0, unsupportedApiVersions());
  request.respond(writer.finish());
}

function contextOf(broker: Broker, connection: Connection, header: RequestHeader): RequestContext {
  return {
    broker,
    connection,
    apiVersion: header.apiVersion,
    clientId: header.clientId,
    onGone(action) {
      const state = (connection.attachment ??= { gone: null } satisfies ConnectionState) as ConnectionState;
      state.gone = action;
    },
  };
}

function refuse(broker: Broker, request: NetRequest, error: unknown, sentence: string): void {
  if (!(error instanceof DecodeError)) {
    broker.logger.error({ error, client: request.connection.remoteAddress }, sentence);
  }
  request.fail(`${sentence}: ${error instanceof Error ? error.message : String(error)}`);
}
