import type { LiveEvent } from "../domain/live_event.ts";

type Forming = Extract<LiveEvent, { candle: unknown }>;

/**
 * Live events that wait to be sent to other processes: those that matter in
 * order, and of each forming candle the newest.
 *
 * Beyond `max` of them forming candles go first, then all the rest at once:
 * readers who missed one have to take a snapshot anyhow.
 */
export class OutgoingEvents {
  #passing: LiveEvent[] = [];
  readonly #forming = new Map<string, Forming>();

  constructor(private readonly max: number) {}

  get size(): number {
    return this.#passing.length + this.#forming.size;
  }

  get hasPassing(): boolean {
    return this.#passing.length > 0;
  }

  /** @returns False if events that others must not miss were dropped. */
  add(event: LiveEvent): boolean {
    if (event.kind === "candle") {
      const key = keyOf(event);
      if (this.size < this.max || this.#forming.has(key)) {
        this.#forming.set(key, event);
      }
      return true;
    }
    if ("candle" in event) this.#endForming(event);
    if (this.size >= this.max) this.#forming.clear();
    const full = this.#passing.length >= this.max;
    if (full) this.#passing = [];
    this.#passing.push(event);
    return !full;
  }

  /** All that waits, or all but the forming candles. */
  take({ forming }: { readonly forming: boolean }): readonly LiveEvent[] {
    const taken = this.#passing;
    this.#passing = [];
    if (!forming) return taken;
    const all = [...taken, ...this.#forming.values()];
    this.#forming.clear();
    return all;
  }

  #endForming(event: Forming): void {
    const key = keyOf(event);
    const waiting = this.#forming.get(key);
    if (waiting !== undefined && waiting.candle.t <= event.candle.t) {
      this.#forming.delete(key);
    }
  }
}

function keyOf({ symbol, interval }: Forming): string {
  return `${symbol} ${interval}`;
}
