import { AssertionError } from "../domain/assert.ts";
import { type Skill, SKILL_WINDOW } from "../domain/forecast.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_MINUTE,
  MICROS_PER_MS,
} from "../domain/time.ts";
import { DEFAULT_RULE } from "../signals/decide_signal.ts";
import { countingSkill } from "./choose_champion.ts";
import {
  type EdgeCounts,
  EdgeForecasts,
  type EdgeOptions,
  type EdgePorts,
  type EdgeReport,
} from "./edge_forecasts.ts";
import { awayFromEdge, nextEdge, reachEdge } from "./edge_time.ts";
import type { FitPool } from "./fit_pool.ts";
import type { FitFailure } from "./fit_track.ts";
import { type ForecastShare, WHOLE_SHARE } from "./forecast_share.ts";
import { InstrumentEntries } from "./instrument_entries.ts";
import { championOf } from "./make_forecasts.ts";
import { type RefitOptions, Refits } from "./refits.ts";
import { Scorer, type ScorerPorts } from "./run_scorer.ts";

export interface ForecasterPorts extends Omit<EdgePorts, "claimOf"> {
  readonly scores: ScorerPorts["scores"];
  readonly signals: EdgePorts["signals"] & ScorerPorts["signals"];
  /** Which instruments are forecast here; all if absent. */
  readonly share?: ForecastShare;
  /** Closed when the forecaster ends. */
  readonly pool: Pick<FitPool, "fit" | "close">;
}

export interface ForecasterOptions extends EdgeOptions, RefitOptions {
  /** After a minute's edge, for its last ticks to be committed. */
  readonly settleMs: number;
  /** Forecasts that the rolling skill looks back on. */
  readonly skillWindow: number;
  /** Instruments of which the candles are read or the models fitted at a time. */
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
  fitsAtOnce: 2,
};

/** After an edge: the minute before it is closed, and its forecasts stored. */
const CLOSED_AFTER_MS = 15_000;
/** From one look for instruments that are new to the next. */
const LOOK_EVERY_MS = 5_000;
const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 30_000;

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

export interface ForecasterCounts extends EdgeCounts {
  readonly fits: number;
  readonly fitsFailed: number;
  readonly scored: number;
  /** Outcomes of signals stored. */
  readonly settled: number;
}

/**
 * Forecasts the instruments of its share at each minute's edge, fits the models
 * in the pool between the edges, and scores what has come true.
 *
 * The loops share the state of each instrument and nothing else. All but that
 * of the edges keep away from them; a store that fails is tried again, with
 * backoff, and concerns nobody outside.
 */
export class Forecaster {
  readonly #options: ForecasterOptions;
  readonly #entries = new InstrumentEntries();
  readonly #edges: EdgeForecasts;
  readonly #refits: Refits;
  readonly #scorer: Scorer;
  readonly #share: ForecastShare;
  /** Edge that the states are to be moved on to next. */
  #caughtUpThrough = 0;

  constructor(
    private readonly ports: ForecasterPorts,
    options: Partial<ForecasterOptions> = {},
  ) {
    this.#options = { ...DEFAULT_FORECASTER, ...options };
    const share = this.#share = ports.share ?? WHOLE_SHARE;
    const own = {
      all: () => ports.catalog.all().filter(({ symbol }) => share.owns(symbol)),
      calendarOf: ports.catalog.calendarOf.bind(ports.catalog),
    };
    this.#edges = new EdgeForecasts(
      { ...ports, catalog: own, claimOf: share.claimOf },
      this.#entries,
      this.#options,
    );
    this.#scorer = new Scorer({
      clock: ports.clock,
      scores: ports.scores,
      signals: ports.signals,
      symbols: () => ports.share && own.all().map(({ symbol }) => symbol),
      calendarOf: (symbol) => {
        const of = ports.catalog.all().find((one) => one.symbol === symbol);
        return of === undefined ? null : ports.catalog.calendarOf(of);
      },
      onSkills: (symbol, live) => this.#entries.live(symbol, live),
    }, this.#options.skillWindow);
    const of = { ...ports, catalog: own, scorer: this.#scorer };
    this.#refits = new Refits(of, this.#entries, this.#options);
  }

  get counts(): ForecasterCounts {
    return {
      ...this.#edges.counts,
      fits: this.#refits.fits,
      fitsFailed: this.#refits.failed,
      scored: this.#scorer.scored,
      settled: this.#scorer.settled,
    };
  }

  /** What came of the newest edge; `null` before the first one is over. */
  get newestEdge(): EdgeReport | null {
    return this.#edges.newest;
  }

  /** What is known of one instrument; `null` before its first candle. */
  report(symbol: string): InstrumentReport | null {
    const state = this.#entries.find(symbol)?.state;
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
        this.#takeOverLoop(both),
        this.#loop("bring models up to date", both, () => this.#catchUp(both)),
        ...Array.from(
          { length: this.#options.fitsAtOnce },
          () => this.#loop("fit models", both, () => this.#refits.next(both)),
        ),
        this.#loop("score forecasts", both, () => this.#scorer.round(both)),
      ]);
    } finally {
      stop.abort();
      this.ports.pool.close();
    }
  }

  async #edgeLoop(signal: AbortSignal): Promise<void> {
    const { clock } = this.ports;
    const { settleMs } = this.#options;
    let next = nextEdge(clock.now());
    for (;;) {
      const edge = await reachEdge(clock, next, { settleMs, signal });
      if (edge === null) return;
      await this.#edges.forecast(edge, signal);
      next = epochMicros(
        Math.max(edge + MICROS_PER_MINUTE, nextEdge(clock.now())),
      );
    }
  }

  /** What becomes its own at an edge is forecast while there is time. */
  async #takeOverLoop(signal: AbortSignal): Promise<void> {
    const { clock } = this.ports;
    const { settleMs, lateMs } = this.#options;
    const failed = Promise.withResolvers<never>();
    failed.promise.catch(() => {});
    const running = new Set<Promise<void>>();
    for (;;) {
      await Promise.race([this.#share.more(signal), failed.promise]);
      if (signal.aborted) break;
      const edge = epochMicros(nextEdge(clock.now()) - MICROS_PER_MINUTE);
      const afterMs = (clock.now() - edge) / MICROS_PER_MS;
      if (afterMs < settleMs || afterMs > lateMs) continue;
      const run = this.#edges.forecast(edge, signal)
        .catch(failed.reject).finally(() => running.delete(run));
      running.add(run);
    }
    await Promise.all(running);
  }

  /** All once a minute, when its candles are closed; new ones soon. */
  async #catchUp(signal: AbortSignal): Promise<number> {
    const now = this.ports.clock.now();
    const closed = now - CLOSED_AFTER_MS * MICROS_PER_MS;
    const edge = nextEdge(epochMicros(closed));
    const all = edge !== this.#caughtUpThrough;
    this.#entries.keep((symbol) => this.#share.owns(symbol));
    await this.#edges.catchUp(now, all ? "all" : "new", signal);
    this.#caughtUpThrough = edge;
    return LOOK_EVERY_MS;
  }

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
        if (cause instanceof AssertionError) throw cause;
        log.error(`Cannot ${what}`, { error: String(cause) });
        waitMs = retryMs * (0.5 + Math.random() / 2);
        retryMs = Math.min(RETRY_MS_MAX, 2 * retryMs);
      }
      await clock.sleep(waitMs, signal);
      await awayFromEdge(clock, signal);
    }
  }
}
