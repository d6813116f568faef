import type { FeedStats } from "../pipeline/feeds/feed_stats.ts";
import {
  type AuditStore,
  type BufferStats,
  type Clock,
  compareEntryIds,
  type EntryId,
  type FeedStore,
  type Log,
  type TickBuffer,
} from "../pipeline/ports.ts";
import { epochMicros, MICROS_PER_MS } from "../pipeline/domain/time.ts";
import type { HealthReport } from "../web/services.ts";
import type { EventLoopLag } from "./event_loop_lag.ts";
import { Probe } from "./probe.ts";

/** What is judged of a feed; whatever else it has is shown as it is. */
type FeedNow = Pick<FeedStats, "feed" | "paused" | "uncommittedBytes">;

export interface HealthOptions {
  readonly stores: {
    readonly audit: Pick<AuditStore, "ping">;
    readonly feeds: Pick<FeedStore, "committed">;
    readonly buffer: Pick<TickBuffer, "stats" | "newestBefore">;
  };
  /** What people call them, such as `PostgreSQL` and `Redis`. */
  readonly names: { readonly warehouse: string; readonly buffer: string };
  readonly feeds: {
    feedStats(): readonly FeedNow[];
    connectionStats(): readonly object[];
  } | null;
  readonly lag: EventLoopLag;
  readonly clock: Clock;
  readonly node: string;
  readonly stopping: () => boolean;
  /** Partitions that this process owns; absent if it owns all. */
  readonly owned?: () => readonly number[];
}

/** Entries that wait for longer than this are a reason not to be ready. */
const BEHIND_MS_MAX = 15_000;
/** Feeds wait for a moment whenever they send faster than is committed. */
const PAUSED_MS_MAX = 5_000;

/** Where a partition's candles stand, and whether they are behind its ticks. */
interface PartitionLag {
  readonly p: number;
  readonly position: EntryId;
  readonly behind: boolean;
}

/**
 * Whether the program can do its work, and what happens to the data if not.
 *
 * A report takes a second at most, whatever the stores do, and asks them once
 * a second at most.
 */
export class Health {
  readonly #options: HealthOptions;
  readonly #warehouse: Probe<void>;
  readonly #buffer: Probe<BufferStats>;
  readonly #lag: Probe<readonly PartitionLag[]>;
  /** When a feed that waits was first seen to. */
  readonly #pausedSince = new Map<string, number>();

  constructor(options: HealthOptions) {
    this.#options = options;
    const { audit, buffer } = options.stores;
    this.#warehouse = new Probe(() => audit.ping());
    this.#buffer = new Probe(() => buffer.stats());
    this.#lag = new Probe(() => this.#readLag());
  }

  async report(): Promise<HealthReport> {
    const { names, feeds, lag, node, stopping, owned } = this.#options;
    const [warehouse, buffer, partitions] = await Promise.allSettled([
      this.#warehouse.ask(),
      this.#buffer.ask(),
      this.#lag.ask(),
    ]);
    const feedStats = feeds?.feedStats() ?? [];
    const reasons: string[] = [];
    if (stopping()) {
      reasons.push(
        "The program is stopping: what was read is committed first, and " +
          "feeds send again what was not acknowledged",
      );
    }
    if (warehouse.status === "rejected") {
      reasons.push(
        `${names.warehouse} does not answer: ticks wait in the buffer and ` +
          "none is lost; candles, forecasts and pages stand still until it " +
          "is back",
      );
    }
    if (buffer.status === "rejected") {
      reasons.push(
        `${names.buffer} does not answer: nothing is read from feeds; those ` +
          "with acknowledgements keep their ticks and send them again, those " +
          "without may lose some",
      );
    }
    const behind = partitions.status === "fulfilled"
      ? partitions.value.filter(({ behind }) => behind).map(({ p }) => p)
      : [];
    if (behind.length > 0) {
      reasons.push(
        `Candles are more than ${BEHIND_MS_MAX / 1_000} s behind in ` +
          `partition ${behind.join(", ")}: ticks wait in the buffer and ` +
          "none is lost",
      );
    }
    const paused = this.#pausedForLong(feedStats);
    if (paused.length > 0) {
      const told = paused.map(({ feed, uncommittedBytes }) =>
        `${feed} (${uncommittedBytes} bytes are not in candles yet)`
      );
      reasons.push(`Feeds are made to wait: ${told.join(", ")}`);
    }
    return {
      ready: reasons.length === 0,
      reasons,
      details: {
        node,
        event_loop_lag_ms_max: lag.worstMs,
        rss_mb: Math.round(Deno.memoryUsage().rss / 1_048_576),
        warehouse: stateOf(warehouse),
        buffer: stateOf(buffer),
        partitions: partitions.status === "fulfilled" ? partitions.value : null,
        owned_partitions: owned?.() ?? null,
        feeds: feedStats.map(snakeKeys),
        connections: (feeds?.connectionStats() ?? []).map(snakeKeys),
      },
    };
  }

  #pausedForLong(stats: readonly FeedNow[]): readonly FeedNow[] {
    const now = performance.now();
    const paused = stats.filter((one) => one.paused);
    for (const feed of this.#pausedSince.keys()) {
      if (!paused.some((one) => one.feed === feed)) {
        this.#pausedSince.delete(feed);
      }
    }
    return paused.filter(({ feed }) => {
      const since = this.#pausedSince.get(feed) ?? now;
      this.#pausedSince.set(feed, since);
      return now - since >= PAUSED_MS_MAX;
    });
  }

  /** Of all partitions: one that no process owns must be seen as well. */
  async #readLag(): Promise<readonly PartitionLag[]> {
    const { stores, clock } = this.#options;
    const before = epochMicros(clock.now() - BEHIND_MS_MAX * MICROS_PER_MS);
    const committed = await stores.feeds.committed([]);
    return await Promise.all(
      committed.map(async ({ p, position }) => {
        const old = await stores.buffer.newestBefore(p, before);
        return { p, position, behind: compareEntryIds(position, old) < 0 };
      }),
    );
  }
}

/** Counts the rows now and then: that the books balance is not taken on trust. */
export async function checkBooks(
  { audit: books }: { readonly audit: Pick<AuditStore, "audit"> },
  log: Log,
): Promise<void> {
  try {
    const audit = await books.audit({ full: true });
    if (audit.balanced) return;
    log.error("The books do not balance", {
      ticks_unaccounted: audit.ticks_unaccounted,
      partitions: audit.partitions,
    });
  } catch (error) {
    log.warn("Cannot count the rows of the warehouse", { error });
  }
}

function stateOf(answer: PromiseSettledResult<unknown>) {
  return answer.status === "fulfilled"
    ? { status: "up", ...(answer.value ?? {}) }
    : {
      status: "down",
      error: String(answer.reason?.message ?? answer.reason),
    };
}

/** The same fields with names as all JSON here has them. */
function snakeKeys(fields: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      value,
    ]),
  );
}
