import type { ChartCandle } from "./types.ts";

const KEPT_MAX = 1_000;

/**
 * The newest candles, while the chart holds an older part of the history.
 *
 * They wait here until the part that is held reaches them, so that it never
 * has a hole; of more than a bound the oldest are let go, as the server has them.
 */
export class NewestAside {
  readonly #candles = new Map<number, ChartCandle>();
  #newest: ChartCandle;

  constructor(newest: ChartCandle) {
    this.#newest = newest;
    this.add(newest);
  }

  get newest(): ChartCandle {
    return this.#newest;
  }

  /** A history that reaches this time joins without a hole. */
  get joinsAt(): number {
    let least = Infinity;
    for (const t of this.#candles.keys()) if (t < least) least = t;
    return least;
  }

  get candles(): ChartCandle[] {
    return [...this.#candles.values()];
  }

  add(candle: ChartCandle): void {
    this.#candles.set(candle.t, candle);
    if (candle.t >= this.#newest.t) this.#newest = candle;
    if (this.#candles.size > KEPT_MAX) this.#candles.delete(this.joinsAt);
  }
}
