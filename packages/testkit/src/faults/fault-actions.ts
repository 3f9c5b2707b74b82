// Does to a request what a fault says. The broker's handler runs at once or not at all, never later: Produce requests of one connection overlap,
// and one that came to its handler late would have been overtaken, which no connection to a broker does.

import { closeConnection, EncodedAnswer, noResponse } from "@ottla/broker";
import type { Clock } from "@ottla/base";
import { buildErrorAnswer } from "../error-answers/index.ts";
import type { OpenConnections } from "../open-connections.ts";
import type { RequestLookup, SeenRequest } from "../seen-request.ts";
import { bytesOf, CutAnswer } from "./answer-bytes.ts";
import type { Fault } from "./fault.ts";
import { isOfSession, refuseFetch } from "./fetch-answers.ts";
import { takeApart } from "./request-topics.ts";

export interface FaultSurroundings {
  readonly clock: () => Clock;
  readonly connections: OpenConnections;
  readonly lookup: RequestLookup;
}

const PRODUCE_KEY = 0;
const FETCH_KEY = 1;
const METADATA_KEY = 3;

/** The answer to a request that a fault hits. */
export function actOut(fault: Fault, seen: SeenRequest, surroundings: FaultSurroundings): unknown {
  const { action } = fault;
  const { call } = seen;
  if (action.drop !== undefined) {
    call.connection.destroy();
    return noResponse;
  }
  if (action.hang === true) return surroundings.connections.hang(call.connection, fault);
  const reply = action.error === undefined ? call.handle(call.request) : refuse(fault, seen, surroundings);
  return whenAnswered(reply, (answer) => spoil(fault, seen, answer, surroundings));
}

/** Goes on with a reply at once when it is there, and as soon as it is otherwise. */
export function whenAnswered(reply: unknown, proceed: (answer: unknown) => unknown): unknown {
  return reply instanceof Promise ? reply.then((answer: unknown) => proceed(answer)) : proceed(reply);
}

export function isAnswer(reply: unknown): reply is object {
  return typeof reply === "object" && reply !== null;
}

function refuse(fault: Fault, seen: SeenRequest, { lookup }: FaultSurroundings): unknown {
  const { call } = seen;
  const error = fault.action.error!;
  if (call.apiKey === PRODUCE_KEY && (call.request as { acks: number }).acks === 0) {
    call.connection.destroy();
    return noResponse;
  }
  if (call.apiKey === FETCH_KEY && !isOfSession(error)) return refuseFetch(fault, seen, lookup);
  if (!fault.isForPartitions) return buildErrorAnswer(call, error);
  const halves = takeApart(
    call.apiKey,
    call.request,
    (id) => lookup.topicName(id),
    (each) => fault.isChosen(each),
  );
  if (halves === null) return buildErrorAnswer(call, error);
  const refused = buildErrorAnswer({ ...call, request: halves.chosen }, error);
  // What Metadata says besides of the cluster stays true.
  if (!halves.hasOthers && call.apiKey !== METADATA_KEY) return refused;
  return whenAnswered(call.handle(halves.others), (answer) =>
    isAnswer(answer) ? halves.join(refused, answer) : answer,
  );
}

/** Slows down and cuts off the answer as the fault says. */
export function spoil(fault: Fault, seen: SeenRequest, reply: unknown, surroundings: FaultSurroundings): unknown {
  const { delayMs, throttleMs } = fault.action;
  const answer = throttleMs === undefined ? reply : throttled(seen, reply, throttleMs);
  if (delayMs === undefined) return end(fault, seen, answer, surroundings);
  return new Promise((resolve) => {
    surroundings.connections.delay(surroundings.clock(), delayMs, () =>
      resolve(end(fault, seen, answer, surroundings)),
    );
  });
}

function throttled(seen: SeenRequest, reply: unknown, throttleTimeMs: number): unknown {
  const hasField = "throttleTimeMs" in seen.call.api.response.schema.fields;
  return isAnswer(reply) && hasField ? { ...reply, throttleTimeMs } : reply;
}

function end(fault: Fault, seen: SeenRequest, reply: unknown, { connections }: FaultSurroundings): unknown {
  const { call } = seen;
  if (fault.action.loseAnswer === true) {
    call.connection.destroy();
    return reply === closeConnection ? noResponse : reply;
  }
  const { cutFrame } = fault.action;
  if (cutFrame === undefined || !isAnswer(reply)) return reply;
  return whenAnswered(
    bytesOf(call.encode(reply)),
    (bytes) => new EncodedAnswer([new CutAnswer(bytes as Buffer, cutFrame, call.connection, connections)]),
  );
}
