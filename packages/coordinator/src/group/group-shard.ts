// The group coordinator of one partition of __consumer_offsets: hands commands and records to the parts that know them.
// What belongs to one kind of group stands in classic/ and consumer/, committed offsets in offsets/; here is only who gets what.

import type { Logger, Random } from "@ottla/base";
import { Deadlines } from "../runtime/deadlines.ts";
import type { Now, Outcome, TransactionalProducer } from "../runtime/outcome.ts";
import { NOTHING } from "../runtime/outcome.ts";
import type { CoordinatorShard } from "../runtime/shard.ts";
import type { GroupCoordinatorConfig } from "./group-config.ts";
import type { GroupContext } from "./group-context.ts";
import type { GroupRecord } from "./group-records.ts";
import type { TopicsView } from "./topics-view.ts";

export interface GroupShardOptions {
  /** The configs in force now. */
  config(): GroupCoordinatorConfig;
  /** The topics as the newest metadata image has them. */
  topics(): TopicsView;
  readonly random: Random;
  readonly logger: Logger;
}

export class GroupShard implements CoordinatorShard<GroupRecord> {
  readonly context: GroupContext;

  constructor(options: GroupShardOptions) {
    this.context = {
      groups: new Map(),
      createSimpleGroup: () => {
        throw new Error("no kind of group is there yet");
      },
      deadlines: new Deadlines(),
      config: () => options.config(),
      topics: () => options.topics(),
      random: options.random,
      logger: options.logger,
    };
  }

  replay(record: GroupRecord, _order: number, _producer: TransactionalProducer | null): void {
    this.context.logger.warn({ kind: record.kind }, "no part of the group coordinator knows this record");
  }

  replayEndTransaction(_producerId: number, _producerEpoch: number, _committed: boolean): void {}

  loaded(_now: Now): Outcome<GroupRecord> {
    return NOTHING;
  }

  nextDeadlineMs(): number | null {
    return this.context.deadlines.nextMs();
  }

  expire(now: Now): Outcome<GroupRecord> | null {
    return this.context.deadlines.takeDue(now.monotonicMs)?.(now) ?? null;
  }
}
