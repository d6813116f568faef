import type {
  BooksView,
  FeedView,
  ForecastsView,
  SystemView,
  WaitView,
} from "../components/system_view.ts";
import type { Catalog } from "../pipeline/catalog.ts";
import type { Config } from "../pipeline/config.ts";
import type { FeedState } from "../pipeline/domain/live_event.ts";
import type { PartitionLayout } from "../pipeline/domain/partition_layout.ts";
import { quarantineIdText } from "../pipeline/domain/quarantine_id.ts";
import { type EpochMicros, toMillis } from "../pipeline/domain/time.ts";
import type { WaitSketch } from "../pipeline/domain/wait_sketch.ts";
import type { Feeds } from "../pipeline/feeds/start_feeds.ts";
import type { FeedStats } from "../pipeline/feeds/feed_stats.ts";
import type { FitPool } from "../pipeline/forecast/fit_pool.ts";
import type { Forecaster } from "../pipeline/forecast/run_forecaster.ts";
import {
  type Audit,
  type AuditStore,
  BEFORE_FIRST,
  type Clock,
  type PipelineState,
  type QuarantineStore,
} from "../pipeline/ports.ts";
import { evictedStreams, openStreams } from "../web/stream_response.ts";
import type { ClockWatch } from "./clock_watch.ts";
import type { CommitTimes } from "./commit_times.ts";
import type { EventLoopLag } from "./event_loop_lag.ts";
import { FORECAST_TASK } from "../pipeline/domain/forecast_shard.ts";
import type { Findings, Health } from "./health.ts";
import { Probe } from "./probe.ts";
import { RateMeter } from "./rate_meter.ts";

/** How long ticks and events wait, stage by stage. */
export interface StageWaits {
  readonly buffered: WaitSketch;
  readonly committed: WaitSketch;
  /** From the tick to the commit. */
  readonly whole: WaitSketch;
  readonly sent: WaitSketch;
}

export interface SystemReportOptions {
  readonly config: Config;
  /** As in the greeting. */
  readonly places: {
    readonly buffer: string;
    readonly warehouse: string;
    readonly replica: string | null;
  };
  readonly names: { readonly buffer: string; readonly warehouse: string };
  readonly bufferBytesMax: number;
  readonly simulated: () => boolean;
  readonly health: Health;
  readonly feeds: Feeds | null;
  readonly feedStates: () => readonly FeedState[];
  readonly forecaster: () => {
    readonly forecaster: Forecaster;
    readonly pool: FitPool;
    readonly workers: number;
  } | null;
  readonly catalog: Pick<Catalog, "all">;
  readonly stores: {
    readonly audit: AuditStore;
    readonly quarantine: QuarantineStore;
    readonly layout: PartitionLayout;
  };
  readonly waits: StageWaits;
  readonly commits: CommitTimes;
  readonly clockWatch: ClockWatch;
  readonly lag: EventLoopLag;
  readonly clock: Clock;
  /** Where partitions are shared: which are ours, and as whom. */
  readonly owned?: () => readonly number[];
}

const SAMPLE_MS = 1_000;
/** Waits are told of the last one to two turns. */
const TURN_MS = 30_000;
/** A store that went is noticed within this time, whoever looks. */
const LOOK_MS = 2_000;
const FIT_SAMPLE_MS = 10_000;
const FIT_SAMPLES = 60;
const SAMPLES_OF_A_REASON = 3;
const FAILURES_MAX = 20;
const TICKS = "ticks in candles";
const COMMITS = "commits";
const FITS = "fits";

/**
 * The whole pipeline as it is now, with rates and waits of the last while.
 *
 * What the warehouse has is asked for while somebody wants to know; the rest is
 * sampled all the time, once a second.
 */
export class SystemReport {
  readonly #rates = new RateMeter();
  readonly #fitRates = new RateMeter(FIT_SAMPLES);
  readonly #startedAt: EpochMicros;
  readonly #books: Probe<Audit>;
  readonly #quarantine: Probe<SystemView["quarantine"]>;

  constructor(private readonly options: SystemReportOptions) {
    const { audit, quarantine } = options.stores;
    this.#startedAt = options.clock.now();
    this.#books = new Probe(() => audit.audit());
    this.#quarantine = new Probe(() => readQuarantine(quarantine));
  }

  /** Samples until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.options;
    for (let round = 0; !signal.aborted; round++) {
      this.#sample(round);
      await clock.sleep(SAMPLE_MS, signal);
    }
  }

  #sample(round: number): void {
    const { commits, clockWatch, feeds, health, waits } = this.options;
    const nowMs = performance.now();
    clockWatch.look();
    commits.turn();
    const counts = new Map<string, number>([
      [TICKS, commits.ticks],
      [COMMITS, commits.commits],
    ]);
    for (const one of feeds?.feedStats() ?? []) {
      counts.set(nameOf(one), one.received);
    }
    this.#rates.sample(nowMs, counts);
    const every = (ms: number) => round % Math.round(ms / SAMPLE_MS) === 0;
    if (every(FIT_SAMPLE_MS)) {
      const fits = this.options.forecaster()?.forecaster.counts.fits ?? 0;
      this.#fitRates.sample(nowMs, new Map([[FITS, fits]]));
    }
    if (every(TURN_MS)) {
      for (const sketch of Object.values(waits)) sketch.turn();
    }
    // Failures are told by the next report; here only their time is taken.
    if (every(LOOK_MS)) void health.findings();
  }

  async view(): Promise<SystemView> {
    const { options } = this;
    const { config, commits, health, lag, names, places, waits } = options;
    const [found, books, quarantine] = await Promise.all([
      health.findings(),
      this.#books.ask().catch(() => null),
      this.#quarantine.ask().catch(() => null),
    ]);
    const memory = Deno.memoryUsage();
    const { now, pipeline } = found;
    const sinceCommit = commits.sinceNewestMs;
    const buffer = found.buffer.status === "fulfilled"
      ? found.buffer.value
      : null;
    return {
      at: toMillis(now),
      node: config.nodeName,
      roles: [...config.roles],
      started_at: toMillis(this.#startedAt),
      simulated: options.simulated(),
      ready: found.reasons.length === 0,
      reasons: found.reasons,
      warnings: found.warnings,
      feeds: this.#feeds(),
      instruments: countStates(options.feedStates()),
      waits: {
        tick_to_buffered: waitView(waits.buffered),
        buffered_to_committed: waitView(waits.committed),
        tick_to_committed: waitView(waits.whole),
        committed_to_browser: waitView(waits.sent),
      },
      buffer: {
        name: names.buffer,
        place: places.buffer,
        up: found.bufferDown === null,
        down_since: millis(found.bufferDown),
        entries: buffer?.entries ?? null,
        bytes: buffer?.bytes ?? null,
        bytes_max: options.bufferBytesMax,
      },
      warehouse: {
        name: names.warehouse,
        place: places.warehouse,
        up: found.warehouseDown === null,
        down_since: millis(found.warehouseDown),
      },
      replica: this.#replica(found),
      commits: {
        per_second: rounded(this.#rates.perSecond(COMMITS)),
        ticks_per_second: rounded(this.#rates.perSecond(TICKS)),
        last_at: sinceCommit === null
          ? null
          : toMillis(now) - Math.round(sinceCommit),
        gap_ms_max: commits.longestMs === null
          ? null
          : Math.round(commits.longestMs),
      },
      partitions: this.#partitions(found),
      processes: pipeline && this.#processes(pipeline),
      books: books && booksView(books),
      quarantine,
      gaps: pipeline?.gaps.map(({ key, kind, from, to, seq }) => ({
        feed: key.feed,
        epoch: key.epoch,
        kind,
        from: toMillis(from),
        to: millis(to),
        seq,
      })) ?? null,
      revisions: pipeline && {
        last_day: pipeline.revisedLastDay,
        newest: pipeline.revisions.map(({ t, revisedAt, ...revision }) => ({
          ...revision,
          t: toMillis(t),
          revised_at: toMillis(revisedAt),
        })),
      },
      forecasts: this.#forecasts(found),
      streams: {
        open: openStreams(),
        max: this.options.config.streamsMax,
        evicted: evictedStreams(),
      },
      process: {
        rss_mb: Math.round(memory.rss / 1_048_576),
        heap_mb: Math.round(memory.heapUsed / 1_048_576),
        event_loop_lag_ms_max: lag.worstMs,
      },
      disk: found.disk && {
        path: found.disk.path,
        free_bytes: found.disk.freeBytes,
        total_bytes: found.disk.totalBytes,
      },
      clock: { ahead_ms: options.clockWatch.aheadMs },
    };
  }

  #replica({ replica }: Findings): SystemView["replica"] {
    const { places } = this.options;
    if (replica === null || places.replica === null) return null;
    const { fault, faultSince, lagMs } = replica;
    return {
      place: places.replica,
      fault,
      fault_since: millis(faultSince),
      lag_ms: lagMs === null || !Number.isFinite(lagMs)
        ? null
        : Math.round(lagMs),
    };
  }

  #feeds(): SystemView["feeds"] {
    const { feeds } = this.options;
    if (feeds === null) return null;
    const connections = feeds.connectionStats();
    // One that was only asked about, such as an earlier epoch, has no lines.
    const seen = feeds.feedStats().filter(({ connections, received }) =>
      connections > 0 || received > 0
    );
    const stats = seen.map((one): FeedView => ({
      feed: one.feed,
      epoch: one.epoch,
      delivery: one.delivery,
      replay: one.replay,
      connections: one.connections,
      peers: connections.filter(({ feed, epoch }) =>
        feed === one.feed && epoch === one.epoch
      ).map(({ peer }) => peer),
      per_second: rounded(this.#rates.perSecond(nameOf(one))),
      received: one.received,
      accepted: one.accepted,
      duplicates: one.duplicates,
      rejected: one.rejected,
      acked_seq: one.ackedSeq,
      missing: one.missing,
      resends: one.resends,
      lost: one.lost,
      uncommitted_bytes: one.uncommittedBytes,
      paused: one.paused,
      ended: one.ended,
      away_since: millis(one.awaySince),
      trouble: one.trouble,
      last_received: millis(one.lastReceived),
    }));
    return {
      endpoints: feeds.endpointStats().map((one) => ({
        ...one,
        since: toMillis(one.since),
      })),
      feeds: stats,
      per_second: rounded(
        stats.reduce((sum, one) => sum + one.per_second, 0),
      ),
      connections: connections.length,
    };
  }

  #processes(pipeline: PipelineState): SystemView["processes"] {
    const { partitions, tasks, processes } = pipeline;
    return processes.map((
      { owner, node, roles, startedAt, drained, toDrain },
    ) => ({
      node,
      roles,
      started_at: toMillis(startedAt),
      partitions: partitions.filter((one) => one.held && one.owner === owner)
        .length,
      tasks: tasks.filter((one) => one.owner === owner).map(({ task }) => task),
      drained: drained && toDrain,
    }));
  }

  #partitions({ pipeline, lags }: Findings): SystemView["partitions"] {
    if (pipeline === null) return null;
    const { config, owned, stores } = this.options;
    const shared = owned !== undefined;
    const { now } = stores.layout;
    const pinned = new Map([...now.pinned].map(([symbol, p]) => [p, symbol]));
    return Array.from({ length: now.partitions }, (_, p) => {
      // One that no process has had is not stored.
      const known = pipeline.partitions.find((one) => one.p === p);
      const owner = known?.owner ?? null;
      return {
        p,
        owner: shared ? owner && nodeOf(owner) : config.nodeName,
        lease_epoch: known?.leaseEpoch ?? 0,
        held: shared ? known?.held ?? false : true,
        position: known?.position ?? BEFORE_FIRST,
        behind: lags?.find((one) => one.p === p)?.behind ?? null,
        pinned: pinned.get(p) ?? null,
      };
    });
  }

  #forecasts({ pipeline }: Findings): ForecastsView | null {
    const { config, owned } = this.options;
    const running = this.options.forecaster();
    const owners = owned === undefined
      ? running ? [config.nodeName] : []
      : pipeline?.tasks.filter(({ task }) => task === FORECAST_TASK)
        .map(({ owner }) => nodeOf(owner)) ?? [];
    if (running === null && owners.length === 0) return null;
    const counts = running?.forecaster.counts;
    const edge = running?.forecaster.newestEdge ?? null;
    return {
      here: running !== null,
      owner: owners.includes(config.nodeName)
        ? config.nodeName
        : owners[0] ?? null,
      owners,
      edge: edge && {
        t: toMillis(edge.edge),
        nearest_ms: Math.round(edge.nearestMs),
        all_ms: Math.round(edge.allMs),
        stored: edge.stored,
        late: edge.late,
        left_out: edge.leftOut,
        overdue: edge.overdue,
        idle: edge.idle,
        others: edge.others,
      },
      fits: counts?.fits ?? 0,
      fits_failed: counts?.fitsFailed ?? 0,
      fits_per_minute: rounded(60 * this.#fitRates.perSecond(FITS)),
      fits_waiting: running?.pool.waiting ?? 0,
      workers: running?.workers ?? 0,
      workers_replaced: running?.pool.replaced ?? 0,
      scored: counts?.scored ?? 0,
      failures: running === null ? [] : this.#failures(running.forecaster),
    };
  }

  #failures(forecaster: Forecaster): ForecastsView["failures"] {
    const failures: ForecastsView["failures"][number][] = [];
    for (const { symbol } of this.options.catalog.all()) {
      const report = forecaster.report(symbol);
      if (report === null) continue;
      if (report.fitError !== null) {
        failures.push({ symbol, model: null, reason: report.fitError });
      }
      for (const { model, reason } of report.failures) {
        failures.push({ symbol, model, reason });
      }
      if (failures.length >= FAILURES_MAX) break;
    }
    return failures.slice(0, FAILURES_MAX);
  }
}

async function readQuarantine(
  store: QuarantineStore,
): Promise<NonNullable<SystemView["quarantine"]>> {
  const [counts, samples] = await Promise.all([
    store.counts(),
    store.samples(SAMPLES_OF_A_REASON),
  ]);
  return {
    counts,
    samples: samples.map(({ id, key, reject, receivedAt }) => ({
      id: quarantineIdText(id),
      feed: key.feed,
      symbol: reject.symbol,
      reason: reject.reason,
      detail: reject.detail,
      raw: reject.raw,
      received_at: toMillis(receivedAt),
    })),
  };
}

function booksView({ balanced, ticks_unaccounted, feeds, partitions }: Audit) {
  const of = <T>(rows: readonly T[], count: (row: T) => number) =>
    rows.reduce((sum, row) => sum + count(row), 0);
  return {
    balanced,
    unaccounted: ticks_unaccounted,
    received: of(feeds, ({ received }) => received),
    accepted: of(feeds, ({ accepted }) => accepted),
    duplicates: of(feeds, ({ duplicates }) => duplicates),
    rejected: of(feeds, ({ rejected }) => rejected),
    applied: of(partitions, ({ applied }) => applied),
    in_candles: of(partitions, ({ in_candles }) => in_candles),
    in_quarantine: of(partitions, ({ in_quarantine }) => in_quarantine),
  } satisfies BooksView;
}

function countStates(
  states: readonly FeedState[],
): SystemView["instruments"] {
  const counts = { live: 0, quiet: 0, stale: 0, down: 0, closed: 0 };
  for (const { status, session } of states) {
    counts[session === "closed" ? "closed" : status] += 1;
  }
  return counts;
}

/** Name of the process of an owner, which is that and something random. */
function nodeOf(owner: string): string {
  return owner.split("/")[0];
}

function nameOf({ feed, epoch }: FeedStats): string {
  return `feed ${feed} ${epoch}`;
}

function waitView(sketch: WaitSketch): WaitView | null {
  const waits = sketch.waits();
  return waits && {
    n: waits.n,
    p50: rounded(waits.p50),
    p99: rounded(waits.p99),
    max: rounded(waits.max),
  };
}

function millis(t: EpochMicros | null): number | null {
  return t === null ? null : toMillis(t);
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
