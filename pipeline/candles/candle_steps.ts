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
  readonly deltas: Map<string, CandleDelta>;
  readonly closes: Map<string, CandleClose>;
  readonly recovered: Map<string, CandleCoverage>;
}

/** Where a candle has got to. */
interface Place {
  step: number;
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
  readonly #places = new Map<string, Place>();

  /** Ticks come to a candle; of one that is sealed, that is a revision. */
  merge(fold: CandleFold, end: EpochMicros): void {
    const key = keyOf(fold);
    const place = this.#place(key);
    if (place.sealed) this.#next(place);
    let delta = this.#at(place).deltas.get(key);
    let merged = delta ? tryMerge(delta.fold, fold) : fold;
    if (merged === null) {
      // Their sums are more than a number holds: the warehouse adds them.
      this.#next(place);
      delta = undefined;
      merged = fold;
    }
    this.#at(place).deltas.set(key, { fold: merged, end });
  }

  /** What closes a candle first has closed it: its revisions stay closed. */
  close(close: CandleClose): void {
    const key = keyOf(close);
    const place = this.#place(key);
    if (!place.closed) this.#at(place).closes.set(key, close);
    place.closed = place.sealed = true;
  }

  recover(coverage: CandleCoverage): void {
    const key = keyOf(coverage);
    const place = this.#place(key);
    if (this.#at(place).recovered.has(key)) this.#next(place);
    this.#at(place).recovered.set(key, coverage);
    this.seal(coverage);
  }

  /** What comes to the candle from here on is a revision. */
  seal(candle: Candle): void {
    this.#place(keyOf(candle)).sealed = true;
  }

  list(): readonly CandleStep[] {
    return this.#steps.map(({ deltas, closes, recovered }) => ({
      deltas: [...deltas.values()],
      closes: [...closes.values()],
      recovered: [...recovered.values()],
    }));
  }

  #place(key: string): Place {
    let place = this.#places.get(key);
    if (!place) {
      place = { step: 0, closed: false, sealed: false };
      this.#places.set(key, place);
    }
    return place;
  }

  #next(place: Place): void {
    place.step++;
    place.sealed = false;
  }

  #at({ step }: Place): Step {
    return this.#steps[step] ??= {
      deltas: new Map(),
      closes: new Map(),
      recovered: new Map(),
    };
  }
}

function keyOf({ symbol, t }: Candle): string {
  return `${symbol}|${t}`;
}
