// Brokers that come, are let in, and go: ClusterControlManager.registerBroker and ReplicationControlManager's handlers of fencing.
// A broker registers fenced, is unfenced when it caught up with the metadata, and is fenced again when it stops. With every step the
// partitions that it can or cannot lead any more change hands. Sessions and heartbeats come with the cluster.

import { errorCodes, errorMessage } from "@ottla/protocol";
import type { BrokerRegistrationRequest } from "@ottla/protocol/messages/62-broker-registration.ts";
import { topicConfigValue } from "../configs/topic-config-resolution.ts";
import { NO_LEADER } from "../image/image-types.ts";
import type { BrokerImage, PartitionImage, TopicImage } from "../image/image-types.ts";
import { MIGRATING_DIRECTORY, UNASSIGNED_DIRECTORY } from "../image/partition-image.ts";
import { keepsEligibleLeaderReplicas, METADATA_VERSION, recordVersions } from "../records/feature-levels.ts";
import { makeRecord } from "../records/metadata-record.ts";
import type { MetadataRecord } from "../records/metadata-record.ts";
import type { ErrorResult, ProducerIdsResult, RegisteredBroker, RegistrationResult } from "./controller-api.ts";
import { NO_ERROR, refusal } from "./decision.ts";
import type { Decision, DecisionContext } from "./decision.ts";
import { isActive } from "./new-partitions.ts";
import { changePartition } from "./partition-change.ts";

/** KIP-730: how many producer ids a broker gets at once. */
export const PRODUCER_ID_BLOCK_SIZE = 1000;

const FENCE = 1;
const UNFENCE = -1;

export function decideRegisterBroker(
  request: BrokerRegistrationRequest,
  clusterId: string,
  context: DecisionContext,
): Decision<RegistrationResult> {
  const error = checkRegistration(request, clusterId, context);
  if (error !== NO_ERROR) return { records: [], response: { ...error, brokerEpoch: -1 } };
  const existing = context.image.broker(request.brokerId);
  const isSameProcess = existing?.incarnationId === request.incarnationId;
  const records: MetadataRecord[] = [];
  if (!isSameProcess) {
    const stoppedInOrder = existing?.epoch === request.previousBrokerEpoch;
    const crashed = keepsEligibleLeaderReplicas(context.image) && !stoppedInOrder;
    records.push(...changePartitions(crashed ? { crashed: request.brokerId } : { leaving: request.brokerId }, context));
  }
  const brokerEpoch = isSameProcess ? existing.epoch : context.nextOffset;
  records.push(registrationRecord(request, isSameProcess ? existing : null, brokerEpoch, context));
  return { records, response: { ...NO_ERROR, brokerEpoch } };
}

export function decideUnfenceBroker(broker: RegisteredBroker, context: DecisionContext): Decision<ErrorResult> {
  const error = checkEpoch(broker, context);
  if (error !== NO_ERROR) return { records: [], response: error };
  if (!context.image.broker(broker.brokerId)!.fenced) return { records: [], response: NO_ERROR };
  const records = [fencingRecord(broker, UNFENCE), ...changePartitions({ arriving: broker.brokerId }, context)];
  return { records, response: NO_ERROR };
}

/** Controlled shutdown and fencing in one: leadership moves, and the broker is out. */
export function decideStopBroker(broker: RegisteredBroker, context: DecisionContext): Decision<ErrorResult> {
  const error = checkEpoch(broker, context);
  if (error !== NO_ERROR) return { records: [], response: error };
  const { brokerId, brokerEpoch } = broker;
  const { fenced, inControlledShutdown } = context.image.broker(brokerId)!;
  const records: MetadataRecord[] = [];
  if (!inControlledShutdown) {
    const change = { brokerId, brokerEpoch, fenced: 0, inControlledShutdown: 1, logDirs: [], cordonedLogDirs: null };
    records.push(makeRecord("brokerRegistrationChange", change, 1));
  }
  records.push(...changePartitions({ leaving: brokerId }, context));
  if (!fenced) records.push(fencingRecord(broker, FENCE));
  return { records, response: NO_ERROR };
}

export function decideAllocateProducerIds(
  broker: RegisteredBroker,
  context: DecisionContext,
): Decision<ProducerIdsResult> {
  const error = checkEpoch(broker, context);
  if (error !== NO_ERROR) return { records: [], response: { ...error, firstProducerId: -1, count: 0 } };
  const firstProducerId = Math.max(0, context.image.parts.nextProducerId);
  const nextProducerId = firstProducerId + PRODUCER_ID_BLOCK_SIZE;
  return {
    records: [makeRecord("producerIds", { ...broker, nextProducerId })],
    response: { ...NO_ERROR, firstProducerId, count: PRODUCER_ID_BLOCK_SIZE },
  };
}

function checkEpoch({ brokerId, brokerEpoch }: RegisteredBroker, context: DecisionContext): ErrorResult {
  const broker = context.image.broker(brokerId);
  if (broker === undefined) {
    return refusal(errorCodes.BROKER_ID_NOT_REGISTERED, errorMessage(errorCodes.BROKER_ID_NOT_REGISTERED));
  }
  if (broker.epoch === brokerEpoch) return NO_ERROR;
  return refusal(errorCodes.STALE_BROKER_EPOCH, errorMessage(errorCodes.STALE_BROKER_EPOCH));
}

function checkRegistration(
  request: BrokerRegistrationRequest,
  clusterId: string,
  context: DecisionContext,
): ErrorResult {
  if (request.clusterId !== clusterId) {
    return refusal(errorCodes.INCONSISTENT_CLUSTER_ID, `This is cluster ${clusterId}, not ${request.clusterId}.`);
  }
  if (request.isMigratingZkBroker) {
    return refusal(errorCodes.BROKER_ID_NOT_REGISTERED, "Brokers of a ZooKeeper cluster cannot register.");
  }
  return checkLogDirs(request, context) ?? checkFeatures(request, context) ?? NO_ERROR;
}

function checkLogDirs(request: BrokerRegistrationRequest, context: DecisionContext): ErrorResult | null {
  if (!recordVersions(context.image.feature(METADATA_VERSION)).directories) return null;
  const refuse = (reason: string): ErrorResult => refusal(errorCodes.INVALID_REGISTRATION, reason);
  if (request.logDirs.length === 0) return refuse("No directories specified in request");
  if (request.logDirs.some(isReservedDirectory)) return refuse("Reserved directory ID in request");
  if (new Set(request.logDirs).size !== request.logDirs.length) return refuse("Duplicate directory ID in request");
  const other = context.image
    .brokers()
    .find(
      ({ id, logDirs }) => id !== request.brokerId && logDirs.some((directory) => request.logDirs.includes(directory)),
    );
  return other === undefined ? null : refuse(`Broker ${other.id} is already registered with one of these directories`);
}

/** KIP-858: the first hundred ids mean something else than a directory. */
function isReservedDirectory(id: string): boolean {
  const bytes = Buffer.from(id, "base64url");
  return bytes.subarray(0, 15).every((byte) => byte === 0) && bytes[15]! < 100;
}

/** Every finalized feature must be within what the broker supports. */
function checkFeatures(request: BrokerRegistrationRequest, context: DecisionContext): ErrorResult | null {
  const supported = new Map(request.features.map((feature) => [feature.name, feature]));
  if (!supported.has(METADATA_VERSION)) {
    return refusal(errorCodes.INVALID_REGISTRATION, `Request features do not contain '${METADATA_VERSION}'`);
  }
  const names = new Set([...supported.keys(), ...context.image.features().keys()]);
  for (const name of names) {
    const level = context.image.feature(name);
    const { minSupportedVersion, maxSupportedVersion } = supported.get(name) ?? {
      minSupportedVersion: 0,
      maxSupportedVersion: 0,
    };
    if (level >= minSupportedVersion && level <= maxSupportedVersion) continue;
    const reason = `The cluster has ${name} ${level}, and the broker supports ${minSupportedVersion} to ${maxSupportedVersion}.`;
    return refusal(errorCodes.UNSUPPORTED_VERSION, reason);
  }
  return null;
}

/** A process that registers again (with other listeners, say) stays as it was in all else. */
function registrationRecord(
  request: BrokerRegistrationRequest,
  amended: BrokerImage | null,
  brokerEpoch: number,
  context: DecisionContext,
): MetadataRecord {
  const versions = recordVersions(context.image.feature(METADATA_VERSION));
  const value = {
    brokerId: request.brokerId,
    isMigratingZkBroker: false,
    incarnationId: request.incarnationId,
    brokerEpoch,
    endPoints: request.listeners,
    features: request.features,
    rack: request.rack,
    fenced: amended?.fenced ?? true,
    inControlledShutdown: amended?.inControlledShutdown ?? false,
    logDirs: versions.directories ? request.logDirs : [],
    cordonedLogDirs: null,
  };
  return makeRecord("registerBroker", value, versions.registerBroker);
}

function fencingRecord({ brokerId, brokerEpoch }: RegisteredBroker, fenced: number): MetadataRecord {
  const change = { brokerId, brokerEpoch, fenced, inControlledShutdown: 0, logDirs: [], cordonedLogDirs: null };
  return makeRecord("brokerRegistrationChange", change);
}

/** One broker and what happens to it. */
interface Movement {
  readonly leaving?: number;
  readonly crashed?: number;
  readonly arriving?: number;
}

/** The changes of all partitions that the movement touches. */
function changePartitions(movement: Movement, context: DecisionContext): MetadataRecord[] {
  const records: MetadataRecord[] = [];
  const version = recordVersions(context.image.feature(METADATA_VERSION)).partitionChange;
  for (const topic of context.image.topics()) {
    for (const [partitionId, partition] of topic.partitions.entries()) {
      if (!isTouched(partition, movement)) continue;
      const change = changeOf(topic, partition, movement, context);
      if (change !== null) {
        records.push(makeRecord("partitionChange", { topicId: topic.id, partitionId, ...change }, version));
      }
    }
  }
  return records;
}

function isTouched(partition: PartitionImage, movement: Movement): boolean {
  if (movement.arriving !== undefined)
    return partition.leader === NO_LEADER && partition.replicas.includes(movement.arriving);
  const gone = movement.leaving ?? movement.crashed!;
  if (partition.isr.includes(gone)) return true;
  return movement.crashed !== undefined && partition.eligibleLeaderReplicas.includes(gone);
}

function changeOf(
  topic: TopicImage,
  partition: PartitionImage,
  movement: Movement,
  context: DecisionContext,
): ReturnType<typeof changePartition> {
  const { image, config } = context;
  const minimum = topicConfigValue("min.insync.replicas", image.topicConfigs(topic.name), config);
  return changePartition({
    partition,
    leaving: movement.leaving ?? null,
    crashed: movement.crashed ?? null,
    minInsyncReplicas: Math.min(minimum, partition.replicas.length),
    keepsElr: keepsEligibleLeaderReplicas(image),
    canLead(id) {
      if (id === movement.leaving || id === movement.crashed) return false;
      const broker = image.broker(id);
      return (id === movement.arriving || isActive(broker)) && hasDirectory(partition, id, broker);
    },
  });
}

/** Whether the replica's directory is one that its broker has (KIP-858). */
function hasDirectory(partition: PartitionImage, id: number, broker: BrokerImage | undefined): boolean {
  const directory = partition.directories[partition.replicas.indexOf(id)];
  if (directory === undefined || directory === UNASSIGNED_DIRECTORY || directory === MIGRATING_DIRECTORY) return true;
  return broker !== undefined && (broker.logDirs.length === 0 || broker.logDirs.includes(directory));
}
