import { type EpochMicros, fromMillis } from "../../domain/time.ts";
import type { Clock } from "../../ports.ts";

/** A clock that stands until it is moved, in steps, letting work be done. */
export class HandClock implements Clock {
  ms = 1_000_000;
  /** How far the time of day was set ahead. */
  aheadMs = 0;
  #sleepers = new Set<{ until: number; wake: () => void }>();

  now(): EpochMicros {
    return fromMillis(this.ms + this.aheadMs);
  }
  steadyMs(): number {
    return this.ms;
  }
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const sleeper = { until: this.ms + ms, wake: resolve };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", () => {
        this.#sleepers.delete(sleeper);
        resolve();
      });
    });
  }
  async move(ms: number): Promise<void> {
    const end = this.ms + ms;
    while (this.ms < end) {
      this.ms = Math.min(end, this.ms + 5);
      for (const sleeper of [...this.#sleepers]) {
        if (sleeper.until > this.ms) continue;
        this.#sleepers.delete(sleeper);
        sleeper.wake();
      }
      for (let i = 0; i < 20; i++) await Promise.resolve();
    }
  }
}
