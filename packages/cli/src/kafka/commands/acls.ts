// `kafka-acls`: lists, adds and removes access rules. Kafka: org.apache.kafka.tools.AclCommand. Failures are told on stdout.

import type { Acl, Admin } from "@ottla/client";
import { refuseControllers, withAdmin } from "../client/connect.ts";
import { ExitError } from "../command-io.ts";
import type { CommandIo, KafkaCommand } from "../command-io.ts";
import { futureMessage, isExpected } from "../failure.ts";
import type { Checks } from "../options/checks.ts";
import { inputLines } from "../text/input-lines.ts";
import { compareTexts } from "../text/java-format.ts";
import { readAclOptions } from "./acls/options.ts";
import type { AclOption } from "./acls/options.ts";
import { entryText, namedResources, patternTypeOf, principalOf, resourceText, wantedRules } from "./acls/rules.ts";
import type { Entry, ResourceRules } from "./acls/rules.ts";

export const acls: KafkaCommand = async (words, io) => {
  const checks = readAclOptions(words, io);
  const { options } = checks;
  try {
    refuseControllers(options.has("bootstrap-controller"));
    const where = { servers: options.text("bootstrap-server")!, configFile: options.text("command-config") };
    await withAdmin(where, async (admin) => {
      if (options.has("add")) await add(admin, checks, io);
      else if (options.has("remove")) await remove(admin, checks, io);
      else await list(admin, checks, io);
    });
    return 0;
  } catch (error) {
    if (error instanceof ExitError || !isExpected(error)) throw error;
    io.out(`Error while executing ACL command: ${futureMessage(error)}`);
    return 1;
  }
};

async function add(admin: Admin, checks: Checks<AclOption>, io: CommandIo): Promise<void> {
  const type = patternTypeOf(checks);
  if (type === "ANY" || type === "MATCH") {
    checks.usage(`A '--resource-pattern-type' value of '${type}' is not valid when adding acls.`);
  }
  const rules = wantedRules(checks);
  if (rules.some(({ entries }) => entries.length === 0)) {
    checks.usage("You must specify one of: --allow-principal, --deny-principal when trying to add ACLs.");
  }
  for (const { resource, entries } of rules) {
    const known = new Set((await admin.describeAcls(resource)).map(entryText));
    for (const entry of entries.filter((each) => known.has(entryText(each)))) {
      io.out(`Acl (pattern=${resourceText(resource)}, entry=${entryText(entry)}) already exists.`);
    }
    const added = entries.filter((each) => !known.has(entryText(each)));
    if (added.length === 0) continue;
    io.out(`Adding ACLs for resource \`${resourceText(resource)}\`: \n ${entryLines(added)}\n`);
    await admin.createAcls(added.map((entry) => ({ ...resource, ...entry })));
  }
}

function entryLines(entries: readonly Entry[]): string {
  return entries.map((entry) => `\t${entryText(entry)}`).join("\n");
}

async function remove(admin: Admin, checks: Checks<AclOption>, io: CommandIo): Promise<void> {
  const given = answers(io);
  for (const rules of wantedRules(checks)) {
    const { resource, entries } = rules;
    if (!checks.options.has("force")) {
      io.out(question(rules));
      const { value } = await given.next();
      if (typeof value !== "string" || value.trim().toLowerCase() !== "y") continue;
    }
    await admin.deleteAcls(entries.length === 0 ? [resource] : entries.map((entry) => ({ ...resource, ...entry })));
  }
}

function question({ resource, entries }: ResourceRules): string {
  const name = resourceText(resource);
  return entries.length === 0
    ? `Are you sure you want to delete all ACLs for resource filter \`${name}\`? (y/n)`
    : `Are you sure you want to remove ACLs: \n ${entryLines(entries)}\n from resource filter \`${name}\`? (y/n)`;
}

/** One line of the input after another is an answer. */
async function* answers(io: CommandIo): AsyncGenerator<string> {
  for await (const lines of inputLines(io.input, io.signal)) yield* lines;
}

async function list(admin: Admin, checks: Checks<AclOption>, io: CommandIo): Promise<void> {
  const resources = namedResources(checks, false);
  const principals = checks.options.texts("principal").map((text) => principalOf(text.trim()));
  const found: Acl[] = [];
  for (const filter of resources.length === 0 ? [{}] : resources) found.push(...(await admin.describeAcls(filter)));
  if (principals.length === 0) printRules(io, found);
  for (const principal of new Set(principals)) {
    io.out(`ACLs for principal \`${principal}\``);
    printRules(
      io,
      found.filter((acl) => acl.principal === principal),
    );
  }
}

function printRules(io: CommandIo, found: readonly Acl[]): void {
  const byResource = Map.groupBy(found, resourceText);
  for (const [resource, rules] of [...byResource].sort(([one], [other]) => compareTexts(one, other))) {
    const lines = [...new Set(rules.map(entryText))].sort(compareTexts).map((line) => `\t${line}`);
    io.out(`Current ACLs for resource \`${resource}\`:\n${lines.join("\n")}\n`);
  }
}
