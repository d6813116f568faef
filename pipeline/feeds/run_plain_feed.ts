import type { Clock } from "../ports.ts";
import {
  type FeedConnection,
  FeedUnreachableError,
  type TickSource,
} from "./feed_client.ts";
import { guardedSource, TickSourceError } from "./guarded_source.ts";

export interface PlainFeedSummary {
  sent: number;
  reconnects: number;
  /** The source came to its end. */
  complete: boolean;
}

const CHUNK_MAX = 1_024;
const RETRY_MS = 500;
const CONNECT_MS = 10_000;
const FAREWELL_MS = 2_000;

/**
 * Sends a feed without a hello: best effort, as `nc` would. Nobody says what
 * has arrived, so what is on its way when a connection breaks is lost; it goes
 * on with the ticks after.
 *
 * @throws {TickSourceError} If the source fails.
 * @throws {FeedUnreachableError} If nobody listened for `giveUpAfterMs`.
 */
export async function runPlainFeed(options: {
  readonly connect: (signal: AbortSignal) => Promise<FeedConnection>;
  readonly source: TickSource;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly giveUpAfterMs: number;
  readonly onProgress?: (summary: PlainFeedSummary) => void;
  readonly onLost?: (cause: unknown) => void;
}): Promise<PlainFeedSummary> {
  const { clock, signal } = options;
  const source = guardedSource(options.source);
  const summary: PlainFeedSummary = { sent: 0, reconnects: 0, complete: false };
  let connectedAtMs = clock.steadyMs();
  let connections = 0;
  while (!signal.aborted && !summary.complete) {
    let connection: FeedConnection | null = null;
    const close = () => connection?.close();
    signal.addEventListener("abort", close);
    try {
      connection = await options.connect(
        AbortSignal.any([signal, AbortSignal.timeout(CONNECT_MS)]),
      );
      if (connections++ > 0) summary.reconnects++;
      const chunks = source.from(summary.sent + 1, { max: CHUNK_MAX, signal });
      for await (const { bytes, count } of chunks) {
        summary.sent += count;
        await writeAll(connection, bytes);
        connectedAtMs = clock.steadyMs();
        options.onProgress?.(summary);
      }
      if (signal.aborted) break;
      summary.complete = true;
      await hangUp(connection, clock);
    } catch (cause) {
      if (signal.aborted) break;
      if (cause instanceof TickSourceError) throw cause;
      options.onLost?.(cause);
      if (clock.steadyMs() - connectedAtMs >= options.giveUpAfterMs) {
        throw new FeedUnreachableError(
          `Cannot reach the listener: ${cause}`,
          { cause },
        );
      }
      await clock.sleep(RETRY_MS, signal);
    } finally {
      signal.removeEventListener("abort", close);
      connection?.close();
    }
  }
  return summary;
}

/** Lets the listener read everything before the connection goes. */
async function hangUp(connection: FeedConnection, clock: Clock): Promise<void> {
  await connection.closeWrite();
  const late = new AbortController();
  const waited = clock.sleep(FAREWELL_MS, late.signal).then(() =>
    connection.close()
  );
  const into = new Uint8Array(1_024);
  try {
    while (await connection.read(into) !== null);
  } catch {
    // It was closed, by them or by us after the wait: all the same.
  }
  late.abort();
  await waited;
}

async function writeAll(
  connection: FeedConnection,
  bytes: Uint8Array,
): Promise<void> {
  let at = 0;
  while (at < bytes.length) at += await connection.write(bytes.subarray(at));
}
