import { fromMillis } from "./domain/time.ts";
import type { Clock } from "./ports.ts";

/** The machine's clocks. */
export const systemClock: Clock = {
  now: () => fromMillis(Date.now()),
  steadyMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener("abort", done);
    }),
};
