import type { Values } from "./sections.ts";

interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** One figure over all rounds; `ratio` is of each round's value to its own calibration. */
export interface Figure extends Spread {
  readonly ratio: Spread;
}

export type Figures = Readonly<Record<string, Figure>>;

/** What was measured in turns: the machine is not the same from minute to minute. */
export class Rounds {
  readonly #values = new Map<
    string,
    { readonly values: number[]; readonly ratios: number[] }
  >();

  /** @param calibrationMs As measured just before. */
  add(values: Values, calibrationMs: number): void {
    for (const [name, value] of Object.entries(values)) {
      let all = this.#values.get(name);
      if (!all) this.#values.set(name, all = { values: [], ratios: [] });
      all.values.push(value);
      all.ratios.push(value / calibrationMs);
    }
  }

  get figures(): Figures {
    return Object.fromEntries(
      [...this.#values].map(([name, { values, ratios }]) => [
        name,
        { ...spreadOf(values), ratio: spreadOf(ratios) },
      ]),
    );
  }
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    median: sorted[sorted.length >> 1],
    low: sorted[0],
    high: sorted[sorted.length - 1],
  };
}
