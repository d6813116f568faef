import type { EmbeddedStores } from "../db/open_embedded.ts";
import type { Feeds } from "../pipeline/feeds/start_feeds.ts";
import type { Log } from "../pipeline/ports.ts";
import type { HealthReport } from "../web/services.ts";
import type { EventLoopLag } from "./event_loop_lag.ts";

/** Whether the program can do its work, and the state of its parts. */
export async function health(
  { stores, feeds, lag, stopping }: {
    readonly stores: EmbeddedStores;
    readonly feeds: Feeds | null;
    readonly lag: EventLoopLag;
    readonly stopping: boolean;
  },
): Promise<HealthReport> {
  const reasons: string[] = [];
  if (stopping) reasons.push("The program is stopping");
  const warehouse = await stores.audit.ping().then(
    () => "up",
    (error) => {
      reasons.push(`The warehouse does not answer: ${error.message}`);
      return "down";
    },
  );
  const buffer = await stores.buffer.stats().catch((error) => {
    reasons.push(`The buffer does not answer: ${error.message}`);
    return null;
  });
  const waiting = (feeds?.feedStats() ?? []).filter(({ paused }) => paused);
  if (waiting.length > 0) {
    const names = waiting.map(({ feed, uncommittedBytes }) =>
      `${feed} (${uncommittedBytes} bytes are not in candles yet)`
    );
    reasons.push(`feeds are made to wait: ${names.join(", ")}`);
  }
  return {
    ready: reasons.length === 0,
    reasons,
    details: {
      event_loop_lag_ms_max: lag.worstMs,
      rss_mb: Math.round(Deno.memoryUsage().rss / 1_048_576),
      warehouse,
      buffer,
      feeds: feeds?.feedStats() ?? [],
      connections: feeds?.connectionStats() ?? [],
    },
  };
}

/** Counts the rows now and then: that the books balance is not taken on trust. */
export async function checkBooks(
  stores: EmbeddedStores,
  log: Log,
): Promise<void> {
  try {
    const audit = await stores.audit.audit({ full: true });
    if (audit.balanced) return;
    log.error("The books do not balance", {
      ticks_unaccounted: audit.ticks_unaccounted,
      partitions: audit.partitions,
    });
  } catch (error) {
    log.warn("Cannot count the rows of the warehouse", { error });
  }
}
