// A Cluster for simulations of groups: one client's view of the simulated coordinator. Each lane is a connection whose requests are answered one
// after the other; requests and answers take time and may get lost with their connection.

import { ByteWriter, silentLogger } from "@ottla/base";
import type { SeededRandom } from "@ottla/base";
import { errorCodes } from "@ottla/protocol";
import type { Api } from "@ottla/protocol";
import { AbortedError, brokerError, ClosedError, ConnectionError, TimeoutError } from "../../src/errors.ts";
import { MetricRegistry } from "../../src/metrics.ts";
import type { Cluster, MetadataView, RequestBody, RequestOptions, TopicMetadata } from "../../src/network/cluster.ts";
import { resolveOptions } from "../../src/options.ts";
import type { GroupClock } from "./group-clock.ts";
import { GroupCoordinator } from "./group-coordinator.ts";

interface Sending {
  transmit(): void;
  fail(error: Error): void;
}

/** What the network does to this client. */
export interface Weather {
  /** How likely a request, or its answer, is lost with its connection. */
  loss: number;
  delayMs: number;
}

export class GroupCluster implements Cluster {
  readonly clock: GroupClock;
  readonly random: SeededRandom;
  readonly logger = silentLogger;
  readonly metrics = new MetricRegistry();
  readonly options: Cluster["options"];
  readonly weather: Weather = { loss: 0, delayMs: 5 };
  metadata: MetadataView;
  /** A process that was killed: nothing goes out, nothing comes in. */
  isDead = false;
  private readonly coordinatorNode: GroupCoordinator;
  private readonly lanes = new Map<string, Sending[]>();
  private readonly listeners = new Set<(view: MetadataView) => void>();

  constructor(coordinator: GroupCoordinator, clientId: string) {
    this.coordinatorNode = coordinator;
    this.clock = coordinator.clock;
    this.random = coordinator.random;
    this.options = resolveOptions({ bootstrapServers: "simulated:9092", clientId, requestTimeoutMs: 5_000 });
    this.metadata = this.view(0);
  }

  send<Response, RequestInput>(
    _nodeId: number | null,
    api: Api<unknown, Response, RequestInput, never>,
    body: RequestBody<NoInfer<RequestInput>>,
    options: RequestOptions = {},
  ): Promise<Response> {
    const { lane = "shared", signal, timeoutMs = this.options.requestTimeoutMs } = options;
    const version = Math.min(options.maxVersion ?? 99, GroupCoordinator.versionOf(api));
    const fields = typeof body === "function" ? (body as (version: number) => RequestInput)(version) : body;
    const writer = new ByteWriter();
    api.request.encode(writer, version, fields);
    const bytes = writer.toBuffer();
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(new AbortedError(signal));
      // The caller's patience ends; the request goes its way.
      signal?.addEventListener("abort", () => reject(new AbortedError(signal)), { once: true });
      const timer = this.clock.schedule(timeoutMs, () => {
        this.break(lane, new TimeoutError(`${api.name} took too long`));
      });
      const queue = this.queueOf(lane);
      const answered = (response: Response): void => {
        if (queue[0] !== sending) return;
        if (this.isLost()) return this.break(lane, new ConnectionError("the answer was lost"));
        timer.cancel();
        queue.shift();
        resolve(response);
        queue[0]?.transmit();
      };
      const sending: Sending = {
        transmit: () => {
          const isLost = this.isLost();
          this.later(() => {
            if (this.isDead) return;
            if (isLost) this.break(lane, new ConnectionError("the request was lost"));
            else
              this.coordinatorNode.receive(api, bytes, {
                version,
                clientId: this.options.clientId,
                answer: (response) => this.later(() => answered(response as Response)),
              });
          });
        },
        fail: (error) => {
          timer.cancel();
          reject(error);
        },
      };
      queue.push(sending);
      if (queue.length === 1) sending.transmit();
    });
  }

  versionOf(): Promise<number> {
    return Promise.resolve(0);
  }

  onMetadata(listener: (view: MetadataView) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  interest(): () => void {
    return () => {};
  }

  async refreshMetadata(): Promise<MetadataView> {
    await this.delay(this.random.below(50));
    this.metadata = this.view(this.metadata.updates + 1);
    for (const listener of this.listeners) listener(this.metadata);
    return this.metadata;
  }

  topicMetadata(topic: string): Promise<TopicMetadata> {
    return Promise.resolve(this.metadata.topics.get(topic)!);
  }

  noteLeaderEpoch(): void {}

  applyLeaders(): void {}

  async coordinator(_kind: string, _key: string, { signal }: RequestOptions = {}): Promise<number> {
    await this.delay(this.random.below(3), signal);
    if (this.random.chance(this.weather.loss / 4)) throw brokerError(errorCodes.COORDINATOR_NOT_AVAILABLE, null);
    return 1;
  }

  forgetCoordinator(): void {}

  controller(): Promise<number> {
    return Promise.resolve(1);
  }

  backoffMs(attempt: number): number {
    return Math.min(1_000, 100 * 2 ** attempt);
  }

  delay(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(new AbortedError(signal));
      const onAbort = (): void => {
        timer.cancel();
        reject(new AbortedError(signal!));
      };
      const timer = this.clock.schedule(ms, () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      });
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  closeLane(lane: string): void {
    this.break(lane, new ClosedError("lane"));
  }

  close(): Promise<void> {
    for (const lane of this.lanes.keys()) this.closeLane(lane);
    return Promise.resolve();
  }

  private isLost(): boolean {
    return this.isDead || this.random.chance(this.weather.loss);
  }

  private later(action: () => void): void {
    this.clock.schedule(1 + this.random.below(this.weather.delayMs), action);
  }

  private queueOf(lane: string): Sending[] {
    let queue = this.lanes.get(lane);
    if (queue === undefined) {
      queue = [];
      this.lanes.set(lane, queue);
    }
    return queue;
  }

  /** The connection ends, and with it all that it had not answered. */
  private break(lane: string, error: Error): void {
    const queue = this.lanes.get(lane) ?? [];
    this.lanes.delete(lane);
    const broken = queue.splice(0);
    if (this.isDead) return;
    for (const sending of broken) sending.fail(error);
  }

  // Nothing is known before it is asked for.
  private view(updates: number): MetadataView {
    const topics = updates === 0 ? [] : this.coordinatorNode.topics;
    return {
      clusterId: "simulated",
      controllerId: 1,
      brokers: new Map([[1, { nodeId: 1, host: "simulated", port: 9092, rack: null }]]),
      topics: new Map(topics.map(({ name, topicId, partitions }) => [name, topicOf(name, topicId, partitions)])),
      topicErrors: new Map(),
      topicNames: new Map(topics.map(({ name, topicId }) => [topicId, name])),
      updates,
    };
  }
}

export function topicOf(name: string, topicId: string, count: number): TopicMetadata {
  const partitions = Array.from({ length: count }, (_, partition) => ({
    partition,
    leaderId: 1,
    leaderEpoch: 0,
    replicas: [1],
    isr: [1],
    offlineReplicas: [],
  }));
  return { name, topicId, isInternal: false, partitions };
}
