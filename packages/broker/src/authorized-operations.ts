// The bit fields that Metadata, DescribeCluster and DescribeGroups give to clients which ask what they may do (KIP-430).
// Without an authorizer everything is allowed, which Kafka tells as all the operations that the kind of resource knows.

/** The client did not ask: Integer.MIN_VALUE, the schema's default. */
export const NOT_ASKED = -0x8000_0000;

// Codes of Kafka's AclOperation.
const READ = 3;
const WRITE = 4;
const CREATE = 5;
const DELETE = 6;
const ALTER = 7;
const DESCRIBE = 8;
const CLUSTER_ACTION = 9;
const DESCRIBE_CONFIGS = 10;
const ALTER_CONFIGS = 11;
const IDEMPOTENT_WRITE = 12;

export const topicOperations = bits([READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS]);
export const clusterOperations = bits([
  CREATE,
  ALTER,
  DESCRIBE,
  CLUSTER_ACTION,
  DESCRIBE_CONFIGS,
  ALTER_CONFIGS,
  IDEMPOTENT_WRITE,
]);
export const groupOperations = bits([READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS]);

function bits(operations: readonly number[]): number {
  return operations.reduce((all, operation) => all | (1 << operation), 0);
}
