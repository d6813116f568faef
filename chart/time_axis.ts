import type { CandleStore } from "./candle_store.ts";
import type { TimeWords } from "./local_time.ts";
import {
  DAY,
  rankBetween,
  timeDensity,
  timeStep,
  type TimeTick,
  timeTicks,
} from "./time_ticks.ts";

/** Labels below the plot, and where days of trading begin. */
export interface TimeAxis {
  readonly ticks: readonly TimeTick[];
  /** First slots of a day; none where a label already stands for several days. */
  readonly days: readonly number[];
}

/** Chooses labels for the slots in sight, `spacingPx` CSS pixels apart. */
export function chooseTimes(
  { store, wallAt, first, last, slotPx, spacingPx, intervalMs, words }: {
    readonly store: CandleStore;
    readonly wallAt: (slot: number) => number;
    readonly first: number;
    readonly last: number;
    readonly slotPx: number;
    readonly spacingPx: number;
    readonly intervalMs: number;
    readonly words: TimeWords;
  },
): TimeAxis {
  const { length } = store;
  const density = timeDensity({ slotPx, spacingPx, intervalMs }, {
    length,
    days: store.dayCount,
    spanMs: length > 0 ? store.wall[length - 1] - store.wall[0] : 0,
  });
  const step = timeStep(density);
  const ticks = timeTicks(wallAt, { from: first, to: last }, step, {
    slotPx,
    spacingPx,
    words,
  });
  const days: number[] = [];
  if (step.kind === "clock") {
    for (let slot = Math.max(1, first); slot <= last; slot++) {
      const wall = wallAt(slot);
      // Beyond the times known there are no days either.
      if (Number.isNaN(wall)) break;
      if (rankBetween(wallAt(slot - 1), wall) >= DAY) days.push(slot);
    }
  }
  return { ticks, days };
}
