import {
  type ArimaFit,
  fitArima,
  type FitOptions,
  STATE_MAX,
} from "./fit_arima.ts";
import { differencesByKpss } from "./kpss.ts";
import { differenceBy, differencingWeights } from "./lag_polynomial.ts";
import { OrderSearch } from "./order_search.ts";
import { rootsAway } from "./roots_away.ts";
import { seasonalDifferences } from "./seasonal_strength.ts";
import type { ArimaSpec, Constant } from "./spec.ts";
import { withArena } from "./split_array.ts";
import { prepareSeries, type TrainingData } from "./training_data.ts";

const TERMS_MAX = 5;
const SEASONAL_TERMS_MAX = 2;
/** Values times models of a search; p and q go less far in long series. */
const GRID_MAX = 2_000_000;
/** Choices that are fitted anew, until one holds. */
const FITS_MAX = 4;
/** Values that all of them may have together, which weigh more with gaps. */
const FIT_MAX = 8_000;
const GAPS_WEIGHT = 10;

type Fitted = ArimaFit & { readonly kind: "fitted" };

export interface SearchOptions extends FitOptions {
  /** Values a season; 0 or 1 without one. */
  readonly period?: number;
  /** Constants that it may use, where they are not lost to differencing. */
  readonly constants?: readonly Constant[];
}

/**
 * Chooses an ARIMA for a series and fits it: D by the strength of the season,
 * d by KPSS, then p and q up to 5, P and Q up to 2 (all up to a third of the
 * series), and the constant, by the lowest AICc. A mean is for series that are
 * not differenced, a drift for those that are once. A model with a root next
 * to the unit circle is taken only where none of the best few is without.
 *
 * Missing values are `NaN`. What cannot be fitted is a failure with its
 * reason, as with `fitArima`.
 *
 * Source: Hyndman & Khandakar (2008), but for the search: AICc is exact, and
 * not only the neighbours of four models are looked at.
 */
export function selectOrder(
  y: Float64Array,
  options: SearchOptions = {},
): ArimaFit {
  return withArena(() => select(y, options));
}

function select(
  y: Float64Array,
  { period = 0, constants = ["none", "mean", "drift"], ...options }:
    SearchOptions,
): ArimaFit {
  const season = period > 1 ? period : 0;
  const seasonalD = season > 0 ? seasonalDifferences(y, season) : 0;
  const d = differencesByKpss(
    differenceBy(y, differencingWeights(0, seasonalD, season)),
  );
  const constant = d + seasonalD === 0 ? "mean" : "drift";
  const base = {
    order: [0, d, 0] as const,
    seasonal: [0, seasonalD, 0] as const,
    period: season,
  };
  const specs: readonly ArimaSpec[] =
    d + seasonalD <= 1 && constants.includes(constant)
      ? [
        { ...base, constant },
        ...constants.includes("none")
          ? [{ ...base, constant: "none" as const }]
          : [],
      ]
      : [{ ...base, constant: "none" }];
  const variants: { spec: ArimaSpec; data: TrainingData }[] = [];
  for (const spec of specs) {
    const data = prepareSeries(y, spec);
    if (data.kind === "ready") variants.push({ spec, data });
    // Too few values, or no error to explain: there is nothing to choose.
    else if (spec === specs[0]) return fitArima(y, spec, options);
  }
  const [{ data: { nobs, delta } }] = variants;
  const third = (nobs + delta.length) / 3;
  let terms = Math.min(TERMS_MAX, Math.floor(third));
  const seasonalTerms = season === 0 ? 0 : Math.min(
    SEASONAL_TERMS_MAX,
    Math.floor(third / season),
    Math.max(0, Math.floor((STATE_MAX - delta.length - terms) / season)),
  );
  while (
    terms > 2 && nobs * (terms + 1) ** 2 * (seasonalTerms + 1) ** 2 > GRID_MAX
  ) terms--;
  const search = new OrderSearch(
    variants,
    [terms, terms, seasonalTerms, seasonalTerms],
  );
  const weight = nobs * (variants[0].data.missing ? GAPS_WEIGHT : 1);
  const fitsMax = Math.max(1, Math.min(FITS_MAX, Math.floor(FIT_MAX / weight)));
  const fitted = new Map<ArimaSpec, ArimaFit>();
  let best: Fitted | null = null;
  while (fitted.size < fitsMax) {
    const choice = search.best();
    if (choice === null || fitted.has(choice.spec)) break;
    const fit = fitArima(y, choice.spec, options);
    fitted.set(choice.spec, fit);
    const holds = fit.kind === "fitted" && rootsAway(fit.model);
    const aicc = holds ? fit.estimates.aicc : Infinity;
    search.settle(choice.spec, aicc);
    if (holds && aicc < (best?.estimates.aicc ?? Infinity)) best = fit;
  }
  const [any] = [...fitted.values()].filter(({ kind }) => kind === "fitted");
  return best ?? any ?? fitArima(y, specs[0], options);
}
