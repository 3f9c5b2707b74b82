// Whether a change of configs may be made: Kafka's ControllerConfigurationValidator, DynamicBrokerConfig.validate and
// ConfigurationControlManager.validateAlterConfig. Only what is being set is judged: a log from elsewhere may hold names that Ottla
// does not know, and they must not stand in the way of changing others.

import { errorCodes } from "@ottla/protocol";
import { groupConfig, refuseGroupConfigs } from "../configs/group-configs.ts";
import { parseConfig, parseNewConfig } from "../configs/parse-config.ts";
import { brokerConfig, topicConfig } from "../configs/tables.ts";
import { configResource } from "../image/image-types.ts";
import { keepsEligibleLeaderReplicas } from "../records/feature-levels.ts";
import type { ErrorResult } from "./controller-api.ts";
import { isRefusal, NO_ERROR, refusal } from "./decision.ts";
import type { DecisionContext } from "./decision.ts";
import { refuseTopicName } from "../image/topic-name.ts";

/** A config gets a value, or loses the one it has (null). */
export interface ConfigChange {
  readonly name: string;
  readonly value: string | null;
}

/** Java's Short.MAX_VALUE: longer texts do not fit the record. */
const MAX_VALUE_LENGTH = 32_767;

/** The coordinators keep their state in these: they are compacted, or would be forgotten. */
const COORDINATOR_TOPICS: ReadonlySet<string> = new Set(["__consumer_offsets", "__transaction_state"]);

export function checkTopicConfigs(topic: string, changes: readonly ConfigChange[]): ErrorResult {
  for (const { name, value } of changes) {
    if (value === null) continue;
    const definition = topicConfig(name);
    if (definition === undefined) return refusal(errorCodes.INVALID_CONFIG, `Unknown topic config name: ${name}`);
    if (value.length > MAX_VALUE_LENGTH) return tooLong(name);
    const kept = name === "cleanup.policy" && COORDINATOR_TOPICS.has(topic);
    const parsed = kept ? parseConfig(name, definition, value) : parseNewConfig(name, definition, value);
    if (!parsed.ok) return refusal(errorCodes.INVALID_CONFIG, parsed.reason);
  }
  return NO_ERROR;
}

/** `brokerId` is empty for the default of all brokers. Kafka answers a bad value of a broker with INVALID_REQUEST (KAFKA-13609). */
export function checkBrokerConfigs(
  brokerId: string,
  changes: readonly ConfigChange[],
  context: DecisionContext,
): ErrorResult {
  for (const { name, value } of changes) {
    const elr = checkMinInsyncReplicas(brokerId, { name, value }, context);
    if (isRefusal(elr)) return elr;
    if (value === null) continue;
    const definition = brokerConfig(name);
    if (definition === undefined) return refusal(errorCodes.INVALID_CONFIG, `Unknown broker config name: ${name}`);
    if (value.length > MAX_VALUE_LENGTH) return tooLong(name);
    if (definition.update === "read-only") {
      return refusal(errorCodes.INVALID_REQUEST, `Cannot update these configs dynamically: [${name}]`);
    }
    if (definition.update === "per-broker" && brokerId === "") {
      return refusal(errorCodes.INVALID_REQUEST, `Cannot update these configs for all brokers at once: [${name}]`);
    }
    const parsed = parseNewConfig(name, definition, value);
    if (!parsed.ok) return refusal(errorCodes.INVALID_REQUEST, parsed.reason);
  }
  return NO_ERROR;
}

/** The configs of one group; those that it has count with the changes. */
export function checkGroupConfigs(
  groupId: string,
  changes: readonly ConfigChange[],
  context: DecisionContext,
): ErrorResult {
  const texts = new Map(context.image.configs(configResource.GROUP, groupId));
  for (const { name, value } of changes) {
    if (value === null) {
      texts.delete(name);
      continue;
    }
    if (groupConfig(name) === undefined)
      return refusal(errorCodes.INVALID_CONFIG, `Unknown group config name: ${name}`);
    if (value.length > MAX_VALUE_LENGTH) return tooLong(name);
    texts.set(name, value);
  }
  const reason = refuseGroupConfigs(texts, context.config);
  return reason === null ? NO_ERROR : refusal(errorCodes.INVALID_CONFIG, reason);
}

/** Whether configs can hang on this resource at all, before its existence is looked at. */
export function checkResourceName(type: number, name: string): ErrorResult {
  if (type === configResource.TOPIC) {
    if (name === "")
      return refusal(errorCodes.INVALID_REQUEST, "Configs for all topics at once are not there; set the broker's");
    const reason = refuseTopicName(name);
    return reason === null ? NO_ERROR : refusal(errorCodes.INVALID_TOPIC_EXCEPTION, `Topic name is invalid: ${reason}`);
  }
  if (type === configResource.GROUP) {
    return name === "" ? refusal(errorCodes.INVALID_REQUEST, "Default group resources are not allowed.") : NO_ERROR;
  }
  if (name !== "" && !/^[0-9]{1,9}$/.test(name)) {
    return refusal(errorCodes.INVALID_REQUEST, `Node id must be an integer, but it is: ${name}`);
  }
  return NO_ERROR;
}

/** Whether the resource is there. */
export function checkResourceExists(type: number, name: string, context: DecisionContext): ErrorResult {
  if (type === configResource.TOPIC) {
    if (context.image.topic(name) !== undefined) return NO_ERROR;
    return refusal(errorCodes.UNKNOWN_TOPIC_OR_PARTITION, `The topic '${name}' does not exist.`);
  }
  if (type === configResource.GROUP) return NO_ERROR;
  if (name === "" || context.image.broker(Number(name)) !== undefined) return NO_ERROR;
  // What a broker of Kafka answers (ConfigAdminManager), which asks no controller about the id of another.
  return refusal(errorCodes.INVALID_REQUEST, `Unexpected broker id, expected ${context.nodeId}, but received ${name}`);
}

/** KIP-966: with eligible leader replicas there is one min.insync.replicas for all brokers, and there always is one. */
function checkMinInsyncReplicas(brokerId: string, change: ConfigChange, context: DecisionContext): ErrorResult {
  if (change.name !== "min.insync.replicas" || !keepsEligibleLeaderReplicas(context.image)) return NO_ERROR;
  if (brokerId !== "") {
    return refusal(
      errorCodes.INVALID_CONFIG,
      "min.insync.replicas of one broker cannot be altered while ELR is enabled.",
    );
  }
  if (change.value === null) {
    return refusal(
      errorCodes.INVALID_CONFIG,
      "min.insync.replicas of all brokers cannot be removed while ELR is enabled.",
    );
  }
  return NO_ERROR;
}

function tooLong(name: string): ErrorResult {
  return refusal(errorCodes.INVALID_CONFIG, `The value of ${name} is longer than ${MAX_VALUE_LENGTH} characters.`);
}
