// What tests import: a real broker in the test's own process.

export { ManualClock, RecordingLogger } from "@ottla/base";
export { startBroker } from "./start-broker.ts";
export type { TestBrokerOptions } from "./start-broker.ts";
export { TestBroker } from "./test-broker.ts";
export { ConditionTimeout } from "./conditions.ts";
export type { ApiName } from "./api-names.ts";
export type { FaultAction, FaultRule } from "./faults/fault-rule.ts";
export type { FaultHandle } from "./faults/fault.ts";
export type { Faults } from "./faults/faults.ts";
export type { TopicPartition } from "./faults/request-topics.ts";
export type { Journal, JournalEntry } from "./journal.ts";
