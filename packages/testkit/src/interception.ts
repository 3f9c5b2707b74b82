// Where every request of a test broker passes: it is written into the journal, faults have their way with it, and whoever waits for
// something is woken. A request that no fault wants goes straight to its handler, in the same turn and order.

import type { Broker, InterceptedRequest, RequestInterceptor } from "@ottla/broker";
import type { Connection } from "@ottla/net";
import type { Conditions } from "./conditions.ts";
import { buildErrorAnswer } from "./error-answers/index.ts";
import { actOut, isAnswer, spoil, whenAnswered } from "./faults/fault-actions.ts";
import type { FaultSurroundings } from "./faults/fault-actions.ts";
import type { Faults } from "./faults/faults.ts";
import type { Fault } from "./faults/fault.ts";
import type { Journal, JournalEntry } from "./journal.ts";
import type { MovedCoordinators } from "./moved-coordinators.ts";
import type { OpenConnections } from "./open-connections.ts";
import { SeenRequest } from "./seen-request.ts";
import type { RequestLookup } from "./seen-request.ts";

export interface InterceptionParts {
  readonly faults: Faults;
  readonly journal: Journal;
  readonly conditions: Conditions;
  readonly connections: OpenConnections;
  readonly moved: MovedCoordinators;
  /** The one that serves now. */
  broker(): Broker;
}

const FETCH_KEY = 1;

export class Interception implements RequestInterceptor {
  private readonly parts: InterceptionParts;
  private readonly surroundings: FaultSurroundings;

  constructor(parts: InterceptionParts) {
    this.parts = parts;
    const { connections } = parts;
    this.surroundings = { connections, clock: () => parts.broker().clock, lookup: lookupIn(() => parts.broker()) };
  }

  intercept(call: InterceptedRequest): unknown {
    const { connections, conditions, journal } = this.parts;
    connections.seen(call.connection, call.clientId);
    const seen = new SeenRequest(call, this.surroundings.lookup);
    const entry = journal.begin(seen);
    conditions.changed();
    const reply = this.serve(seen, entry);
    if (reply instanceof Promise) {
      // The answer goes its own way; what is thrown is the dispatcher's to tell.
      reply.then(
        (answer: unknown) => this.ended(entry, answer),
        () => this.ended(entry, null),
      );
    } else this.ended(entry, reply);
    return reply;
  }

  connectionClosed(connection: Connection): void {
    this.parts.connections.closed(connection);
    this.parts.moved.closed(connection);
    this.parts.conditions.changed();
  }

  private serve(seen: SeenRequest, entry: JournalEntry | null): unknown {
    const { connections, faults, moved } = this.parts;
    const hungBy = connections.hungBy(seen.call.connection);
    if (hungBy !== null) {
      note(entry, (hungBy as Fault).description);
      return connections.hang(seen.call.connection, hungBy);
    }
    if (moved.isElsewhere(seen)) {
      note(entry, "coordinator moved");
      return buildErrorAnswer(seen.call, "NOT_COORDINATOR");
    }
    const fault = faults.forRequest(seen);
    if (fault !== null) {
      note(entry, fault.description);
      return actOut(fault, seen, this.surroundings);
    }
    const reply = seen.call.handle(seen.call.request);
    return seen.call.apiKey === FETCH_KEY ? whenAnswered(reply, (answer) => this.fetched(seen, entry, answer)) : reply;
  }

  private fetched(seen: SeenRequest, entry: JournalEntry | null, answer: unknown): unknown {
    if (!isAnswer(answer)) return answer;
    const hit = this.parts.faults.forAnswer(seen, answer);
    if (hit === null) return answer;
    note(entry, hit.fault.description);
    return whenAnswered(hit.answer, (corrupted) => spoil(hit.fault, seen, corrupted, this.surroundings));
  }

  private ended(entry: JournalEntry | null, answer: unknown): void {
    if (entry !== null) this.parts.journal.end(entry, answer);
    this.parts.conditions.changed();
  }
}

function lookupIn(broker: () => Broker): RequestLookup {
  return {
    topicName: (topicId) => broker().topicById(topicId)?.name ?? "",
    topicId: (topic) => broker().topic(topic)?.id,
    sessionPartitions: (sessionId) =>
      Array.from(broker().fetchSessions.targetsOf(sessionId), ({ topic, partition }) => ({ topic, partition })),
  };
}

function note(entry: JournalEntry | null, fault: string): void {
  if (entry !== null) entry.fault = fault;
}
