import type { Clock, Log } from "../ports.ts";

/** Rounds of heartbeats in one lease. */
export const ROUNDS_A_LEASE = 5;

/**
 * Says in rounds that this process is alive, until aborted. A round that fails
 * is logged once, and tried again with the next: leases run out by themselves.
 *
 * @param round Milliseconds after which there is something to look at.
 * @param failed What is logged, as in "Cannot renew what this process holds".
 */
export async function heartbeatRounds(
  { clock, log, leaseMs }: {
    readonly clock: Clock;
    readonly log: Log;
    readonly leaseMs: number;
  },
  { round, failed }: {
    readonly round: () => Promise<number>;
    readonly failed: string;
  },
  signal: AbortSignal,
): Promise<void> {
  let fails = false;
  while (!signal.aborted) {
    let restMs = leaseMs / ROUNDS_A_LEASE;
    try {
      restMs = Math.min(restMs, await round());
      fails = false;
    } catch (error) {
      if (!fails) log.warn(failed, { error: String(error) });
      fails = true;
    }
    await clock.sleep(restMs, signal);
  }
}
