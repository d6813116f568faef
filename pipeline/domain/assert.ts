/**
 * Ends the process by throwing when a statement that must hold does not.
 *
 * For our own mistakes only: bad input is a value, an outage is an `Error`.
 *
 * @throws {AssertionError} If `condition` is false.
 */
export function assert(
  condition: boolean,
  message: string,
): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** A broken invariant: a bug in this program, never the fault of its input. */
export class AssertionError extends Error {
  override name = "AssertionError";
}

/** Makes a `switch` over a union that misses a case fail to compile. */
export function assertNever(value: never): never {
  throw new AssertionError(`Unhandled case ${JSON.stringify(value)}`);
}
