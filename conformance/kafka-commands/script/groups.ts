// Groups: those that the console consumers left, one with a member, and offsets put to where they are wanted.

import { connected } from "../step.ts";
import type { Step } from "../step.ts";

const lists: Step[] = [
  ...connected(
    "kafka-consumer-groups",
    [
      "--list",
      "--list --state",
      "--list --type",
      "--list --state --type",
      "--list --state Empty",
      "--list --state stable,empty",
      "--list --type classic",
      "--list --type consumer",
    ],
    { unordered: true },
  ),
  ...connected(
    "kafka-groups",
    [
      "--list",
      "--list --consumer",
      "--list --group-type classic",
      "--list --group-type consumer",
      "--list --share",
      "--list --streams",
      "--list --protocol consumer",
    ],
    { unordered: true },
  ),
];

/** Of groups that the console consumers and the verifiable consumers left. */
const descriptions: Step[] = connected("kafka-consumer-groups", [
  "--describe --group by-kafka-readers",
  "--describe --group by-ottla-readers --offsets",
  "--describe --group by-kafka-readers --verbose",
  "--describe --group by-ottla-readers --verbose",
  "--describe --group by-kafka-readers --members",
  "--describe --group by-ottla-readers --members --verbose",
  "--describe --group by-kafka-readers --state",
  "--describe --group by-ottla-readers --state --verbose",
  "--describe --group by-kafka-readers --group by-ottla-verified",
  "--describe --group nobody",
  "--describe --group nobody --members",
  "--describe --group nobody --state",
]);

/** A group that nobody is in. */
function reset(line: string): string {
  return `--reset-offsets --group SIDE-reset ${line}`;
}

const resets: Step[] = connected("kafka-consumer-groups", [
  reset("--topic orders --to-earliest --execute"),
  reset("--topic orders --to-latest"),
  reset("--topic orders --to-latest --dry-run"),
  reset("--topic orders:0,1 --to-offset 3 --execute"),
  reset("--topic orders:0 --to-offset 99999 --execute"),
  reset("--topic orders:2 --to-offset -5"),
  reset("--topic orders --shift-by 2 --execute"),
  reset("--topic orders --shift-by -1 --execute"),
  reset("--all-topics --to-current --execute"),
  reset("--topic payments --to-datetime 2020-01-01T00:00:00.000 --execute"),
  reset("--topic payments --to-datetime 2099-01-01T00:00:00.000Z --dry-run"),
  reset("--topic payments --by-duration P1D --execute"),
  reset("--all-topics --to-datetime yesterday --dry-run"),
  reset("--all-topics --by-duration 1D --dry-run"),
  reset("--from-file FOLDER/offsets.csv"),
  reset("--from-file FOLDER/offsets.csv --execute"),
  reset("--from-file FOLDER/no-such-file --execute"),
  reset("--topic payments --topic SIDE-typed --to-latest --execute"),
  reset("--topic no-such-topic --to-earliest --execute"),
  reset("--topic orders:9 --to-earliest --execute"),
  reset("--topic orders: --to-earliest --execute"),
  "--describe --group SIDE-reset",
  "--describe --group SIDE-reset --verbose",
  "--delete-offsets --group SIDE-reset --topic orders:0",
  "--delete-offsets --group SIDE-reset --topic orders --topic no-such-topic",
  "--delete-offsets --group SIDE-reset --topic payments",
  "--delete-offsets --group nobody --topic payments",
  "--describe --group SIDE-reset",
  "--delete --group SIDE-reset",
  "--delete --group SIDE-reset",
  "--delete --group SIDE-reset --group SIDE-verified",
  "--list --state Dead",
]);

const exports: Step[] = connected(
  "kafka-consumer-groups",
  [reset("--all-topics --to-current --export"), reset("--all-topics --to-earliest --export --dry-run")],
  { unordered: true },
);

export const groupScript: readonly Step[] = [...lists, ...descriptions, ...resets, ...exports];

/** While a consumer of the group `members` owns all of `orders`. */
export const member = {
  words: ["--topic", "orders", "--group-id", "members", "--group-instance-id", "static-one"],
  ready: /"name":"partitions_assigned".*"partition":2/,
  steps: connected("kafka-consumer-groups", [
    "--describe --group members",
    "--describe --group members --verbose",
    "--describe --group members --members",
    "--describe --group members --members --verbose",
    "--describe --group members --state",
    "--describe --group members --state --verbose",
    "--describe --all-groups",
    "--describe --all-groups --members",
    "--describe --all-groups --state",
    "--list --state Stable",
    "--delete --group members",
    "--reset-offsets --group members --topic orders --to-earliest --execute",
    "--delete-offsets --group members --topic orders",
  ]) as readonly Step[],
} as const;
