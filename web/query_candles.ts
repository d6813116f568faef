import { z } from "zod";
import { candleView, type StoredCandle } from "../pipeline/domain/candle.ts";
import type { Instrument } from "../pipeline/domain/instrument.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_SECOND,
} from "../pipeline/domain/time.ts";
import type { GapRow } from "../pipeline/ports.ts";
import { fillCandles, type FilledCandle } from "./fill_candles.ts";
import { readCandles } from "./read_candles.ts";
import {
  candleIntervalParameter,
  checkRange,
  choice,
  findInstrument,
  parameter,
  symbolParameter,
  timeParameter,
  wholeNumber,
} from "./read_query.ts";
import { formatParameter } from "./rows_response.ts";
import type { Services } from "./services.ts";

export const LIMIT_MAX = 10_000;

/** Where a page of candles goes on: from its end on, or back from its start. */
type Cursor =
  | { readonly kind: "from"; readonly t: EpochMicros }
  | { readonly kind: "to"; readonly t: EpochMicros };

const cursorParameter = parameter<Cursor>(
  "a cursor that an answer's next gave",
  (text) => {
    const match = /^([ft])(-?\d{1,16})$/.exec(text);
    if (match === null || !Number.isSafeInteger(Number(match[2]))) return null;
    const t = epochMicros(Number(match[2]));
    return match[1] === "f" ? { kind: "from", t } : { kind: "to", t };
  },
);

/** Parameters of `/api/candles`. */
export const candlesQuery = z.object({
  symbol: symbolParameter,
  interval: candleIntervalParameter.default("1m"),
  from: timeParameter.optional(),
  to: timeParameter.optional(),
  limit: wholeNumber(1, LIMIT_MAX).default(500),
  fill: choice("none", "null", "prev").default("none"),
  asof: timeParameter.optional(),
  cursor: cursorParameter.optional(),
  format: formatParameter,
  shape: choice("object", "array").default("object"),
});
export type CandlesQuery = z.output<typeof candlesQuery>;

/** One page of candles. */
export interface CandlesPage {
  readonly instrument: Instrument;
  readonly candles: readonly FilledCandle[];
  /** Time without cover in the range, if candles were filled. */
  readonly gaps: readonly CandleGap[];
  /** Cursor of what comes after (or, counted from the end, before). */
  readonly next: string | null;
  /** Every candle is closed and the range is over. */
  readonly settled: boolean;
  /** It is as it was known at a time, and nothing can change that. */
  readonly final: boolean;
  /** Of candles below a minute: minutes whose ticks are not kept any more. */
  readonly minutesWithoutTicks: number;
}

export interface CandleGap {
  readonly from: EpochMicros;
  readonly to: EpochMicros;
  readonly kind: GapRow["kind"];
}

/** What is known from a time on has been committed so long after it. */
const KNOWN_AFTER = 60 * MICROS_PER_SECOND;

/** Ticks may come this late; what ended later is not called empty yet. */
const SETTLED_AFTER = 5 * MICROS_PER_SECOND;

/**
 * Reads one page.
 *
 * @throws {ProblemError} If the symbol is unknown.
 */
export async function queryCandles(
  services: Services,
  query: CandlesQuery,
): Promise<CandlesPage> {
  const { symbol, interval, limit, asof, cursor } = query;
  const instrument = findInstrument(services.catalog, symbol);
  checkRange(query);
  const from = cursor?.kind === "from" ? cursor.t : query.from;
  const to = cursor?.kind === "to" ? cursor.t : query.to;
  const countFrom = from === undefined || cursor?.kind === "to"
    ? "end"
    : "start";
  const range = { symbol, interval, asof, to, limit: limit + 1 };
  const { candles: rows, withoutTicks } = await readCandles(
    services,
    countFrom === "start" ? { ...range, from } : range,
  );
  const wanted = query.from === undefined || countFrom === "start"
    ? rows
    : rows.filter(({ t }) => t >= query.from!);
  const cut = wanted.length > limit;
  const candles = !cut
    ? wanted
    : countFrom === "start"
    ? wanted.slice(0, limit)
    : wanted.slice(1);
  const edge = !cut
    ? null
    : countFrom === "start"
    ? wanted[limit].t
    : candles[0].t;
  const minutesWithoutTicks = withoutTicks.length;
  const now = services.clock.now();
  const settled = to !== undefined && to <= now &&
    withoutTicks.length === 0 && candles.every(({ closed }) => closed);
  if (query.fill === "none") {
    return {
      instrument,
      candles: candles.map(candleView),
      gaps: [],
      next: cursorText(countFrom, edge),
      settled,
      final: settled && asof !== undefined && asof <= now - KNOWN_AFTER,
      minutesWithoutTicks,
    };
  }
  // Gaps are those that are known now.
  const final = false;

  const end = lastEnd(candles) ?? to ?? now;
  const filledFrom = countFrom === "start"
    ? from!
    : edge ?? query.from ?? candles[0]?.t ?? end;
  const filledTo = countFrom === "start" ? edge ?? to ?? end : to ?? end;
  if (filledFrom >= filledTo) {
    const next = cursorText(countFrom, edge);
    const none = { instrument, candles: [], gaps: [] };
    return { ...none, next, settled, final, minutesWithoutTicks };
  }
  const earlier = await readCandles(services, {
    symbol,
    interval,
    asof,
    to: filledFrom,
    limit: 1,
  });
  const before = earlier.candles.at(-1);
  const gapsFrom = before?.end ?? filledFrom;
  const gaps = await services.candles.gaps(symbol, gapsFrom, filledTo);
  const result = fillCandles({
    candles,
    before: before ?? null,
    interval,
    calendar: services.catalog.calendarOf(instrument),
    gaps: [...gaps, ...earlier.withoutTicks, ...withoutTicks],
    fill: query.fill,
    from: filledFrom,
    to: filledTo,
    settled: epochMicros(Math.min(now, asof ?? now) - SETTLED_AFTER),
    limit,
    countFrom,
  });
  return {
    instrument,
    candles: result.candles,
    gaps: gaps.filter((gap) => gap.to > filledFrom),
    next: cursorText(countFrom, result.rest ?? edge),
    settled,
    final,
    minutesWithoutTicks,
  };
}

function cursorText(
  countFrom: "start" | "end",
  t: EpochMicros | null,
): string | null {
  return t === null ? null : `${countFrom === "start" ? "f" : "t"}${t}`;
}

function lastEnd(candles: readonly StoredCandle[]): EpochMicros | undefined {
  return candles.at(-1)?.end;
}
