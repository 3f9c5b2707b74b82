// The states of a classic group and how it moves between them (ClassicGroupState in Kafka).
//
//   Empty ──────────────▶ PreparingRebalance ──────▶ CompletingRebalance ──────▶ Stable
//     ▲   first member      │   ▲   ▲   all joined,        │ a member joins,      │ a member comes, goes,
//     └─────────────────────┘   │   │   or time is up      │ leaves, never syncs  │ or changes what it can
//          nobody is left       │   └──────────────────────┘                      │
//                               └─────────────────────────────────────────────────┘
//
// Kafka's Dead is no state here: a group that is gone is gone from the table, and a shard that is unloaded answers for its groups.

/** Spelled as ListGroups and DescribeGroups report them. */
export type ClassicGroupState = "Empty" | "PreparingRebalance" | "CompletingRebalance" | "Stable";

/** From which states a state may be entered. */
export const previousStates: Readonly<Record<ClassicGroupState, readonly ClassicGroupState[]>> = {
  Empty: ["PreparingRebalance"],
  PreparingRebalance: ["Empty", "CompletingRebalance", "Stable"],
  CompletingRebalance: ["PreparingRebalance"],
  Stable: ["CompletingRebalance"],
};

/** How DescribeGroups calls a group that does not exist. */
export const DEAD = "Dead";
