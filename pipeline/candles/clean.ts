import { assert } from "../domain/assert.ts";
import type { Calendar } from "../domain/calendar.ts";
import { formatScaled, rescale } from "../domain/decimal.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { RejectReason } from "../domain/tick.ts";
import { type EpochMicros, MICROS_PER_MS, toIso } from "../domain/time.ts";

export interface CleanSettings {
  /** How far a tick may be stamped ahead of the listener's clock. */
  readonly maxAheadMs: number;
  /** Farthest from the median of recent ticks, in percent. */
  readonly bandPercent: number;
  /** Accepted ticks of an instrument before its band is on. */
  readonly bandWarmup: number;
  /** Accepted ticks that the median is taken of. */
  readonly bandWindow: number;
  /** Ticks in a row outside the band that make a jump real. */
  readonly bandConfirm: number;
}

export const CLEAN_DEFAULTS: CleanSettings = {
  maxAheadMs: 5_000,
  bandPercent: 25,
  bandWarmup: 32,
  bandWindow: 64,
  bandConfirm: 5,
};

/** A tick that was out of band, kept until the jump is real or over. */
export interface HeldTick {
  readonly ts: EpochMicros;
  readonly price: number;
  readonly size: number;
  readonly seq: number;
}

export type CleanVerdict =
  | { readonly kind: "accepted" }
  | {
    readonly kind: "rejected";
    readonly reason: RejectReason;
    readonly detail: string;
  }
  /** The jump is real: accept this tick, and the earlier rejects listed. */
  | { readonly kind: "readmits"; readonly earlier: readonly HeldTick[] };

/** What is left out of a range as its bounds are rounded. */
const ROUNDING = 1e-12;

const ACCEPTED: CleanVerdict = { kind: "accepted" };

/** What the cleaner remembers of one instrument; opaque to callers. */
export interface CleanState {
  readonly symbol: string;
  calendar: Calendar;
  priceScale: number;
  sizeScale: number;
  /** The session that the last tick lay in: most ticks need no look-up. */
  sessionOpen: number;
  sessionClose: number;
  /** Last accepted prices, as they came; `next` is the oldest when full. */
  readonly ring: Float64Array;
  count: number;
  next: number;
  /** No price of the ring is below or above these, nor so is its median. */
  low: number;
  high: number;
  /** Prices from here to there are near both, and so near the median. */
  surelyFrom: number;
  surelyTo: number;
  /** Accepted ticks so far, counted up to the warm-up. */
  warm: number;
  /** Out-of-band ticks in a row that agree; fewer than `bandConfirm`. */
  held: HeldTick[];
}

/**
 * Decides of each tick, before the append, whether it may make a candle.
 *
 * One cleaner serves one feed epoch, since the sequence numbers that it gives
 * back are that feed's. Memory: about 0.7 KB an instrument.
 */
export class Cleaner {
  readonly #states = new Map<string, CleanState>();
  readonly #maxAhead: number;
  /** Where a ring is put in order, to find its median. */
  readonly #sorted: Float64Array;

  constructor(private readonly settings: CleanSettings) {
    assert(settings.bandWindow >= 1, "the median is of at least one tick");
    assert(settings.bandConfirm >= 1, "a jump takes at least one tick");
    this.#maxAhead = settings.maxAheadMs * MICROS_PER_MS;
    this.#sorted = new Float64Array(settings.bandWindow);
  }

  /** The state of an instrument, brought to the scales it has now. */
  stateOf(instrument: Instrument, calendar: Calendar): CleanState {
    const state = this.#states.get(instrument.symbol);
    if (state === undefined) {
      const fresh = this.#freshState(instrument, calendar);
      this.#states.set(instrument.symbol, fresh);
      return fresh;
    }
    if (state.calendar !== calendar) {
      state.calendar = calendar;
      state.sessionOpen = 0;
      state.sessionClose = 0;
    }
    if (
      state.priceScale !== instrument.priceScale ||
      state.sizeScale !== instrument.sizeScale
    ) rescaleState(state, instrument.priceScale, instrument.sizeScale);
    return state;
  }

  #freshState(instrument: Instrument, calendar: Calendar): CleanState {
    return {
      symbol: instrument.symbol,
      calendar,
      priceScale: instrument.priceScale,
      sizeScale: instrument.sizeScale,
      sessionOpen: 0,
      sessionClose: 0,
      ring: new Float64Array(this.settings.bandWindow),
      count: 0,
      next: 0,
      low: Infinity,
      high: -Infinity,
      surelyFrom: -Infinity,
      surelyTo: Infinity,
      warm: 0,
      held: [],
    };
  }

  /**
   * Judges one tick and remembers it.
   *
   * Units: `price` and `size` at the scales that the state has; `seq` is only
   * handed back, when a jump turns out to be real.
   */
  check(
    state: CleanState,
    ts: EpochMicros,
    price: number,
    size: number,
    seq: number,
    receivedAt: EpochMicros,
  ): CleanVerdict {
    if (!(price > 0)) {
      return rejected(
        "price_not_positive",
        `price must be > 0, got ${formatScaled(price, state.priceScale)}`,
      );
    }
    if (!(size >= 0)) {
      return rejected(
        "volume_negative",
        `volume must be >= 0, got ${formatScaled(size, state.sizeScale)}`,
      );
    }
    if (ts - receivedAt > this.#maxAhead) {
      return rejected(
        "too_far_ahead",
        `ts must be at most ${this.settings.maxAheadMs} ms after ` +
          `${toIso(receivedAt)}, got ${toIso(ts)}`,
      );
    }
    if (ts < state.sessionOpen || ts >= state.sessionClose) {
      const now = state.calendar.stateAt(ts);
      if (now.kind === "closed") {
        return rejected(
          "closed_session",
          `ts must be inside a session of ${state.calendar.id}, ` +
            `got ${toIso(ts)}: ${now.reason}`,
        );
      }
      if (now.kind === "open") {
        state.sessionOpen = now.session.open;
        state.sessionClose = now.session.close;
      }
    }
    return this.#checkBand(state, ts, price, size, seq);
  }

  #checkBand(
    state: CleanState,
    ts: EpochMicros,
    price: number,
    size: number,
    seq: number,
  ): CleanVerdict {
    if (state.warm < this.settings.bandWarmup) {
      state.warm++;
      this.#remember(state, price);
      return ACCEPTED;
    }
    // Near both bounds of the median is near the median, wherever it lies:
    // most ticks need no more, and the others have it found.
    const surely = price >= state.surelyFrom && price <= state.surelyTo;
    const median = surely ? price : this.#medianOf(state);
    if (surely || this.#near(price, median)) {
      if (state.held.length > 0) state.held = [];
      this.#remember(state, price);
      return ACCEPTED;
    }
    const agrees = state.held.length > 0 &&
      this.#near(price, state.held[0].price);
    if (!agrees) state.held = [];
    state.held.push({ ts, price, size, seq });
    if (state.held.length < this.settings.bandConfirm) {
      return rejected("out_of_band", this.#bandDetail(state, price, median));
    }
    const jump = state.held;
    state.held = [];
    state.count = 0;
    state.next = 0;
    state.low = Infinity;
    state.high = -Infinity;
    for (const tick of jump) this.#remember(state, tick.price);
    return { kind: "readmits", earlier: jump.slice(0, -1) };
  }

  /** Puts a price into the ring, in place of the oldest one if it is full. */
  #remember(state: CleanState, price: number): void {
    const { ring } = state;
    ring[state.next] = price;
    state.next = state.next + 1 === ring.length ? 0 : state.next + 1;
    if (state.count < ring.length) state.count++;
    if (price < state.low || price > state.high) {
      const { low, high } = state;
      this.#bound(state, Math.min(low, price), Math.max(high, price));
    }
  }

  #bound(state: CleanState, low: number, high: number): void {
    const share = this.settings.bandPercent / 100;
    state.low = low;
    state.high = high;
    state.surelyFrom = high * (1 - share) * (1 + ROUNDING);
    state.surelyTo = low * (1 + share) * (1 - ROUNDING);
  }

  #near(price: number, centre: number): boolean {
    return Math.abs(price - centre) * 100 <=
      centre * this.settings.bandPercent;
  }

  /** The lower middle of the ring, whose bounds become as narrow as they are. */
  #medianOf(state: CleanState): number {
    const sorted = this.#sorted.subarray(0, state.count);
    sorted.set(state.ring.subarray(0, state.count));
    sorted.sort();
    this.#bound(state, sorted[0], sorted[state.count - 1]);
    return sorted[(state.count - 1) >> 1];
  }

  #bandDetail(state: CleanState, price: number, median: number): string {
    const off = ((price - median) / median * 100).toFixed(1);
    return `price must be within ${this.settings.bandPercent} % of ` +
      `${formatScaled(median, state.priceScale)}, the median of the last ` +
      `${state.count} ticks, got ${formatScaled(price, state.priceScale)} ` +
      `(${off} %)`;
  }
}

function rejected(reason: RejectReason, detail: string): CleanVerdict {
  return { kind: "rejected", reason, detail };
}

/**
 * The window as floats is near enough for a band; a held tick must be exact,
 * so one that no longer fits stays rejected.
 */
function rescaleState(
  state: CleanState,
  priceScale: number,
  sizeScale: number,
): void {
  const factor = 10 ** (priceScale - state.priceScale);
  for (let i = 0; i < state.count; i++) state.ring[i] *= factor;
  state.low *= factor;
  state.high *= factor;
  state.surelyFrom *= factor;
  state.surelyTo *= factor;
  state.held = state.held.flatMap((tick) => {
    const price = rescale(tick.price, state.priceScale, priceScale);
    const size = rescale(tick.size, state.sizeScale, sizeScale);
    return price === null || size === null ? [] : [{ ...tick, price, size }];
  });
  state.priceScale = priceScale;
  state.sizeScale = sizeScale;
}
