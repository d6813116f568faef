import type { ScoreSums } from "../../domain/score_sums.ts";
import type { EpochMicros } from "../../domain/time.ts";
import { addScore, NO_SCORES } from "../scores/add_score.ts";

/** A score that can be added up. */
export type AddedScore = Parameters<typeof addScore>[1];

/** Sums over the scores of both. */
export function mergeSums(a: ScoreSums, b: ScoreSums): ScoreSums {
  const merged: Record<string, number | null> = {};
  for (const key of Object.keys(a) as (keyof ScoreSums)[]) {
    merged[key] = (a[key] ?? 0) + (b[key] ?? 0);
  }
  const ends = [a.from, a.through, b.from, b.through].filter((t) => t !== null);
  return {
    ...merged as unknown as ScoreSums,
    from: ends.length === 0 ? null : Math.min(...ends) as EpochMicros,
    through: ends.length === 0 ? null : Math.max(...ends) as EpochMicros,
  };
}

/**
 * Sums over the newest scores, up to a number of them.
 *
 * Nothing is taken off a sum, so that no rounding gathers: the older half are
 * suffix sums, the newer half one running sum, and a score costs two additions
 * and a merge on average.
 */
export class SlidingSums {
  /** Of the older scores: each with all older ones after it, oldest last. */
  readonly #older: ScoreSums[] = [];
  #newer: AddedScore[] = [];
  #newerSums = NO_SCORES;

  constructor(private readonly window: number) {}

  add(score: AddedScore): void {
    this.#newer.push(score);
    this.#newerSums = addScore(this.#newerSums, score);
    if (this.#older.length + this.#newer.length > this.window) this.#dropOne();
  }

  get sums(): ScoreSums {
    const older = this.#older.at(-1);
    return older ? mergeSums(older, this.#newerSums) : this.#newerSums;
  }

  #dropOne(): void {
    if (this.#older.length === 0) {
      let sums = NO_SCORES;
      for (const score of this.#newer.reverse()) {
        sums = addScore(sums, score);
        this.#older.push(sums);
      }
      this.#newer = [];
      this.#newerSums = NO_SCORES;
    }
    this.#older.pop();
  }
}
