// A node from its properties to its ready listeners, and back: the wiring of storage, metadata, broker and net.
// Start: folder and lock, metadata log, registration, logs, listeners. Stop: the reverse, within a bound.
// What a user caused (a bad value, a port in use, a folder in use) ends the start with a StartError of one line.

import { silentLogger } from "@ottla/base";
import type { Clock, Logger, Random } from "@ottla/base";
import {
  METADATA_FOLDER,
  openFileMetadataLog,
  openMemoryMetadataLog,
  readBrokerProperties,
  startController,
  supportedFeatures,
} from "@ottla/metadata";
import type { BrokerConfig, Controller, NodeListeners, OpenedMetadataLog, RegisteredBroker } from "@ottla/metadata";
import { TurnScheduler } from "@ottla/net";
import { DataFolder, DiskFileSystem, LogDirectory, MemoryFileSystem } from "@ottla/storage";
import type { FileSystem } from "@ottla/storage";
import { Broker } from "./broker.ts";
import { groupCoordinatorOf } from "./coordinators/group-coordinator.ts";
import { InternalTopics } from "./coordinators/internal-topics.ts";
import { MarkerWriter } from "./coordinators/marker-writer.ts";
import { transactionCoordinatorOf } from "./coordinators/transaction-coordinator.ts";
import { writeMarker } from "./coordinators/transaction-marker.ts";
import { ShareStateTopic } from "./coordinators/share-state-topic.ts";
import { FetchPurgatory } from "./fetch/purgatory.ts";
import { FetchSessionCache } from "./fetch/session.ts";
import { handlers } from "./handlers/index.ts";
import { readMetrics } from "./metrics.ts";
import type { MetricReading } from "./metrics.ts";
import type { RequestInterceptor } from "./interceptor.ts";
import { identify } from "./node-identity.ts";
import type { NodeIdentity } from "./node-identity.ts";
import { ListenerSet } from "./listener-set.ts";
import { ProducerIds } from "./producer-ids.ts";
import { brokerConfigOf, logConfigOf, publish, publishAll } from "./publisher.ts";
import { registeredEndpoints, registerNode } from "./registration.ts";
import { Replicas } from "./replicas.ts";
import { startErrorOf } from "./start-error.ts";
import { systemClock, systemRandom } from "./system-clock.ts";

export interface NodeOptions {
  /** Kafka's server.properties, after all overrides. */
  readonly properties: ReadonlyMap<string, string>;
  /** "memory" keeps nothing on disk and takes no lock. Default "disk". */
  readonly storage?: "disk" | "memory";
  /** Default: no log lines. */
  readonly logger?: Logger;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Where "disk" is. Default: the machine's own files; tests give one that fails. */
  readonly fileSystem?: FileSystem;
  /** For the ids that the node makes up. Default: the system's. */
  readonly random?: Random;
  /** Sees every request before its handler and every answer after it. Default: nothing does, at no cost. */
  readonly interceptor?: RequestInterceptor;
}

/** A listener as it was bound. */
export interface BoundListener {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

export interface Node {
  readonly clusterId: string;
  readonly nodeId: number;
  readonly listeners: readonly BoundListener[];
  /** Null when nothing is kept on disk. */
  readonly dataDir: string | null;
  /** From the call of startNode until every listener served, milliseconds. */
  readonly startedInMs: number;
  readonly broker: Broker;
  /** All metrics as they are now; docs/reference/metrics.md lists them. */
  metrics(): MetricReading[];
  /** Answers what is in flight, writes everything down, gives the folder free. Ends within 5 s. */
  close(): Promise<void>;
}

// How long requests in flight may take when the node stops; the rest of the five seconds is for the disk.
const CLOSE_GRACE_MS = 2000;
const MEMORY_FOLDER = "/memory";

/** @throws StartError for what the user can mend. */
export async function startNode(options: NodeOptions): Promise<Node> {
  const undo: (() => Promise<void> | void)[] = [];
  try {
    return await start(options, undo);
  } catch (error) {
    for (const step of undo.toReversed()) await attempt(step, options.logger ?? silentLogger);
    throw startErrorOf(error);
  }
}

// Each step that takes something adds how it is given back to `undo`.
async function start(options: NodeOptions, undo: (() => Promise<void> | void)[]): Promise<Node> {
  const begunMs = performance.now();
  const logger = options.logger ?? silentLogger;
  const clock = options.clock ?? systemClock;
  const random = options.random ?? systemRandom;
  const { config, unknown } = readBrokerProperties(options.properties);
  if (unknown.length > 0) logger.warn({ names: unknown }, "configs without effect here are ignored");
  const memory = options.storage === "memory";
  const folder = DataFolder.claim(
    memory ? new MemoryFileSystem(clock) : (options.fileSystem ?? new DiskFileSystem()),
    memory ? MEMORY_FOLDER : config.logFolder(),
  );
  undo.push(() => folder.release());
  const identity = await identify(folder, config, random);
  const controller = await startController({
    opened: memory ? openMemoryMetadataLog() : openMetadataLog({ folder, identity, config, clock, logger }),
    ...identity,
    config,
    clock,
    logger,
    random,
  });
  undo.push(() => controller.close());
  const scheduler = new TurnScheduler();
  const logDirectory = await openLogs({
    folder,
    config,
    controller,
    clock,
    logger,
    random,
    scheduler,
    nodeId: identity.nodeId,
  });
  // The logs give the folder's lock back, so the metadata log is closed before them.
  undo.push(async () => {
    await attempt(() => controller.close(), logger);
    await logDirectory.close();
  });
  const interceptor = options.interceptor ?? null;
  const wired = wire({ config, identity, controller, logDirectory, clock, random, logger, scheduler, interceptor });
  const listenerSet = new ListenerSet({ broker: wired.broker, clock, logger, scheduler, config });
  undo.push(() => listenerSet.close(0));
  const bound = await listenerSet.listen(wired.broker.listeners.listeners);
  const endpoints = registeredEndpoints(wired.broker.listeners, bound);
  wired.registered = await registerNode(
    controller,
    { ...identity, rack: config.get("broker.rack"), previousBrokerEpoch: logDirectory.closedInEpoch },
    endpoints,
    supportedFeatures,
  );
  await publishAll(wired.broker, controller.image());
  controller.subscribe((delta, image) => publish(wired.broker, delta, image));
  await controller.unfenceBroker(wired.registered);
  wired.broker.openConnections = () => listenerSet.connectionCount();
  listenerSet.serve();
  return {
    clusterId: identity.clusterId,
    nodeId: identity.nodeId,
    listeners: bound,
    dataDir: memory ? null : config.logFolder(),
    startedInMs: performance.now() - begunMs,
    broker: wired.broker,
    metrics: () => readMetrics(wired.broker),
    close: once(() => close({ listenerSet, controller, logDirectory, wired, logger })),
  };
}

interface MetadataLogToOpen {
  folder: DataFolder;
  identity: NodeIdentity;
  config: BrokerConfig;
  clock: Clock;
  logger: Logger;
}

function openMetadataLog({ folder, identity, config, clock, logger }: MetadataLogToOpen): OpenedMetadataLog {
  return openFileMetadataLog({
    fileSystem: folder.fileSystem,
    folder: `${folder.path}/${METADATA_FOLDER}`,
    nodeId: identity.nodeId,
    snapshotBytes: config.get("metadata.log.max.record.bytes.between.snapshots"),
    nowMs: clock.nowMs(),
    logger,
  });
}

interface LogsToOpen {
  folder: DataFolder;
  config: BrokerConfig;
  controller: Controller;
  clock: Clock;
  logger: Logger;
  random: Random;
  scheduler: TurnScheduler;
  nodeId: number;
}

function openLogs({
  folder,
  config,
  controller,
  clock,
  logger,
  random,
  scheduler,
  nodeId,
}: LogsToOpen): Promise<LogDirectory> {
  return LogDirectory.open({
    folder,
    clock,
    scheduler,
    logger,
    random,
    configFor: (topic) => logConfigOf(controller.image(), brokerConfigOf(controller.image(), config, nodeId), topic),
    settings: {
      retentionCheckMs: config.get("log.retention.check.interval.ms"),
      flushCheckMs: config.get("log.flush.scheduler.interval.ms"),
      recoveryPointCheckpointMs: config.get("log.flush.offset.checkpoint.interval.ms"),
      logStartCheckpointMs: config.get("log.flush.start.offset.checkpoint.interval.ms"),
      highWatermarkCheckpointMs: config.get("replica.high.watermark.checkpoint.interval.ms"),
      producerIdExpirationMs: config.get("producer.id.expiration.ms"),
    },
    onOffline: (log, error) =>
      logger.error(
        { topic: log.topic, partition: log.partition, error },
        "a partition is offline until the next start",
      ),
  });
}

interface NodeParts {
  config: BrokerConfig;
  identity: NodeIdentity;
  controller: Controller;
  logDirectory: LogDirectory;
  clock: Clock;
  random: Random;
  logger: Logger;
  scheduler: TurnScheduler;
  interceptor: RequestInterceptor | null;
}

/** The broker, and the registration that its producer ids are asked with once it is there. */
interface Wired {
  broker: Broker;
  markerWriter: MarkerWriter;
  registered: RegisteredBroker;
}

function wire(parts: NodeParts): Wired {
  const { config, identity, controller, logDirectory, clock, random, logger, scheduler, interceptor } = parts;
  const listeners: NodeListeners = config.listeners();
  const registered: RegisteredBroker = { brokerId: identity.nodeId, brokerEpoch: -1 };
  const wired: Wired = { broker: undefined!, markerWriter: undefined!, registered };
  wired.broker = new Broker({
    nodeId: identity.nodeId,
    clusterId: identity.clusterId,
    config,
    listeners,
    clock,
    logger,
    controller,
    logDirectory,
    servedKeys: handlers.map(({ api }) => api.key),
    interceptor,
    replicas: new Replicas(identity.nodeId),
    purgatory: new FetchPurgatory(clock),
    fetchSessions: new FetchSessionCache({
      slots: config.get("max.incremental.fetch.session.cache.slots"),
      random,
    }),
    producerIds: new ProducerIds(async () => {
      const block = await controller.allocateProducerIds(wired.registered);
      return { errorCode: block.errorCode, first: block.firstProducerId, size: block.count };
    }),
  });
  wireCoordinators(wired, { internalTopics: new InternalTopics(controller, logger), random, scheduler });
  return wired;
}

function wireCoordinators(
  wired: Wired,
  { internalTopics, random, scheduler }: { internalTopics: InternalTopics; random: Random; scheduler: TurnScheduler },
): void {
  const { broker } = wired;
  const endOfTurn = (action: () => void): void => scheduler.endOfTurn(action);
  broker.groups = groupCoordinatorOf(broker, { internalTopics, random, endOfTurn });
  broker.shareState = new ShareStateTopic(broker, internalTopics);
  wired.markerWriter = new MarkerWriter({
    clock: broker.clock,
    logger: broker.logger,
    exists: ({ topic, partition }) =>
      broker.replicas.has(topic, partition) || broker.topic(topic)?.partitions[partition] !== undefined,
    write: (partition, end) => writeMarker(broker, partition, end),
  });
  broker.transactions = transactionCoordinatorOf(broker, {
    internalTopics,
    markerWriter: wired.markerWriter,
    endOfTurn,
  });
}

interface Running {
  listenerSet: ListenerSet;
  controller: Controller;
  logDirectory: LogDirectory;
  wired: Wired;
  logger: Logger;
}

// Waiting fetches are answered first, or they would hold their connections open for the whole grace. The controller goes before the logs:
// a topic that is still being created must have its logs when all of them are closed, and closing them gives the folder's lock back.
// When the disk fails at the end, each part is still closed: what it could not write is in the log, and the next start checks the folder.
async function close({ listenerSet, controller, logDirectory, wired, logger }: Running): Promise<void> {
  const closed = listenerSet.close(CLOSE_GRACE_MS);
  wired.broker.purgatory.close();
  wired.markerWriter.close();
  wired.broker.transactions.close();
  wired.broker.groups.close();
  await closed;
  await wired.broker.missingPartitions.stop();
  await attempt(() => controller.stopBroker(wired.registered), logger);
  await attempt(() => controller.close(), logger);
  await logDirectory.close(wired.registered.brokerEpoch);
}

async function attempt(action: () => unknown, logger: Logger): Promise<void> {
  try {
    await action();
  } catch (error) {
    logger.error({ error }, "a part of the node could not be closed");
  }
}

function once(action: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  return () => (running ??= action());
}
