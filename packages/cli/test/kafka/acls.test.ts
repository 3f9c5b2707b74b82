// kafka-acls: what rules its options ask for, and what it says to mistakes.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readAclOptions } from "../../src/kafka/commands/acls/options.ts";
import { entryText, resourceText, wantedRules } from "../../src/kafka/commands/acls/rules.ts";
import { runCommand } from "./run-command.ts";

const rules: { name: string; line: string; lines: string[] }[] = [
  {
    name: "one operation for two hosts",
    line: "--topic t --allow-principal User:a --operation read --allow-host h1 --allow-host h2",
    lines: [
      "ResourcePattern(resourceType=TOPIC, name=t, patternType=LITERAL)",
      "(principal=User:a, host=h1, operation=READ, permissionType=ALLOW)",
      "(principal=User:a, host=h2, operation=READ, permissionType=ALLOW)",
    ],
  },
  {
    name: "a producer with idempotence",
    line: "--topic t --producer --idempotent --allow-principal User:a",
    lines: [
      "ResourcePattern(resourceType=TOPIC, name=t, patternType=LITERAL)",
      "(principal=User:a, host=*, operation=WRITE, permissionType=ALLOW)",
      "(principal=User:a, host=*, operation=DESCRIBE, permissionType=ALLOW)",
      "(principal=User:a, host=*, operation=CREATE, permissionType=ALLOW)",
      "ResourcePattern(resourceType=CLUSTER, name=kafka-cluster, patternType=LITERAL)",
      "(principal=User:a, host=*, operation=IDEMPOTENT_WRITE, permissionType=ALLOW)",
    ],
  },
  {
    name: "a consumer of prefixed names",
    line: "--topic t --group g --consumer --resource-pattern-type prefixed --allow-principal User:a",
    lines: [
      "ResourcePattern(resourceType=TOPIC, name=t, patternType=PREFIXED)",
      "(principal=User:a, host=*, operation=READ, permissionType=ALLOW)",
      "(principal=User:a, host=*, operation=DESCRIBE, permissionType=ALLOW)",
      "ResourcePattern(resourceType=GROUP, name=g, patternType=PREFIXED)",
      "(principal=User:a, host=*, operation=READ, permissionType=ALLOW)",
    ],
  },
];

describe("rules of kafka-acls", () => {
  for (const { name, line, lines } of rules) {
    test(name, () => {
      const io = { out: () => {}, error: () => {} } as unknown as Parameters<typeof readAclOptions>[1];
      const checks = readAclOptions(`--bootstrap-server 127.0.0.1:1 --add ${line}`.split(" "), io);
      const found = wantedRules(checks).flatMap(({ resource, entries }) => [
        resourceText(resource),
        ...entries.map(entryText),
      ]);
      assert.deepEqual(found, lines);
    });
  }
});

const aclMistakes: { line: string; first: string; stdout?: string }[] = [
  { line: "--list", first: "One of --bootstrap-server or --bootstrap-controller must be specified" },
  {
    line: "--bootstrap-server 127.0.0.1:1",
    first: "Command must include exactly one action: --list, --add, --remove. ",
  },
  {
    line: "--bootstrap-server 127.0.0.1:1 --list --producer",
    first: `Option "[list]" can't be used with option "[producer]"`,
  },
  { line: "--bootstrap-server 127.0.0.1:1 --add --producer", first: "With --producer you must specify a --topic" },
  {
    line: "--bootstrap-server 127.0.0.1:1 --add --allow-principal User:a",
    first:
      "You must provide at least one resource: --topic <topic> or --cluster or --group <group> or --delegation-token <Delegation Token ID>",
  },
  {
    line: "--bootstrap-server 127.0.0.1:1 --add --topic t",
    first: "You must specify one of: --allow-principal, --deny-principal when trying to add ACLs.",
  },
  {
    line: "--bootstrap-server 127.0.0.1:1 --add --topic t --allow-principal User:a --resource-pattern-type match",
    first: "A '--resource-pattern-type' value of 'MATCH' is not valid when adding acls.",
  },
];

describe("mistakes of kafka-acls", () => {
  for (const { line, first } of aclMistakes) {
    test(line, async () => {
      const { code, stderr } = await runCommand("kafka-acls", line);
      assert.deepEqual([code, stderr.split("\n")[0]], [1, first]);
    });
  }

  test("a principal without a type is told on stdout", async () => {
    assert.deepEqual(
      await runCommand("kafka-acls", "--bootstrap-server 127.0.0.1:1 --add --topic t --allow-principal a"),
      {
        code: 1,
        stdout:
          "Error while executing ACL command: expected a string in format principalType:principalName but got a\n",
        stderr: "",
      },
    );
  });
});
