import { hashWords } from "../../pipeline/feeds/simulator_random.ts";

/** Numbers that depend on the seed alone, for every choice of a simulation. */
export class SimRandom {
  #drawn = 0;

  constructor(readonly seed: number) {}

  /** From 0 to below 1. */
  next(): number {
    return hashWords(this.seed, this.#drawn++) / 0x1_0000_0000;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** A whole number, both ends included. */
  between(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.between(0, choices.length - 1)];
  }
}

/**
 * Runs work during which nothing is random but by the seed: neither the jitter
 * of retries nor the names that writers give themselves.
 */
export async function withSeededGlobals<T>(
  random: SimRandom,
  work: () => Promise<T>,
): Promise<T> {
  const before = Math.random;
  const uuidBefore = crypto.randomUUID;
  Math.random = () => random.next();
  crypto.randomUUID = () => {
    const word = () => random.between(0, 0xffff).toString(16).padStart(4, "0");
    return `${word()}${word()}-${word()}-4000-8000-${word()}${word()}${word()}`;
  };
  try {
    return await work();
  } finally {
    Math.random = before;
    crypto.randomUUID = uuidBefore;
  }
}
