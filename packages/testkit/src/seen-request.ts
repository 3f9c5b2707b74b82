// A request as the test kit sees it: what it is about, found once and used by faults, the journal and conditions.

import type { InterceptedRequest } from "@ottla/broker";
import { groupIdsOf, transactionalIdsOf } from "./faults/request-ids.ts";
import { topicsOf } from "./faults/request-topics.ts";
import type { TopicPartition } from "./faults/request-topics.ts";
import type { ApiName } from "./api-names.ts";

/** What must be asked of the broker to understand a request. */
export interface RequestLookup {
  /** The name of a topic id; "" when nobody has it. */
  topicName(topicId: string): string;
  /** Undefined when there is no such topic. */
  topicId(topic: string): string | undefined;
  /** What a fetch session remembers; nothing when there is no such session. */
  sessionPartitions(sessionId: number): TopicPartition[];
}

const FETCH_KEY = 1;

export class SeenRequest {
  readonly call: InterceptedRequest;
  readonly api: ApiName;
  private readonly lookup: RequestLookup;
  private foundTopics: readonly TopicPartition[] | null = null;

  constructor(call: InterceptedRequest, lookup: RequestLookup) {
    this.call = call;
    this.api = call.api.name as ApiName;
    this.lookup = lookup;
  }

  get clientId(): string | null {
    return this.call.clientId;
  }

  get groupIds(): readonly string[] {
    return groupIdsOf(this.call.request);
  }

  get transactionalIds(): readonly string[] {
    return transactionalIdsOf(this.call.request);
  }

  /** The partitions, or topics, that it names; for an incremental Fetch (KIP-227) those of its session too. */
  get topics(): readonly TopicPartition[] {
    return (this.foundTopics ??= this.findTopics());
  }

  private findTopics(): TopicPartition[] {
    const { apiKey, request } = this.call;
    const named = topicsOf(apiKey, request, (id) => this.lookup.topicName(id));
    if (apiKey !== FETCH_KEY) return named;
    const { sessionId, sessionEpoch } = request as { sessionId: number; sessionEpoch: number };
    if (sessionEpoch <= 0) return named;
    const others = this.lookup
      .sessionPartitions(sessionId)
      .filter(({ topic, partition }) => !named.some((each) => each.topic === topic && each.partition === partition));
    return [...named, ...others];
  }
}
