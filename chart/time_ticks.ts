import { DAY_MS, type TimeWords } from "./local_time.ts";

/** How much a slot's time differs from the one before: the larger, the more it is worth a label. */
export const TIME = 0;
export const DAY = 1;
export const MONTH = 2;
export const YEAR = 3;
export type Rank = typeof TIME | typeof DAY | typeof MONTH | typeof YEAR;

export interface TimeTick {
  readonly slot: number;
  readonly rank: Rank;
  readonly label: string;
  /** A turn of the next larger unit: a day among hours, a month among days. */
  readonly strong: boolean;
}

/** Labels at round local times, or at the turn of a day, week, month, quarter, year. */
export type TimeStep =
  | { readonly kind: "clock"; readonly ms: number }
  | { readonly kind: "day" | "week" | "month" | "quarter" }
  | { readonly kind: "years"; readonly years: number };

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

const CLOCK_STEPS_MS = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND_MS),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE_MS),
  ...[1, 2, 3, 4, 6, 12].map((n) => n * HOUR_MS),
];

/** What the choice of a step depends on, the same wherever the view stands. */
export interface TimeDensity {
  readonly slotPx: number;
  readonly intervalMs: number;
  /** Candles of a day with trading, on average. */
  readonly slotsPerDay: number;
  /** Days with trading of a week: 5 for an exchange, 7 for a currency. */
  readonly daysPerWeek: number;
  readonly spacingPx: number;
}

/** The density of candles that are `days` days with trading within `spanMs`. */
export function timeDensity(
  scale: Pick<TimeDensity, "slotPx" | "spacingPx" | "intervalMs">,
  candles: {
    readonly length: number;
    readonly days: number;
    readonly spanMs: number;
  },
): TimeDensity {
  const days = Math.max(1, candles.days);
  const span = candles.spanMs / DAY_MS + 1;
  return {
    ...scale,
    slotsPerDay: scale.intervalMs >= DAY_MS
      ? 1
      : Math.max(1, candles.length / days),
    daysPerWeek: span < 14 ? 5 : Math.min(7, Math.max(1, days / span * 7)),
  };
}

/** The finest step whose labels do not touch. */
export function timeStep(density: TimeDensity): TimeStep {
  const { slotPx, intervalMs, slotsPerDay, daysPerWeek, spacingPx } = density;
  const dayPx = slotPx * slotsPerDay;
  if (intervalMs < DAY_MS && dayPx >= spacingPx) {
    for (const ms of CLOCK_STEPS_MS) {
      if (ms >= intervalMs && slotPx * ms / intervalMs >= spacingPx) {
        return { kind: "clock", ms };
      }
    }
  }
  // Candles of a week or a month: one slot stands for several days.
  const daysPerSlot = Math.max(1, intervalMs / DAY_MS);
  const weekPx = daysPerSlot > 1
    ? slotPx * 7 / daysPerSlot
    : dayPx * daysPerWeek;
  if (dayPx >= spacingPx) return { kind: "day" };
  if (weekPx >= spacingPx) return { kind: "week" };
  if (weekPx * 4.35 >= spacingPx) return { kind: "month" };
  if (weekPx * 13 >= spacingPx) return { kind: "quarter" };
  for (const years of [1, 2, 5, 10, 20, 50]) {
    if (weekPx * 52 * years >= spacingPx) return { kind: "years", years };
  }
  return { kind: "years", years: 100 };
}

/** What changed between two wall times. */
export function rankBetween(before: number, wall: number): Rank {
  const day = Math.floor(wall / DAY_MS);
  if (Math.floor(before / DAY_MS) === day) return TIME;
  const a = new Date(before);
  const b = new Date(wall);
  if (a.getUTCFullYear() !== b.getUTCFullYear()) return YEAR;
  return a.getUTCMonth() !== b.getUTCMonth() ? MONTH : DAY;
}

/**
 * The slots that get a label and a gridline.
 *
 * Which they are depends on the step and on each slot's neighbours, not on
 * where the view begins: panning moves the labels and never changes them.
 *
 * @param wallAt Local time of a slot; NaN where there is none.
 */
export function timeTicks(
  wallAt: (slot: number) => number,
  range: { readonly from: number; readonly to: number },
  step: TimeStep,
  options: {
    readonly slotPx: number;
    readonly spacingPx: number;
    readonly words: TimeWords;
  },
): TimeTick[] {
  const { slotPx, spacingPx, words } = options;
  const reach = Math.ceil(spacingPx / slotPx) + 1;
  const kept: { slot: number; rank: Rank; wall: number }[] = [];
  let before = wallAt(range.from - reach - 1);
  for (let slot = range.from - reach; slot <= range.to + reach; slot++) {
    const wall = wallAt(slot);
    if (Number.isNaN(wall)) {
      before = NaN;
      continue;
    }
    const isFirst = Number.isNaN(before);
    const rank = isFirst ? TIME : rankBetween(before, wall);
    if (isFirst ? begins(step, wall) : turns(step, before, wall, rank)) {
      keep(kept, { slot, rank, wall }, spacingPx / slotPx);
    }
    before = wall;
  }
  const ticks: TimeTick[] = [];
  for (const { slot, rank, wall } of kept) {
    if (slot < range.from || slot > range.to) continue;
    const strong = rank > (step.kind === "clock" ? TIME : DAY);
    ticks.push({ slot, rank, label: labelOf(step, rank, wall, words), strong });
  }
  return ticks;
}

/** Whether the first candle of all stands at a round time, whatever came before it. */
function begins(step: TimeStep, wall: number): boolean {
  return step.kind === "clock" && wall % step.ms === 0 && wall % DAY_MS !== 0;
}

function turns(
  step: TimeStep,
  before: number,
  wall: number,
  rank: Rank,
): boolean {
  switch (step.kind) {
    case "clock":
      return rank >= DAY ||
        Math.floor(before / step.ms) !== Math.floor(wall / step.ms);
    case "day":
      return rank >= DAY;
    case "week":
      return rank >= MONTH || weekOf(before) !== weekOf(wall);
    case "month":
      return rank >= MONTH;
    case "quarter":
      return rank >= MONTH && quarterOf(before) !== quarterOf(wall);
    case "years":
      return rank === YEAR &&
        Math.floor(yearOf(before) / step.years) !==
          Math.floor(yearOf(wall) / step.years);
  }
}

/** Of two labels that would touch, the one of the higher rank stays; of equals, the first. */
function keep<T extends { slot: number; rank: Rank }>(
  kept: T[],
  tick: T,
  slots: number,
): void {
  while (kept.length > 0) {
    const last = kept[kept.length - 1];
    if (tick.slot - last.slot >= slots) break;
    if (tick.rank <= last.rank) return;
    kept.pop();
  }
  kept.push(tick);
}

function labelOf(
  step: TimeStep,
  rank: Rank,
  wall: number,
  words: TimeWords,
): string {
  if (step.kind === "clock") {
    return rank === TIME
      ? words.time(wall, step.ms < MINUTE_MS)
      : words.day(wall);
  }
  if (rank === YEAR) return words.year(wall);
  return rank === MONTH ? words.month(wall) : words.dayOfMonth(wall);
}

/** Weeks begin on Monday: day 4 after the epoch's Thursday. */
function weekOf(wall: number): number {
  return Math.floor((Math.floor(wall / DAY_MS) + 3) / 7);
}

function quarterOf(wall: number): number {
  return yearOf(wall) * 4 + Math.floor(new Date(wall).getUTCMonth() / 3);
}

function yearOf(wall: number): number {
  return new Date(wall).getUTCFullYear();
}
