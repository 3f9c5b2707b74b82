// What one publication changed, for publishers that act on changes instead of comparing images.
// A topic that was created and removed inside one publication appears nowhere.

import type { MetadataImage } from "./metadata-image.ts";
import type { TopicImage } from "./image-types.ts";

export interface ChangedTopic {
  readonly before: TopicImage;
  readonly after: TopicImage;
}

export interface ChangedResource {
  /** One of configResource. */
  readonly type: number;
  readonly name: string;
}

export interface MetadataDelta {
  readonly before: MetadataImage;
  readonly after: MetadataImage;
  readonly createdTopics: readonly TopicImage[];
  /** As they were. A topic removed and created anew under its name is in both lists, with different ids. */
  readonly removedTopics: readonly TopicImage[];
  /** Topics of which a partition was added or changed. */
  readonly changedTopics: readonly ChangedTopic[];
  /** Resources whose configs changed, deleted ones included; not those of created or removed topics. */
  readonly changedConfigs: readonly ChangedResource[];
  readonly changedBrokers: readonly number[];
  readonly featuresChanged: boolean;
}
