// Framed connections over TCP: what the broker listens with. It knows frames and their order, and nothing of their content.

export { BufferPool } from "./buffer-pool.ts";
export { Connection } from "./connection.ts";
export type { ConnectionAddresses } from "./connection.ts";
export { ConnectionCounter } from "./limits.ts";
export type { NetLimits } from "./limits.ts";
export { Listener, startListener } from "./listener.ts";
export type { ListenerOptions } from "./listener.ts";
export { NetRequest } from "./request.ts";
export { STREAM_CHUNK_BYTES_MIN, StreamBudget } from "./stream-budget.ts";
export { TurnScheduler } from "./turn-scheduler.ts";
export type { EndOfTurn } from "./turn-scheduler.ts";
