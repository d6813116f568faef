import type { Catalog } from "../catalog.ts";
import type { Skill } from "../domain/forecast.ts";
import type { Instrument } from "../domain/instrument.ts";
import { MICROS_PER_MS } from "../domain/time.ts";
import type { CandleStore, Clock, Log } from "../ports.ts";
import { CANDIDATES } from "./candidates.ts";
import type { FitPool } from "./fit_pool.ts";
import type { Entry, InstrumentEntries } from "./instrument_entries.ts";
import { type InstrumentState, withFit } from "./instrument_state.ts";
import { priceGrid } from "./make_forecasts.ts";
import type { Scorer } from "./run_scorer.ts";
import { candleFloats } from "./training_series.ts";

export interface RefitPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly candles: Pick<CandleStore, "latest">;
  /** The records of live forecasts. */
  readonly scorer: Pick<Scorer, "skills">;
  readonly catalog: Pick<Catalog, "all">;
  readonly pool: Pick<FitPool, "fit">;
}

export interface RefitOptions {
  /** From one fit of an instrument to the next. */
  readonly refitEveryMs: number;
  /** Closed candles that a first fit needs. */
  readonly fitMin: number;
  /** Newest candles that a fit uses. */
  readonly window: number;
  /** Newest candles that the walk forward forecasts. */
  readonly walkForwardSteps: number;
  /** Live forecasts scored before they count instead of the walk forward. */
  readonly liveMin: number;
}

interface Due {
  readonly instrument: Instrument;
  readonly entry: Entry;
}

const POLL_MS = 500;
/** Too few candles yet, or history that is still coming in. */
const AGAIN_MS = 2_000;
const FAILED_AGAIN_MS = 60_000;
/** A newest candle that is older than this is history that comes in. */
const HISTORY_MS = 1_800_000;

/**
 * Fits the models of all instruments anew, most overdue first.
 *
 * The first fit of an instrument is without a walk forward, which takes ten
 * times as long: that follows once all have models.
 *
 * A fit begins cold, and from the coefficients before it as well, and the more
 * likely of the two counts: none stays in an optimum that has become the worse
 * one, and none loses a better one that a cold start does not find.
 */
export class Refits {
  #fits = 0;
  #failed = 0;
  /** What was due at the last look, most overdue last. */
  #due: Due[] = [];

  constructor(
    private readonly ports: RefitPorts,
    private readonly entries: InstrumentEntries,
    private readonly options: RefitOptions,
  ) {}

  get fits(): number {
    return this.#fits;
  }

  get failed(): number {
    return this.#failed;
  }

  /**
   * Fits what is most overdue and not being fitted. Several may be asked for
   * at a time: one then reads candles while others are fitted.
   *
   * @returns Milliseconds until the next call is due.
   */
  async next(signal: AbortSignal): Promise<number> {
    const due = this.#mostOverdue(this.ports.clock.steadyMs());
    if (due === null) return POLL_MS;
    due.entry.fitting = true;
    try {
      await this.#fit(due.instrument, due.entry, signal);
    } finally {
      due.entry.fitting = false;
    }
    return 0;
  }

  #mostOverdue(nowMs: number): Due | null {
    return this.#nextDue(nowMs) ?? this.#lookForDue(nowMs);
  }

  #nextDue(nowMs: number): Due | null {
    while (this.#due.length > 0) {
      const due = this.#due.pop()!;
      if (isDue(due.entry, nowMs)) return due;
    }
    return null;
  }

  #lookForDue(nowMs: number): Due | null {
    this.#due = this.ports.catalog.all()
      .map((instrument) => ({
        instrument,
        entry: this.entries.of(instrument.symbol),
      }))
      .filter(({ entry }) => isDue(entry, nowMs))
      .sort((a, b) => b.entry.fitDueAtMs - a.entry.fitDueAtMs);
    return this.#due.pop() ?? null;
  }

  async #fit(
    instrument: Instrument,
    entry: Entry,
    signal: AbortSignal,
  ): Promise<void> {
    const { candles, clock, log, pool, scorer } = this.ports;
    const { window, walkForwardSteps, fitMin, refitEveryMs } = this.options;
    const { symbol } = instrument;
    const overdue = entry.fitDueAtMs;
    const again = (ms: number) => {
      entry.fitDueAtMs = clock.steadyMs() + ms;
    };
    const newest = await candles.latest([symbol], "1m", 1);
    const seen = newest.get(symbol)?.at(-1)?.end ?? 0;
    const more = seen > entry.seenThrough;
    const coming = more && seen < clock.now() - HISTORY_MS * MICROS_PER_MS;
    entry.seenThrough = seen;
    if (coming || entry.tooFew && !more) return again(AGAIN_MS);
    const rows = await candles.latest(
      [symbol],
      "1m",
      window + walkForwardSteps,
    );
    const closed = (rows.get(symbol) ?? [])
      .filter((candle) => candle.closed)
      .map(candleFloats);
    const through = closed.at(-1)?.end ?? 0;
    entry.tooFew = closed.length < fitMin;
    if (entry.tooFew) return again(AGAIN_MS);
    const { fitted, fitError, trainedThrough, walkForward } = entry.state;
    if (
      fitted && fitError === null && through <= (trainedThrough ?? 0) &&
      (walkForward.length > 0 || !this.#mustWalk(entry.state))
    ) return again(refitEveryMs);
    if (!entry.liveLoaded) {
      const skills = await scorer.skills([symbol]);
      this.entries.live(symbol, skills.get(symbol) ?? []);
    }
    const result = await pool.fit({
      symbol,
      grid: priceGrid(instrument),
      candles: closed,
      window,
      candidates: CANDIDATES,
      before: fitted ? entry.state.settled : null,
      walkForward: fitted && this.#mustWalk(entry.state)
        ? { steps: walkForwardSteps, refitEvery: 10, trainMin: fitMin / 2 }
        : null,
    }, overdue);
    if (signal.aborted) return;
    if (result.kind === "fitted") {
      this.#fits++;
      entry.state = withFit(entry.state, result.outcome, closed);
      // Models of all instruments first, then which of them to show.
      const walksNext = !fitted && this.#mustWalk(entry.state);
      return again(walksNext ? 0 : refitEveryMs);
    }
    this.#failed++;
    entry.state = { ...entry.state, fitError: result.reason };
    log.warn("Models could not be fitted", { symbol, reason: result.reason });
    again(FAILED_AGAIN_MS);
  }

  /**
   * Whether the past must say which model is shown: until live scores count, or
   * the walk forward has gone its full way.
   */
  #mustWalk(state: InstrumentState): boolean {
    const { liveMin, walkForwardSteps } = this.options;
    const enough = (skills: readonly Skill[], n: number) =>
      skills.some((skill) => skill.n >= n);
    return !enough(state.live, liveMin) &&
      !enough(state.walkForward, 0.9 * walkForwardSteps);
  }
}

function isDue({ fitting, fitDueAtMs }: Entry, nowMs: number): boolean {
  return !fitting && fitDueAtMs <= nowMs;
}
