// The controller: one command after the other is decided on the newest state, appended, replayed, published and answered.
// Commands that wait together share one append and so one flush: each is decided on the state that those before it lead to.
// That state is thrown away when the append fails, so nothing is ever answered or published that is not in the log.

import type { Clock, Logger, Random } from "@ottla/base";
import type { AlterConfigsRequest, AlterConfigsResponse } from "@ottla/protocol/messages/33-alter-configs.ts";
import type {
  CreatePartitionsRequest,
  CreatePartitionsResponse,
} from "@ottla/protocol/messages/37-create-partitions.ts";
import type { CreateTopicsRequest, CreateTopicsResponse } from "@ottla/protocol/messages/19-create-topics.ts";
import type { DeleteTopicsRequest, DeleteTopicsResponse } from "@ottla/protocol/messages/20-delete-topics.ts";
import type {
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
} from "@ottla/protocol/messages/44-incremental-alter-configs.ts";
import type { BrokerRegistrationRequest } from "@ottla/protocol/messages/62-broker-registration.ts";
import type { BrokerConfig } from "../configs/broker-config.ts";
import type { MetadataDelta } from "../image/delta.ts";
import { ImageDraft } from "../image/image-draft.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { replay } from "../image/replay.ts";
import type { MetadataLog, OpenedMetadataLog } from "../log/metadata-log.ts";
import { METADATA_VERSION } from "../records/feature-levels.ts";
import type { MetadataRecord } from "../records/metadata-record.ts";
import { abortRecord, bootstrapRecords } from "./bootstrap.ts";
import type {
  ControllerApi,
  ErrorResult,
  ProducerIdsResult,
  Publisher,
  RegisteredBroker,
  RegistrationResult,
} from "./controller-api.ts";
import { decideAlterConfigs, decideIncrementalAlterConfigs } from "./decide-alter-configs.ts";
import {
  decideAllocateProducerIds,
  decideRegisterBroker,
  decideStopBroker,
  decideUnfenceBroker,
} from "./decide-brokers.ts";
import { decideCreatePartitions } from "./decide-create-partitions.ts";
import { decideCreateTopics } from "./decide-create-topics.ts";
import { decideDeleteTopics } from "./decide-delete-topics.ts";
import { effectiveConfig } from "./decision.ts";
import type { Decision, DecisionContext } from "./decision.ts";

export interface ControllerOptions {
  readonly opened: OpenedMetadataLog;
  readonly nodeId: number;
  readonly clusterId: string;
  /** The node's configs from its properties file; dynamic ones come from the log. */
  readonly config: BrokerConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** How many commands share an append at most. */
const MAX_COMMANDS_PER_APPEND = 100;

/** A command that waits, with its types forgotten. */
interface Command {
  readonly decide: (context: DecisionContext) => Decision<unknown>;
  readonly resolve: (response: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** A command that was decided and awaits its append. */
interface Step {
  readonly command: Command;
  readonly response: unknown;
  readonly change: { readonly image: MetadataImage; readonly delta: MetadataDelta } | null;
}

/**
 * Starts the controller on an opened log: a new log gets its first records, an unfinished transaction is aborted.
 * @throws the operating system's error, when those cannot be written; the log is closed then.
 */
export async function startController(options: ControllerOptions): Promise<Controller> {
  const controller = new Controller(options);
  try {
    await controller.activate();
  } catch (error) {
    await controller.close();
    throw error;
  }
  return controller;
}

export class Controller implements ControllerApi {
  private readonly options: ControllerOptions;
  private readonly log: MetadataLog;
  private readonly publishers: Publisher[] = [];
  private readonly waiting: Command[] = [];
  private published: MetadataImage;
  private working: Promise<void> | null = null;
  private snapshotting: Promise<void> | null = null;
  private closing: Promise<void> | null = null;

  constructor(options: ControllerOptions) {
    this.options = options;
    this.log = options.opened.log;
    this.published = options.opened.image;
  }

  async activate(): Promise<void> {
    const { hasOpenTransaction, bootstrapRecords: formatted } = this.options.opened;
    if (hasOpenTransaction) await this.execute(() => ({ records: [abortRecord()], response: null }));
    if (this.published.feature(METADATA_VERSION) === 0) {
      const records = bootstrapRecords(formatted, this.options.config.get("min.insync.replicas"));
      await this.execute(() => ({ records, response: null }));
    }
    this.snapshotWhenDue();
  }

  image(): MetadataImage {
    return this.published;
  }

  subscribe(publisher: Publisher): void {
    this.publishers.push(publisher);
  }

  createTopics(request: CreateTopicsRequest): Promise<CreateTopicsResponse> {
    return this.execute((context) => decideCreateTopics(request, context));
  }

  deleteTopics(request: DeleteTopicsRequest): Promise<DeleteTopicsResponse> {
    return this.execute((context) => decideDeleteTopics(request, context));
  }

  createPartitions(request: CreatePartitionsRequest): Promise<CreatePartitionsResponse> {
    return this.execute((context) => decideCreatePartitions(request, context));
  }

  incrementalAlterConfigs(request: IncrementalAlterConfigsRequest): Promise<IncrementalAlterConfigsResponse> {
    return this.execute((context) => decideIncrementalAlterConfigs(request, context));
  }

  alterConfigs(request: AlterConfigsRequest): Promise<AlterConfigsResponse> {
    return this.execute((context) => decideAlterConfigs(request, context));
  }

  registerBroker(request: BrokerRegistrationRequest): Promise<RegistrationResult> {
    return this.execute((context) => decideRegisterBroker(request, this.options.clusterId, context));
  }

  unfenceBroker(broker: RegisteredBroker): Promise<ErrorResult> {
    return this.execute((context) => decideUnfenceBroker(broker, context));
  }

  stopBroker(broker: RegisteredBroker): Promise<ErrorResult> {
    return this.execute((context) => decideStopBroker(broker, context));
  }

  allocateProducerIds(broker: RegisteredBroker): Promise<ProducerIdsResult> {
    return this.execute((context) => decideAllocateProducerIds(broker, context));
  }

  /** Finishes the commands that wait and the snapshot under way; later commands reject. A second call returns the first one's promise. */
  close(): Promise<void> {
    this.closing ??= this.finishAndClose();
    return this.closing;
  }

  private execute<Response>(decide: (context: DecisionContext) => Decision<Response>): Promise<Response> {
    if (this.closing !== null) return Promise.reject(new Error("the controller is closed"));
    return new Promise((resolve, reject) => {
      this.waiting.push({ decide, resolve: resolve as (response: unknown) => void, reject });
      this.working ??= this.work();
    });
  }

  private async finishAndClose(): Promise<void> {
    await this.working;
    await this.snapshotting;
    this.log.close();
  }

  private async work(): Promise<void> {
    // Commands that arrive in this turn of the event loop join the first append.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      await this.runGroup(this.waiting.splice(0, MAX_COMMANDS_PER_APPEND));
      this.snapshotWhenDue();
    }
    this.working = null;
  }

  private async runGroup(commands: readonly Command[]): Promise<void> {
    const batches: (readonly MetadataRecord[])[] = [];
    const steps = this.decideAll(commands, batches);
    try {
      if (batches.length > 0) await this.log.append(batches, this.options.clock.nowMs());
    } catch (error) {
      this.options.logger.error({ error }, "The metadata log cannot be written");
      for (const { command } of steps) command.reject(error);
      return;
    }
    for (const { command, response, change } of steps) {
      if (change !== null) await this.publish(change.delta, change.image);
      command.resolve(response);
    }
  }

  /** Decides each command on the state that those before it lead to. */
  private decideAll(commands: readonly Command[], batches: (readonly MetadataRecord[])[]): Step[] {
    const { nodeId, random, config } = this.options;
    const steps: Step[] = [];
    let image = this.published;
    let nextOffset = this.log.nextOffset();
    for (const command of commands) {
      try {
        const context = { image, config: effectiveConfig(config, nodeId, image), nodeId, random, nextOffset };
        const { records, response } = command.decide(context);
        const change = records.length === 0 ? null : this.apply(records, image, nextOffset);
        steps.push({ command, response, change });
        if (change === null) continue;
        image = change.image;
        nextOffset += records.length;
        batches.push(records);
      } catch (error) {
        command.reject(error);
      }
    }
    return steps;
  }

  private apply(records: readonly MetadataRecord[], image: MetadataImage, firstOffset: number): Step["change"] {
    const draft = new ImageDraft(image);
    for (const record of records) replay(draft, record);
    return draft.finish(firstOffset + records.length - 1, this.log.leaderEpoch());
  }

  private async publish(delta: MetadataDelta, image: MetadataImage): Promise<void> {
    for (const publisher of this.publishers) {
      try {
        await publisher(delta, image);
      } catch (error) {
        this.options.logger.error({ error, offset: image.offset }, "A publisher of metadata failed");
      }
    }
    this.published = image;
  }

  private snapshotWhenDue(): void {
    if (this.snapshotting !== null || !this.log.snapshotIsDue()) return;
    this.snapshotting = this.log
      .writeSnapshot(this.published, this.options.clock.nowMs())
      .catch((error: unknown) => this.options.logger.error({ error }, "The metadata snapshot cannot be written"))
      .finally(() => {
        this.snapshotting = null;
      });
  }
}
