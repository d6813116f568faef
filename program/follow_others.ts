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
/** An aggregator asks by itself for what ticks have and it does not know. */
const SELDOM_MS = 5_000;

export interface Others {
  readonly stores: {
    readonly feeds: Pick<FeedStore, "committed">;
    readonly buffer: Pick<TickBuffer, "raiseFloor">;
  };
  readonly catalog: Pick<Catalog, "refresh">;
  /**
   * Newest position known, by partition; brought up to date. `null` if this
   * process neither appends nor forecasts: then it looks seldom.
   */
  readonly committed: EntryId[] | null;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Keeps what this process knows as new as what other processes have stored:
 * instruments that they changed, and how far they have committed, if that
 * concerns it. Runs until aborted.
 */
export async function followOthers(
  { stores, catalog, committed, clock, log }: Others,
  signal: AbortSignal,
): Promise<void> {
  let failed = false;
  while (!signal.aborted) {
    try {
      await catalog.refresh();
      if (committed) await followPositions(stores, committed);
      failed = false;
    } catch (error) {
      if (!failed) {
        log.warn("Cannot read what other processes stored", {
          error: String(error),
        });
      }
      failed = true;
    }
    await clock.sleep(committed ? EVERY_MS : SELDOM_MS, signal);
  }
}

async function followPositions(
  { feeds, buffer }: Others["stores"],
  committed: EntryId[],
): Promise<void> {
  for (const { p, position } of await feeds.committed([])) {
    buffer.raiseFloor(p, position);
    if (compareEntryIds(position, committed[p] ?? BEFORE_FIRST) > 0) {
      committed[p] = position;
    }
  }
}
