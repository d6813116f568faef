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
/** An edge that is so far away was the next before the clock was put back. */
const PUT_BACK_MS_MIN = 180_000;

/** The next whole minute after `now`. */
export function nextEdge(now: EpochMicros): EpochMicros {
  return epochMicros(
    (Math.floor(now / MICROS_PER_MINUTE) + 1) * MICROS_PER_MINUTE,
  );
}

/**
 * Waits for the next edge and some milliseconds more. The edge is another one
 * if the clock is put back meanwhile.
 *
 * @param edge The one to wait for; any, if the clock was put back since.
 * @returns The edge that was reached, or `null` once aborted.
 */
export async function reachEdge(
  clock: Clock,
  edge: EpochMicros,
  { settleMs, signal }: {
    readonly settleMs: number;
    readonly signal: AbortSignal;
  },
): Promise<EpochMicros | null> {
  while (!signal.aborted) {
    const ms = (edge - clock.now()) / MICROS_PER_MS + settleMs;
    if (ms <= 0) return edge;
    if (ms - settleMs > PUT_BACK_MS_MIN) edge = nextEdge(clock.now());
    // Rounded up, as timers may fire early.
    else await clock.sleep(Math.min(Math.ceil(ms), SLEEP_MS_MAX), signal);
  }
  return null;
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
