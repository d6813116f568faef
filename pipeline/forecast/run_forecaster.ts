import type { Catalog } from "../catalog.ts";
import { AssertionError } from "../domain/assert.ts";
import {
  type Forecast,
  forecastView,
  type Skill,
  SKILL_WINDOW,
} from "../domain/forecast.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { LiveEvent } from "../domain/live_event.ts";
import { type Signal, signalView } from "../domain/signal.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_MINUTE,
  MICROS_PER_MS,
  toIso,
} from "../domain/time.ts";
import type { CandleStore, Clock, ForecastStore, Log } from "../ports.ts";
import { DEFAULT_RULE } from "../signals/decide_signal.ts";
import { CANDIDATES } from "./candidates.ts";
import { countingSkill } from "./choose_champion.ts";
import type { FitPool } from "./fit_pool.ts";
import type { FitFailure } from "./fit_track.ts";
import {
  endedCandles,
  type InstrumentState,
  moveToEdge,
  needsMore,
  NEW_STATE,
  withFit,
} from "./instrument_state.ts";
import {
  championOf,
  type EdgeForecasts,
  type ForecastRule,
  makeForecasts,
  priceGrid,
} from "./make_forecasts.ts";
import { Scorer } from "./run_scorer.ts";
import { candleFloats } from "./training_series.ts";

export interface ForecasterPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly candles: Pick<CandleStore, "latest">;
  readonly forecasts: ForecastStore;
  readonly catalog: Pick<Catalog, "all" | "calendarOf">;
  /** Closed when the forecaster ends. */
  readonly pool: Pick<FitPool, "fit" | "close">;
  readonly publish: (events: readonly LiveEvent[]) => void;
  /** Committed position of the partition that a symbol is in. */
  readonly position: (symbol: string) => string;
}

export interface ForecasterOptions extends ForecastRule {
  /** After a minute's edge, for its last ticks to be committed. */
  readonly settleMs: number;
  /** After the edge: what is not ready to be stored by then is left out. */
  readonly lateMs: number;
  /** From one fit of an instrument to the next. */
  readonly refitEveryMs: number;
  /** Closed candles that a first fit needs. */
  readonly fitMin: number;
  /** Newest candles that a fit uses. */
  readonly window: number;
  /** Newest candles that the walk forward forecasts. */
  readonly walkForwardSteps: number;
  /** Forecasts that the rolling skill looks back on. */
  readonly skillWindow: number;
  /** Without a candle that ended in this time nothing is forecast. */
  readonly newestMs: number;
  /** Fits done at a time. */
  readonly fitsAtOnce: number;
}

export const DEFAULT_FORECASTER: ForecasterOptions = {
  ...DEFAULT_RULE,
  horizons: 5,
  liveMin: 60,
  settleMs: 200,
  lateMs: 900,
  refitEveryMs: 600_000,
  fitMin: 60,
  window: 240,
  walkForwardSteps: 120,
  skillWindow: SKILL_WINDOW,
  newestMs: 600_000,
  fitsAtOnce: 1,
};

/** Newest candles read at an edge: more are read if some were missed. */
const EDGE_DEPTH = 4;
/** Instruments that one statement reads and one saves. */
const CHUNK = 64;
const FIT_POLL_MS = 500;
/** Too few candles yet, or history that is still coming in. */
const FIT_AGAIN_MS = 2_000;
const FIT_FAILED_AGAIN_MS = 60_000;
/** Time around an edge that belongs to it alone. */
const EDGE_BEFORE_MS = 1_000;
const EDGE_AFTER_MS = 1_200;
const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 30_000;
/** Candles since the fit that make a new one due at once. */
const REFIT_AFTER_CANDLES = 30;

/** What the forecaster says of one instrument. */
export interface InstrumentReport {
  readonly symbol: string;
  readonly champion: string;
  /** The skill that counts of each model. */
  readonly skills: readonly Skill[];
  readonly trainedThrough: EpochMicros | null;
  readonly fitted: boolean;
  readonly failures: readonly FitFailure[];
  readonly fitError: string | null;
}

export interface ForecasterCounts {
  /** Forecasts stored, of all models and horizons. */
  readonly stored: number;
  /** Instruments and minutes that were not ready in time. */
  readonly late: number;
  /** Instruments and minutes without a recent candle. */
  readonly idle: number;
  readonly fits: number;
  readonly fitsFailed: number;
  readonly scored: number;
  /** Outcomes of signals stored. */
  readonly settled: number;
}

interface Entry {
  state: InstrumentState;
  /** When the next fit is due, microseconds. */
  fitDueAt: number;
  /** Newest closed candle at the last look, to see history coming in. */
  seenThrough: number;
  /** Live skill was read since the start. */
  liveLoaded: boolean;
}

/**
 * Forecasts every instrument at each minute's edge, fits the models in the
 * pool between the edges, and scores what has come true.
 *
 * At the edge T it reads the newest committed candles, makes the forecasts of
 * all models from candles that ended by T, and stores them before T + 1 s; an
 * instrument that is not ready by then has no forecast for that minute, which
 * is counted and logged. A store that fails is tried again: within the edge
 * while there is time, else with backoff.
 */
export class Forecaster {
  readonly #entries = new Map<string, Entry>();
  readonly #options: ForecasterOptions;
  #stored = 0;
  #late = 0;
  #idle = 0;
  #fits = 0;
  #fitsFailed = 0;
  readonly #scorer: Scorer;

  constructor(
    private readonly ports: ForecasterPorts,
    options: Partial<ForecasterOptions> = {},
  ) {
    this.#options = { ...DEFAULT_FORECASTER, ...options };
    this.#scorer = new Scorer({
      clock: ports.clock,
      forecasts: ports.forecasts,
      calendarOf: (symbol) => {
        const of = ports.catalog.all().find((one) => one.symbol === symbol);
        return of === undefined ? null : ports.catalog.calendarOf(of);
      },
      onSkills: (symbol, live) => {
        const entry = this.#entry(symbol);
        entry.state = { ...entry.state, live };
        entry.liveLoaded = true;
      },
    }, this.#options.skillWindow);
  }

  get counts(): ForecasterCounts {
    return {
      stored: this.#stored,
      late: this.#late,
      idle: this.#idle,
      fits: this.#fits,
      fitsFailed: this.#fitsFailed,
      scored: this.#scorer.scored,
      settled: this.#scorer.settled,
    };
  }

  /** What is known of one instrument; `null` before its first candle. */
  report(symbol: string): InstrumentReport | null {
    const state = this.#entries.get(symbol)?.state;
    if (!state?.settled) return null;
    const skills = state.settled.closes.flatMap(({ candidate }) =>
      countingSkill(
        candidate.model,
        state.live,
        state.walkForward,
        this.#options.liveMin,
      ) ?? []
    );
    return {
      symbol,
      champion: championOf(state, this.#options).model,
      skills,
      trainedThrough: state.trainedThrough,
      fitted: state.fitted,
      failures: state.failures,
      fitError: state.fitError,
    };
  }

  /** Loops until aborted; rejects only on a bug of ours. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    signal.addEventListener("abort", () => this.ports.pool.close(), {
      once: true,
    });
    try {
      await Promise.all([
        this.#edgeLoop(both),
        this.#loop("fit models", both, () => this.#fitDue(both)),
        this.#loop("score forecasts", both, () => this.#scorer.round(both)),
      ]);
    } finally {
      stop.abort();
      this.ports.pool.close();
    }
  }

  // ------------------------------------------------------------- the edge

  async #edgeLoop(signal: AbortSignal): Promise<void> {
    const { clock } = this.ports;
    let edge = nextEdge(clock.now());
    while (!signal.aborted) {
      const target = edge + this.#options.settleMs * MICROS_PER_MS;
      await sleepUntil(clock, target, signal);
      if (signal.aborted) return;
      await this.#forecastEdge(edge);
      edge = epochMicros(
        Math.max(edge + MICROS_PER_MINUTE, nextEdge(clock.now())),
      );
    }
  }

  /** Makes and stores the forecasts of one edge; outages are logged. */
  async #forecastEdge(edge: EpochMicros): Promise<void> {
    const { catalog } = this.ports;
    const open = catalog.all().filter((instrument) =>
      catalog.calendarOf(instrument).stateAt(edge).kind !== "closed" &&
      (instrument.validTo === null || edge < instrument.validTo)
    );
    for (let i = 0; i < open.length; i += CHUNK) {
      await this.#forecastChunk(edge, open.slice(i, i + CHUNK));
    }
  }

  async #forecastChunk(
    edge: EpochMicros,
    instruments: readonly Instrument[],
  ): Promise<void> {
    const { clock, log } = this.ports;
    const deadline = edge + this.#options.lateMs * MICROS_PER_MS;
    for (;;) {
      if (clock.now() > deadline) {
        this.#late += instruments.length;
        log.warn("Forecasts were not ready in time and are left out", {
          edge: toIso(edge),
          instruments: instruments.length,
          late_ms: Math.round((clock.now() - edge) / MICROS_PER_MS),
        });
        return;
      }
      try {
        const made = await this.#makeChunk(edge, instruments);
        if (clock.now() > deadline) continue;
        await this.#store(made);
        return;
      } catch (cause) {
        rethrowBug(cause);
        log.error("Cannot store forecasts", {
          edge: toIso(edge),
          error: String(cause),
        });
        await clock.sleep(100);
      }
    }
  }

  async #makeChunk(
    edge: EpochMicros,
    instruments: readonly Instrument[],
  ): Promise<readonly EdgeForecasts[]> {
    const { catalog, clock, position } = this.ports;
    const symbols = instruments.map(({ symbol }) => symbol);
    // Before the candles: they hold at least what was committed up to here.
    const positions = symbols.map((symbol) => position(symbol));
    const newest = await this.#newest(symbols);
    const oldest = edge - this.#options.newestMs * MICROS_PER_MS;
    const made: EdgeForecasts[] = [];
    let idle = 0;
    for (const [i, instrument] of instruments.entries()) {
      const entry = this.#entry(instrument.symbol);
      const ended = endedCandles(newest.get(instrument.symbol) ?? [], edge);
      const view = moveToEdge(entry.state, ended);
      if (view === null || view.newest.end < oldest) {
        idle++;
        continue;
      }
      entry.state = view.state;
      const { trainedThrough } = view.state;
      if (
        trainedThrough !== null && view.newest.t - trainedThrough >=
          REFIT_AFTER_CANDLES * MICROS_PER_MINUTE
      ) entry.fitDueAt = Math.min(entry.fitDueAt, clock.now());
      made.push(makeForecasts(view, {
        instrument,
        calendar: catalog.calendarOf(instrument),
        edge,
        madeAt: clock.now(),
        position: positions[i],
      }, this.#options));
    }
    this.#idle += idle;
    return made;
  }

  /** The newest candles, deep enough to go on from where each state is. */
  async #newest(symbols: readonly string[]) {
    const { candles } = this.ports;
    const shallow = await candles.latest(symbols, "1m", EDGE_DEPTH);
    const behind = symbols.filter((symbol) => {
      const rows = shallow.get(symbol) ?? [];
      return rows.length > 0 &&
        needsMore(this.#entry(symbol).state, rows, EDGE_DEPTH);
    });
    if (behind.length === 0) return shallow;
    const deep = await candles.latest(behind, "1m", this.#options.window);
    return new Map([...shallow, ...deep]);
  }

  async #store(made: readonly EdgeForecasts[]): Promise<void> {
    const { forecasts, publish } = this.ports;
    if (made.length === 0) return;
    const rows: Forecast[] = made.flatMap((one) => one.forecasts);
    const signals: Signal[] = made.map((one) => one.signal);
    await forecasts.saveForecasts(rows);
    await forecasts.saveSignals(signals);
    this.#stored += rows.length;
    publish(made.flatMap(({ shown, signal }): LiveEvent[] => [
      {
        kind: "forecast",
        symbol: signal.symbol,
        forecasts: shown.map((forecast) => forecastView(forecast)),
      },
      { kind: "signal", symbol: signal.symbol, signal: signalView(signal) },
    ]));
  }

  // -------------------------------------------------------- between edges

  /** Repeats a piece of work until aborted, with backoff while it fails. */
  async #loop(
    what: string,
    signal: AbortSignal,
    work: () => Promise<number>,
  ): Promise<void> {
    const { clock, log } = this.ports;
    let retryMs = RETRY_MS_MIN;
    while (!signal.aborted) {
      let waitMs: number;
      try {
        waitMs = await work();
        retryMs = RETRY_MS_MIN;
      } catch (cause) {
        rethrowBug(cause);
        log.error(`Cannot ${what}`, { error: String(cause) });
        waitMs = retryMs * (0.5 + Math.random() / 2);
        retryMs = Math.min(RETRY_MS_MAX, 2 * retryMs);
      }
      await clock.sleep(waitMs, signal);
      await awayFromEdge(clock, signal);
    }
  }

  /** Fits what is most overdue. */
  async #fitDue(signal: AbortSignal): Promise<number> {
    const { catalog, clock } = this.ports;
    const now = clock.now();
    const due = catalog.all()
      .map((instrument) => ({
        instrument,
        entry: this.#entry(instrument.symbol),
      }))
      .filter(({ entry }) => entry.fitDueAt <= now)
      .sort((a, b) => a.entry.fitDueAt - b.entry.fitDueAt)
      .slice(0, this.#options.fitsAtOnce);
    await Promise.all(
      due.map(({ instrument, entry }) => this.#fit(instrument, entry, signal)),
    );
    return due.length > 0 ? 0 : FIT_POLL_MS;
  }

  async #fit(
    instrument: Instrument,
    entry: Entry,
    signal: AbortSignal,
  ): Promise<void> {
    const { candles, clock, log, pool } = this.ports;
    const { window, walkForwardSteps, fitMin, refitEveryMs } = this.#options;
    const { symbol } = instrument;
    const dueAt = entry.fitDueAt;
    const again = (ms: number) => {
      entry.fitDueAt = clock.now() + ms * MICROS_PER_MS;
    };
    const rows = await candles.latest(
      [symbol],
      "1m",
      window + walkForwardSteps,
    );
    const closed = (rows.get(symbol) ?? [])
      .filter((candle) => candle.closed)
      .map(candleFloats);
    const through = closed.at(-1)?.end ?? 0;
    const coming = through > entry.seenThrough && through < clock.now() -
          REFIT_AFTER_CANDLES * MICROS_PER_MINUTE;
    entry.seenThrough = through;
    if (closed.length < fitMin || coming) return again(FIT_AGAIN_MS);
    if (
      entry.state.fitted && entry.state.fitError === null &&
      through <= (entry.state.trainedThrough ?? 0)
    ) return again(refitEveryMs);
    if (!entry.liveLoaded) {
      const skills = await this.#scorer.skills([symbol]);
      entry.state = { ...entry.state, live: skills.get(symbol) ?? [] };
      entry.liveLoaded = true;
    }
    const result = await pool.fit({
      symbol,
      grid: priceGrid(instrument),
      candles: closed,
      window,
      candidates: CANDIDATES,
      walkForward: this.#mustWalk(entry.state)
        ? { steps: walkForwardSteps, refitEvery: 10, trainMin: fitMin / 2 }
        : null,
    }, dueAt);
    if (signal.aborted) return;
    if (result.kind === "fitted") {
      this.#fits++;
      entry.state = withFit(entry.state, result.outcome, closed);
      return again(refitEveryMs);
    }
    this.#fitsFailed++;
    entry.state = { ...entry.state, fitError: result.reason };
    log.warn("Models could not be fitted", { symbol, reason: result.reason });
    again(FIT_FAILED_AGAIN_MS);
  }

  /** Until live scores count, or the walk forward has gone its full way. */
  #mustWalk(state: InstrumentState): boolean {
    const { liveMin, walkForwardSteps } = this.#options;
    const enough = (skills: readonly Skill[], n: number) =>
      skills.some((skill) => skill.n >= n);
    return !enough(state.live, liveMin) &&
      !enough(state.walkForward, 0.9 * walkForwardSteps);
  }

  #entry(symbol: string): Entry {
    let entry = this.#entries.get(symbol);
    if (entry === undefined) {
      entry = {
        state: NEW_STATE,
        fitDueAt: 0,
        seenThrough: 0,
        liveLoaded: false,
      };
      this.#entries.set(symbol, entry);
    }
    return entry;
  }
}

/** The next whole minute after `now`. */
function nextEdge(now: EpochMicros): EpochMicros {
  return epochMicros(
    (Math.floor(now / MICROS_PER_MINUTE) + 1) * MICROS_PER_MINUTE,
  );
}

async function sleepUntil(
  clock: Clock,
  target: number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted && clock.now() < target) {
    // Rounded up, as timers may fire early; and short, as clocks may jump.
    const ms = Math.ceil((target - clock.now()) / MICROS_PER_MS);
    await clock.sleep(Math.min(ms, 5_000), signal);
  }
}

/** Waits while an edge is near, so that nothing delays it. */
async function awayFromEdge(clock: Clock, signal: AbortSignal): Promise<void> {
  const now = clock.now();
  const after = (now % MICROS_PER_MINUTE) / MICROS_PER_MS;
  const before = MICROS_PER_MINUTE / MICROS_PER_MS - after;
  if (after < EDGE_AFTER_MS) {
    await clock.sleep(EDGE_AFTER_MS - after, signal);
  } else if (before < EDGE_BEFORE_MS) {
    await clock.sleep(before + EDGE_AFTER_MS, signal);
  }
}

function rethrowBug(cause: unknown): void {
  if (cause instanceof AssertionError) throw cause;
}
