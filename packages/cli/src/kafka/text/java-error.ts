// Errors as Java names and words them, where Kafka's commands print them. A broker that sends a sentence of its own is quoted; without
// one the client has Ottla's words, and Kafka's stand here for the errors that commands meet.

import { AdminError, KafkaError } from "@ottla/client";
import { errorCodes, errorMessage } from "@ottla/protocol";

const PACKAGE = "org.apache.kafka.common.errors";

/** Classes whose names do not follow from the error's. */
const irregularClasses: Readonly<Record<string, string>> = {
  UNKNOWN_SERVER_ERROR: "UnknownServerException",
  CORRUPT_MESSAGE: "CorruptRecordException",
  REQUEST_TIMED_OUT: "TimeoutException",
  TIMEOUT: "TimeoutException",
  DELIVERY_TIMEOUT: "TimeoutException",
  MESSAGE_TOO_LARGE: "RecordTooLargeException",
  RECORD_LIST_TOO_LARGE: "RecordBatchTooLargeException",
  STALE_CONTROLLER_EPOCH: "ControllerMovedException",
  OFFSET_METADATA_TOO_LARGE: "OffsetMetadataTooLarge",
  INVALID_TOPIC_EXCEPTION: "InvalidTopicException",
  TOPIC_AUTHORIZATION_FAILED: "TopicAuthorizationException",
  GROUP_AUTHORIZATION_FAILED: "GroupAuthorizationException",
  CLUSTER_AUTHORIZATION_FAILED: "ClusterAuthorizationException",
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: "TransactionalIdAuthorizationException",
  DELEGATION_TOKEN_AUTHORIZATION_FAILED: "DelegationTokenAuthorizationException",
  DELEGATION_TOKEN_AUTH_DISABLED: "DelegationTokenDisabledException",
  SASL_AUTHENTICATION_FAILED: "SaslAuthenticationException",
  TOPIC_ALREADY_EXISTS: "TopicExistsException",
  INVALID_CONFIG: "InvalidConfigurationException",
  OUT_OF_ORDER_SEQUENCE_NUMBER: "OutOfOrderSequenceException",
  DUPLICATE_SEQUENCE_NUMBER: "DuplicateSequenceException",
  INVALID_PRODUCER_ID_MAPPING: "InvalidPidMappingException",
  INVALID_TRANSACTION_TIMEOUT: "InvalidTxnTimeoutException",
  KAFKA_STORAGE_ERROR: "KafkaStorageException",
  NON_EMPTY_GROUP: "GroupNotEmptyException",
  FETCH_SESSION_TOPIC_ID_ERROR: "FetchSessionTopicIdException",
  INVALID_REGULAR_EXPRESSION: "InvalidRegularExpression",
  CONNECTION: "DisconnectException",
};

/** Kafka's own sentences (Errors), for those that brokers answer with the code alone. */
const sentences: Readonly<Record<string, string>> = {
  UNKNOWN_SERVER_ERROR: "The server experienced an unexpected error when processing the request.",
  UNKNOWN_TOPIC_OR_PARTITION: "This server does not host this topic-partition.",
  LEADER_NOT_AVAILABLE: "There is no leader for this topic-partition as we are in the middle of a leadership election.",
  OFFSET_OUT_OF_RANGE: "The requested offset is not within the range of offsets maintained by the server.",
  REQUEST_TIMED_OUT: "The request timed out.",
  INVALID_GROUP_ID: "The group id is invalid.",
  UNKNOWN_MEMBER_ID: "The coordinator is not aware of this member.",
  REBALANCE_IN_PROGRESS: "The group is rebalancing, so a rejoin is needed.",
  TOPIC_AUTHORIZATION_FAILED: "Topic authorization failed.",
  GROUP_AUTHORIZATION_FAILED: "Group authorization failed.",
  CLUSTER_AUTHORIZATION_FAILED: "Cluster authorization failed.",
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: "Transactional Id authorization failed.",
  UNSUPPORTED_VERSION: "The version of API is not supported.",
  TOPIC_ALREADY_EXISTS: "Topic with this name already exists.",
  INVALID_PARTITIONS: "Number of partitions is below 1.",
  SECURITY_DISABLED: "Security features are disabled.",
  KAFKA_STORAGE_ERROR: "Disk error when trying to access log file on the disk.",
  LOG_DIR_NOT_FOUND: "The user-specified log directory is not found in the broker config.",
  REASSIGNMENT_IN_PROGRESS: "A partition reassignment is in progress.",
  NO_REASSIGNMENT_IN_PROGRESS: "No partition reassignment is in progress.",
  NON_EMPTY_GROUP: "The group is not empty.",
  GROUP_ID_NOT_FOUND: "The group id does not exist.",
  GROUP_SUBSCRIBED_TO_TOPIC:
    "Deleting offsets of a topic is forbidden while the consumer group is actively subscribed to it.",
  FENCED_INSTANCE_ID:
    "The broker rejected this static consumer since another consumer with the same group.instance.id has registered with a different member.id.",
  ELECTION_NOT_NEEDED: "Leader election not needed for topic partition.",
  PREFERRED_LEADER_NOT_AVAILABLE: "The preferred leader was not available.",
  ELIGIBLE_LEADERS_NOT_AVAILABLE: "Eligible topic partition leaders are not available.",
  INVALID_TXN_STATE: "The producer attempted a transactional operation in an invalid state.",
  PRODUCER_FENCED: "There is a newer producer with the same transactionalId which fences the current one.",
  INVALID_PRODUCER_EPOCH: "Producer attempted to produce with an old epoch.",
  TRANSACTIONAL_ID_NOT_FOUND: "The transactionalId could not be found.",
  UNKNOWN_TOPIC_ID: "This server does not host this topic ID.",
  BROKER_ID_NOT_REGISTERED: "The given broker ID was not registered.",
  INVALID_UPDATE_VERSION: "The given update version was invalid.",
  RESOURCE_NOT_FOUND: "A request illegally referred to a resource that does not exist.",
  MESSAGE_TOO_LARGE: "The request included a message larger than the max message size the server will accept.",
};

/** The error itself: of a call that was about several things, the first of theirs. */
export function rootError(error: unknown): unknown {
  if (!(error instanceof AdminError)) return error;
  const [first] = error.errors.values();
  return first ?? error;
}

/** What Java's getMessage() says. */
export function javaMessage(error: unknown): string {
  const root = rootError(error);
  if (!(root instanceof KafkaError)) return root instanceof Error ? root.message : String(root);
  const number = (errorCodes as Readonly<Record<string, number>>)[root.code];
  const isOurs = number !== undefined && root.message === errorMessage(number);
  return (isOurs ? sentences[root.code] : undefined) ?? notServed(root.message) ?? root.message;
}

/** What Java's client says of a broker without an API, where ours names the broker. */
function notServed(message: string): string | undefined {
  const [, api] = / does not serve a version of (\w+) that this client knows$/.exec(message) ?? [];
  if (api === undefined) return undefined;
  return `The node does not support ${api.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase()}`;
}

/** The exception's class with its package. */
export function javaClass(error: unknown): string {
  const root = rootError(error);
  if (!(root instanceof KafkaError)) return root instanceof Error ? root.name : "Error";
  return `${PACKAGE}.${irregularClasses[root.code] ?? regularClass(root.code)}`;
}

/** What Java prints of an exception: class and message. */
export function javaText(error: unknown): string {
  return `${javaClass(error)}: ${javaMessage(error)}`;
}

/** Kafka's name of the error, such as UNSUPPORTED_VERSION; empty for what is no error of Kafka's. */
export function errorNameOf(error: unknown): string {
  const root = rootError(error);
  return root instanceof KafkaError ? root.code : "";
}

function regularClass(name: string): string {
  const words = name.split("_").map((word) => word.charAt(0) + word.slice(1).toLowerCase());
  return `${words.join("")}Exception`;
}
