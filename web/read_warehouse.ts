import { HttpError } from "fresh";
import { AssertionError } from "../pipeline/domain/assert.ts";
import { inTime } from "./in_time.ts";

/** A reader waits for the warehouse no longer; the answer then is 503. */
export const READ_MS_MAX = 5_000;

/** What only a bug of ours throws: asking again does not help. */
const FAULTS = [AssertionError, TypeError, RangeError, ReferenceError];

export function isFault(error: unknown): boolean {
  return FAULTS.some((Fault) => error instanceof Fault);
}

/**
 * What a page shows, once it has been read.
 *
 * @throws {HttpError} With 503 if the warehouse does not answer in time.
 */
export async function readWarehouse<T>(reading: Promise<T>): Promise<T> {
  try {
    return await inTime(reading, READ_MS_MAX);
  } catch (cause) {
    if (cause instanceof HttpError || isFault(cause)) throw cause;
    throw new HttpError(503, "The warehouse does not answer", { cause });
  }
}
