// Assertions that stay on in production: they state what must not happen.
// A failed assertion is a bug in Ottla, never a client's doing; what clients send is refused with values or DecodeError.

/** Throws AssertionError when `condition` is false. */
export function assert(condition: boolean, statement: string): asserts condition {
  if (!condition) throw new AssertionError(statement);
}

/** Marks a branch that the types say cannot be reached. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${String(value)}`);
}

/** A broken invariant. */
export class AssertionError extends Error {
  override name = "AssertionError";
}
