import type { Clock } from "../pipeline/ports.ts";

const LOOK_EVERY_MS = 100;
/** A look that comes later than this was not possible before. */
const STEP_MS_MAX = 250;

/**
 * Does some work, and says how many milliseconds it was waited for while this
 * process was awake: the time in which it was stopped, or its machine slept,
 * says nothing of how long the work takes.
 */
export async function timedAwake<T>(
  work: () => Promise<T>,
  clock: Clock,
): Promise<{ readonly result: T; readonly ms: number }> {
  let ms = 0;
  let seenAtMs = clock.steadyMs();
  const done = new AbortController();
  const looking = (async () => {
    while (!done.signal.aborted) {
      await clock.sleep(LOOK_EVERY_MS, done.signal);
      const nowMs = clock.steadyMs();
      ms += Math.min(STEP_MS_MAX, nowMs - seenAtMs);
      seenAtMs = nowMs;
    }
  })();
  try {
    const result = await work();
    done.abort();
    await looking;
    return { result, ms };
  } finally {
    done.abort();
  }
}
