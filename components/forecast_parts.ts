import type { ForecastView } from "../pipeline/domain/forecast.ts";

export const MINUTE_MS = 60_000;

/** The newest forecast of the minute that begins as it is made. */
export function newestForecast(
  forecasts: readonly ForecastView[],
): ForecastView | undefined {
  return forecasts.findLast(({ horizon }) => horizon === 1);
}

/** Whether a forecast's minute is still running. */
export function isCurrent(
  forecast: Pick<ForecastView, "t">,
  now: number,
): boolean {
  return now < forecast.t + MINUTE_MS + 5_000;
}

/** One-minute forecasts whose candle has begun before the newest one. */
export function pastForecasts(
  forecasts: readonly ForecastView[],
  formingT: number,
): readonly ForecastView[] {
  return forecasts.filter(({ horizon, t }) => horizon === 1 && t < formingT);
}

/** What was made at the newest minute's edge, from the forming candle on. */
export function futureForecasts(
  forecasts: readonly ForecastView[],
  formingT: number,
): readonly ForecastView[] {
  const edge = newestForecast(forecasts)?.t;
  return forecasts.filter(({ t, horizon }) =>
    t - (horizon - 1) * MINUTE_MS === edge && t >= formingT
  );
}
