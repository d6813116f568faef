/** Spreads are told apart by this share of themselves. */
const STEP = 0.005;
const LOG_MIN = Math.log(1e-9);
const BINS = Math.ceil(-LOG_MIN / STEP);

/** Which of the bands held what came. */
export interface Inside {
  readonly inside50: boolean;
  readonly inside80: boolean;
  readonly inside95: boolean;
}

/** How many closes came, and which share of them each band held. */
export interface Coverage {
  readonly n: number;
  readonly coverage50: number | null;
  readonly coverage80: number | null;
  readonly coverage95: number | null;
}

/**
 * Coverage by how turbulent a minute was expected to be, in a memory that does
 * not grow: counts by the logarithm of a spread, half a percent a bin.
 */
export class Turbulence {
  /** Of each bin: scores, and those inside 50, 80 and 95 %. */
  readonly #counts = new Float64Array(4 * BINS);
  #n = 0;

  /** @param spread Expected for the minute, above 0, in log price. */
  add(spread: number, inside: Inside): void {
    const bin = Math.floor((Math.log(spread) - LOG_MIN) / STEP);
    const at = 4 * Math.min(BINS - 1, Math.max(0, bin || 0));
    this.#n++;
    this.#counts[at]++;
    this.#counts[at + 1] += Number(inside.inside50);
    this.#counts[at + 2] += Number(inside.inside80);
    this.#counts[at + 3] += Number(inside.inside95);
  }

  /**
   * Coverage in the minutes with the largest spreads, a share of all. Of the
   * bin that the share ends in, the part that is needed counts.
   */
  mostTurbulent(share: number): Coverage {
    const wanted = Math.round(share * this.#n);
    const sums = [0, 0, 0, 0];
    for (let bin = BINS - 1; bin >= 0 && sums[0] < wanted; bin--) {
      const n = this.#counts[4 * bin];
      if (n === 0) continue;
      const part = Math.min(1, (wanted - sums[0]) / n);
      for (let k = 0; k < 4; k++) sums[k] += part * this.#counts[4 * bin + k];
    }
    const [n, in50, in80, in95] = sums;
    const rate = (inside: number) => n === 0 ? null : inside / n;
    return {
      n: Math.round(n),
      coverage50: rate(in50),
      coverage80: rate(in80),
      coverage95: rate(in95),
    };
  }
}
