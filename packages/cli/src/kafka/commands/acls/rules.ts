// Which rules the options of kafka-acls mean: for each resource, who may do what from where. Pure.

import type { Acl, AclOperation, AclPatternType, AclPermissionType, AclResourceType } from "@ottla/client";
import { CommandFailure } from "../../command-failure.ts";
import type { Checks } from "../../options/checks.ts";
import { OptionError } from "../../options/option-error.ts";
import type { AclOption } from "./options.ts";

/** In the order of their numbers. */
const operations: readonly AclOperation[] = [
  "ALL",
  "READ",
  "WRITE",
  "CREATE",
  "DELETE",
  "ALTER",
  "DESCRIBE",
  "CLUSTER_ACTION",
  "DESCRIBE_CONFIGS",
  "ALTER_CONFIGS",
  "IDEMPOTENT_WRITE",
  "CREATE_TOKENS",
  "DESCRIBE_TOKENS",
  "TWO_PHASE_COMMIT",
];

/** ClusterAction for CLUSTER_ACTION. */
const pascal = (operation: AclOperation): string =>
  operation
    .split("_")
    .map((word) => word.charAt(0) + word.slice(1).toLowerCase())
    .join("");

export const operationNames: readonly string[] = operations.map(pascal);

/** AclEntry.supportedOperations; ALL goes with each of them. */
const supported: Readonly<Partial<Record<AclResourceType, readonly AclOperation[]>>> = {
  TOPIC: ["READ", "WRITE", "CREATE", "DESCRIBE", "DELETE", "ALTER", "DESCRIBE_CONFIGS", "ALTER_CONFIGS"],
  GROUP: ["READ", "DESCRIBE", "DELETE", "DESCRIBE_CONFIGS", "ALTER_CONFIGS"],
  CLUSTER: ["CREATE", "CLUSTER_ACTION", "DESCRIBE_CONFIGS", "ALTER_CONFIGS", "IDEMPOTENT_WRITE", "ALTER", "DESCRIBE"],
  TRANSACTIONAL_ID: ["DESCRIBE", "WRITE", "TWO_PHASE_COMMIT"],
  DELEGATION_TOKEN: ["DESCRIBE"],
  USER: ["CREATE_TOKENS", "DESCRIBE_TOKENS"],
};

export interface Resource {
  readonly resourceType: AclResourceType;
  readonly resourceName: string;
  readonly patternType: AclPatternType;
}

export type Entry = Pick<Acl, "principal" | "host" | "operation" | "permissionType">;

/** The entries of one resource. */
export interface ResourceRules {
  readonly resource: Resource;
  readonly entries: readonly Entry[];
}

/** ResourcePattern.toString() */
export function resourceText({ resourceType, resourceName, patternType }: Resource): string {
  return `ResourcePattern(resourceType=${resourceType}, name=${resourceName}, patternType=${patternType})`;
}

/** AccessControlEntry.toString() */
export function entryText({ principal, host, operation, permissionType }: Entry): string {
  return `(principal=${principal}, host=${host}, operation=${operation}, permissionType=${permissionType})`;
}

/** @throws OptionError */
export function patternTypeOf({ options }: Checks<AclOption>): AclPatternType {
  const text = options.text("resource-pattern-type")!;
  const type = text.toUpperCase();
  if (type === "ANY" || type === "MATCH" || type === "LITERAL" || type === "PREFIXED") return type;
  throw new OptionError(`Cannot parse argument '${text}' of option resource-pattern-type`);
}

const CLUSTER: Resource = { resourceType: "CLUSTER", resourceName: "kafka-cluster", patternType: "LITERAL" };

/** The resources that the options name; without any, the command ends when one is needed. */
export function namedResources(checks: Checks<AclOption>, isNeeded: boolean): Resource[] {
  const { options } = checks;
  const type = patternTypeOf(checks);
  const named = (name: AclOption, resourceType: AclResourceType): Resource[] =>
    options.texts(name).map((text) => ({
      resourceType,
      resourceName: resourceType === "TRANSACTIONAL_ID" ? text : text.trim(),
      patternType: type,
    }));
  const isCluster = type === "LITERAL" && (options.has("cluster") || options.has("idempotent"));
  const resources = [
    ...named("topic", "TOPIC"),
    ...(isCluster ? [CLUSTER] : []),
    ...named("group", "GROUP"),
    ...named("transactional-id", "TRANSACTIONAL_ID"),
    ...named("delegation-token", "DELEGATION_TOKEN"),
    ...named("user-principal", "USER"),
  ];
  if (resources.length === 0 && isNeeded) {
    checks.usage(
      "You must provide at least one resource: --topic <topic> or --cluster or --group <group> or --delegation-token <Delegation Token ID>",
    );
  }
  return [...new Map(resources.map((resource) => [resourceText(resource), resource])).values()];
}

/** What is to be added or removed, resource by resource. @throws CommandFailure, OptionError, ExitError */
export function wantedRules(checks: Checks<AclOption>): ResourceRules[] {
  const { options } = checks;
  const resources = namedResources(checks, true);
  const rules: ResourceRules[] = [];
  const add = (resource: Resource, wanted: readonly AclOperation[]): void => {
    const index = rules.findIndex((each) => resourceText(each.resource) === resourceText(resource));
    const entries = entriesOf(checks, wanted);
    if (index < 0) rules.push({ resource, entries });
    else rules[index] = { resource, entries: distinct([...rules[index]!.entries, ...entries]) };
  };
  const ofType = (type: AclResourceType): Resource[] => resources.filter(({ resourceType }) => resourceType === type);
  const isProducer = options.has("producer");
  const isConsumer = options.has("consumer");
  if (!isProducer && !isConsumer) {
    const wanted = options.texts("operation").map((text) => operationOf(text.trim()));
    for (const resource of resources) add(resource, wanted);
  }
  if (isProducer) {
    for (const topic of ofType("TOPIC")) add(topic, ["WRITE", "DESCRIBE", "CREATE"]);
    for (const id of ofType("TRANSACTIONAL_ID")) add(id, ["WRITE", "DESCRIBE"]);
    if (options.has("idempotent")) add(CLUSTER, ["IDEMPOTENT_WRITE"]);
  }
  if (isConsumer) {
    for (const topic of ofType("TOPIC")) add(topic, ["READ", "DESCRIBE"]);
    for (const group of ofType("GROUP")) add(group, ["READ"]);
  }
  checkOperations(checks, rules);
  return rules;
}

function checkOperations(checks: Checks<AclOption>, rules: readonly ResourceRules[]): void {
  for (const { resource, entries } of rules) {
    const valid: readonly AclOperation[] = [...(supported[resource.resourceType] ?? []), "ALL"];
    if (entries.every(({ operation }) => valid.includes(operation))) continue;
    checks.usage(`ResourceType ${resource.resourceType} only supports operations [${valid.join(", ")}]`);
  }
}

/** In any case, and without underscores, as Kafka reads them; UNKNOWN for what is none. */
function operationOf(text: string): AclOperation {
  return operations.find((operation) => pascal(operation).toUpperCase() === text.toUpperCase()) ?? "UNKNOWN";
}

function entriesOf({ options }: Checks<AclOption>, wanted: readonly AclOperation[]): Entry[] {
  const hosts = (name: AclOption): string[] =>
    options.has(name) ? options.texts(name).map((host) => host.trim()) : ["*"];
  const all = (principals: AclOption, from: AclOption, permissionType: AclPermissionType): Entry[] =>
    options
      .texts(principals)
      .map((text) => principalOf(text.trim()))
      .flatMap((principal) =>
        wanted.flatMap((operation) => hosts(from).map((host) => ({ principal, host, operation, permissionType }))),
      );
  return distinct([...all("allow-principal", "allow-host", "ALLOW"), ...all("deny-principal", "deny-host", "DENY")]);
}

function distinct(entries: readonly Entry[]): Entry[] {
  return [...new Map(entries.map((entry) => [entryText(entry), entry])).values()];
}

/** @throws CommandFailure */
export function principalOf(text: string): string {
  if (text.includes(":")) return text;
  throw new CommandFailure(`expected a string in format principalType:principalName but got ${text}`);
}
