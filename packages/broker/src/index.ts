// What starts a broker: for the command line and the test kit.

export type { Broker } from "./broker.ts";
export { coordinatedGroups, groupLag } from "./coordinators/group-lag.ts";
export type { PartitionLag } from "./coordinators/group-lag.ts";
export { readLog } from "./coordinators/read-log.ts";
export { closeConnection, noResponse } from "./handler.ts";
export { EncodedAnswer } from "./interceptor.ts";
export type { InterceptedRequest, RequestInterceptor } from "./interceptor.ts";
export { startNode } from "./node.ts";
export type { BoundListener, Node, NodeOptions } from "./node.ts";
export { StartError } from "./start-error.ts";
export type { MetricReading, Sample } from "./metrics.ts";
