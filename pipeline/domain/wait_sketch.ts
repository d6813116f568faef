/** Waits up to this long share the first bucket. */
const SMALLEST_MS = 0.25;
const BUCKETS_PER_DOUBLING = 8;
/** The last bucket ends beyond two hours. */
const BUCKETS = 200;

interface Half {
  readonly counts: Float64Array;
  n: number;
  max: number;
}

/** What a sketch says of the waits that it has seen lately. */
export interface Waits {
  readonly n: number;
  /** Half of the waits were this long or shorter, in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/**
 * How long something took lately: counts of waits by buckets that grow by a
 * twelfth to the next, so quantiles are that exact at worst.
 *
 * It takes a fixed space and allocates nothing when a wait is added. Two halves
 * take turns, so that what is said is of the last one to two turns.
 */
export class WaitSketch {
  #now = half();
  #before = half();

  /** Adds a wait in milliseconds that `n` things had. */
  add(ms: number, n = 1): void {
    const wait = ms > 0 ? ms : 0;
    const now = this.#now;
    now.counts[bucketOf(wait)] += n;
    now.n += n;
    if (wait > now.max) now.max = wait;
  }

  /** Begins another half and forgets the older one. */
  turn(): void {
    const oldest = this.#before;
    this.#before = this.#now;
    oldest.counts.fill(0);
    oldest.n = 0;
    oldest.max = 0;
    this.#now = oldest;
  }

  /** `null` if nothing was added. */
  waits(): Waits | null {
    const n = this.#now.n + this.#before.n;
    if (n === 0) return null;
    const max = Math.max(this.#now.max, this.#before.max);
    return {
      n,
      p50: Math.min(max, this.#quantile(0.5 * n)),
      p99: Math.min(max, this.#quantile(0.99 * n)),
      max,
    };
  }

  /** End of the bucket that the wait of this rank is in. */
  #quantile(rank: number): number {
    let seen = 0;
    for (let i = 0; i < BUCKETS; i++) {
      seen += this.#now.counts[i] + this.#before.counts[i];
      if (seen >= rank) {
        return i === BUCKETS - 1
          ? Infinity
          : SMALLEST_MS * 2 ** (i / BUCKETS_PER_DOUBLING);
      }
    }
    return Infinity;
  }
}

function half(): Half {
  return { counts: new Float64Array(BUCKETS), n: 0, max: 0 };
}

function bucketOf(ms: number): number {
  if (ms <= SMALLEST_MS) return 0;
  const doublings = Math.log2(ms / SMALLEST_MS);
  return Math.min(BUCKETS - 1, Math.ceil(doublings * BUCKETS_PER_DOUBLING));
}
