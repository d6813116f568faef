import { createHash } from "node:crypto";
import type { Calendar } from "../pipeline/domain/calendar.ts";
import type { Instrument } from "../pipeline/domain/instrument.ts";
import type { EpochMicros } from "../pipeline/domain/time.ts";
import type { KnownCandle } from "../pipeline/forecast/backtest/known_candle.ts";
import { candleFloats } from "../pipeline/forecast/training_series.ts";

/** Where the candles of a backtest come from. */
export interface BacktestSource {
  /** In words: a file, or a program. */
  readonly name: string;
  readonly instrument: Instrument;
  readonly calendar: Calendar;
  /** Range to forecast: [from, to). */
  readonly from: EpochMicros;
  readonly to: EpochMicros;
  /**
   * Closed candles, ascending: at most `warmUp` from before the range, then
   * those of the range.
   */
  candles(warmUp: number): AsyncIterable<KnownCandle>;
  /** Lines that were not taken, so far. */
  readonly rejected: number;
}

/**
 * SHA-256 over the candles of a backtest: the same for the same times, prices,
 * completeness and versions, wherever they were read.
 */
export class CandleHash {
  readonly #hash = createHash("sha256");

  add({ first, later }: KnownCandle): void {
    this.#hash.update(lineOf(0, first));
    for (const { knownFrom, candle } of later) {
      this.#hash.update(lineOf(knownFrom, candle));
    }
  }

  get hex(): string {
    return this.#hash.copy().digest("hex");
  }
}

function lineOf(knownFrom: number, stored: KnownCandle["first"]): string {
  const { t, open, high, low, close, whole } = candleFloats(stored);
  return `${[knownFrom, t, open, high, low, close, whole].join(",")}\n`;
}
