import { z } from "zod";
import type { ModelsAnswer, ModelView } from "../components/api_views.ts";
import type { Forecast, Skill } from "../pipeline/domain/forecast.ts";
import { SKILL_WINDOW } from "../pipeline/domain/forecast.ts";
import { type EpochMicros, toMillis } from "../pipeline/domain/time.ts";
import { NO_SCORES } from "../pipeline/forecast/scores/add_score.ts";
import {
  liveSkills,
  summarizeSkill,
} from "../pipeline/forecast/scores/summarize_skill.ts";
import { verdictOf } from "../pipeline/forecast/scores/verdict.ts";
import { wilsonInterval } from "../pipeline/forecast/scores/wilson_interval.ts";
import { keptFor } from "./kept_answers.ts";
import { badParameters } from "./problem.ts";
import {
  findInstrument,
  parameter,
  symbolParameter,
  wholeNumber,
} from "./read_query.ts";
import type { ModelReport, Services } from "./services.ts";

/** Scores that the whole record of a model is told of at most. */
const WINDOW_MAX = 100_000;
/** Of every instrument at a time. */
const WINDOW_OF_ALL_MAX = 1_000;

/** Parameters of `/api/models`. */
export const modelsQuery = z.object({
  symbol: symbolParameter.optional(),
  window: parameter(
    `a whole number of forecasts, 1 to ${WINDOW_MAX}, or all`,
    (text) => {
      if (text === "all") return WINDOW_MAX;
      const n = wholeNumber(1, WINDOW_MAX).safeParse(text);
      return n.success ? n.data : null;
    },
  ).default(SKILL_WINDOW),
});
export type ModelsQuery = z.output<typeof modelsQuery>;

/**
 * The records of the models of an instrument, or of each: of the newest
 * `window` live forecasts one minute ahead, and of the walk forward before.
 *
 * @throws {ProblemError} If the symbol is unknown, or the window too long to
 * be read for every instrument.
 */
export async function queryModels(
  services: Services,
  query: ModelsQuery,
): Promise<ModelsAnswer> {
  const { symbol, window } = query;
  if (symbol === undefined && window > WINDOW_OF_ALL_MAX) {
    throw badParameters([{
      parameter: "window",
      value: String(window),
      expected: `at most ${WINDOW_OF_ALL_MAX}, unless one symbol is asked for`,
    }]);
  }
  const symbols = symbol === undefined
    ? services.catalog.all().map((instrument) => instrument.symbol)
    : [findInstrument(services.catalog, symbol).symbol];
  return { window, models: await readModels(services, symbols, window) };
}

type Reading = Promise<readonly ModelView[]>;

const records = keptFor<readonly ModelView[]>({ freshS: 2, max: 64 });

/** Reads records; answers given within two seconds share one reading. */
export function readModels(
  services: Services,
  symbols: readonly string[],
  window = SKILL_WINDOW,
): Reading {
  return records(services).get(
    `${window} ${symbols.join(" ")}`,
    () => read(services, symbols, window),
  );
}

async function read(
  services: Services,
  symbols: readonly string[],
  window: number,
): Reading {
  const { forecasts, scores, modelReport } = services;
  const [sums, made] = await Promise.all([
    scores.scoreSums(symbols, window),
    forecasts.newestOfModels(symbols),
  ]);
  return symbols.flatMap((symbol) =>
    viewsOf({
      symbol,
      live: liveSkills(symbol, sums.get(symbol) ?? []),
      made: made.get(symbol) ?? [],
      report: modelReport?.(symbol) ?? null,
    })
  );
}

/** One view of each model and source; of a model without a record one too. */
function viewsOf({ symbol, live, made, report }: {
  readonly symbol: string;
  readonly live: readonly Skill[];
  readonly made: readonly Forecast[];
  readonly report: ModelReport | null;
}): readonly ModelView[] {
  const records = [...live, ...report?.walkForward ?? []];
  const failures = report?.failures ?? [];
  const models = new Set(
    [...made, ...records, ...failures].map(({ model }) => model),
  );
  return [...models].flatMap((model) => {
    const newest = made.find((one) => one.model === model) ?? null;
    const failure = failures.find((one) => one.model === model)?.reason ??
      report?.fitError ?? null;
    const of = records.filter((one) => one.model === model);
    const told = of.length > 0
      ? of
      : [summarizeSkill({ symbol, model, source: "live" }, NO_SCORES, null)];
    return told.map((skill) => modelView(skill, newest, failure));
  });
}

function modelView(
  skill: Skill,
  newest: Forecast | null,
  failure: string | null,
): ModelView {
  const { directionHits: hits, directionN: n } = skill;
  const millis = (t: EpochMicros | null) => t === null ? null : toMillis(t);
  return {
    symbol: skill.symbol,
    interval: "1m",
    model: skill.model,
    order: newest?.order ?? null,
    source: skill.source,
    n: skill.n,
    from: millis(skill.from),
    through: millis(skill.through),
    mae: skill.mae,
    mae_naive: skill.maeNaive,
    mase: skill.mase,
    skill: skill.skill,
    coverage50: skill.coverage50,
    coverage80: skill.coverage80,
    coverage95: skill.coverage95,
    winkler95: skill.winkler95,
    crps: skill.crps,
    brier: skill.brier,
    direction: {
      hits,
      n,
      rate: n === 0 ? null : hits / n,
      ...wilsonInterval(hits, n),
    },
    diebold_mariano: skill.dieboldMariano,
    verdict: verdictOf(skill),
    suspicious: skill.suspicious,
    champion: newest?.champion ?? false,
    trained_through: millis(newest?.trainedThrough ?? null),
    failure,
  };
}
