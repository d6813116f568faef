import type { TickColumns } from "./tick.ts";
import { MICROS_PER_MINUTE } from "./time.ts";

/**
 * Counts minutes that ticks go to beyond the first one of each symbol: none
 * where ticks are of now, about one a tick where a feed sends the past. Each
 * is a candle, and it is candles that a commit takes its time for.
 *
 * A symbol that goes to and fro between two minutes counts once, as where some
 * ticks are late; among more of them it counts each time.
 */
export class MinuteSpread {
  /** Minutes beyond the first of each symbol. */
  count = 0;
  /** Of the minute that each symbol was in last, and of the one before it. */
  readonly #starts: number[] = [];
  readonly #before: number[] = [];

  add(slot: number, ts: number): void {
    const starts = this.#starts;
    const passed = ts - starts[slot];
    if (passed >= 0 && passed < MICROS_PER_MINUTE) return;
    const start = Math.floor(ts / MICROS_PER_MINUTE) * MICROS_PER_MINUTE;
    const known = starts[slot] === undefined || this.#before[slot] === start;
    if (!known) this.count++;
    this.#before[slot] = starts[slot];
    starts[slot] = start;
  }

  clear(): void {
    this.count = 0;
    this.#starts.length = 0;
    this.#before.length = 0;
  }
}

/** As `MinuteSpread`, of all the ticks of an entry. */
export function furtherMinutes({ length, symbol, ts }: TickColumns): number {
  const spread = new MinuteSpread();
  for (let i = 0; i < length; i++) spread.add(symbol[i], ts[i]);
  return spread.count;
}
