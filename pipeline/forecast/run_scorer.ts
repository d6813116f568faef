import type { Calendar } from "../domain/calendar.ts";
import type { Skill } from "../domain/forecast.ts";
import type { SignalOutcome } from "../domain/signal.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_MINUTE,
  MICROS_PER_MS,
} from "../domain/time.ts";
import type {
  ScoreStore,
  SignalStore,
  UnsettledSignal,
} from "../forecast_ports.ts";
import type { Clock } from "../ports.ts";
import { settleSignal } from "../signals/settle_signal.ts";
import { scoreForecast } from "./scores/score_forecast.ts";
import { liveSkills } from "./scores/summarize_skill.ts";

/** Forecasts that one round scores, and signals that it settles. */
const AT_ONCE = 500;
/** Instruments whose records one round reads: 50 ms of an embedded warehouse. */
const RECORDS_AT_ONCE = 16;
const EVERY_MS = 5_000;

const NOT_KNOWN: Pick<Calendar, "stateAt"> = {
  stateAt: () => ({ kind: "unknown" }),
};

export interface ScorerPorts {
  readonly clock: Clock;
  readonly scores: Pick<ScoreStore, "unscored" | "saveScores" | "scoreSums">;
  readonly signals: Pick<
    SignalStore,
    "unsettled" | "saveOutcomes" | "putOffOutcomes"
  >;
  /** Instruments that are scored here; all if absent or `undefined`. */
  readonly symbols?: () => readonly string[] | undefined;
  /** `null` if the instrument is not known here. */
  readonly calendarOf: (symbol: string) => Pick<Calendar, "stateAt"> | null;
  /** Told the new records of an instrument whose forecasts were scored. */
  readonly onSkills: (symbol: string, skills: readonly Skill[]) => void;
}

/** Scores forecasts that have come true, and settles signals. */
export class Scorer {
  #scored = 0;
  #settled = 0;
  /** Instruments with newer scores than their record, the oldest first. */
  readonly #stale = new Set<string>();

  constructor(
    private readonly ports: ScorerPorts,
    /** Forecasts that a record looks back on. */
    private readonly window: number,
  ) {}

  /** Forecasts scored since the start. */
  get scored(): number {
    return this.#scored;
  }

  /** Outcomes of signals stored since the start. */
  get settled(): number {
    return this.#settled;
  }

  /**
   * Scores and settles what has closed since; then reads the records of those
   * instruments, some at a time.
   *
   * @returns Milliseconds until the next round is due.
   */
  async round(signal: AbortSignal): Promise<number> {
    const scored = await this.#score();
    const settled = signal.aborted ? 0 : await this.#settle();
    if (!signal.aborted) await this.#tellRecords();
    const more = scored === AT_ONCE || settled === AT_ONCE ||
      this.#stale.size > 0;
    return more ? 0 : EVERY_MS;
  }

  /** The records of live forecasts of many instruments. */
  async skills(
    symbols: readonly string[],
  ): Promise<ReadonlyMap<string, readonly Skill[]>> {
    const sums = await this.ports.scores.scoreSums(symbols, this.window);
    return new Map(symbols.map((symbol) => [
      symbol,
      liveSkills(symbol, sums.get(symbol) ?? []),
    ]));
  }

  async #score(): Promise<number> {
    const { clock, scores, symbols } = this.ports;
    const unscored = await scores.unscored(AT_ONCE, symbols?.());
    if (unscored.length === 0) return 0;
    const scoredAt = clock.now();
    await scores.saveScores(
      unscored.map(({ forecast, candle }) =>
        scoreForecast(forecast, candle, scoredAt)
      ),
    );
    this.#scored += unscored.length;
    for (const { forecast } of unscored) this.#stale.add(forecast.symbol);
    return unscored.length;
  }

  async #settle(): Promise<number> {
    const { clock, signals, symbols, calendarOf } = this.ports;
    const now = clock.now();
    const due = await signals.unsettled(now, AT_ONCE, symbols?.());
    const outcomes: SignalOutcome[] = [];
    const waiting: UnsettledSignal[] = [];
    for (const one of due) {
      const calendar = calendarOf(one.signal.symbol) ?? NOT_KNOWN;
      const outcome = settleSignal(one, calendar, now);
      if (outcome === null) waiting.push(one);
      else outcomes.push(outcome);
    }
    await signals.saveOutcomes(outcomes);
    await signals.putOffOutcomes(
      waiting.map((one) => ({ ...one, until: lookAgainAt(one, now) })),
    );
    this.#settled += outcomes.length;
    return due.length;
  }

  async #tellRecords(): Promise<void> {
    const symbols = [...this.#stale].slice(0, RECORDS_AT_ONCE);
    if (symbols.length === 0) return;
    for (const [symbol, skills] of await this.skills(symbols)) {
      this.#stale.delete(symbol);
      this.ports.onSkills(symbol, skills);
    }
  }
}

/**
 * Soon, as a candle closes seconds after its end; the later the longer it has
 * been waited for, so that a feed that is away keeps nobody busy.
 */
function lookAgainAt(
  { signal, minutes }: UnsettledSignal,
  now: EpochMicros,
): EpochMicros {
  const due = signal.t + (minutes + 2) * MICROS_PER_MINUTE;
  return epochMicros(
    now + EVERY_MS * MICROS_PER_MS + Math.floor((now - due) / 10),
  );
}
