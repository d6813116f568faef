import type { Calendar } from "../domain/calendar.ts";
import type { Forecast, Skill } from "../domain/forecast.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { Signal } from "../domain/signal.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_MINUTE,
  toIso,
} from "../domain/time.ts";
import { decideSignal, type SignalRule } from "../signals/decide_signal.ts";
import { BASELINE } from "./candidates.ts";
import { chooseChampion, countingSkill } from "./choose_champion.ts";
import type { EdgeView, InstrumentState } from "./instrument_state.ts";
import { forecastCandles, type PriceGrid } from "./ohlc_model.ts";

/** Candles below which no order may come of a forecast. */
export const COLD_BELOW = 30;

export interface ForecastRule extends SignalRule {
  /** Minutes ahead. */
  readonly horizons: number;
  /** Live forecasts scored before they count instead of the walk forward. */
  readonly liveMin: number;
}

/** The model that is shown, and its record. */
export interface Champion {
  readonly model: string;
  readonly skill: Skill | null;
}

/** One instrument at one edge: all that its forecasts are made of. */
export interface EdgeInstrument {
  readonly instrument: Instrument;
  readonly calendar: Calendar;
  readonly edge: EpochMicros;
  readonly view: EdgeView;
  readonly champion: Champion;
  /** In the buffer, which the candles hold at least. */
  readonly position: string;
}

/** Some of the models and horizons of an instrument. */
export interface ForecastPart {
  /** `shown` is the champion; `challengers` are neither it nor the baseline. */
  readonly models: "shown_and_baseline" | "challengers" | "shown" | "others";
  /** Horizons, both included. */
  readonly from: number;
  readonly to: number;
}

export function priceGrid(instrument: Instrument): PriceGrid {
  return { tick: Number(instrument.tickSize), scale: instrument.priceScale };
}

/** The best of the models by which an instrument can be forecast. */
export function championOf(
  state: InstrumentState,
  rule: ForecastRule,
): Champion {
  const skillOf = (model: string) =>
    countingSkill(model, state.live, state.walkForward, rule.liveMin);
  const models =
    state.settled?.closes.map(({ candidate }) => candidate.model) ?? [];
  const model = chooseChampion(models, skillOf, rule.scoredMin);
  return { model, skill: skillOf(model) };
}

/**
 * Makes a part of an instrument's forecasts for the minutes from its edge on,
 * nearest first within each model. Minutes outside a session are left out.
 */
export function makeForecasts(
  of: EdgeInstrument,
  part: ForecastPart,
  madeAt: EpochMicros,
): readonly Forecast[] {
  const { instrument, calendar, edge, view, champion, position } = of;
  const { state, track, newest } = view;
  const forecasts: Forecast[] = [];
  for (const close of track.closes) {
    const { model } = close.candidate;
    if (!isIn(part, model, champion.model)) continue;
    const candles = forecastCandles(
      track,
      close,
      part.to,
      priceGrid(instrument),
      part.from,
    );
    candles.forEach((candle, i) => {
      const horizon = part.from + i;
      const t = epochMicros(edge + (horizon - 1) * MICROS_PER_MINUTE);
      if (horizon > 1 && calendar.stateAt(t).kind === "closed") return;
      forecasts.push({
        symbol: instrument.symbol,
        interval: "1m",
        t,
        horizon,
        model,
        order: close.order,
        champion: model === champion.model,
        madeAt,
        trainedThrough: state.trainedThrough ?? newest.end,
        position,
        rev: newest.rev,
        last: track.last.close,
        ...candle,
      });
    });
  }
  return forecasts;
}

function isIn({ models }: ForecastPart, model: string, shown: string) {
  switch (models) {
    case "shown_and_baseline":
      return model === shown || model === BASELINE.model;
    case "challengers":
      return model !== shown && model !== BASELINE.model;
    case "shown":
      return model === shown;
    case "others":
      return model !== shown;
  }
}

/** What the rule makes of the champion's nearest forecast. */
export function makeSignal(
  of: EdgeInstrument,
  nearest: Forecast,
  rule: ForecastRule,
): Signal {
  return decideSignal({
    forecast: nearest,
    madeAt: nearest.madeAt,
    costBps: of.instrument.costBps,
    skill: of.champion.skill,
    blocked: blockedBy(of.view, of.edge),
  }, rule);
}

/** Why this minute must not bring an order, whatever the forecast says. */
export function blockedBy(view: EdgeView, edge: EpochMicros): string | null {
  const { state, track, newest } = view;
  if (newest.end < edge) {
    return `No tick came in the minute before, the newest candle is of ` +
      `${toIso(newest.t).slice(0, 16)}Z`;
  }
  if (!track.last.whole) return "The last candle is not complete";
  if (track.n < COLD_BELOW) {
    return `Only ${track.n} candles so far, ${COLD_BELOW} are needed; the ` +
      `${BASELINE.model} stands in`;
  }
  if (!track.joined) return "The last candle follows a gap";
  if (state.fitError !== null) return `The last fit failed: ${state.fitError}`;
  if (!state.fitted) {
    return `No model is fitted yet, the ${BASELINE.model} stands in`;
  }
  const others = track.closes.some(({ candidate }) =>
    candidate.model !== BASELINE.model
  );
  if (!others && state.failures.length > 0) {
    return `The last fit failed: ${state.failures[0].reason}`;
  }
  return null;
}
