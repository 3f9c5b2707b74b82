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
import type {
  BrokerConfig,
  Controller,
  MetadataImage,
  NodeListeners,
  OpenedMetadataLog,
  RegisteredBroker,
} from "@ottla/metadata";
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
import { attempt, NodeEnd } from "./node-end.ts";
import type { HandedOver, Wired } from "./node-end.ts";
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
  /** "memory" keeps nothing on disk. Default "disk". */
  readonly storage?: "disk" | "memory";
  /** Default: no log lines. */
  readonly logger?: Logger;
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Where the files are. Default: the machine's own for "disk", for "memory" one that ends with the node. Tests give one that fails or outlives it. */
  readonly fileSystem?: FileSystem;
  /** What a node on memory storage begins with, beside its files: the image of an earlier one. Default: a new cluster. */
  readonly metadata?: MetadataImage;
  /** For the ids that the node makes up. Default: the system's. */
  readonly random?: Random;
  /** Sees every request before its handler and every answer after it. Default: nothing does, at no cost. */
  readonly interceptor?: RequestInterceptor;
  /**
   * Takes over the listeners of this node, connections included, instead of binding its own: the test kit puts another state behind them. That node
   * first ends as by `close`, but for its listeners; requests that come meanwhile wait, and are served by the new node.
   */
  readonly successorOf?: Node;
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

const MEMORY_FOLDER = "/memory";

const ends = new WeakMap<Node, NodeEnd>();

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
  const predecessor = options.successorOf === undefined ? null : await handOver(options.successorOf);
  if (predecessor !== null) undo.push(() => predecessor.listenerSet.close(0));
  const folder = DataFolder.claim(
    options.fileSystem ?? (memory ? new MemoryFileSystem(clock) : new DiskFileSystem()),
    memory ? MEMORY_FOLDER : config.logFolder(),
  );
  undo.push(() => folder.release());
  const identity = await identify(folder, config, random);
  const controller = await startController({
    opened: memory
      ? openMemoryMetadataLog(options.metadata)
      : openMetadataLog({ folder, identity, config, clock, logger }),
    ...identity,
    config,
    clock,
    logger,
    random,
  });
  undo.push(() => controller.close());
  const scheduler = predecessor?.scheduler ?? new TurnScheduler();
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
  const listenerSet = predecessor?.listenerSet ?? new ListenerSet({ clock, logger, scheduler, config });
  undo.push(() => listenerSet.close(0));
  const bound = predecessor?.listeners ?? (await listenerSet.listen(wired.broker.listeners.listeners));
  await register(wired, { controller, identity, config, logDirectory, bound });
  wired.broker.openConnections = () => listenerSet.connectionCount();
  listenerSet.serve(wired.broker);
  const end = new NodeEnd({ listenerSet, controller, logDirectory, wired, logger, scheduler });
  const node: Node = {
    clusterId: identity.clusterId,
    nodeId: identity.nodeId,
    listeners: bound,
    dataDir: memory ? null : config.logFolder(),
    startedInMs: performance.now() - begunMs,
    broker: wired.broker,
    metrics: () => readMetrics(wired.broker),
    close: () => end.close(),
  };
  ends.set(node, end);
  return node;
}

interface ToRegister {
  controller: Controller;
  identity: NodeIdentity;
  config: BrokerConfig;
  logDirectory: LogDirectory;
  bound: readonly BoundListener[];
}

// The image is followed from here on.
async function register(
  wired: Wired,
  { controller, identity, config, logDirectory, bound }: ToRegister,
): Promise<void> {
  const { broker } = wired;
  wired.registered = await registerNode(
    controller,
    { ...identity, rack: config.get("broker.rack"), previousBrokerEpoch: logDirectory.closedInEpoch },
    registeredEndpoints(broker.listeners, bound),
    supportedFeatures,
  );
  await publishAll(broker, controller.image());
  controller.subscribe((delta, image) => publish(broker, delta, image));
  await controller.unfenceBroker(wired.registered);
}

async function handOver(node: Node): Promise<HandedOver & { readonly listeners: readonly BoundListener[] }> {
  return { ...(await ends.get(node)!.handOver()), listeners: node.listeners };
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
