// What tests import: a real broker in the test's own process.

export { ManualClock, RecordingLogger } from "@ottla/base";
export { startBroker } from "./start-broker.ts";
export type { TestBrokerOptions } from "./start-broker.ts";
export { TestBroker } from "./test-broker.ts";
export type { CrashOptions } from "./test-broker.ts";
export type { Snapshot } from "./engine/engine.ts";
export { ConditionTimeout } from "./conditions.ts";
export type { ApiName } from "./api-names.ts";
export type { FaultAction, FaultRule } from "./faults/fault-rule.ts";
export type { FaultHandle } from "./faults/fault.ts";
export type { Faults } from "./faults/faults.ts";
export type { TopicPartition } from "./faults/request-topics.ts";
export type {
  InspectedGroup,
  InspectedOffset,
  InspectedPartition,
  InspectedRecord,
  InspectedTopic,
  Inspection,
  TransactionState,
} from "./inspection.ts";
export type { Journal, JournalEntry } from "./journal.ts";
export { assertNoLeaks, LeakError, openResources } from "./leaks.ts";
export type { LeakPolicy, NoLeaksOptions, OpenResources } from "./leaks.ts";
export type { CoordinatorKind } from "./moved-coordinators.ts";
export { useBroker } from "./use-broker.ts";
export type { RunnerHooks, UseBrokerOptions } from "./use-broker.ts";
export type { OpenConnection } from "./open-connections.ts";
export type { GroupWaitOptions, RecordWaitOptions, RequestWaitOptions, Until, WaitOptions } from "./until.ts";
