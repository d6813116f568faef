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

/** All that is made of one instrument at one edge. */
export interface EdgeForecasts {
  /** Of every model and horizon. */
  readonly forecasts: readonly Forecast[];
  /** Of the champion, nearest first. */
  readonly shown: readonly Forecast[];
  readonly signal: Signal;
}

export function priceGrid(instrument: Instrument): PriceGrid {
  return { tick: Number(instrument.tickSize), scale: instrument.priceScale };
}

/** The models by which an instrument can be forecast, and the one shown. */
export function championOf(
  state: InstrumentState,
  rule: ForecastRule,
): { readonly model: string; readonly skill: Skill | null } {
  const skillOf = (model: string) =>
    countingSkill(model, state.live, state.walkForward, rule.liveMin);
  const models =
    state.settled?.closes.map(({ candidate }) => candidate.model) ?? [];
  const model = chooseChampion(models, skillOf, rule.scoredMin);
  return { model, skill: skillOf(model) };
}

/**
 * Makes the forecasts of one instrument for the minutes from `edge` on, and
 * the signal of the champion's first. Minutes outside a session are left out.
 */
export function makeForecasts(
  view: EdgeView,
  given: {
    readonly instrument: Instrument;
    readonly calendar: Calendar;
    readonly edge: EpochMicros;
    readonly madeAt: EpochMicros;
    readonly position: string;
  },
  rule: ForecastRule,
): EdgeForecasts {
  const { instrument, calendar, edge, madeAt, position } = given;
  const { state, track, newest } = view;
  const champion = championOf(state, rule);
  const forecasts: Forecast[] = [];
  for (const close of track.closes) {
    const candles = forecastCandles(
      track,
      close,
      rule.horizons,
      priceGrid(instrument),
    );
    candles.forEach((candle, i) => {
      const t = epochMicros(edge + i * MICROS_PER_MINUTE);
      if (i > 0 && calendar.stateAt(t).kind === "closed") return;
      forecasts.push({
        symbol: instrument.symbol,
        interval: "1m",
        t,
        horizon: i + 1,
        model: close.candidate.model,
        order: close.candidate.spec.order,
        champion: close.candidate.model === champion.model,
        madeAt,
        trainedThrough: state.trainedThrough ?? newest.end,
        position,
        rev: newest.rev,
        last: track.last.close,
        ...candle,
      });
    });
  }
  const shown = forecasts.filter((forecast) => forecast.champion);
  const signal = decideSignal({
    forecast: shown[0],
    madeAt,
    costBps: instrument.costBps,
    skill: champion.skill,
    blocked: blockedBy(view, edge),
  }, rule);
  return { forecasts, shown, signal };
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
