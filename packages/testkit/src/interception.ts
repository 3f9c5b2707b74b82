// Where every request of a test broker passes: it is written into the journal, faults have their way with it, and whoever waits for
// something is woken. A request that no fault wants goes straight to its handler, in the same turn and order.

import type { Clock } from "@ottla/base";
import type { InterceptedRequest, RequestInterceptor } from "@ottla/broker";
import type { Connection } from "@ottla/net";
import type { Conditions } from "./conditions.ts";
import { actOut, isAnswer, spoil, whenAnswered } from "./faults/fault-actions.ts";
import type { Faults } from "./faults/faults.ts";
import type { Fault } from "./faults/fault.ts";
import type { Journal, JournalEntry } from "./journal.ts";
import type { OpenConnections } from "./open-connections.ts";
import { SeenRequest } from "./seen-request.ts";
import type { RequestLookup } from "./seen-request.ts";

export interface InterceptionParts {
  readonly faults: Faults;
  readonly journal: Journal;
  readonly conditions: Conditions;
  readonly connections: OpenConnections;
  readonly lookup: RequestLookup;
  readonly clock: () => Clock;
}

const FETCH_KEY = 1;

export class Interception implements RequestInterceptor {
  private readonly parts: InterceptionParts;

  constructor(parts: InterceptionParts) {
    this.parts = parts;
  }

  intercept(call: InterceptedRequest): unknown {
    const { connections, conditions, journal, lookup } = this.parts;
    connections.seen(call.connection, call.clientId);
    const seen = new SeenRequest(call, lookup);
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
    this.parts.conditions.changed();
  }

  private serve(seen: SeenRequest, entry: JournalEntry | null): unknown {
    const { connections, faults } = this.parts;
    const hungBy = connections.hungBy(seen.call.connection);
    if (hungBy !== null) {
      note(entry, (hungBy as Fault).description);
      return connections.hang(seen.call.connection, hungBy);
    }
    const fault = faults.forRequest(seen);
    if (fault !== null) {
      note(entry, fault.description);
      return actOut(fault, seen, this.parts);
    }
    const reply = seen.call.handle(seen.call.request);
    return seen.call.apiKey === FETCH_KEY ? whenAnswered(reply, (answer) => this.fetched(seen, entry, answer)) : reply;
  }

  private fetched(seen: SeenRequest, entry: JournalEntry | null, answer: unknown): unknown {
    if (!isAnswer(answer)) return answer;
    const hit = this.parts.faults.forAnswer(seen, answer);
    if (hit === null) return answer;
    note(entry, hit.fault.description);
    return whenAnswered(hit.answer, (corrupted) => spoil(hit.fault, seen, corrupted, this.parts));
  }

  private ended(entry: JournalEntry | null, answer: unknown): void {
    if (entry !== null) this.parts.journal.end(entry, answer);
    this.parts.conditions.changed();
  }
}

function note(entry: JournalEntry | null, fault: string): void {
  if (entry !== null) entry.fault = fault;
}
