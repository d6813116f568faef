export interface BookSettings {
  /** How much later than the newest tick an older one may come. */
  readonly latenessMs: number;
  /** How long after its end a candle takes late ticks, as revisions. */
  readonly graceMs: number;
  /** Silence of a live feed, beyond the lateness, that ends a candle. */
  readonly idleMs: number;
  /** Silence of a replay that ends its candles. */
  readonly replayIdleMs: number;
  /**
   * How long an acked feed that went away holds its candles open, as it sends
   * again what they lack; counted from its close or the program's start.
   */
  readonly awayMs: number;
}

export const BOOK_DEFAULTS: BookSettings = {
  latenessMs: 3_000,
  graceMs: 24 * 3_600_000,
  idleMs: 2_000,
  replayIdleMs: 60_000,
  awayMs: 60_000,
};
