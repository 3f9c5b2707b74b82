// What is done with Kafka's tools, step by step, the same on both brokers. Each step with a `check` is compared; the others prepare.
// `code` is what the tool must end with on Apache Kafka too, so that two brokers that fail alike do not pass for equal.

export type Step = ToolStep | ConsumerStep | ProducerStep;

export interface ToolStep {
  kind: "tool";
  /** A name of `tools`, or one of the transactions of Tools.java. */
  tool: string;
  words: string[];
  /** The sentence of the check; without it nothing is compared. */
  check?: string;
  code?: number;
  /** The order of lines is not the tool's but that of what the broker happens to list. */
  unordered?: boolean;
  /** Run again until Kafka itself is there: what it answers at once may be behind. */
  until?: RegExp;
}

export interface ConsumerStep {
  kind: "start" | "sees" | "stop";
  consumer: string;
  words?: string[];
  pattern?: RegExp;
  check?: string;
}

/** kafka-verifiable-producer, which tells its last numbers only when its process ends. */
export interface ProducerStep {
  kind: "produce";
  words: string[];
  check: string;
}

export const tools: Readonly<Record<string, string>> = {
  "kafka-topics": "org.apache.kafka.tools.TopicCommand",
  "kafka-consumer-groups": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
  "kafka-groups": "org.apache.kafka.tools.GroupsCommand",
  "kafka-get-offsets": "org.apache.kafka.tools.GetOffsetShell",
  "kafka-transactions": "org.apache.kafka.tools.TransactionsCommand",
};

const tool = (name: string, line: string, more: Partial<ToolStep> = {}): ToolStep => ({
  kind: "tool",
  tool: name,
  words: line.split(" ").filter((word) => word !== ""),
  ...more,
});
const groups = (line: string, more: Partial<ToolStep> = {}): ToolStep =>
  tool("kafka-consumer-groups", line, { check: `kafka-consumer-groups ${line}`, ...more });
const offsets = (line: string): ToolStep => tool("kafka-get-offsets", line, { check: `kafka-get-offsets ${line}` });
const transactions = (line: string, more: Partial<ToolStep> = {}): ToolStep =>
  tool("kafka-transactions", line, { check: `kafka-transactions ${line}`, ...more });
const transaction = (line: string): ToolStep => {
  const [step = "", ...words] = line.split(" ");
  return { kind: "tool", tool: step, words };
};
const reset = (line: string, more: Partial<ToolStep> = {}): ToolStep => groups(`--reset-offsets ${line}`, more);

const fill: Step[] = [
  tool("kafka-topics", "--create --topic orders --partitions 3 --replication-factor 1"),
  tool("kafka-topics", "--create --topic payments --partitions 1 --replication-factor 1"),
  {
    kind: "produce",
    words: ["--topic", "orders", "--max-messages", "30", "--repeating-keys", "10", "--acks", "-1"],
    check: "kafka-verifiable-producer sends 30 records with keys",
  },
  {
    kind: "produce",
    words: ["--topic", "payments", "--max-messages", "12", "--acks", "1", "--value-prefix", "7"],
    check: "kafka-verifiable-producer sends 12 records with a prefix and acks=1",
  },
  offsets("--topic orders"),
  offsets("--topic orders --time -2"),
  offsets("--topic orders --time earliest"),
  offsets("--topic orders --time 1700000000000"),
  offsets("--topic-partitions orders:1-2,payments"),
  offsets("--topic orders --partitions 0,2"),
  offsets("--exclude-internal-topics"),
];

const emptyGroup: Step[] = [
  groups("--list"),
  groups("--describe --group nobody", { until: /does not exist|not found/ }),
  groups("--delete --group nobody"),
  {
    kind: "start",
    consumer: "reader",
    words: ["--topic", "orders", "--group-id", "readers", "--max-messages", "30"],
    pattern: /shutdown_complete/,
  },
  { kind: "stop", consumer: "reader", check: "kafka-verifiable-consumer reads 30 records, commits and leaves" },
  groups("--list"),
  groups("--list --state"),
  groups("--list --type"),
  groups("--list --state --type"),
  groups("--list --state Empty"),
  groups("--list --state Stable"),
  groups("--list --type classic"),
  groups("--list --type consumer"),
  groups("--describe --group readers"),
  groups("--describe --group readers --offsets --verbose"),
  groups("--describe --group readers --members"),
  groups("--describe --group readers --members --verbose"),
  groups("--describe --group readers --state"),
  groups("--describe --group readers --state --verbose"),
  groups("--describe --all-groups"),
  tool("kafka-groups", "--list", { check: "kafka-groups --list" }),
  tool("kafka-groups", "--list --consumer", { check: "kafka-groups --list --consumer" }),
];

const resets: Step[] = [
  reset("--group readers --topic orders --to-earliest --dry-run"),
  reset("--group readers --topic orders --to-latest --dry-run"),
  reset("--group readers --all-topics --to-current --dry-run"),
  reset("--group readers --topic orders:0 --to-offset 3 --execute"),
  groups("--describe --group readers"),
  reset("--group readers --topic orders:0,1 --shift-by -2 --execute"),
  reset("--group readers --topic orders --shift-by 1000 --dry-run"),
  reset("--group readers --topic orders --shift-by -1000 --dry-run"),
  reset("--group readers --topic orders:0 --to-offset 99999 --execute"),
  reset("--group readers --topic orders --to-datetime 2020-01-01T00:00:00.000 --execute"),
  reset("--group readers --topic orders --to-datetime 2090-01-01T00:00:00.000 --dry-run"),
  reset("--group readers --topic orders --by-duration P1D --execute"),
  reset("--group readers --topic orders --by-duration PT0S --dry-run"),
  reset("--group readers --topic payments:0 --to-offset 5 --execute"),
  groups("--describe --group readers"),
  reset("--group readers --all-topics --to-current --export --dry-run"),
  reset("--group readers --from-file FILE --execute"),
  reset("--all-groups --all-topics --to-latest --execute"),
  reset("--group newcomers --topic orders --to-earliest --execute"),
  groups("--describe --group newcomers --state"),
  reset("--group readers --topic nothing --to-earliest --execute"),
  reset("--group readers --to-earliest --dry-run", { code: 1 }),
];

const deletions: Step[] = [
  groups("--delete-offsets --group readers --topic payments"),
  groups("--describe --group readers"),
  groups("--delete-offsets --group readers --topic orders:1"),
  groups("--delete-offsets --group readers --topic nothing"),
  groups("--delete-offsets --group nobody --topic orders"),
  groups("--delete --group newcomers"),
  groups("--delete --group readers --group nobody"),
  groups("--list"),
];

/** Static members, so that who gets which partition is the same everywhere. */
const member = (name: string, group: string, more: string[]): ConsumerStep => ({
  kind: "start",
  consumer: name,
  words: ["--topic", "orders", "--group-id", group, "--group-instance-id", name, "--verbose", ...more],
  pattern: /partitions_assigned/,
});

const activeGroups = (group: string, protocol: string, more: string[]): Step[] => [
  member("one", group, ["--group-protocol", protocol, ...more]),
  { kind: "sees", consumer: "one", pattern: /offsets_committed/ },
  groups(`--describe --group ${group}`),
  member("two", group, ["--group-protocol", protocol, ...more]),
  groups(`--describe --group ${group} --members`, { until: /two.* 1 *$/m, unordered: true }),
  groups(`--describe --group ${group} --members --verbose`, { unordered: true }),
  groups(`--describe --group ${group} --offsets`, { unordered: true, until: /orders 0 12 12 0 (?!-)/ }),
  groups(`--describe --group ${group} --offsets --verbose`, { unordered: true }),
  groups(`--describe --group ${group} --state`),
  groups(`--describe --group ${group} --state --verbose`),
  groups("--list --state --type"),
  groups("--list --state Stable"),
  reset(`--group ${group} --topic orders --to-earliest --execute`),
  groups(`--delete --group ${group}`),
  groups(`--delete-offsets --group ${group} --topic orders`),
  { kind: "stop", consumer: "two", check: `kafka-verifiable-consumer leaves ${group}, second of two` },
  { kind: "stop", consumer: "one", check: `kafka-verifiable-consumer leaves ${group}, first of two` },
];

const ongoingTransactions: Step[] = [
  transactions("list"),
  transactions("describe --transactional-id nobody", { code: 1 }),
  transactions("describe-producers --topic payments --partition 0"),
  transaction("@send first payments 0 3"),
  transaction("@offsets first buyers orders 4"),
  transactions("list"),
  transactions("list --duration-filter 100000000"),
  transactions("list --transactional-id-pattern fir.*"),
  transactions("list --transactional-id-pattern sec.*"),
  transactions("list --transactional-id-pattern [", { code: 1 }),
  transactions("describe --transactional-id first"),
  transactions("describe-producers --topic payments --partition 0"),
  transactions("describe-producers --broker-id 1 --topic payments --partition 0"),
  offsets("--topic payments"),
  transactions("find-hanging --topic payments --max-transaction-timeout 0"),
  transactions("find-hanging --broker-id 1"),
  transactions("find-hanging --partition 0", { code: 1 }),
  groups("--describe --group buyers"),
  transaction("@commit first"),
  groups("--describe --group buyers"),
  transactions("describe --transactional-id first", { until: /CompleteCommit/ }),
  transactions("describe-producers --topic payments --partition 0"),
  transaction("@send first payments 0 2"),
  transaction("@abort first"),
  transactions("describe --transactional-id first", { until: /CompleteAbort/ }),
];

const brokenTransactions: Step[] = [
  transaction("@send second payments 0 2"),
  transactions("describe-producers --topic payments --partition 0"),
  transactions("abort --topic payments --partition 0 --start-offset 0", { code: 1 }),
  transactions("abort --topic payments --partition 0 --start-offset OPEN"),
  transactions("describe-producers --topic payments --partition 0"),
  transactions("describe --transactional-id second"),
  transaction("@send third payments 0 2"),
  transactions("abort --topic payments --partition 0 --producer-id 987654 --producer-epoch 0 --coordinator-epoch 0"),
  transactions("forceTerminateTransaction --transactionalId third"),
  transactions("forceTerminateTransaction --transactionalId nobody"),
  transactions("describe --transactional-id third", { until: /Empty/ }),
  transactions("list", { unordered: true }),
  offsets("--topic payments"),
];

export const script: readonly Step[] = [
  ...fill,
  ...emptyGroup,
  ...resets,
  ...deletions,
  ...activeGroups("classics", "classic", []),
  ...activeGroups("moderns", "consumer", ["--group-remote-assignor", "range"]),
  ...ongoingTransactions,
  ...brokenTransactions,
];
