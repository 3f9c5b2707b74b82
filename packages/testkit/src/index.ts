// What tests import: a real broker in the test's own process.

export { startBroker } from "./start-broker.ts";
export type { TestBroker, TestBrokerOptions } from "./start-broker.ts";
