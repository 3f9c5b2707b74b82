// Kafka's wire formats: what the package offers. Message schemas are imported one by one from ./messages.

export * from "./compression/index.ts";
export * from "./records/index.ts";
