// What the group coordinator may know of topics: a view on the metadata image, so that this package needs neither image nor broker.

export interface TopicView {
  readonly id: string;
  readonly name: string;
  readonly partitionCount: number;
  /** The racks of a partition's replicas, those that are known; empty when none is. */
  racksOf(partition: number): readonly string[];
}

export interface TopicsView {
  /** Grows with every change of the metadata. */
  readonly version: number;
  topic(name: string): TopicView | undefined;
  topicById(id: string): TopicView | undefined;
  names(): Iterable<string>;
}
