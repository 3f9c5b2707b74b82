// The faults of a broker: a test adds them, requests run into them. The first one added that wants a request has it; each counts what matches it.

import type { Random } from "@ottla/base";
import type { Conditions } from "../conditions.ts";
import type { OpenConnections } from "../open-connections.ts";
import type { SeenRequest } from "../seen-request.ts";
import { corruptFetch } from "./fetch-answers.ts";
import { checkRule } from "./fault-rule.ts";
import type { FaultRule } from "./fault-rule.ts";
import { Fault } from "./fault.ts";
import type { FaultHandle } from "./fault.ts";

export interface FaultsOptions {
  readonly random: Random;
  readonly conditions: Conditions;
  readonly connections: OpenConnections;
}

export class Faults {
  private readonly options: FaultsOptions;
  private faults: readonly Fault[] = [];

  constructor(options: FaultsOptions) {
    this.options = options;
  }

  /** From now on, until it is removed. @throws TypeError for a rule that means nothing. */
  add(rule: FaultRule): FaultHandle {
    checkRule(rule);
    const fault = new Fault(rule, this.options.random);
    this.faults = [...this.faults, fault];
    const remove = (): void => this.remove(fault);
    return {
      rule,
      get hits() {
        return fault.hits;
      },
      hit: (count = 1, options = {}) =>
        this.options.conditions.wait({
          what: `${count} hits of the fault ${fault.description}`,
          holds: () => fault.hits >= count,
          state: () => `it has ${fault.hits}`,
          ...options,
        }),
      remove,
      [Symbol.dispose]: remove,
    };
  }

  /** Removes all. */
  clear(): void {
    for (const fault of this.faults) this.remove(fault);
  }

  /** The fault for a request; null when it is served as it is. */
  forRequest(seen: SeenRequest): Fault | null {
    let chosen: Fault | null = null;
    for (const fault of this.faults) {
      if (fault.action.corruptBatch === true || !fault.matchesRequest(seen)) continue;
      if (fault.wants()) chosen ??= fault;
    }
    if (chosen !== null) this.hit(chosen);
    return chosen;
  }

  /** Faults that need to see an answer first. */
  forAnswer(seen: SeenRequest, answer: object): { fault: Fault; answer: object | Promise<object> } | null {
    for (const fault of this.faults) {
      if (fault.action.corruptBatch !== true || !fault.matchesRequest(seen)) continue;
      const corrupted = corruptFetch(fault, answer);
      if (corrupted === null) continue;
      this.hit(fault);
      return { fault, answer: corrupted };
    }
    return null;
  }

  private hit(fault: Fault): void {
    fault.hits++;
    this.options.conditions.changed();
  }

  private remove(fault: Fault): void {
    fault.removed = true;
    this.faults = this.faults.filter((each) => each !== fault);
    this.options.connections.letGo(fault);
  }
}
