/**
 * The buffer's file, worker or server failed: whether the call was carried out
 * is not known, and asking again is up to the caller.
 */
export class BufferError extends Error {
  override name = "BufferError";
}

/** The server cannot be used as it is set; the message says what to change. */
export class BufferUnusableError extends BufferError {
  override name = "BufferUnusableError";
}
