import type { Calendar } from "../pipeline/domain/calendar.ts";
import {
  type CandleView,
  candleView,
  type StoredCandle,
} from "../pipeline/domain/candle.ts";
import type { Interval } from "../pipeline/domain/interval.ts";
import {
  type EpochMicros,
  MICROS_PER_DAY,
  toMillis,
} from "../pipeline/domain/time.ts";

/** Time that no feed covered. */
export interface CoverageGap {
  readonly from: EpochMicros;
  readonly to: EpochMicros;
}

/** A bucket in which nothing happened, without prices. */
export interface EmptyCandleView {
  readonly t: number;
  readonly o: null;
  readonly h: null;
  readonly l: null;
  readonly c: null;
  readonly v: 0;
  readonly n: 0;
  readonly vw: null;
  readonly closed: true;
  readonly rev: 0;
  readonly complete: false;
  readonly coverage_ms: 0;
  readonly closed_by: null;
  readonly synthetic: true;
}

export type FilledCandle = CandleView | EmptyCandleView;

export interface FillInput {
  /** Ascending, of one instrument and interval. */
  readonly candles: readonly StoredCandle[];
  /** The candle before the first, if it is known: what `prev` may begin with. */
  readonly before: StoredCandle | null;
  readonly interval: Interval;
  readonly calendar: Calendar;
  readonly gaps: readonly CoverageGap[];
  /** `null`: rows without prices. `prev`: flat at the close before. */
  readonly fill: "null" | "prev";
  /** Range of the open times. */
  readonly from: EpochMicros;
  readonly to: EpochMicros;
  /** Buckets that end later may still get their first tick: not filled. */
  readonly settled: EpochMicros;
  /** Rows to stop after, and the end of the range they are counted from. */
  readonly limit: number;
  readonly countFrom: "start" | "end";
}

/**
 * Adds the candles that are not stored because nothing happened in them.
 *
 * `prev` invents nothing that was not known: the close is not carried over a
 * session's edge, a holiday, or time that no feed covered; such buckets stay
 * out. `null` gives every bucket of the sessions a row.
 */
export function fillCandles(input: FillInput): FillResult {
  const known = input.before === null ? input.candles.at(0)?.t : input.from;
  if (known === undefined) return { candles: [], rest: null };
  const from = Math.max(input.from, known) as EpochMicros;
  // Beyond both there is nothing to fill, however far the range goes on.
  const last = Math.max(input.settled, input.candles.at(-1)?.end ?? -Infinity);
  const to = Math.min(input.to, last) as EpochMicros;
  if (from >= to) return { candles: [], rest: null };
  const range = { ...input, from, to };
  const { slots, rest } = input.countFrom === "start"
    ? slotsFromStart(range)
    : slotsFromEnd(range);
  const candles = input.fill === "null"
    ? fillEmpty(slots)
    : fillFlat(slots, input);
  return { candles, rest };
}

export interface FillResult {
  readonly candles: readonly FilledCandle[];
  /**
   * Where the rows that `limit` cut begin (counted from the start) or end
   * (from the end); `null` if none were cut.
   */
  readonly rest: EpochMicros | null;
}

interface Slots {
  readonly slots: readonly Slot[];
  readonly rest: EpochMicros | null;
}

const RUN_LOOK_BACK = 7 * MICROS_PER_DAY;

/** One bucket: with its candle, or empty. */
interface Slot {
  readonly start: EpochMicros;
  readonly end: EpochMicros;
  readonly candle: StoredCandle | null;
  /** Open of the first of the sessions that follow each other unbroken. */
  readonly runStart: number;
}

/** Sessions that follow each other without a break, as one stretch. */
interface Stretch {
  readonly from: EpochMicros;
  readonly to: EpochMicros;
  readonly runStart: number;
}

function slotsFromStart(input: FillInput): Slots {
  const slots: Slot[] = [];
  for (const stretch of stretchesOf(input)) {
    for (const slot of slotsOf(stretch, input)) {
      if (slots.length === input.limit) return { slots, rest: slot.start };
      slots.push(slot);
    }
  }
  return { slots, rest: null };
}

function slotsFromEnd(input: FillInput): Slots {
  let slots: Slot[] = [];
  for (const stretch of stretchesOf(input).toReversed()) {
    slots = [...slotsOf(stretch, input), ...slots];
    if (slots.length > input.limit) {
      slots = slots.slice(-input.limit);
      return { slots, rest: slots[0].start };
    }
  }
  return { slots, rest: null };
}

/**
 * The sessions of the range as stretches, and what lies between them, so that
 * a candle outside of all sessions has its place too.
 */
function stretchesOf(input: FillInput): readonly Stretch[] {
  const { from, to, calendar, before } = input;
  // The run that the range begins in may have begun earlier.
  const known = before !== null && from - before.t < RUN_LOOK_BACK
    ? before.t
    : from;
  const stretches: Stretch[] = [];
  let at = from;
  let runStart = -Infinity;
  let previousClose = -Infinity;
  for (const session of calendar.sessionsBetween(known, to)) {
    if (session.open > at && session.open < to) {
      stretches.push({ from: at, to: session.open, runStart: Infinity });
    }
    if (session.open !== previousClose) runStart = session.open;
    previousClose = session.close;
    const end = Math.min(session.close, to) as EpochMicros;
    const start = Math.max(session.open, at) as EpochMicros;
    if (start < end) stretches.push({ from: start, to: end, runStart });
    at = Math.max(at, end) as EpochMicros;
  }
  if (at < to) stretches.push({ from: at, to, runStart: Infinity });
  return stretches;
}

function* slotsOf(stretch: Stretch, input: FillInput): Generator<Slot> {
  const { candles, calendar, interval } = input;
  let next = firstAtOrAfter(candles, stretch.from);
  const { runStart } = stretch;
  if (runStart !== Infinity) {
    for (let at = stretch.from; at < stretch.to;) {
      const { start, end } = calendar.bucketAt(interval, at);
      at = end;
      const candle = candles[next];
      if (candle !== undefined && candle.t < end) {
        next++;
        yield { start: candle.t, end: candle.end, candle, runStart };
      } else if (start >= stretch.from && end <= input.settled) {
        yield { start, end, candle: null, runStart };
      }
    }
  }
  for (; next < candles.length && candles[next].t < stretch.to; next++) {
    const candle = candles[next];
    yield { start: candle.t, end: candle.end, candle, runStart };
  }
}

/** Index of the first candle that opens at `t` or later. */
function firstAtOrAfter(
  candles: readonly StoredCandle[],
  t: EpochMicros,
): number {
  let low = 0;
  let high = candles.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (candles[middle].t < t) low = middle + 1;
    else high = middle;
  }
  return low;
}

function fillEmpty(slots: readonly Slot[]): readonly FilledCandle[] {
  return slots.map(({ start, candle }) =>
    candle === null
      ? {
        t: toMillis(start),
        o: null,
        h: null,
        l: null,
        c: null,
        v: 0,
        n: 0,
        vw: null,
        closed: true,
        rev: 0,
        complete: false,
        coverage_ms: 0,
        closed_by: null,
        synthetic: true,
      }
      : candleView(candle)
  );
}

function fillFlat(
  slots: readonly Slot[],
  { candles, before, gaps }: FillInput,
): readonly FilledCandle[] {
  const rows: FilledCandle[] = [];
  const skipped = slots.length === 0
    ? 0
    : firstAtOrAfter(candles, slots[0].start);
  let last = candles[skipped - 1] ?? before;
  for (const { start, end, candle, runStart } of slots) {
    if (candle !== null) {
      last = candle;
      rows.push(candleView(candle));
      continue;
    }
    if (last === null || last.t < runStart) continue;
    if (gaps.some((gap) => gap.from < end && gap.to > last!.end)) continue;
    const close = Number(last.close);
    rows.push({
      t: toMillis(start),
      o: close,
      h: close,
      l: close,
      c: close,
      v: 0,
      n: 0,
      vw: null,
      closed: true,
      rev: 0,
      complete: true,
      coverage_ms: toMillis((end - start) as EpochMicros),
      closed_by: null,
      synthetic: true,
    });
  }
  return rows;
}
