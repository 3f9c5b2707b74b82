// IncrementalAlterConfigs (KIP-339) and the older AlterConfigs, which replaces everything a resource has.
// Each resource succeeds or fails as a whole. Kafka splits the work between ConfigAdminManager (first checks, on the broker) and
// ConfigurationControlManager (on the controller); here both are one.

import { errorCodes } from "@ottla/protocol";
import type { AlterConfigsRequest, AlterConfigsResponse } from "@ottla/protocol/messages/33-alter-configs.ts";
import type {
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
} from "@ottla/protocol/messages/44-incremental-alter-configs.ts";
import { groupConfig } from "../configs/group-configs.ts";
import type { ConfigDefinition } from "../configs/definition.ts";
import { brokerConfig, topicConfig } from "../configs/tables.ts";
import { configResource } from "../image/image-types.ts";
import { keepsEligibleLeaderReplicas } from "../records/feature-levels.ts";
import { makeRecord } from "../records/metadata-record.ts";
import type { MetadataRecord } from "../records/metadata-record.ts";
import {
  checkBrokerConfigs,
  checkGroupConfigs,
  checkResourceExists,
  checkResourceName,
  checkTopicConfigs,
} from "./config-rules.ts";
import type { ConfigChange } from "./config-rules.ts";
import type { ErrorResult } from "./controller-api.ts";
import { isRefusal, NO_ERROR, refusal, repeatedKeys } from "./decision.ts";
import type { Decision, DecisionContext } from "./decision.ts";

/** AlterConfigOp.OpType. */
const operations = { SET: 0, DELETE: 1, APPEND: 2, SUBTRACT: 3 } as const;

type Alteration = IncrementalAlterConfigsRequest["resources"][number]["configs"][number];

interface Resource {
  readonly resourceType: number;
  readonly resourceName: string;
}

/** What becomes of one resource. */
type Outcome = { readonly error: ErrorResult; readonly changes: readonly ConfigChange[] };

export function decideIncrementalAlterConfigs(
  request: IncrementalAlterConfigsRequest,
  context: DecisionContext,
): Decision<IncrementalAlterConfigsResponse> {
  return decideResources(request, context, (resource) => alter(resource, resource.configs, context));
}

export function decideAlterConfigs(
  request: AlterConfigsRequest,
  context: DecisionContext,
): Decision<AlterConfigsResponse> {
  return decideResources(request, context, (resource) => replace(resource, resource.configs, context));
}

function decideResources<R extends Resource & { readonly configs: readonly { readonly name: string }[] }>(
  request: { readonly resources: readonly R[]; readonly validateOnly: boolean },
  context: DecisionContext,
  decide: (resource: R) => Outcome,
): Decision<AlterConfigsResponse> {
  const repeated = repeatedKeys(request.resources, keyOf);
  const records: MetadataRecord[] = [];
  const responses = request.resources.map((resource) => {
    const outcome = repeated.has(keyOf(resource))
      ? refused(refusal(errorCodes.INVALID_REQUEST, "Each resource must appear at most once."))
      : decideOne(resource, context, decide);
    if (!request.validateOnly) records.push(...recordsOf(resource, outcome.changes, context));
    const { resourceType, resourceName } = resource;
    return { ...outcome.error, resourceType, resourceName };
  });
  return { records, response: { throttleTimeMs: 0, responses } };
}

function decideOne<R extends Resource & { readonly configs: readonly { readonly name: string }[] }>(
  resource: R,
  context: DecisionContext,
  decide: (resource: R) => Outcome,
): Outcome {
  if (repeatedKeys(resource.configs, ({ name }) => name).size > 0) {
    return refused(refusal(errorCodes.INVALID_REQUEST, "Error due to duplicate config keys"));
  }
  const { resourceType, resourceName } = resource;
  if (!ALTERABLE.has(resourceType)) return refused(refuseResourceType(resourceType));
  const name = checkResourceName(resourceType, resourceName);
  if (isRefusal(name)) return refused(name);
  const outcome = decide(resource);
  if (isRefusal(outcome.error)) return outcome;
  const existence = checkResourceExists(resourceType, resourceName, context);
  return isRefusal(existence) ? refused(existence) : outcome;
}

const ALTERABLE: ReadonlySet<number> = new Set([configResource.TOPIC, configResource.BROKER, configResource.GROUP]);

/** Log levels and client metrics have configs in Kafka; Ottla has nothing yet that they would change. */
function refuseResourceType(type: number): ErrorResult {
  const known = Object.entries(configResource).find(([, id]) => id === type);
  if (known === undefined) return refusal(errorCodes.INVALID_REQUEST, `Unknown resource type ${type}`);
  return refusal(errorCodes.INVALID_REQUEST, `Configs of the resource type ${known[0]} are not there yet`);
}

function alter(resource: Resource, alterations: readonly Alteration[], context: DecisionContext): Outcome {
  const missing = alterations.filter(
    ({ configOperation, value }) => configOperation !== operations.DELETE && value === null,
  );
  if (missing.length > 0) return refused(refuseNull(missing));
  const current = context.image.configs(resource.resourceType, resource.resourceName);
  const changes: ConfigChange[] = [];
  for (const alteration of alterations) {
    const result = alteredValue(resource, alteration, current.get(alteration.name) ?? null);
    if ("error" in result) return refused(result.error);
    // KAFKA-14136: an unchanged value of a broker is recorded too, since it makes the broker read its key files again.
    if (result.value !== (current.get(alteration.name) ?? null) || resource.resourceType === configResource.BROKER) {
      changes.push({ name: alteration.name, value: result.value });
    }
  }
  return checked(resource, changes, context);
}

function alteredValue(
  resource: Resource,
  { name, configOperation, value }: Alteration,
  current: string | null,
): { readonly value: string | null } | { readonly error: ErrorResult } {
  switch (configOperation) {
    case operations.SET:
      return { value };
    case operations.DELETE:
      return { value: null };
    case operations.APPEND:
    case operations.SUBTRACT: {
      const definition = definitionOf(resource.resourceType, name);
      if (definition?.type !== "list") {
        const verb = configOperation === operations.APPEND ? "append" : "subtract";
        return {
          error: refusal(errorCodes.INVALID_CONFIG, `Config value ${verb} is not allowed for config key: ${name}`),
        };
      }
      const entries = splitList(current ?? definition.defaultText ?? "");
      const given = value!.split(",");
      const next =
        configOperation === operations.APPEND
          ? [...entries, ...given.filter((entry, index) => !entries.includes(entry) && given.indexOf(entry) === index)]
          : entries.filter((entry) => !given.includes(entry));
      return { value: next.join(",") };
    }
    default:
      return { error: refusal(errorCodes.INVALID_REQUEST, `Unknown operation ${configOperation} on ${name}`) };
  }
}

function definitionOf(resourceType: number, name: string): ConfigDefinition | undefined {
  if (resourceType === configResource.TOPIC) return topicConfig(name);
  return resourceType === configResource.GROUP ? groupConfig(name) : brokerConfig(name);
}

function replace(
  resource: Resource,
  configs: readonly { readonly name: string; readonly value: string | null }[],
  context: DecisionContext,
): Outcome {
  const missing = configs.filter(({ value }) => value === null);
  if (missing.length > 0) return refused(refuseNull(missing));
  const current = context.image.configs(resource.resourceType, resource.resourceName);
  const kept = new Set(configs.map(({ name }) => name));
  const changes: ConfigChange[] = configs
    .filter(({ name, value }) => current.get(name) !== value || resource.resourceType === configResource.BROKER)
    .map(({ name, value }) => ({ name, value }));
  for (const name of current.keys()) if (!kept.has(name)) changes.push({ name, value: null });
  return checked(resource, changes, context);
}

function checked(resource: Resource, changes: readonly ConfigChange[], context: DecisionContext): Outcome {
  const error = checkChanges(resource, changes, context);
  return isRefusal(error) ? refused(error) : { error: NO_ERROR, changes };
}

function checkChanges(
  { resourceType, resourceName }: Resource,
  changes: readonly ConfigChange[],
  context: DecisionContext,
): ErrorResult {
  if (resourceType === configResource.TOPIC) return checkTopicConfigs(resourceName, changes);
  if (resourceType === configResource.GROUP) return checkGroupConfigs(resourceName, changes, context);
  return checkBrokerConfigs(resourceName, changes, context);
}

/** KIP-966: a new min.insync.replicas makes the recorded eligible leaders void. */
function recordsOf(resource: Resource, changes: readonly ConfigChange[], context: DecisionContext): MetadataRecord[] {
  const { resourceType, resourceName } = resource;
  const records: MetadataRecord[] = changes.map(({ name, value }) =>
    makeRecord("config", { resourceType, resourceName, name, value }),
  );
  const altersMinIsr = changes.some(({ name }) => name === "min.insync.replicas");
  if (altersMinIsr && keepsEligibleLeaderReplicas(context.image)) {
    records.push(makeRecord("clearElr", { topicName: resourceType === configResource.TOPIC ? resourceName : "" }));
  }
  return records;
}

function refuseNull(configs: readonly { readonly name: string }[]): ErrorResult {
  const names = configs.map(({ name }) => name).join(", ");
  return refusal(errorCodes.INVALID_REQUEST, `Null value not supported for : ${names}`);
}

function refused(error: ErrorResult): Outcome {
  return { error, changes: [] };
}

function keyOf({ resourceType, resourceName }: Resource): string {
  return `${resourceType}:${resourceName}`;
}

function splitList(text: string): string[] {
  return text.split(",").filter((entry) => entry !== "");
}
