// The assignors that come with the client, and what a consumer's list of names and objects comes to.

import { ConfigError } from "../../../errors.ts";
import type { Assignor, RebalanceProtocol } from "./assignor.ts";
import { rangeAssignor } from "./range.ts";
import { roundRobinAssignor } from "./round-robin.ts";
import { cooperativeStickyAssignor, stickyAssignor } from "./sticky.ts";

/** Names of the assignors that come with the client. */
export type AssignorName = "range" | "roundrobin" | "sticky" | "cooperative-sticky";

const builtIn: Readonly<Record<AssignorName, Assignor>> = {
  range: rangeAssignor,
  roundrobin: roundRobinAssignor,
  sticky: stickyAssignor,
  "cooperative-sticky": cooperativeStickyAssignor,
};

/** As Java: an application can go from range to cooperative-sticky in one rolling restart. */
export const defaultAssignors: readonly AssignorName[] = ["range", "cooperative-sticky"];

export interface ResolvedAssignors {
  readonly assignors: readonly Assignor[];
  /** The most advanced protocol that all of them know. */
  readonly protocol: RebalanceProtocol;
}

/** @throws ConfigError for a name that is unknown or comes twice, and for assignors without a common protocol */
export function resolveAssignors(listed: readonly (AssignorName | Assignor)[]): ResolvedAssignors {
  const assignors = listed.map((each) => (typeof each === "string" ? named(each) : each));
  if (assignors.length === 0) throw new ConfigError("assignors names none");
  const names = assignors.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new ConfigError(`assignors: ${twice} is there twice`);
  const knownToAll = (protocol: RebalanceProtocol): boolean =>
    assignors.every(({ protocols = ["eager"] }) => protocols.includes(protocol));
  if (knownToAll("cooperative")) return { assignors, protocol: "cooperative" };
  if (knownToAll("eager")) return { assignors, protocol: "eager" };
  throw new ConfigError(`assignors: ${names.join(", ")} have no rebalance protocol in common`);
}

function named(name: string): Assignor {
  const assignor = (builtIn as Record<string, Assignor | undefined>)[name];
  if (assignor === undefined) throw new ConfigError(`assignors: ${name} is none of ${Object.keys(builtIn).join(", ")}`);
  return assignor;
}
