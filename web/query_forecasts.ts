import type { ForecastsAnswer, SkillView } from "../components/api_views.ts";
import { z } from "zod";
import { forecastView, type Skill } from "../pipeline/domain/forecast.ts";
import {
  checkRange,
  findInstrument,
  parameter,
  symbolParameter,
  timeParameter,
  wholeNumber,
} from "./read_query.ts";
import type { Services } from "./services.ts";

/** Scored forecasts that skill is reckoned over. */
export const SKILL_WINDOW = 500;

/** Parameters of `/api/forecasts`. */
export const forecastsQuery = z.object({
  symbol: symbolParameter.optional(),
  from: timeParameter.optional(),
  to: timeParameter.optional(),
  limit: wholeNumber(1, 10_000).default(100),
  model: parameter(
    "a model's name, such as arima(1,1,1) or random-walk",
    (text) => /^[\w(),.+-]{1,64}$/.test(text) ? text : null,
  ).optional(),
  horizon: wholeNumber(1, 1_000).optional(),
});
export type ForecastsQuery = z.output<typeof forecastsQuery>;

/**
 * Forecasts ascending by the minute they are for, of one instrument or of each
 * (`limit` counts for each), and the record of their models.
 *
 * @throws {ProblemError} If the symbol is unknown.
 */
export async function queryForecasts(
  services: Services,
  query: ForecastsQuery,
): Promise<ForecastsAnswer> {
  checkRange(query);
  const { symbol, ...rest } = query;
  const symbols = symbol === undefined
    ? services.catalog.all().map((instrument) => instrument.symbol)
    : [findInstrument(services.catalog, symbol).symbol];
  const answers = await Promise.all(symbols.map(async (symbol) => ({
    forecasts: await services.forecasts.forecasts({ ...rest, symbol }),
    skill: await skillOf(services, symbol),
  })));
  return {
    forecasts: answers.flatMap(({ forecasts }) =>
      forecasts.map(({ forecast, score }) => forecastView(forecast, score))
    ).sort((a, b) => a.t - b.t || a.horizon - b.horizon),
    skill: answers.flatMap(({ skill }) => skill),
  };
}

/** The records of each model of an instrument, live and of a walk forward. */
export async function skillOf(
  services: Services,
  symbol: string,
): Promise<readonly SkillView[]> {
  const skill = await services.forecasts.skill(symbol, SKILL_WINDOW);
  const walked = services.walkForward?.(symbol) ?? [];
  return [...skill, ...walked].map(skillView);
}

function skillView(skill: Skill): SkillView {
  return {
    symbol: skill.symbol,
    model: skill.model,
    n: skill.n,
    skill: skill.skill,
    coverage80: skill.coverage80,
    coverage95: skill.coverage95,
    direction_hits: skill.directionHits,
    direction_n: skill.directionN,
    source: skill.source,
  };
}
