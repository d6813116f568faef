import type { EpochMicros } from "../../domain/time.ts";
import type { Clock } from "../../ports.ts";

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #now: number;
  #sleepers: Sleeper[] = [];

  constructor(startMs = 1_764_042_300_000) {
    this.#now = startMs * 1_000;
  }

  now(): EpochMicros {
    return this.#now as EpochMicros;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        this.#sleepers = this.#sleepers.filter((s) => s !== sleeper);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const sleeper = { at: this.#now + ms * 1_000, wake };
      this.#sleepers.push(sleeper);
      signal?.addEventListener("abort", wake);
    });
  }

  /** Lets time pass, waking whoever is due on the way, in order. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms * 1_000;
    await turns();
    for (;;) {
      const due = this.#sleepers.filter(({ at }) => at <= end)
        .toSorted((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#now = Math.max(this.#now, due.at);
      due.wake();
      await turns();
    }
    this.#now = end;
  }
}

/** Lets everything that waits for nothing but its turn run to its end. */
export async function turns(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}
