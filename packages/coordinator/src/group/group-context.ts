// What the parts of one shard's group coordinator share: the groups, the deadlines, and their view of the world.

import type { Logger, Random } from "@ottla/base";
import type { Deadlines } from "../runtime/deadlines.ts";
import type { Now, Outcome } from "../runtime/outcome.ts";
import type { GroupCoordinatorConfig } from "./group-config.ts";
import type { GroupCounters } from "./group-counters.ts";
import type { GroupRecord } from "./group-records.ts";
import type { Group } from "./group.ts";
import type { TopicsView } from "./topics-view.ts";

export interface GroupContext {
  /** Every group of this shard by id, of each type. */
  readonly groups: Map<string, Group>;
  /** Puts an empty classic group without a protocol into `groups`: that of whoever commits and never joins. */
  createSimpleGroup(groupId: string): Group;
  readonly deadlines: Deadlines<(now: Now) => Outcome<GroupRecord>>;
  /** The configs in force now. */
  config(): GroupCoordinatorConfig;
  /** The topics as the newest metadata image has them. */
  topics(): TopicsView;
  readonly counters: GroupCounters;
  readonly random: Random;
  readonly logger: Logger;
}
