/** A market's own protocol over a WebSocket, turned into lines of ours. */
export interface Venue {
  /** What is sent once the connection is there: subscriptions. */
  readonly hello: readonly string[];
  /**
   * Lines of the feed protocol that a message carries, without their ends: none
   * for messages that are about the connection. What looks like a tick and is
   * not goes on as it is, so that it is rejected, kept and counted.
   *
   * @throws {VenueError} If the venue says that something is wrong.
   */
  lines(message: string | Uint8Array): readonly string[];
}

/** The venue refuses what it was asked for, or speaks something else. */
export class VenueError extends Error {
  override name = "VenueError";
}
