import { FORECAST_TASK } from "../pipeline/domain/forecast_shard.ts";
import type { FeedState } from "../pipeline/domain/live_event.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_MS,
} from "../pipeline/domain/time.ts";
import type { ArchiveFailure } from "../pipeline/archive/tick_archiver.ts";
import type { FeedStats } from "../pipeline/feeds/feed_stats.ts";
import type { EndpointStats } from "../pipeline/feeds/start_feeds.ts";
import type { PartitionLayout } from "../pipeline/domain/partition_layout.ts";
import type { EdgeReport } from "../pipeline/forecast/edge_forecasts.ts";
import {
  type AuditStore,
  BEFORE_FIRST,
  type BufferStats,
  type Clock,
  compareEntryIds,
  type EntryId,
  type Log,
  type PipelineState,
  type PipelineStore,
  type ReplicaState,
  type TickBuffer,
} from "../pipeline/ports.ts";
import type { HealthReport } from "../web/services.ts";
import type { ClockWatch } from "./clock_watch.ts";
import { type DiskSpace, diskSpace } from "./disk_space.ts";
import type { EventLoopLag } from "./event_loop_lag.ts";
import { describeOutages, type Told } from "./outages.ts";
import { Probe } from "./probe.ts";
import { Since } from "./since.ts";

export interface HealthOptions {
  readonly stores: {
    readonly audit: Pick<AuditStore, "ping">;
    readonly buffer: Pick<TickBuffer, "stats" | "newestBefore">;
    readonly pipeline: PipelineStore;
    readonly replica: { state(): ReplicaState } | null;
  };
  /** What people call them, such as `PostgreSQL` and `Redis`. */
  readonly names: { readonly warehouse: string; readonly buffer: string };
  readonly feeds: {
    feedStats(): readonly FeedStats[];
    connectionStats(): readonly object[];
    endpointStats(): readonly EndpointStats[];
  } | null;
  readonly lag: EventLoopLag;
  readonly clock: Clock;
  readonly clockWatch: ClockWatch;
  readonly node: string;
  readonly layout: PartitionLayout;
  readonly stopping: () => boolean;
  /** Whether this process is to have no work; it always has some if absent. */
  readonly drained?: () => boolean;
  /** Partitions that this process owns; absent if it owns all. */
  readonly owned?: () => readonly number[];
  /** Partitions of which nothing can be archived, where ticks are archived. */
  readonly unarchived?: () => readonly ArchiveFailure[];
  /** The newest state of each instrument's feed. */
  readonly feedStates: () => readonly FeedState[];
  /** What came of the newest edge, where forecasts are made here. */
  readonly newestEdge: () => EdgeReport | null;
  /** What became of signals for receivers, where forecasts are made here. */
  readonly webhooks?: () => readonly object[];
  /** Folder of the embedded stores; `null` if there are none. */
  readonly dataDir: string | null;
}

/** What was found out of the parts of the program, and what it comes to. */
export interface Findings extends Told {
  readonly now: EpochMicros;
  readonly warehouse: PromiseSettledResult<void>;
  readonly warehouseDown: EpochMicros | null;
  readonly buffer: PromiseSettledResult<BufferStats>;
  readonly bufferDown: EpochMicros | null;
  /** `null` if a store does not answer. */
  readonly lags: readonly PartitionLag[] | null;
  readonly pipeline: PipelineState | null;
  /** `null` if nothing is read in place of the warehouse. */
  readonly replica:
    | ReplicaState & { readonly faultSince: EpochMicros | null }
    | null;
  readonly disk: DiskSpace | null;
}

/** Where a partition's candles stand, and whether they are behind its ticks. */
export interface PartitionLag {
  readonly p: number;
  readonly position: EntryId;
  readonly behind: boolean;
}

/** Entries that wait for longer than this are a reason not to be ready. */
const BEHIND_MS_MAX = 15_000;
/** Feeds wait for a moment whenever they send faster than is committed. */
const PAUSED_MS_MAX = 5_000;
/** A store that fails once and answers the next time is not worth a word. */
const TROUBLED_MS_MAX = 5_000;

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
  readonly #pipeline: Probe<PipelineState>;
  readonly #disk: Probe<DiskSpace | null>;
  readonly #since = new Since();
  /** When a feed was first seen to wait, or to have trouble. */
  readonly #feedSince = new Since();
  #hadForecaster = false;

  constructor(options: HealthOptions) {
    this.#options = options;
    const { audit, buffer } = options.stores;
    this.#warehouse = new Probe(() => audit.ping());
    this.#buffer = new Probe(() => buffer.stats({ rough: true }));
    this.#lag = new Probe(() => this.#readLag());
    this.#pipeline = new Probe(() => this.#readPipeline());
    const { dataDir } = options;
    this.#disk = new Probe(() =>
      dataDir === null ? Promise.resolve(null) : diskSpace(dataDir)
    );
  }

  /** @param ageMsMax What was found this long ago will do. */
  async findings(ageMsMax?: number): Promise<Findings> {
    const { names, clock, clockWatch, stopping, drained } = this.#options;
    const [warehouse, buffer, partitions, state, space] = await Promise
      .allSettled([
        this.#warehouse.ask(ageMsMax),
        this.#buffer.ask(ageMsMax),
        this.#lag.ask(ageMsMax),
        this.#pipeline.ask(ageMsMax),
        this.#disk.ask(ageMsMax),
      ]);
    const now = clock.now();
    const down = (name: string, { status }: { readonly status: string }) =>
      this.#since.note(name, status === "rejected", now);
    const warehouseDown = down("warehouse", warehouse);
    const bufferDown = down("buffer", buffer);
    const lags = valueOf(partitions);
    const pipeline = valueOf(state);
    const disk = valueOf(space);
    const replica = this.#replica(now);
    const told = describeOutages({
      now,
      stopping: stopping(),
      drained: drained?.() ?? false,
      names,
      warehouseDown,
      bufferDown,
      replica: replica?.fault && replica.faultSince
        ? { fault: replica.fault, since: replica.faultSince }
        : null,
      unarchived: this.#unarchived(now),
      ...this.#owners(pipeline, now),
      behind: lags?.filter(({ behind }) => behind).map(({ p }) => p) ?? [],
      behindMs: BEHIND_MS_MAX,
      ...this.#feedFacts(now),
      stale: this.#stale(warehouseDown),
      forecasts: this.#forecasts(pipeline, now),
      clock: { aheadMs: clockWatch.aheadMs, step: clockWatch.step },
      disk,
    });
    return {
      ...told,
      now,
      warehouse,
      warehouseDown,
      buffer,
      bufferDown,
      lags,
      pipeline,
      replica,
      disk,
    };
  }

  async report(ageMsMax?: number): Promise<HealthReport> {
    const { feeds, lag, node, owned, webhooks } = this.#options;
    const { reasons, warnings, ...found } = await this.findings(ageMsMax);
    return {
      ready: reasons.length === 0,
      reasons,
      warnings,
      details: {
        node,
        event_loop_lag_ms_max: lag.worstMs,
        rss_mb: Math.round(Deno.memoryUsage().rss / 1_048_576),
        warehouse: stateOf(found.warehouse),
        buffer: stateOf(found.buffer),
        partitions: found.lags,
        owned_partitions: owned?.() ?? null,
        feeds: (feeds?.feedStats() ?? []).map(snakeKeys),
        connections: (feeds?.connectionStats() ?? []).map(snakeKeys),
        endpoints: (feeds?.endpointStats() ?? []).map(snakeKeys),
        ...webhooks && { webhooks: webhooks() },
      },
    };
  }

  #replica(now: EpochMicros): Findings["replica"] {
    const state = this.#options.stores.replica?.state();
    if (state === undefined) return null;
    const isFault = state.fault !== null;
    return { ...state, faultSince: this.#since.note("replica", isFault, now) };
  }

  #unarchived(now: EpochMicros): readonly ArchiveFailure[] {
    const failures = this.#options.unarchived?.() ?? [];
    return failures.filter(({ since }) =>
      now - since >= TROUBLED_MS_MAX * MICROS_PER_MS
    );
  }

  /** Partitions without an owner; of stores that no other process can use, none. */
  #owners(pipeline: PipelineState | null, now: EpochMicros) {
    const shared = this.#options.owned !== undefined;
    if (!shared || pipeline === null) {
      return { unowned: [], unownedSince: null };
    }
    const held = new Set(
      pipeline.partitions.filter(({ held }) => held).map(({ p }) => p),
    );
    const unowned = Array.from(
      { length: this.#options.layout.partitions },
      (_, p) => p,
    ).filter((p) => !held.has(p));
    const since = this.#since.note("unowned", unowned.length > 0, now);
    return { unowned, unownedSince: since };
  }

  #feedFacts(now: EpochMicros) {
    const { feeds } = this.#options;
    const stats = newestEpochs(feeds?.feedStats() ?? []);
    const long = (name: string, holds: boolean, ms: number) => {
      const since = this.#feedSince.note(name, holds, now);
      return since !== null && now - since >= ms * MICROS_PER_MS;
    };
    return {
      paused: stats.filter(({ feed, paused }) =>
        long(`paused ${feed}`, paused, PAUSED_MS_MAX)
      ),
      troubled: stats.filter(({ feed, trouble }) =>
        long(`troubled ${feed}`, trouble !== null, TROUBLED_MS_MAX)
      ).map(({ feed, trouble }) => ({ feed, trouble: String(trouble) })),
      away: stats.flatMap(({ feed, delivery, replay, awaySince }) =>
        awaySince === null || replay ? [] : [{
          feed,
          acked: delivery === "acked",
          since: awaySince,
        }]
      ),
      unreached: (feeds?.endpointStats() ?? []).filter(({ state }) =>
        state === "away"
      ),
    };
  }

  /** While the warehouse is away its feeds only look stale. */
  #stale(warehouseDown: EpochMicros | null): readonly string[] {
    if (warehouseDown !== null) return [];
    return this.#options.feedStates().filter(({ status, session }) =>
      status === "stale" && session === "open"
    ).map(({ symbol }) => symbol);
  }

  #forecasts(pipeline: PipelineState | null, now: EpochMicros) {
    const shared = this.#options.owned !== undefined;
    const made = pipeline?.tasks.some(({ task }) => task === FORECAST_TASK);
    this.#hadForecaster ||= made === true;
    const nobodySince = this.#since.note(
      "forecaster",
      shared && made === false && this.#hadForecaster,
      now,
    );
    const edge = this.#options.newestEdge();
    return {
      nobodySince,
      edge: edge && { t: edge.edge, missed: edge.late + edge.overdue },
    };
  }

  /**
   * Of all partitions: one that no process owns must be seen as well. The buffer
   * is asked of those alone whose newest mark in candles is old: behind any
   * other nothing waits that is older than it.
   */
  async #readLag(): Promise<readonly PartitionLag[]> {
    const { stores, clock } = this.#options;
    const { partitions } = await this.#pipeline.ask();
    const before = epochMicros(clock.now() - BEHIND_MS_MAX * MICROS_PER_MS);
    return await Promise.all(
      partitions.map(async ({ p, position, markedAt }) => {
        const old = markedAt !== null && markedAt >= before
          ? BEFORE_FIRST
          : await stores.buffer.newestBefore(p, before);
        return { p, position, behind: compareEntryIds(position, old) < 0 };
      }),
    );
  }

  async #readPipeline(): Promise<PipelineState> {
    const { stores, clock, clockWatch, owned } = this.#options;
    const askedAt = clock.now();
    const state = await stores.pipeline.state();
    // An embedded warehouse has no clock but ours.
    if (owned !== undefined) clockWatch.compare(askedAt, state.now);
    return state;
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

/** A feed that began anew is told once, as it is now. */
function newestEpochs(stats: readonly FeedStats[]): readonly FeedStats[] {
  const newest = new Map<string, FeedStats>();
  for (const one of stats) {
    const known = newest.get(one.feed);
    if (known === undefined || one.epoch > known.epoch) {
      newest.set(one.feed, one);
    }
  }
  return [...newest.values()];
}

function valueOf<T>(answer: PromiseSettledResult<T>): T | null {
  return answer.status === "fulfilled" ? answer.value : null;
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
