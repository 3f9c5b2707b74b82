// The one shape of answers about many things: a Map of what was done, or an AdminError that tells what was not, item by item.
// Java hands out a future per item instead; here nothing that failed can be overlooked, and nothing that succeeded is lost.

import { KafkaError } from "../errors.ts";

/** What names an item: a topic, "topic-partition", a group id, "TYPE:name" of a config resource, or a number such as a broker id. */
export type ItemKey = string | number;

/** Some items of a call failed. `code` is that of the first one; `errors` names them all, `values` holds what succeeded. */
export class AdminError<Value = unknown> extends KafkaError {
  override name = "AdminError";
  /** What failed, by item. Never empty. */
  readonly errors: ReadonlyMap<ItemKey, KafkaError>;
  /** What was done, by item. Calls that only do something have no values here. */
  readonly values: ReadonlyMap<ItemKey, Value>;

  constructor(errors: ReadonlyMap<ItemKey, KafkaError>, values: ReadonlyMap<ItemKey, Value>) {
    const [first] = errors.values();
    super(sentence(errors), {
      code: first!.code,
      retriable: [...errors.values()].every((error) => error.retriable),
      context: first!.context,
      cause: first,
    });
    this.errors = errors;
    this.values = values;
  }
}

/** A call's answer when some of it may have failed. */
export interface Settled<Value> {
  readonly values: ReadonlyMap<ItemKey, Value>;
  readonly errors: ReadonlyMap<ItemKey, KafkaError>;
}

/**
 * What succeeded and what failed, instead of an exception: `const { values, errors } = await settled(admin.describeTopics(names))`.
 * A call that failed as a whole (no connection, not allowed, not served) still rejects.
 */
export async function settled<Value>(call: Promise<ReadonlyMap<ItemKey, Value> | void>): Promise<Settled<Value>> {
  try {
    const values = await call;
    return { values: values ?? new Map(), errors: new Map() };
  } catch (error) {
    if (error instanceof AdminError) return error as AdminError<Value>;
    throw error;
  }
}

/** The values when nothing failed. @throws AdminError otherwise */
export function valuesOrError<Key extends ItemKey, Value>(
  values: Map<Key, Value>,
  errors: ReadonlyMap<ItemKey, KafkaError>,
): Map<Key, Value> {
  if (errors.size > 0) throw new AdminError(errors, values);
  return values;
}

const namedAtMost = 3;

function sentence(errors: ReadonlyMap<ItemKey, KafkaError>): string {
  const named = [...errors].slice(0, namedAtMost).map(([key, error]) => `${key}: ${error.message} (${error.code})`);
  const more = errors.size - named.length;
  return more > 0 ? `${named.join("; ")}; and ${more} more` : named.join("; ");
}
