import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_MINUTE,
  MICROS_PER_MS,
} from "../domain/time.ts";
import type { Clock } from "../ports.ts";

/** Time around an edge that belongs to it alone. */
const EDGE_BEFORE_MS = 1_000;
const EDGE_AFTER_MS = 1_200;
/** Clocks may jump: no sleep is longer. */
const SLEEP_MS_MAX = 5_000;

/** The next whole minute after `now`. */
export function nextEdge(now: EpochMicros): EpochMicros {
  return epochMicros(
    (Math.floor(now / MICROS_PER_MINUTE) + 1) * MICROS_PER_MINUTE,
  );
}

/** Resolves at a time of the clock, or once aborted. */
export async function sleepUntil(
  clock: Clock,
  target: number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted && clock.now() < target) {
    // Rounded up, as timers may fire early.
    const ms = Math.ceil((target - clock.now()) / MICROS_PER_MS);
    await clock.sleep(Math.min(ms, SLEEP_MS_MAX), signal);
  }
}

/** Whether an edge comes soon, or was just now. */
export function isNearEdge(
  now: EpochMicros,
  { beforeMs, afterMs } = {
    beforeMs: EDGE_BEFORE_MS,
    afterMs: EDGE_AFTER_MS,
  },
): boolean {
  const { before, after } = edgesAround(now);
  return after < afterMs || before < beforeMs;
}

/** Milliseconds since the last edge, and to the next. */
function edgesAround(now: EpochMicros) {
  const after = (now % MICROS_PER_MINUTE) / MICROS_PER_MS;
  return { after, before: MICROS_PER_MINUTE / MICROS_PER_MS - after };
}

/** Waits while an edge is near, so that nothing delays it. */
export async function awayFromEdge(
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const { before, after } = edgesAround(clock.now());
  if (after < EDGE_AFTER_MS) {
    await clock.sleep(EDGE_AFTER_MS - after, signal);
  } else if (before < EDGE_BEFORE_MS) {
    await clock.sleep(before + EDGE_AFTER_MS, signal);
  }
}
