// The topics that the coordinators keep their state in: created at their first use, with the configs that Kafka gives them.
// Several requests that need one topic at once share its creation.

import { errorCodes, errorName } from "@ottla/protocol";
import type { ControllerApi } from "@ottla/metadata";
import type { Logger } from "@ottla/base";

export const GROUP_TOPIC = "__consumer_offsets";
export const TRANSACTION_TOPIC = "__transaction_state";
export const SHARE_TOPIC = "__share_group_state";

/** Topics that only coordinators write. */
export const INTERNAL_TOPICS: ReadonlySet<string> = new Set([GROUP_TOPIC, TRANSACTION_TOPIC, SHARE_TOPIC]);

export interface InternalTopic {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly configs: Readonly<Record<string, string>>;
}

const CREATION_TIMEOUT_MS = 30_000;

export class InternalTopics {
  private readonly controller: ControllerApi;
  private readonly logger: Logger;
  private readonly underWay = new Map<string, Promise<number>>();

  constructor(controller: ControllerApi, logger: Logger) {
    this.controller = controller;
    this.logger = logger;
  }

  /** NONE when the topic is there now, else COORDINATOR_NOT_AVAILABLE; why is in the log. */
  create(topic: InternalTopic): Promise<number> {
    let creation = this.underWay.get(topic.name);
    if (creation === undefined) {
      creation = this.attempt(topic).finally(() => this.underWay.delete(topic.name));
      this.underWay.set(topic.name, creation);
    }
    return creation;
  }

  private async attempt({ name, partitions, replicationFactor, configs }: InternalTopic): Promise<number> {
    try {
      const { topics } = await this.controller.createTopics({
        topics: [
          {
            name,
            numPartitions: partitions,
            replicationFactor,
            assignments: [],
            configs: Object.entries(configs).map(([config, value]) => ({ name: config, value })),
          },
        ],
        timeoutMs: CREATION_TIMEOUT_MS,
        validateOnly: false,
      });
      const { errorCode, errorMessage } = topics[0]!;
      if (errorCode === errorCodes.NONE || errorCode === errorCodes.TOPIC_ALREADY_EXISTS) return errorCodes.NONE;
      this.logger.error(
        { topic: name, error: errorName(errorCode), reason: errorMessage },
        "a coordinator's topic could not be created",
      );
    } catch (error) {
      this.logger.error({ topic: name, error }, "a coordinator's topic could not be created");
    }
    return errorCodes.COORDINATOR_NOT_AVAILABLE;
  }
}
