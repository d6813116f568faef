import type { Clock, Log } from "../pipeline/ports.ts";

/** How long a server may take to come up when this program starts. */
const START_MS_MAX = 60_000;
const RETRY_MS = 500;

/** A server that the settings name did not answer, in words for a person. */
export class ServerDownError extends Error {
  override name = "ServerDownError";
}

/**
 * Waits for a server that may start at the same time as this program.
 *
 * @param isDown Whether an error says that it is not there (yet); any other is
 * thrown at once.
 * @throws {ServerDownError} If it does not come up within a minute.
 */
export async function untilUp<T>(
  server: string,
  work: () => Promise<T>,
  { clock, log, isDown }: {
    readonly clock: Clock;
    readonly log: Log;
    readonly isDown: (error: unknown) => boolean;
  },
): Promise<T> {
  const deadlineMs = clock.steadyMs() + START_MS_MAX;
  for (let told = false;; told = true) {
    try {
      return await work();
    } catch (cause) {
      if (!isDown(cause)) throw cause;
      const reason = cause instanceof Error ? cause.message : String(cause);
      if (clock.steadyMs() > deadlineMs) {
        throw new ServerDownError(
          `Cannot start as ${server} must answer, and does not: ${reason}`,
          { cause },
        );
      }
      if (!told) log.warn("Waiting for a server", { server, reason });
      await clock.sleep(RETRY_MS);
    }
  }
}
