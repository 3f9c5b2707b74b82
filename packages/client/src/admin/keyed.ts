// Calls about many keys that belong to different brokers: find each key's broker, ask each broker once for all of its keys, and take
// those keys round again whose broker has changed or is not ready. The counterpart of Java's AdminApiDriver.
// Brokers are independent: a slow one does not hold up the others. Every key ends with a value or an error, within the call's time.

import { errorCodes } from "@ottla/protocol";
import type { KafkaError } from "../errors.ts";
import { incompleteAnswer } from "./admin-call.ts";
import type { AdminCall } from "./admin-call.ts";
import { valuesOrError } from "./admin-error.ts";
import type { ItemKey } from "./admin-error.ts";

/** What became of one key in one request. `again`: look the broker up anew and repeat, after at least `afterMs`. */
export type Outcome<Value> =
  | { readonly value: Value }
  | { readonly error: KafkaError }
  | { readonly again: KafkaError; readonly afterMs?: number };

/** Where keys go: a broker's id, null for any broker, or why it will never be known. Keys that are not told are asked for again. */
export type Places<Key> = Map<Key, number | null | KafkaError>;
export type Locate<Key> = (call: AdminCall, keys: readonly Key[], isFirst: boolean) => Promise<Places<Key>>;

export interface KeyedTask<Key extends ItemKey, Value> {
  readonly keys: Iterable<Key>;
  readonly locate: Locate<Key>;
  /** One request to one broker for these keys. Keys it says nothing of fail. */
  readonly perform: (nodeId: number | null, keys: readonly Key[]) => Promise<Map<Key, Outcome<Value>>>;
  /** The API takes one key per request. */
  readonly isUnbatched?: boolean;
}

/** The values by key. @throws AdminError when keys failed; when no broker got as far as judging keys, what all requests failed with */
export async function performKeyed<Key extends ItemKey, Value>(
  call: AdminCall,
  task: KeyedTask<Key, Value>,
): Promise<Map<Key, Value>> {
  const keys = [...new Set(task.keys)];
  const pursuit = new Pursuit(call, task);
  await pursuit.pursue(keys, 0);
  const values = new Map<Key, Value>();
  const errors = new Map<Key, KafkaError>();
  const requestErrors = new Set<KafkaError>();
  for (const key of keys) {
    const end = pursuit.ends.get(key)!;
    if ("value" in end) values.set(key, end.value);
    else errors.set(key, end.error);
    if ("isOfRequest" in end) requestErrors.add(end.error);
  }
  const [first] = requestErrors;
  const isOneReason = [...errors.values()].every((error) => requestErrors.has(error) && error.code === first!.code);
  if (values.size === 0 && first !== undefined && isOneReason) throw first;
  return valuesOrError(values, errors);
}

/** `isOfRequest`: the request failed, or time was over, and the broker said nothing final of the key. */
type End<Value> =
  | { readonly value: Value }
  | { readonly error: KafkaError }
  | { readonly error: KafkaError; readonly isOfRequest: true };
type Leftover<Key> = { readonly key: Key; readonly cause: KafkaError; readonly afterMs: number };

class Pursuit<Key extends ItemKey, Value> {
  readonly ends = new Map<Key, End<Value>>();
  private readonly call: AdminCall;
  private readonly task: KeyedTask<Key, Value>;

  constructor(call: AdminCall, task: KeyedTask<Key, Value>) {
    this.call = call;
    this.task = task;
  }

  /** Resolves when each of the keys has its end. @throws only what ends the whole call */
  async pursue(keys: readonly Key[], attempt: number): Promise<void> {
    if (keys.length === 0) return;
    const { groups, leftovers } = await this.locate(keys, attempt);
    const requests = [...groups].flatMap(([nodeId, group]) =>
      this.task.isUnbatched === true ? group.map((key) => ({ nodeId, group: [key] })) : [{ nodeId, group }],
    );
    await Promise.all([
      this.repeat(leftovers, attempt),
      ...requests.map(async ({ nodeId, group }) => this.repeat(await this.perform(nodeId, group), attempt)),
    ]);
  }

  private async locate(keys: readonly Key[], attempt: number) {
    const groups = new Map<number | null, Key[]>();
    const leftovers: Leftover<Key>[] = [];
    let places: Places<Key>;
    try {
      places = await this.task.locate(this.call, keys, attempt === 0);
    } catch (error) {
      return { groups, leftovers: this.failed(keys, this.call.failure(error)) };
    }
    for (const key of keys) {
      const place = places.get(key) ?? (places.has(key) ? null : undefined);
      if (place === undefined) leftovers.push({ key, cause: incompleteAnswer("lookup", key), afterMs: 0 });
      else if (place === null || typeof place === "number") addTo(groups, place, key);
      else if (isMissingForNow(place, attempt)) leftovers.push({ key, cause: place, afterMs: 0 });
      else this.ends.set(key, { error: place });
    }
    return { groups, leftovers };
  }

  private async perform(nodeId: number | null, keys: readonly Key[]): Promise<Leftover<Key>[]> {
    let outcomes: Map<Key, Outcome<Value>>;
    try {
      outcomes = await this.task.perform(nodeId, keys);
    } catch (error) {
      return this.failed(keys, this.call.failure(error));
    }
    const leftovers: Leftover<Key>[] = [];
    for (const key of keys) {
      const outcome = outcomes.get(key) ?? { error: incompleteAnswer("broker's", key) };
      if ("again" in outcome) leftovers.push({ key, cause: outcome.again, afterMs: outcome.afterMs ?? 0 });
      else this.ends.set(key, outcome);
    }
    return leftovers;
  }

  /** A request that failed as a whole: repeated when that may help, with the broker looked up anew. */
  private failed(keys: readonly Key[], error: KafkaError): Leftover<Key>[] {
    if (error.retriable) return keys.map((key) => ({ key, cause: error, afterMs: 0 }));
    for (const key of keys) this.ends.set(key, { error, isOfRequest: true });
    return [];
  }

  private async repeat(leftovers: readonly Leftover<Key>[], attempt: number): Promise<void> {
    if (leftovers.length === 0) return;
    const { cause } = leftovers[0]!;
    try {
      await this.call.pause(attempt, cause, Math.max(...leftovers.map(({ afterMs }) => afterMs)));
    } catch (error) {
      const timeout = this.call.failure(error);
      for (const { key, cause: last } of leftovers)
        this.ends.set(key, isQuota(last) ? { error: last } : { error: timeout, isOfRequest: true });
      return;
    }
    await this.pursue(
      leftovers.map(({ key }) => key),
      attempt + 1,
    );
  }
}

/**
 * A place that is an error, but one that goes away: no leader at the moment, coordinator not available. Brokers hear of a new topic a
 * little later than whoever created it, so an unknown one is asked for again, but not as long as the call may take.
 */
function isMissingForNow(error: KafkaError, attempt: number): boolean {
  const isUnknown = error.code === "UNKNOWN_TOPIC_OR_PARTITION" || error.code === "UNKNOWN_TOPIC_ID";
  return error.retriable && (!isUnknown || attempt < repetitionsOfUnknown);
}

const repetitionsOfUnknown = 3;

/** Out of time under a quota (KIP-599), the quota is what the caller has to hear of. */
function isQuota(error: KafkaError): boolean {
  return "errorCode" in error && error.errorCode === errorCodes.THROTTLING_QUOTA_EXCEEDED;
}

function addTo<Key, Item>(groups: Map<Key, Item[]>, key: Key, item: Item): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [item]);
  else group.push(item);
}
