// Kafka's error codes as of release 4.3: name, number, whether a client may try again, and what it means.
// The one table of errors; everything else that names or describes an error is derived from it.
// The sentences are what Ottla says when a handler has nothing more exact to say; null stands for "no error".

interface ErrorDefinition {
  readonly code: number;
  readonly retriable: boolean;
  readonly message: string | null;
}

const definitions = {
  UNKNOWN_SERVER_ERROR: final(-1, "Something unexpected failed in the broker; its log says more."),
  NONE: { code: 0, retriable: false, message: null },
  OFFSET_OUT_OF_RANGE: final(1, "The offset is outside the log's range."),
  CORRUPT_MESSAGE: retriable(2, "The records are damaged: wrong checksum, wrong size, or no key in a compacted topic."),
  UNKNOWN_TOPIC_OR_PARTITION: retriable(3, "This broker has no such topic or partition."),
  INVALID_FETCH_SIZE: final(4, "The fetch size is not valid."),
  LEADER_NOT_AVAILABLE: retriable(5, "The partition has no leader at the moment."),
  NOT_LEADER_OR_FOLLOWER: retriable(6, "This broker is not the partition's leader, or has no replica of it."),
  REQUEST_TIMED_OUT: retriable(7, "The request was not finished in the time it allowed."),
  BROKER_NOT_AVAILABLE: final(8, "The broker is not available."),
  REPLICA_NOT_AVAILABLE: retriable(9, "This broker has no usable replica of the partition."),
  MESSAGE_TOO_LARGE: final(10, "A record batch is larger than the topic or the broker allows."),
  STALE_CONTROLLER_EPOCH: final(11, "The controller has changed since."),
  OFFSET_METADATA_TOO_LARGE: final(12, "The metadata that goes with a committed offset is too long."),
  NETWORK_EXCEPTION: retriable(13, "The connection ended before the response came."),
  COORDINATOR_LOAD_IN_PROGRESS: retriable(14, "The coordinator is still reading its log."),
  COORDINATOR_NOT_AVAILABLE: retriable(15, "The coordinator is not available."),
  NOT_COORDINATOR: retriable(16, "This broker is not the coordinator."),
  INVALID_TOPIC_EXCEPTION: final(17, "The topic's name is not valid, or the topic is not open to this."),
  RECORD_LIST_TOO_LARGE: final(18, "A record batch is larger than a segment of the log."),
  NOT_ENOUGH_REPLICAS: retriable(19, "Fewer replicas are in sync than the topic requires; nothing was written."),
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: retriable(20, "Written, but to fewer replicas in sync than the topic requires."),
  INVALID_REQUIRED_ACKS: final(21, "acks must be -1, 0 or 1."),
  ILLEGAL_GENERATION: final(22, "The generation id is not the group's."),
  INCONSISTENT_GROUP_PROTOCOL: final(23, "The member's protocols do not go with those of the group."),
  INVALID_GROUP_ID: final(24, "The group id is not valid."),
  UNKNOWN_MEMBER_ID: final(25, "The coordinator does not know this member."),
  INVALID_SESSION_TIMEOUT: final(26, "The session timeout is outside the range the broker allows."),
  REBALANCE_IN_PROGRESS: final(27, "The group is rebalancing; the member must join again."),
  INVALID_COMMIT_OFFSET_SIZE: final(28, "The committed offset is too large to be stored."),
  TOPIC_AUTHORIZATION_FAILED: final(29, "Not allowed on this topic."),
  GROUP_AUTHORIZATION_FAILED: final(30, "Not allowed on this group."),
  CLUSTER_AUTHORIZATION_FAILED: final(31, "Not allowed on the cluster."),
  INVALID_TIMESTAMP: final(32, "A record's timestamp is outside the range the topic accepts."),
  UNSUPPORTED_SASL_MECHANISM: final(33, "The broker does not offer this SASL mechanism."),
  ILLEGAL_SASL_STATE: final(34, "The request does not belong here in the SASL exchange."),
  UNSUPPORTED_VERSION: final(35, "The broker does not support this version of the API."),
  TOPIC_ALREADY_EXISTS: final(36, "A topic of this name exists."),
  INVALID_PARTITIONS: final(37, "The number of partitions is not valid."),
  INVALID_REPLICATION_FACTOR: final(38, "The replication factor is below 1 or above the number of brokers."),
  INVALID_REPLICA_ASSIGNMENT: final(39, "The replica assignment is not valid."),
  INVALID_CONFIG: final(40, "A config is unknown or its value is not valid."),
  NOT_CONTROLLER: retriable(41, "This node is not the active controller."),
  INVALID_REQUEST: final(42, "The request contradicts itself or the protocol."),
  UNSUPPORTED_FOR_MESSAGE_FORMAT: final(43, "The partition's record format does not support this."),
  POLICY_VIOLATION: final(44, "The broker's policy does not allow this."),
  OUT_OF_ORDER_SEQUENCE_NUMBER: final(45, "The batch does not continue the producer's sequence."),
  DUPLICATE_SEQUENCE_NUMBER: final(46, "The batch repeats sequence numbers that are too old to be compared."),
  INVALID_PRODUCER_EPOCH: final(47, "The producer's epoch is not the current one."),
  INVALID_TXN_STATE: final(48, "The transaction is not in a state that allows this."),
  INVALID_PRODUCER_ID_MAPPING: final(49, "The producer id does not belong to this transactional id."),
  INVALID_TRANSACTION_TIMEOUT: final(50, "The transaction timeout is larger than transaction.max.timeout.ms."),
  CONCURRENT_TRANSACTIONS: retriable(51, "The transaction is busy with another operation."),
  TRANSACTION_COORDINATOR_FENCED: final(52, "The marker comes from a coordinator that has been replaced."),
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: final(53, "Not allowed on this transactional id."),
  SECURITY_DISABLED: final(54, "The broker has no authorizer."),
  OPERATION_NOT_ATTEMPTED: final(55, "Not tried, because another operation of the request failed."),
  KAFKA_STORAGE_ERROR: retriable(56, "The disk failed under the partition's log."),
  LOG_DIR_NOT_FOUND: final(57, "The broker has no such log directory."),
  SASL_AUTHENTICATION_FAILED: final(58, "Authentication failed."),
  UNKNOWN_PRODUCER_ID: final(59, "The broker knows nothing of this producer id on the partition, perhaps no longer."),
  REASSIGNMENT_IN_PROGRESS: final(60, "The partition's replicas are being moved."),
  DELEGATION_TOKEN_AUTH_DISABLED: final(61, "Delegation tokens are not enabled."),
  DELEGATION_TOKEN_NOT_FOUND: final(62, "No such delegation token."),
  DELEGATION_TOKEN_OWNER_MISMATCH: final(63, "The principal neither owns nor may renew the token."),
  DELEGATION_TOKEN_REQUEST_NOT_ALLOWED: final(64, "Delegation tokens cannot be handled on this kind of connection."),
  DELEGATION_TOKEN_AUTHORIZATION_FAILED: final(65, "Not allowed on this delegation token."),
  DELEGATION_TOKEN_EXPIRED: final(66, "The delegation token has expired."),
  INVALID_PRINCIPAL_TYPE: final(67, "This type of principal is not supported."),
  NON_EMPTY_GROUP: final(68, "The group has members."),
  GROUP_ID_NOT_FOUND: final(69, "No such group."),
  FETCH_SESSION_ID_NOT_FOUND: retriable(70, "No such fetch session; it may have been evicted."),
  INVALID_FETCH_SESSION_EPOCH: retriable(71, "The epoch is not the fetch session's next one."),
  LISTENER_NOT_FOUND: retriable(72, "The leader has no listener of the name that the client came in by."),
  TOPIC_DELETION_DISABLED: final(73, "Topics cannot be deleted: delete.topic.enable is false."),
  FENCED_LEADER_EPOCH: retriable(74, "The leader epoch is older than the broker's."),
  UNKNOWN_LEADER_EPOCH: retriable(75, "The leader epoch is newer than the broker's."),
  UNSUPPORTED_COMPRESSION_TYPE: final(76, "The client's version cannot read the compression in use."),
  STALE_BROKER_EPOCH: final(77, "The broker's epoch has changed."),
  OFFSET_NOT_AVAILABLE: retriable(78, "The new leader's high watermark has not caught up yet."),
  MEMBER_ID_REQUIRED: final(79, "The member must join again with the member id given here."),
  PREFERRED_LEADER_NOT_AVAILABLE: retriable(80, "The preferred replica cannot become leader."),
  GROUP_MAX_SIZE_REACHED: final(81, "The group is full."),
  FENCED_INSTANCE_ID: final(82, "Another member has taken over this group.instance.id."),
  ELIGIBLE_LEADERS_NOT_AVAILABLE: retriable(83, "No replica can become leader."),
  ELECTION_NOT_NEEDED: retriable(84, "The leader is already the one that would be elected."),
  NO_REASSIGNMENT_IN_PROGRESS: final(85, "The partition's replicas are not being moved."),
  GROUP_SUBSCRIBED_TO_TOPIC: final(86, "The group still consumes the topic."),
  INVALID_RECORD: final(87, "A record does not meet the topic's rules."),
  UNSTABLE_OFFSET_COMMIT: retriable(88, "Offsets of the partition are part of an open transaction."),
  THROTTLING_QUOTA_EXCEEDED: retriable(89, "A quota is used up."),
  PRODUCER_FENCED: final(90, "A newer producer uses this transactional id."),
  RESOURCE_NOT_FOUND: final(91, "No such resource."),
  DUPLICATE_RESOURCE: final(92, "The request names a resource twice."),
  UNACCEPTABLE_CREDENTIAL: final(93, "The credential does not meet the rules for credentials."),
  INCONSISTENT_VOTER_SET: final(94, "Sender or receiver is not among the voters."),
  INVALID_UPDATE_VERSION: final(95, "The feature cannot have this level."),
  FEATURE_UPDATE_FAILED: final(96, "The features could not be updated."),
  PRINCIPAL_DESERIALIZATION_FAILURE: final(97, "The principal in a forwarded request cannot be read."),
  SNAPSHOT_NOT_FOUND: final(98, "No such snapshot."),
  POSITION_OUT_OF_RANGE: final(99, "The position is outside the snapshot."),
  UNKNOWN_TOPIC_ID: retriable(100, "This broker has no topic of this id."),
  DUPLICATE_BROKER_REGISTRATION: final(101, "Another broker uses this id."),
  BROKER_ID_NOT_REGISTERED: final(102, "No broker of this id is registered."),
  INCONSISTENT_TOPIC_ID: retriable(103, "The topic's id is not the one in the request."),
  INCONSISTENT_CLUSTER_ID: final(104, "The request is meant for another cluster."),
  TRANSACTIONAL_ID_NOT_FOUND: final(105, "No such transactional id."),
  FETCH_SESSION_TOPIC_ID_ERROR: retriable(106, "The fetch session mixes topic names and ids."),
  INELIGIBLE_REPLICA: final(107, "A replica of the new ISR may not be in it."),
  NEW_LEADER_ELECTED: final(108, "The ISR was changed, and with it the leader."),
  OFFSET_MOVED_TO_TIERED_STORAGE: final(109, "The offset is in tiered storage only."),
  FENCED_MEMBER_EPOCH: final(110, "The member's epoch is fenced: it must give up its partitions and join again."),
  UNRELEASED_INSTANCE_ID: final(111, "Another member still holds this group.instance.id."),
  UNSUPPORTED_ASSIGNOR: final(112, "The group does not support this assignor."),
  STALE_MEMBER_EPOCH: final(113, "The member's epoch is old: try again after the next heartbeat."),
  MISMATCHED_ENDPOINT_TYPE: final(114, "The request came to the wrong kind of endpoint."),
  UNSUPPORTED_ENDPOINT_TYPE: final(115, "This kind of endpoint is not supported."),
  UNKNOWN_CONTROLLER_ID: final(116, "No controller of this id is known."),
  UNKNOWN_SUBSCRIPTION_ID: final(117, "The telemetry subscription is unknown or outdated."),
  TELEMETRY_TOO_LARGE: final(118, "The pushed metrics are larger than the broker accepts."),
  INVALID_REGISTRATION: final(119, "The controller refuses the registration."),
  TRANSACTION_ABORTABLE: final(120, "The transaction failed; after aborting it the producer can go on."),
  INVALID_RECORD_STATE: final(121, "The record is not in a state in which it can be acknowledged."),
  SHARE_SESSION_NOT_FOUND: retriable(122, "No such share session."),
  INVALID_SHARE_SESSION_EPOCH: retriable(123, "The epoch is not the share session's next one."),
  FENCED_STATE_EPOCH: final(124, "The state epoch is not the share partition's."),
  INVALID_VOTER_KEY: final(125, "The voter key is not this node's."),
  DUPLICATE_VOTER: final(126, "The node is a voter already."),
  VOTER_NOT_FOUND: final(127, "The node is not a voter."),
  INVALID_REGULAR_EXPRESSION: final(128, "The regular expression cannot be parsed."),
  REBOOTSTRAP_REQUIRED: final(129, "The client's metadata is too old; it must start from its bootstrap servers again."),
  STREAMS_INVALID_TOPOLOGY: final(130, "The topology is not valid."),
  STREAMS_INVALID_TOPOLOGY_EPOCH: final(131, "The topology epoch is not valid."),
  STREAMS_TOPOLOGY_FENCED: final(132, "The group has a newer topology."),
  SHARE_SESSION_LIMIT_REACHED: retriable(133, "The broker holds as many share sessions as it may."),
} satisfies { [name: string]: ErrorDefinition };

/** Kafka's name of an error. */
export type ErrorName = keyof typeof definitions;

/** The codes by Kafka's names: `errorCodes.NONE` is 0. */
export const errorCodes = Object.fromEntries(Object.entries(definitions).map(([name, { code }]) => [name, code])) as {
  readonly [Name in ErrorName]: number;
};

const byCode = new Map<number, ErrorDefinition & { readonly name: string }>(
  Object.entries(definitions).map(([name, definition]) => [definition.code, { name, ...definition }]),
);

/** The name of `code`; for a code that Kafka 4.3 does not have, a text with the number. */
export function errorName(code: number): string {
  return byCode.get(code)?.name ?? `UNKNOWN_ERROR_CODE_${code}`;
}

/** Whether a client may send the same request again and hope. */
export function isRetriable(code: number): boolean {
  return byCode.get(code)?.retriable ?? false;
}

/** A sentence for people; null for NONE and for codes that Kafka 4.3 does not have. */
export function errorMessage(code: number): string | null {
  return byCode.get(code)?.message ?? null;
}

function final(code: number, message: string): ErrorDefinition {
  return { code, retriable: false, message };
}

function retriable(code: number, message: string): ErrorDefinition {
  return { code, retriable: true, message };
}
