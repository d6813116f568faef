import { type EpochMicros, MICROS_PER_MS } from "../domain/time.ts";

/** Lines that wait are at most what commits bring in this time. */
const AHEAD_MS = 3_000;
/** Without a commit for so long a partition's lines wait for a store. */
const STUCK_MS = 3_000;
/** How far back the pace is measured, about. */
const MEMORY_MS = 4_000;
/** Room whatever the pace, so that it can be measured. */
const BYTES_MIN = 262_144;
/** Room before anything was committed. */
const BYTES_FIRST = 4 * 1_048_576;

/**
 * How much of feeds without acks may wait for its commit: what was committed
 * lately in three seconds.
 *
 * A line costs the warehouse more or less, by what is in it: rejects by the
 * million, or ticks of a thousand past minutes, take it many times as long as
 * ticks of this minute. A bound in bytes alone would let one feed put all
 * candles minutes behind; so a feed that is quicker than the warehouse waits.
 * While a partition has no commits at all a store is away, and its lines are
 * the buffer's to keep.
 *
 * Pure: knows nothing of feeds or stores.
 */
export class CommitPace {
  #bytes = 0;
  #busyMs = 0;
  #newest = -Infinity;
  readonly #toldAt = new Map<number, EpochMicros>();

  /**
   * Partition `p` was committed further, with so many bytes of the lines that
   * waited; the first of those came in at `since`, or none did.
   */
  committed(
    p: number,
    bytes: number,
    since: EpochMicros | null,
    now: EpochMicros,
  ): void {
    if (since !== null) {
      const from = Math.max(this.#newest, since);
      const busyMs = Math.max(0, (now - from) / MICROS_PER_MS);
      this.#busyMs += Math.min(busyMs, STUCK_MS);
      this.#bytes += bytes;
      if (this.#busyMs > MEMORY_MS) {
        this.#busyMs /= 2;
        this.#bytes /= 2;
      }
    }
    this.#newest = now;
    this.#toldAt.set(p, now);
  }

  /** Whether lines of partition `p`, the first of `since`, wait for a store. */
  stuck(p: number, since: EpochMicros, now: EpochMicros): boolean {
    const heard = Math.max(this.#toldAt.get(p) ?? -Infinity, since);
    return now - heard > STUCK_MS * MICROS_PER_MS;
  }

  /** Bytes of partitions that are not stuck that may wait. */
  get bytesMax(): number {
    if (this.#busyMs === 0) return BYTES_FIRST;
    return Math.max(BYTES_MIN, this.#bytes / this.#busyMs * AHEAD_MS);
  }
}
