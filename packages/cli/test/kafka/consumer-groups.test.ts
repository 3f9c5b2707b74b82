// kafka-consumer-groups: its pure parts as tables, and groups of a broker; what is expected is what Kafka's own command prints.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startBroker } from "@ottla/testkit";
import { runCommand } from "./run-command.ts";
import type { CommandResult } from "./run-command.ts";

let broker: Awaited<ReturnType<typeof startBroker>>;

before(async () => {
  broker = await startBroker();
  await runCommand("kafka-topics", `--bootstrap-server ${broker.bootstrap} --create --topic orders --partitions 2`);
});

after(() => broker.close());

function run(line: string): Promise<CommandResult> {
  return runCommand("kafka-consumer-groups", `--bootstrap-server ${broker.bootstrap} ${line}`);
}

test("offsets are reset, described and deleted", async () => {
  const reset = await run("--reset-offsets --group g --topic orders --to-earliest --execute");
  assert.deepEqual(reset, {
    code: 0,
    stdout: `
GROUP           TOPIC           PARTITION  NEW-OFFSET
g               orders          0          0
g               orders          1          0
`,
    stderr: "",
  });
  assert.deepEqual(await run("--group g --describe"), {
    code: 0,
    stdout: `
GROUP           TOPIC           PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG             CONSUMER-ID     HOST            CLIENT-ID
g               orders          0          0               0               0               -               -               -
g               orders          1          0               0               0               -               -               -
`,
    stderr: "\nConsumer group 'g' has no active members.\n",
  });
  assert.equal(
    (await run("--delete-offsets --group g --topic orders:1")).stdout,
    `Request succeeded for deleting offsets from group g.

TOPIC           PARTITION  STATUS         
orders          1          Successful     
`,
  );
  assert.equal(
    (await run("--reset-offsets --group g --all-topics --to-current --export --dry-run")).stdout,
    "orders,0,0\n\n",
  );
});

test("groups are listed and deleted", async () => {
  await run("--reset-offsets --group listed --topic orders --to-latest --execute");
  assert.match((await run("--list")).stdout, /^listed$/m);
  assert.match((await run("--list --state --type")).stdout, /^listed {20}Classic {14}Empty {15}$/m);
  assert.equal((await run("--list --state stable")).stdout, "GROUP                     STATE               \n");
  assert.deepEqual(await run("--delete --group listed --group nobody"), {
    code: 0,
    stdout: `
Error: Deletion of some consumer groups failed:
* Group 'nobody' could not be deleted due to: org.apache.kafka.common.errors.GroupIdNotFoundException: The group id does not exist.

These consumer groups were deleted successfully: 'listed'
`,
    stderr: "",
  });
});

test("offsets come from a file, kept within the log", async () => {
  const folder = await mkdtemp(join(tmpdir(), "kafka-consumer-groups-"));
  try {
    const file = join(folder, "offsets.csv");
    await writeFile(file, "orders,0,7\n");
    const reset = await run(`--reset-offsets --group filed --from-file ${file} --dry-run`);
    assert.match(reset.stdout, /^filed {11}orders {10}0 {10}0$/m);
    assert.match(
      reset.stderr,
      /New offset \(7\) is higher than latest offset for topic partition orders-0\. Value will be set to 0/,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});

const refused: { name: string; line: string; first: string }[] = [
  {
    name: "no action",
    line: "--group g",
    first:
      "Command must include exactly one action: --list, --describe, --delete, --reset-offsets, --delete-offsets, --validate-regex",
  },
  {
    name: "describing nothing",
    line: "--describe",
    first: "Option [describe] takes one of these options: [group], [all-groups]",
  },
  {
    name: "two parts of a description",
    line: "--describe --group g --members --state",
    first: "Option [describe] takes at most one of these options: [members], [offsets], [state]",
  },
  {
    name: "a state to describe",
    line: "--describe --group g --state stable",
    first: "Option [describe] does not take a value for [state]",
  },
  { name: "a group to list", line: "--list --group g", first: `Option "[group]" can't be used with option "[list]"` },
  {
    name: "a topic to describe",
    line: "--describe --group g --topic t",
    first: `Option "[topic]" can't be used with option "[describe]"`,
  },
  {
    name: "a topic to delete",
    line: "--delete --group g --topic t",
    first: "The consumer does not support topic-specific offset deletion from a consumer group.",
  },
  {
    name: "offsets of nothing to delete",
    line: "--delete-offsets --group g",
    first: "Option [delete-offsets] takes the following options: [group], [topic]",
  },
  {
    name: "a reset without a scope",
    line: "--reset-offsets --group g --to-earliest --dry-run",
    first: "One of the reset scopes should be defined: --all-topics, --topic.",
  },
  {
    name: "a reset to two places",
    line: "--reset-offsets --group g --topic t --to-earliest --to-latest --dry-run",
    first: `Option "[to-earliest]" can't be used with option "[to-latest]"`,
  },
  {
    name: "a reset that is both shown and done",
    line: "--reset-offsets --group g --execute --dry-run",
    first: "Option [reset-offsets] only accepts one of [execute] and [dry-run]",
  },
  {
    name: "a state that is none",
    line: "--list --state odd",
    first:
      "Invalid state list 'odd'. Valid states are: PreparingRebalance, CompletingRebalance, Stable, Dead, Empty, Assigning, Reconciling",
  },
];

describe("mistakes are told with the usage, with 1", () => {
  for (const { name, line, first } of refused) {
    test(name, async () => {
      const { code, stderr } = await run(line);
      assert.equal(code, 1);
      assert.equal(stderr.split("\n")[0], first);
      assert.match(stderr, /^--bootstrap-server <String: server to/m);
    });
  }
});

test("what cannot be read at all is told without the usage", async () => {
  assert.deepEqual(await run("--members"), {
    code: 1,
    stdout: "",
    stderr: "Option(s) [members] are unavailable given other options on the command line\n",
  });
});

test("failures behind the options are told on stdout, with 0", async () => {
  assert.deepEqual(await run("--describe --group nobody"), {
    code: 0,
    stdout:
      "\nError: Executing consumer group command failed due to org.apache.kafka.common.errors.GroupIdNotFoundException: Group nobody not found.\n",
    stderr: "org.apache.kafka.common.errors.GroupIdNotFoundException: Group nobody not found.\n",
  });
});

test("regular expressions are judged without a broker", async () => {
  const valid = await runCommand("kafka-consumer-groups", "--validate-regex a.*");
  assert.equal(valid.stdout, "The regular expression `a.*` is valid.\n");
  const invalid = await runCommand("kafka-consumer-groups", "--validate-regex [");
  assert.match(invalid.stdout, /^The regular expression `\[` is invalid: .+\.\n$/);
});
