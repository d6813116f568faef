import type { Catalog } from "../pipeline/catalog.ts";
import {
  BEFORE_FIRST,
  type Clock,
  compareEntryIds,
  type EntryId,
  type FeedStore,
  type Log,
  type MayWait,
  type TickBuffer,
} from "../pipeline/ports.ts";

/** From one look to when the next one may go with others, and has to go. */
const OFTEN = { restMs: 300, waitMs: 250 };
/** An aggregator asks by itself for what ticks have and it does not know. */
const SELDOM = { restMs: 4_000, waitMs: 1_500 };

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
  const { restMs, waitMs } = committed ? OFTEN : SELDOM;
  const mayWait = { ms: waitMs, signal };
  let failed = false;
  while (!signal.aborted) {
    try {
      await Promise.all([
        catalog.refresh(mayWait),
        committed && followPositions(stores, committed, mayWait),
      ]);
      failed = false;
    } catch (error) {
      if (!failed) {
        log.warn("Cannot read what other processes stored", {
          error: String(error),
        });
      }
      failed = true;
    }
    await clock.sleep(restMs, signal);
  }
}

async function followPositions(
  { feeds, buffer }: Others["stores"],
  committed: EntryId[],
  mayWait: MayWait,
): Promise<void> {
  for (const { p, position } of await feeds.committed([], mayWait)) {
    buffer.raiseFloor(p, position);
    if (compareEntryIds(position, committed[p] ?? BEFORE_FIRST) > 0) {
      committed[p] = position;
    }
  }
}
