// Which topics and partitions a request is about, for every API whose requests name any, and how some of them are taken out of it.
// The table says where they stand; nothing else here knows an API.

import { ZERO_UUID } from "@ottla/base";

/** A partition; or a topic as a whole (partition null), for requests that name topics only. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number | null;
}

interface Place {
  /** What holds the list of topics: the request itself (null), or each element of this field. */
  readonly within: string | null;
  readonly topics: string;
  /** The field of a topic that lists partitions; null when topics are named only. */
  readonly partitions: string | null;
  /** Where the answer lists the same topics, and their partitions: only where a request can be taken apart. */
  readonly answer: { readonly topics: string; readonly partitions: string | null } | null;
}

type Message = Record<string, unknown>;

/** By API key; the first place that is there in a request counts (some moved between versions). */
const places: Readonly<Record<number, readonly Place[]>> = {
  0: [place("topicData", "partitionData", "responses", "partitionResponses")],
  1: [{ within: null, topics: "topics", partitions: "partitions", answer: null }],
  2: [place("topics", "partitions", "topics", "partitions")],
  3: [place("topics", null, "topics", null)],
  8: [place("topics", "partitions", "topics", "partitions")],
  9: [
    { within: "groups", topics: "topics", partitions: "partitionIndexes", answer: null },
    { within: null, topics: "topics", partitions: "partitionIndexes", answer: null },
  ],
  19: [place("topics", null, "topics", null)],
  20: [place("topics", null, "responses", null), place("topicNames", null, "responses", null)],
  21: [place("topics", "partitions", "topics", "partitions")],
  23: [place("topics", "partitions", "topics", "partitions")],
  24: [
    { within: "transactions", topics: "topics", partitions: "partitions", answer: null },
    { within: null, topics: "v3AndBelowTopics", partitions: "partitions", answer: null },
  ],
  27: [{ within: "markers", topics: "topics", partitions: "partitionIndexes", answer: null }],
  28: [place("topics", "partitions", "topics", "partitions")],
  35: [{ within: null, topics: "topics", partitions: "partitions", answer: null }],
  37: [place("topics", null, "results", null)],
  47: [place("topics", "partitions", "topics", "partitions")],
  61: [place("topics", "partitionIndexes", "topics", "partitions")],
  75: [place("topics", null, "topics", null)],
};

/** The partitions, or topics, that a request names. `nameOf` resolves topic ids; one that nobody has is left out. */
export function topicsOf(apiKey: number, request: unknown, nameOf: (topicId: string) => string): TopicPartition[] {
  const found: TopicPartition[] = [];
  for (const where of places[apiKey] ?? []) {
    for (const holder of holdersOf(where, request as Message)) {
      for (const entry of listOf(holder, where.topics)) {
        const topic = topicNameOf(entry, nameOf);
        if (topic === null) continue;
        if (where.partitions === null) found.push({ topic, partition: null });
        else for (const each of listOf(entry, where.partitions)) found.push({ topic, partition: partitionOf(each) });
      }
    }
  }
  return found;
}

/** A request in two halves. */
export interface Halves {
  readonly chosen: object;
  readonly others: object;
  /** Whether there are any. */
  readonly hasOthers: boolean;
  /** The answers of both as one. */
  join(refused: object, served: object): object;
}

/** Takes the chosen partitions out of a request; null for an API that cannot be served in part. */
export function takeApart(
  apiKey: number,
  request: unknown,
  nameOf: (topicId: string) => string,
  isChosen: (each: TopicPartition) => boolean,
): Halves | null {
  const message = request as Message;
  const where = places[apiKey]?.find(({ within, topics }) => within === null && listOf(message, topics).length > 0);
  if (where === undefined || where.answer === null) return null;
  const half = (wanted: boolean): object => ({
    ...message,
    [where.topics]: listOf(message, where.topics).flatMap((entry) => {
      const topic = topicNameOf(entry, nameOf);
      if (where.partitions === null) {
        return (topic !== null && isChosen({ topic, partition: null })) === wanted ? [entry] : [];
      }
      const partitions = listOf(entry as Message, where.partitions).filter(
        (each) => (topic !== null && isChosen({ topic, partition: partitionOf(each) })) === wanted,
      );
      return partitions.length === 0 ? [] : [{ ...(entry as Message), [where.partitions]: partitions }];
    }),
  });
  const answer = where.answer;
  const others = half(false);
  return {
    chosen: half(true),
    others,
    hasOthers: listOf(others, where.topics).length > 0,
    join: (refused, served) => joined(answer, refused as Message, served as Message),
  };
}

function place(
  topics: string,
  partitions: string | null,
  answerTopics: string,
  answerPartitions: string | null,
): Place {
  return { within: null, topics, partitions, answer: { topics: answerTopics, partitions: answerPartitions } };
}

function holdersOf({ within }: Place, request: Message): Message[] {
  return within === null ? [request] : (listOf(request, within) as Message[]);
}

function listOf(holder: unknown, field: string): unknown[] {
  const list = (holder as Message)[field];
  return Array.isArray(list) ? list : [];
}

function topicNameOf(entry: unknown, nameOf: (topicId: string) => string): string | null {
  if (typeof entry === "string") return entry;
  const { name, topic, topicId } = entry as { name?: string | null; topic?: string; topicId?: string };
  const given = name ?? topic ?? "";
  if (given !== "") return given;
  const named = topicId === undefined || topicId === ZERO_UUID ? "" : nameOf(topicId);
  return named === "" ? null : named;
}

function partitionOf(entry: unknown): number {
  if (typeof entry === "number") return entry;
  const { index, partition, partitionIndex } = entry as Record<string, number | undefined>;
  return (index ?? partition ?? partitionIndex)!;
}

// A topic that is in both has one entry, as the client knows it.
function joined(answer: { topics: string; partitions: string | null }, chosen: Message, others: Message): object {
  const topics = [...(listOf(others, answer.topics) as Message[])];
  const field = answer.partitions;
  for (const entry of listOf(chosen, answer.topics) as Message[]) {
    const same = topics.findIndex((each) => isSameTopic(each, entry));
    if (same < 0) topics.push(entry);
    else if (field === null) topics[same] = entry;
    else topics[same] = { ...topics[same], [field]: [...listOf(topics[same], field), ...listOf(entry, field)] };
  }
  return { ...others, [answer.topics]: topics };
}

// By id where requests go by id: the broker's answers have the name beside it, where a request has none.
function isSameTopic(one: Message, other: Message): boolean {
  const [id, otherId] = [one["topicId"] ?? ZERO_UUID, other["topicId"] ?? ZERO_UUID];
  if (id !== ZERO_UUID && otherId !== ZERO_UUID) return id === otherId;
  return one["name"] === other["name"] && one["topic"] === other["topic"];
}
