// What each client library is reduced to, so that all do the same work: the library's own way of doing it, as its documentation shows.

export interface BenchSettings {
  bootstrap: string;
  topic: string;
}

export interface BenchProducer {
  /** Resolves when the broker acknowledged. */
  send(value: Buffer): Promise<unknown>;
  sendAll(values: Buffer[]): Promise<unknown>;
  close(): Promise<void>;
}

export interface BenchConsumer {
  close(): Promise<void>;
}

export interface BenchClient {
  /** acks=all and idempotent; what a library cannot do is said in `note`. */
  readonly note: string | null;
  producer(settings: BenchSettings): Promise<BenchProducer>;
  /** Reads from the beginning, as a member of a group. `onRecords` gets how many records came, and a value's bytes of the last. */
  consumer(
    settings: BenchSettings & { group: string },
    onRecords: (count: number, last: Buffer) => void,
  ): Promise<BenchConsumer>;
}

export const clientNames = ["ottla", "kafkajs", "platformatic", "confluent"] as const;
export type ClientName = (typeof clientNames)[number];
/** What is measured: the libraries of Node, and Java's tools. */
export const subjectNames = [...clientNames, "java"] as const;
export type ClientSubject = (typeof subjectNames)[number];
