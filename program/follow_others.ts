import type { Catalog } from "../pipeline/catalog.ts";
import {
  BEFORE_FIRST,
  type Clock,
  compareEntryIds,
  type EntryId,
  type FeedStore,
  type Log,
  type TickBuffer,
} from "../pipeline/ports.ts";

const EVERY_MS = 500;

/**
 * Keeps what this process knows as new as what other processes have stored:
 * instruments that they registered, and how far they have committed. Runs
 * until aborted.
 */
export async function followOthers(
  { stores, catalog, committed, clock, log }: {
    readonly stores: {
      readonly feeds: Pick<FeedStore, "committed">;
      readonly buffer: Pick<TickBuffer, "raiseFloor">;
    };
    readonly catalog: Pick<Catalog, "refresh">;
    /** Newest position known, by partition; brought up to date. */
    readonly committed: EntryId[];
    readonly clock: Clock;
    readonly log: Log;
  },
  signal: AbortSignal,
): Promise<void> {
  let failed = false;
  while (!signal.aborted) {
    try {
      await catalog.refresh();
      for (const { p, position } of await stores.feeds.committed([])) {
        stores.buffer.raiseFloor(p, position);
        if (compareEntryIds(position, committed[p] ?? BEFORE_FIRST) > 0) {
          committed[p] = position;
        }
      }
      failed = false;
    } catch (error) {
      if (!failed) {
        log.warn("Cannot read what other processes stored", {
          error: String(error),
        });
      }
      failed = true;
    }
    await clock.sleep(EVERY_MS, signal);
  }
}
