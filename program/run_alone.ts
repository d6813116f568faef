import type { Clock, LeaseStore, Log } from "../pipeline/ports.ts";

export interface AloneOptions {
  /** Name of the task, the same in all processes. */
  readonly task: string;
  readonly owner: string;
  readonly leases: Pick<LeaseStore, "hold" | "release">;
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether this process leaves it to the others now. */
  readonly stands?: () => boolean;
  /** The work; it ends soon when its signal aborts. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

/**
 * Does a task while this process holds its lease, so that of all processes one
 * does it. Repeatable work only: for a moment, two may.
 *
 * Resolves once aborted; rejects if the work does.
 */
export async function runAlone(
  options: AloneOptions,
  signal: AbortSignal,
): Promise<void> {
  const { task, owner, leases, leaseMs, clock, log, run } = options;
  let working: { stop: AbortController; done: Promise<void> } | null = null;
  let heldAt = -Infinity;
  const rest = async () => {
    working?.stop.abort();
    await working?.done;
    working = null;
  };
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  while (!signal.aborted) {
    const askedAt = clock.now() / 1_000;
    if (options.stands?.()) {
      if (working !== null) {
        log.info("This process leaves a task to the others", { task });
        await rest();
        await leases.release(task, owner).catch(() => {});
        heldAt = -Infinity;
      }
      await Promise.race([clock.sleep(leaseMs / 3, signal), failed.promise]);
      continue;
    }
    const held = await leases.hold(task, owner).catch(() => null);
    // Without an answer it is ours as long as the last one says.
    if (held === true) heldAt = askedAt;
    const ours = held ?? clock.now() / 1_000 - heldAt < leaseMs;
    if (ours && working === null) {
      log.info("This process does a task that is done once", { task });
      const stop = new AbortController();
      const done = run(stop.signal);
      done.catch((error) => failed.reject(error));
      working = { stop, done };
    } else if (!ours && working !== null) {
      log.warn("Another process does a task from now on", { task });
      await rest();
    }
    await Promise.race([clock.sleep(leaseMs / 3, signal), failed.promise]);
  }
  await rest();
}
