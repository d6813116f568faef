import type { CandleFold } from "../domain/candle.ts";
import type { EpochMicros } from "../domain/time.ts";
import type {
  CandleClose,
  CandleCoverage,
  CandleDelta,
  CandleStep,
} from "../ports.ts";
import type { EntryFolds } from "./entry_folds.ts";
import { tryMerge } from "./fold_entry.ts";

interface Step {
  readonly deltas: Mutable<CandleDelta>[];
  readonly closes: CandleClose[];
  readonly recovered: CandleCoverage[];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Where a candle has got to. */
export interface CandlePlace {
  step: number;
  /** What it has in that step. */
  delta: Mutable<CandleDelta> | null;
  /** What is not in the delta's notional yet; whole, up to 2^53. */
  notional: number;
  recovered: boolean;
  closed: boolean;
  /** What comes next to the candle must not join what is in that step. */
  sealed: boolean;
}

type Candle = Pick<CandleFold, "symbol" | "t">;

let made = 0;

/**
 * What some entries do to one-minute candles, in as few steps as keep apart
 * what would be apart in commits of their own.
 *
 * Each candle goes through the steps by itself: one that is revised often has
 * many, and the others stay in the first ones.
 */
export class CandleSteps {
  /** No others have it. Who keeps it keeps nothing of what is in the steps. */
  readonly id = ++made;
  readonly #steps: Step[] = [];
  /** Of each symbol, by the start of the minute. */
  readonly #places = new Map<string, Map<number, CandlePlace>>();
  #candles = 0;
  #closes = 0;

  /** How many candles they touch. */
  get candles(): number {
    return this.#candles;
  }

  /** How many candles they close. */
  get closes(): number {
    return this.#closes;
  }

  /**
   * Ticks come to a candle, the fold `f` of an entry; of one that is sealed,
   * that is a revision.
   */
  merge(
    place: CandlePlace,
    folds: EntryFolds,
    f: number,
    end: EpochMicros,
  ): void {
    if (place.sealed) this.#next(place);
    const { delta } = place;
    if (delta?.end === end && folds.tryMergeInto(delta.fold, f)) {
      addNotional(place, delta.fold, folds, f);
      return;
    }
    const fold = folds.at(f);
    if (delta) {
      takeNotional(place);
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
    const place = this.placeOf(close);
    if (!place.closed) {
      this.#at(place).closes.push(close);
      this.#closes++;
    }
    place.closed = place.sealed = true;
  }

  recover(coverage: CandleCoverage): void {
    const place = this.placeOf(coverage);
    if (place.recovered) this.#next(place);
    this.#at(place).recovered.push(coverage);
    place.recovered = place.sealed = true;
  }

  /** What comes to the candle from here on is a revision. */
  seal(place: CandlePlace): void {
    place.sealed = true;
  }

  list(): readonly CandleStep[] {
    for (const places of this.#places.values()) {
      for (const place of places.values()) takeNotional(place);
    }
    return this.#steps;
  }

  /** Where a candle is in these steps, the same object each time. */
  placeOf({ symbol, t }: Candle): CandlePlace {
    let places = this.#places.get(symbol);
    if (!places) this.#places.set(symbol, places = new Map());
    let place = places.get(t);
    if (!place) {
      this.#candles++;
      place = {
        step: 0,
        delta: null,
        notional: 0,
        recovered: false,
        closed: false,
        sealed: false,
      };
      places.set(t, place);
    }
    return place;
  }

  #next(place: CandlePlace): void {
    takeNotional(place);
    place.step++;
    place.delta = null;
    place.recovered = place.sealed = false;
  }

  #at({ step }: CandlePlace): Step {
    return this.#steps[step] ??= { deltas: [], closes: [], recovered: [] };
  }
}

/** Large integers are made once in many times that ticks come. */
function addNotional(
  place: CandlePlace,
  fold: CandleFold,
  folds: EntryFolds,
  f: number,
): void {
  const more = folds.moreNotional(f);
  if (more !== 0n) fold.notional += more;
  const notional = folds.columns.notional[f];
  if (place.notional + notional > Number.MAX_SAFE_INTEGER) takeNotional(place);
  place.notional += notional;
}

function takeNotional(place: CandlePlace): void {
  if (place.notional === 0 || place.delta === null) return;
  place.delta.fold.notional += BigInt(place.notional);
  place.notional = 0;
}
