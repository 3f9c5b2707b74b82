// The client's metrics, named and grouped as Java's are, so that dashboards and habits carry over.
// Recording is a number added to a field: nothing is computed until somebody asks.

export interface MetricName {
  /** Java's name, such as "record-send-total". */
  readonly name: string;
  /** Java's group, such as "producer-metrics". */
  readonly group: string;
  /** Such as `{ "client-id": "a", topic: "orders" }`. */
  readonly tags: Readonly<Record<string, string>>;
}

export interface Metric extends MetricName {
  readonly value: number;
}

/** Metrics of one Kafka object; producers, consumers and connections register what they measure. */
export class MetricRegistry {
  private readonly entries = new Set<{ name: MetricName; read: () => number }>();

  /** Adds a metric that is read when asked for. Returns what takes it away. */
  register(name: MetricName, read: () => number): () => void {
    const entry = { name, read };
    this.entries.add(entry);
    return () => void this.entries.delete(entry);
  }

  /** All metrics as they are now. */
  snapshot(): Metric[] {
    return [...this.entries].map(({ name, read }) => ({ ...name, value: read() }));
  }
}
