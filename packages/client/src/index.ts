// What users of @ottla/client import.

export * from "./errors.ts";
export { Kafka } from "./kafka.ts";
export type { ClientOptions, OAuthBearerToken, SaslOptions } from "./options.ts";
export type { Metric, MetricName } from "./metrics.ts";
export type * from "./records.ts";
export { bytesSerde, integerSerde, jsonSerde, stringSerde } from "./serdes.ts";
export type { Deserializer, Serde, SerdeContext, SerdeHeaders, Serializer, TopicSerdes } from "./serdes.ts";
