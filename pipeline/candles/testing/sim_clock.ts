import { setImmediate } from "node:timers";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_MS,
} from "../../domain/time.ts";
import type { Clock } from "../../ports.ts";

/** A clock that goes on when everybody sleeps: hours pass in milliseconds. */
export class SimClock implements Clock {
  #now: number;
  #sleepers: { readonly at: number; readonly wake: () => void }[] = [];

  constructor(start: EpochMicros) {
    this.#now = start;
  }

  now(): EpochMicros {
    return epochMicros(this.#now);
  }

  steadyMs(): number {
    return this.#now / MICROS_PER_MS;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const at = this.#now + Math.round(ms * MICROS_PER_MS);
      this.#sleepers.push({ at, wake: resolve });
      signal?.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  /** Lets time pass until `work` is done. */
  async run<T>(work: Promise<T>): Promise<T> {
    let done = false;
    const end = () => done = true;
    work.then(end, end);
    for (;;) {
      // Every microtask is done before the next immediate.
      await new Promise<void>((resolve) => setImmediate(() => resolve()));
      if (done) return await work;
      this.#sleepers.sort((a, b) => a.at - b.at);
      const next = this.#sleepers.shift();
      if (!next) throw new Error("Everybody waits and nobody sleeps");
      this.#now = Math.max(this.#now, next.at);
      next.wake();
    }
  }
}
