import type { Forecast, ForecastScore } from "../pipeline/domain/forecast.ts";
import type { Row } from "./db.ts";
import { micros } from "./sql_values.ts";

/** Of `forecasts f` and its `instruments i`, as `forecastOf` reads them. */
export const FORECAST_COLUMNS =
  `i.symbol, f.interval, to_micros(f.t)::float8 as t,
  f.horizon, f.model, f.order_p, f.order_d, f.order_q, f.champion,
  to_micros(f.made_at)::float8 as made_at,
  to_micros(f.trained_through)::float8 as trained_through, f.position,
  f.rev as made_rev, f.last as made_last, f.open as made_open,
  f.high as made_high, f.low as made_low, f.close as made_close, f.se, f.lo50,
  f.hi50, f.lo80, f.hi80, f.lo95, f.hi95`;

/** Of `forecast_scores s` beside its forecast, as `scoreOf` reads them. */
export const SCORE_COLUMNS =
  `to_micros(s.scored_at)::float8 as scored_at, s.actual,
  s.abs_error, s.abs_error_naive, s.inside50, s.inside80, s.inside95,
  s.direction_hit, s.winkler95, s.crps, s.up_probability, s.brier`;

/** What a forecast and its score are joined by. */
export const SAME_FORECAST = "(instrument_id, interval, t, horizon, model)";

export function forecastOf(row: Row): Forecast {
  return {
    symbol: row.symbol as string,
    interval: "1m",
    t: micros(row.t),
    horizon: row.horizon as number,
    model: row.model as string,
    order: [
      row.order_p as number,
      row.order_d as number,
      row.order_q as number,
    ],
    champion: row.champion as boolean,
    madeAt: micros(row.made_at),
    trainedThrough: micros(row.trained_through),
    position: row.position as string,
    rev: row.made_rev as number,
    last: row.made_last as number,
    open: row.made_open as number,
    high: row.made_high as number,
    low: row.made_low as number,
    close: row.made_close as number,
    se: row.se as number,
    lo50: row.lo50 as number,
    hi50: row.hi50 as number,
    lo80: row.lo80 as number,
    hi80: row.hi80 as number,
    lo95: row.lo95 as number,
    hi95: row.hi95 as number,
  };
}

/** `null` where the forecast has none. */
export function scoreOf(row: Row): ForecastScore | null {
  if (row.scored_at === null) return null;
  return {
    symbol: row.symbol as string,
    interval: "1m",
    t: micros(row.t),
    horizon: row.horizon as number,
    model: row.model as string,
    scoredAt: micros(row.scored_at),
    actual: row.actual as number,
    absError: row.abs_error as number,
    absErrorNaive: row.abs_error_naive as number,
    inside50: row.inside50 as boolean,
    inside80: row.inside80 as boolean,
    inside95: row.inside95 as boolean,
    directionHit: row.direction_hit as boolean | null,
    winkler95: row.winkler95 as number | null,
    crps: row.crps as number | null,
    upProbability: row.up_probability as number | null,
    brier: row.brier as number | null,
  };
}
