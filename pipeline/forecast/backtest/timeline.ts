import type { EpochMicros } from "../../domain/time.ts";
import type { CloseScore } from "../scores/score_forecast.ts";

/** Stretches kept at most; when they are more, each two become one. */
const STRETCHES_MAX = 240;

/** Some minutes in a row, summed up: a point of the plots. */
export interface Stretch {
  readonly from: EpochMicros;
  /** Open of its last minute. */
  readonly through: EpochMicros;
  /** Minutes forecast. */
  readonly n: number;
  /** Of the model shown. */
  readonly inside50: number;
  readonly inside80: number;
  readonly inside95: number;
  /** Sums of absolute errors of each model, and of "no change" then. */
  readonly errors: ReadonlyMap<string, ErrorSums>;
  /** Where each way to trade stood at its end, in 1/100 of a percent. */
  readonly equity: Equity;
}

export interface ErrorSums {
  readonly absError: number;
  readonly absErrorNaive: number;
}

/** Log return so far of each way to trade, in 1/100 of a percent. */
export interface Equity {
  readonly signals: number;
  readonly signalsGross: number;
  readonly lean: number;
  readonly leanGross: number;
  readonly alwaysLong: number;
}

/** What happened along the way, at a resolution that a plot can show. */
export class Timeline {
  #stretches: Stretch[] = [];
  #length = 1;

  /** A minute that was forecast; `scores` of each model by its name. */
  add(t: EpochMicros, minute: {
    readonly shown: CloseScore;
    readonly scores: ReadonlyMap<string, CloseScore>;
    readonly equity: Equity;
  }): void {
    const { shown, equity } = minute;
    const one: Stretch = {
      from: t,
      through: t,
      n: 1,
      inside50: Number(shown.inside50),
      inside80: Number(shown.inside80),
      inside95: Number(shown.inside95),
      errors: new Map([...minute.scores].map((
        [model, { absError, absErrorNaive }],
      ) => [model, { absError, absErrorNaive }])),
      equity,
    };
    const last = this.#stretches.at(-1);
    if (last !== undefined && last.n < this.#length) {
      this.#stretches[this.#stretches.length - 1] = joined(last, one);
      return;
    }
    this.#stretches.push(one);
    if (this.#stretches.length <= STRETCHES_MAX) return;
    this.#length *= 2;
    this.#stretches = coarser(this.#stretches);
  }

  /** At most so many stretches, ascending. */
  stretches(max: number): readonly Stretch[] {
    let all: Stretch[] = this.#stretches;
    while (all.length > max) all = coarser(all);
    return all;
  }
}

function coarser(all: readonly Stretch[]): Stretch[] {
  const out: Stretch[] = [];
  for (let i = 0; i < all.length; i += 2) {
    out.push(i + 1 < all.length ? joined(all[i], all[i + 1]) : all[i]);
  }
  return out;
}

function joined(a: Stretch, b: Stretch): Stretch {
  const errors = new Map(a.errors);
  for (const [model, { absError, absErrorNaive }] of b.errors) {
    const before = errors.get(model);
    errors.set(model, {
      absError: (before?.absError ?? 0) + absError,
      absErrorNaive: (before?.absErrorNaive ?? 0) + absErrorNaive,
    });
  }
  return {
    from: a.from,
    through: b.through,
    n: a.n + b.n,
    inside50: a.inside50 + b.inside50,
    inside80: a.inside80 + b.inside80,
    inside95: a.inside95 + b.inside95,
    errors,
    equity: b.equity,
  };
}
