import type { ConnectionStats } from "./feed_stats.ts";
import {
  type ByteConnection,
  type ConnectionOptions,
  runConnection,
} from "./run_connection.ts";

export type DialerOptions = Omit<ConnectionOptions, "plainFeed"> & {
  readonly connect: (signal: AbortSignal) => Promise<ByteConnection>;
  /** Called when a connection begins, with its counts, and when it ended. */
  readonly onStats?: (stats: (() => ConnectionStats) | null) => void;
  /** Called when it could not connect, with why. */
  readonly onFailed?: (error: string) => void;
  readonly random?: () => number;
};

const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 15_000;
/** A connection that held for so long was a good one. */
const GOOD_MS = 10_000;
const CONNECT_MS = 10_000;

/**
 * Keeps a connection to a source that listens, until the signal aborts.
 *
 * After a failure it waits twice as long as before, up to 15 s, with jitter.
 */
export async function runDialer(options: DialerOptions): Promise<void> {
  const { peer, signal, clock, log, random = Math.random } = options;
  let failures = 0;
  while (!signal.aborted) {
    const from = performance.now();
    try {
      const late = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_MS)]);
      await runConnection(
        await options.connect(late),
        { ...options, plainFeed: `plain@${peer}` },
        options.onStats,
      );
    } catch (error) {
      if (signal.aborted) break;
      options.onFailed?.(String(error));
      log.warn("Cannot reach a feed, will try again", {
        peer,
        error: String(error),
      });
    } finally {
      options.onStats?.(null);
    }
    if (performance.now() - from >= GOOD_MS) failures = 0;
    const longest = Math.min(RETRY_MS_MIN * 2 ** failures++, RETRY_MS_MAX);
    await clock.sleep(longest * (0.5 + random() / 2), signal);
  }
}
