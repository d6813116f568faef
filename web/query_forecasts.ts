import type { ForecastsAnswer } from "../components/api_views.ts";
import { z } from "zod";
import { forecastView } from "../pipeline/domain/forecast.ts";
import {
  checkRange,
  findInstrument,
  parameter,
  symbolParameter,
  timeParameter,
  wholeNumber,
} from "./read_query.ts";
import { formatParameter } from "./rows_response.ts";
import type { Services } from "./services.ts";

/** Parameters of `/api/forecasts`. */
export const forecastsQuery = z.object({
  symbol: symbolParameter.optional(),
  from: timeParameter.optional(),
  to: timeParameter.optional(),
  limit: wholeNumber(1, 10_000).default(100),
  format: formatParameter,
  model: parameter(
    "a model's name, such as arima(1,1,1) or random-walk",
    (text) => /^[\w(),.+-]{1,64}$/.test(text) ? text : null,
  ).optional(),
  horizon: wholeNumber(1, 1_000).optional(),
});
export type ForecastsQuery = z.output<typeof forecastsQuery>;

/**
 * Forecasts ascending by the minute they are for, with their scores, of one
 * instrument or of each (`limit` counts for each).
 *
 * @throws {ProblemError} If the symbol is unknown.
 */
export async function queryForecasts(
  services: Services,
  query: ForecastsQuery,
): Promise<ForecastsAnswer> {
  checkRange(query);
  const { symbol, format: _, ...rest } = query;
  const symbols = symbol === undefined
    ? services.catalog.all().map((instrument) => instrument.symbol)
    : [findInstrument(services.catalog, symbol).symbol];
  const found = await Promise.all(
    symbols.map((symbol) => services.forecasts.forecasts({ ...rest, symbol })),
  );
  return {
    forecasts: found.flat()
      .map(({ forecast, score }) => forecastView(forecast, score))
      .sort((a, b) => a.t - b.t || a.horizon - b.horizon),
  };
}
