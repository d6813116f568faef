import { type EpochMicros, MICROS_PER_MS } from "../domain/time.ts";

/** What waits is for long at most what commits bring in this time. */
const AHEAD_MS = 3_000;
/** A burst may be ahead by what they bring in this time. */
const BURST_AHEAD_MS = 10_000;
/** Lines that are ahead for longer are no burst. */
const BURST_MS = 20_000;
/** Who was held back may not bring a burst before so much time is over. */
const REST_MS = 60_000;
/** Without a commit for so long a partition's lines wait for a store. */
const STUCK_MS = 3_000;
/** How far back the pace is measured, about. */
const MEMORY_MS = 2_000;
/** Room whatever the pace, so that it can be measured. */
const BYTES_MIN = 262_144;
/** Room of a burst whatever the pace, which few lines tell nothing of. */
const BURST_BYTES_MIN = 4 * 1_048_576;

/** What waits for its commit, and what of it was rejected. */
export interface WaitingBytes {
  readonly bytes: number;
  readonly rejectedBytes: number;
}

/**
 * How much of feeds without acks may wait for its commit: for long, what was
 * committed lately in three seconds; in a burst, in ten, if it is one of ticks:
 * lines that are rejected by the thousand are nobody's market.
 *
 * A line costs the warehouse more or less, by what is in it: rejects by the
 * million, or ticks of a thousand past minutes, take it many times as long as
 * ticks of this minute. A bound in bytes alone would let one feed put all
 * candles minutes behind; so a feed that is quicker than the warehouse waits,
 * unless that passes: a burst, or a warehouse that is slow for some seconds.
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
  /** When no more waited than may for long, or nobody brought lines. */
  #calmAt = -Infinity;
  #askedAt = -Infinity;
  /** When lines were held back as more waited than may for long. */
  #heldAt = -Infinity;

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

  /**
   * Whether more may be taken while so many bytes wait in partitions that are
   * not stuck. Asked whenever lines were taken, and while any are held back.
   */
  takes({ bytes, rejectedBytes }: WaitingBytes, now: EpochMicros): boolean {
    const resumed = now - this.#askedAt > AHEAD_MS * MICROS_PER_MS;
    this.#askedAt = now;
    const long = this.#worth(AHEAD_MS, BYTES_MIN);
    const calm = bytes <= long;
    if (calm || resumed) this.#calmAt = now;
    if (calm) return true;
    if (
      now - this.#calmAt > BURST_MS * MICROS_PER_MS ||
      now - this.#heldAt < REST_MS * MICROS_PER_MS
    ) {
      this.#heldAt = now;
      return false;
    }
    return rejectedBytes <= long / 2 &&
      bytes <= this.#worth(BURST_AHEAD_MS, BURST_BYTES_MIN);
  }

  /** Bytes that are committed in a time, and at least so many. */
  #worth(ms: number, bytesMin: number): number {
    if (this.#busyMs === 0) return BURST_BYTES_MIN;
    return Math.max(bytesMin, this.#bytes / this.#busyMs * ms);
  }
}
