// The numbers of Kafka's ACLs and their names, spelled as Java's enums: operations, permissions, resource types, pattern types.
// One table each; both directions are derived from it.

/** Java: org.apache.kafka.common.acl.AclOperation, in the order of its numbers. */
const operations = [
  "UNKNOWN",
  "ANY",
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
] as const;
export type AclOperation = (typeof operations)[number];

const permissions = ["UNKNOWN", "ANY", "DENY", "ALLOW"] as const;
export type AclPermissionType = (typeof permissions)[number];

const resourceTypes = [
  "UNKNOWN",
  "ANY",
  "TOPIC",
  "GROUP",
  "CLUSTER",
  "TRANSACTIONAL_ID",
  "DELEGATION_TOKEN",
  "USER",
] as const;
/** Java: org.apache.kafka.common.resource.ResourceType. */
export type AclResourceType = (typeof resourceTypes)[number];

const patternTypes = ["UNKNOWN", "ANY", "MATCH", "LITERAL", "PREFIXED"] as const;
/** KIP-290: MATCH, in filters only, is every pattern that a name falls under. */
export type AclPatternType = (typeof patternTypes)[number];

/** Names and numbers of one table. */
interface Names<Name extends string> {
  /** UNKNOWN for numbers that Kafka 4.3 does not have. */
  nameOf(id: number): Name;
  idOf(name: Name): number;
}

export const aclOperations = names<AclOperation>(operations);
export const aclPermissions = names<AclPermissionType>(permissions);
export const aclResourceTypes = names<AclResourceType>(resourceTypes);
export const aclPatternTypes = names<AclPatternType>(patternTypes);

/** The operations of a response's bit field (KIP-430); null when the broker was not asked or does not tell. */
export function authorizedOperations(bits: number): AclOperation[] | null {
  if (bits === notTold) return null;
  return operations.filter((_name, id) => (bits & (1 << id)) !== 0);
}

const notTold = -0x8000_0000;

function names<Name extends string>(table: readonly Name[]): Names<Name> {
  return {
    nameOf: (id) => table[id] ?? table[0]!,
    idOf: (name) => table.indexOf(name),
  };
}
