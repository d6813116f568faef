import type { CandleFold } from "../domain/candle.ts";
import type { EpochMicros } from "../domain/time.ts";
import type {
  CandleClose,
  CandleCoverage,
  CandleDelta,
  CandleStep,
} from "../ports.ts";
import { tryMerge } from "./fold_entry.ts";

interface Step {
  readonly deltas: Mutable<CandleDelta>[];
  readonly closes: CandleClose[];
  readonly recovered: CandleCoverage[];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Where a candle has got to. */
interface Place {
  step: number;
  /** What it has in that step. */
  delta: Mutable<CandleDelta> | null;
  recovered: boolean;
  closed: boolean;
  /** What comes next to the candle must not join what is in that step. */
  sealed: boolean;
}

type Candle = Pick<CandleFold, "symbol" | "t">;

/**
 * What some entries do to one-minute candles, in as few steps as keep apart
 * what would be apart in commits of their own.
 *
 * Each candle goes through the steps by itself: one that is revised often has
 * many, and the others stay in the first ones.
 */
export class CandleSteps {
  readonly #steps: Step[] = [];
  /** Of each symbol, by the start of the minute. */
  readonly #places = new Map<string, Map<number, Place>>();
  #candles = 0;

  /** How many candles they touch. */
  get candles(): number {
    return this.#candles;
  }

  /** Ticks come to a candle; of one that is sealed, that is a revision. */
  merge(fold: CandleFold, end: EpochMicros): void {
    const place = this.#place(fold);
    if (place.sealed) this.#next(place);
    const { delta } = place;
    if (delta) {
      const merged = tryMerge(delta.fold, fold);
      if (merged !== null) {
        delta.fold = merged;
        delta.end = end;
        return;
      }
      // Their sums are more than a number holds: the warehouse adds them.
      this.#next(place);
    }
    place.delta = { fold, end };
    this.#at(place).deltas.push(place.delta);
  }

  /** What closes a candle first has closed it: its revisions stay closed. */
  close(close: CandleClose): void {
    const place = this.#place(close);
    if (!place.closed) this.#at(place).closes.push(close);
    place.closed = place.sealed = true;
  }

  recover(coverage: CandleCoverage): void {
    const place = this.#place(coverage);
    if (place.recovered) this.#next(place);
    this.#at(place).recovered.push(coverage);
    place.recovered = place.sealed = true;
  }

  /** What comes to the candle from here on is a revision. */
  seal(candle: Candle): void {
    this.#place(candle).sealed = true;
  }

  list(): readonly CandleStep[] {
    return this.#steps;
  }

  #place({ symbol, t }: Candle): Place {
    let places = this.#places.get(symbol);
    if (!places) this.#places.set(symbol, places = new Map());
    let place = places.get(t);
    if (!place) {
      this.#candles++;
      place = {
        step: 0,
        delta: null,
        recovered: false,
        closed: false,
        sealed: false,
      };
      places.set(t, place);
    }
    return place;
  }

  #next(place: Place): void {
    place.step++;
    place.delta = null;
    place.recovered = place.sealed = false;
  }

  #at({ step }: Place): Step {
    return this.#steps[step] ??= { deltas: [], closes: [], recovered: [] };
  }
}
