/** Samples that a rate is over; one a second. */
const SAMPLES = 10;

/**
 * How fast counts grow, from samples of them: of each name the newest ones.
 */
export class RateMeter {
  readonly #samples = new Map<string, { at: number; count: number }[]>();

  constructor(private readonly keep = SAMPLES) {}

  /** Takes a sample of every count there is; others are forgotten. */
  sample(atMs: number, counts: ReadonlyMap<string, number>): void {
    for (const name of this.#samples.keys()) {
      if (!counts.has(name)) this.#samples.delete(name);
    }
    for (const [name, count] of counts) {
      const samples = this.#samples.get(name) ?? [];
      this.#samples.set(name, samples);
      samples.push({ at: atMs, count });
      if (samples.length > this.keep + 1) samples.shift();
    }
  }

  /** A second, over the samples; 0 before the second one. */
  perSecond(name: string): number {
    const samples = this.#samples.get(name) ?? [];
    const first = samples.at(0);
    const last = samples.at(-1);
    if (first === undefined || last === undefined || last.at <= first.at) {
      return 0;
    }
    return Math.max(0, last.count - first.count) * 1_000 /
      (last.at - first.at);
  }
}
