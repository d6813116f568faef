import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_MS,
} from "../domain/time.ts";
import { nextTurn } from "../next_turn.ts";
import type { Clock } from "../ports.ts";

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #now: number;
  /** How far the time of day was set ahead, in microseconds. */
  #ahead = 0;
  readonly #sleepers = new Set<Sleeper>();

  /** @param start In Unix microseconds. */
  constructor(start = 1_764_042_300_000_000) {
    this.#now = start;
  }

  now(): EpochMicros {
    return epochMicros(this.#now + this.#ahead);
  }

  steadyMs(): number {
    return this.#now / MICROS_PER_MS;
  }

  /** Sets the time of day ahead, or back if below 0; nobody is woken. */
  setTimeOfDay(aheadMs: number): void {
    this.#ahead += aheadMs * MICROS_PER_MS;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        this.#sleepers.delete(sleeper);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const sleeper = { at: this.#now + Math.ceil(ms * MICROS_PER_MS), wake };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", wake);
    });
  }

  /** Lets time pass, waking whoever is due on the way, in order. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms * MICROS_PER_MS;
    for (;;) {
      await turns();
      const due = [...this.#sleepers].filter(({ at }) => at <= end)
        .sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#now = Math.max(this.#now, due.at);
      due.wake();
    }
    this.#now = end;
    await turns();
  }
}

/** Lets everything that waits for nothing but its turn run to its end. */
export async function turns(): Promise<void> {
  for (let i = 0; i < 3; i++) await nextTurn();
}
