import { z } from "zod";
import type { SettledSignal } from "../../pipeline/forecast_ports.ts";
import { MICROS_PER_SECOND, toIso } from "../../pipeline/domain/time.ts";
import type { Services } from "../services.ts";
import { findUdfSymbol } from "./find_symbol.ts";
import { barTime } from "./udf_history.ts";
import {
  resolutionParameter,
  secondsParameter,
  udfSymbolParameter,
} from "./udf_query.ts";

const MARKS_MAX = 2_000;

/** Parameters of `/udf/marks` and `/udf/timescale_marks`. */
export const marksQuery = z.object({
  symbol: udfSymbolParameter,
  from: secondsParameter,
  to: secondsParameter,
  resolution: resolutionParameter,
});
type MarksQuery = z.output<typeof marksQuery>;

/**
 * Buy and sell signals as marks on the bars that they are for: the newest
 * ones, ascending, as columns.
 *
 * @throws {ProblemError} If the symbol is unknown.
 */
export async function udfMarks(services: Services, query: MarksQuery) {
  const { symbol, timeOf, bucketOf } = target(services, query);
  const { from, to } = query;
  const actions = ["BUY", "SELL"] as const;
  const found = await Promise.all(
    actions.map((action) =>
      services.signals.signals({ symbol, from, to, action, limit: MARKS_MAX })
    ),
  );
  const newest = new Map<number, SettledSignal>();
  for (const one of found.flat()) {
    const known = newest.get(one.signal.t);
    if (known === undefined || known.signal.version < one.signal.version) {
      newest.set(one.signal.t, one);
    }
  }
  const signals = [...newest.values()].map(({ signal }) => signal)
    .sort((a, b) => a.t - b.t).slice(-MARKS_MAX);
  return {
    id: signals.map(({ t, version }) => `${t / MICROS_PER_SECOND}-${version}`),
    time: signals.map(({ t }) => timeOf(bucketOf(t)) / MICROS_PER_SECOND),
    color: signals.map(({ action }) => action === "BUY" ? "green" : "red"),
    text: signals.map(({ action, reason, confidence }) =>
      `${action}: ${reason} (confidence ${Math.round(100 * confidence)} %)`
    ),
    label: signals.map(({ action }) => action[0]),
    labelFontColor: signals.map(() => "white"),
    minSize: signals.map(() => 14),
  };
}

/**
 * What feeds missed, as marks below the time axis.
 *
 * @throws {ProblemError} If the symbol is unknown.
 */
export async function udfTimescaleMarks(
  services: Services,
  query: MarksQuery,
) {
  const { symbol, timeOf, bucketOf } = target(services, query);
  const gaps = await services.candles.feedGaps(symbol, {
    from: query.from,
    to: query.to,
    limit: MARKS_MAX,
  });
  return gaps.map(({ key, kind, from, to, seq }) => ({
    id: `${key.feed}-${key.epoch}-${kind}-${from}-${seq?.from ?? 0}`,
    time: timeOf(bucketOf(from)) / MICROS_PER_SECOND,
    color: kind === "outage" ? "orange" : "red",
    label: kind === "outage" ? "O" : "G",
    tooltip: [
      kind === "outage"
        ? `The feed ${key.feed} was away`
        : `Ticks of the feed ${key.feed} are missing`,
      `${toIso(from)} to ${to === null ? "now" : toIso(to)}`,
    ],
  }));
}

function target(services: Services, { symbol, resolution }: MarksQuery) {
  const instrument = findUdfSymbol(services.catalog, symbol);
  const calendar = services.catalog.calendarOf(instrument);
  return {
    symbol: instrument.symbol,
    timeOf: barTime(resolution, calendar),
    bucketOf: (t: Parameters<typeof calendar.bucketAt>[1]) => ({
      t: calendar.bucketAt(resolution, t).start,
    }),
  };
}
