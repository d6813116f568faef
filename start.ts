import type { App } from "fresh";
import {
  type EmbeddedStores,
  LayoutMismatchError,
  openEmbeddedStores,
} from "./db/open_embedded.ts";
import { islandBundle } from "./fresh/bundle.ts";
import { setBundleCacheDir } from "./fresh/bundle_cache.ts";
import { loadProject } from "./fresh/project.ts";
import {
  loadCalendars,
  loadInstruments,
} from "./pipeline/calendars/load_markets.ts";
import { tradingMs } from "./pipeline/calendars/trading_ms.ts";
import { liveEvents } from "./pipeline/candles/live_events.ts";
import {
  AGGREGATOR_DEFAULTS,
  runAggregator,
} from "./pipeline/candles/run_aggregator.ts";
import { Catalog } from "./pipeline/catalog.ts";
import type { Config, FeedEndpoint, Role } from "./pipeline/config.ts";
import { assert } from "./pipeline/domain/assert.ts";
import { partitionOf } from "./pipeline/domain/hash.ts";
import { Ingest } from "./pipeline/feeds/ingest.ts";
import { appendStart, runMarks } from "./pipeline/feeds/run_marks.ts";
import { type Feeds, startFeeds } from "./pipeline/feeds/start_feeds.ts";
import {
  type RunningSimulator,
  startSimulator,
} from "./pipeline/feeds/start_simulator.ts";
import { FitPool } from "./pipeline/forecast/fit_pool.ts";
import { Forecaster } from "./pipeline/forecast/run_forecaster.ts";
import { InProcessBus } from "./pipeline/live/live_bus.ts";
import { runFeedStatus } from "./pipeline/live/run_feed_status.ts";
import {
  BEFORE_FIRST,
  type Clock,
  compareEntryIds,
  type EntryId,
  type FeedStore,
  type Log,
  type WarehouseContent,
} from "./pipeline/ports.ts";
import { type HttpServer, serveHttp } from "./web/serve_http.ts";
import type { HealthReport, Services, State } from "./web/services.ts";

/** The configuration cannot be started as it is, in words for a person. */
export class StartError extends Error {
  override name = "StartError";
}

export interface StartOptions {
  readonly config: Config;
  /** Folder of the project, for its data files. */
  readonly root: URL;
  readonly app: App<State>;
  /** Serve `app` here, or leave that to a host which has its own server. */
  readonly http: "own" | "host";
  readonly clock: Clock;
  readonly log: Log;
  /** Called once the routes may be answered. */
  readonly onServices: (services: Services) => void;
}

/** The program, running. */
export interface Running {
  /** What to tell a person who started it. */
  readonly greeting: readonly string[];
  /** Where the dashboard is; `null` without the role. */
  readonly http: string | null;
  readonly feeds: readonly string[];
  /** Rejects when a part ended by a bug of ours; never resolves. */
  readonly failed: Promise<never>;
  /** Drains: stops reading, commits, acks, closes; everything is kept. */
  stop(): Promise<void>;
}

/** How long the last entries may take to be committed, when stopping. */
const DRAIN_MS = 6_000;
/** The lock on the data folder makes one process its owner. */
const EMBEDDED_OWNER = "embedded";
/** Reject a jump only once this many ticks have shown the usual price. */
const BAND = { bandWarmup: 32, bandWindow: 64, bandConfirm: 5 };

/**
 * Opens the stores and starts the parts of the program that the roles name.
 *
 * @throws {StartError} If the configuration and the warehouse do not fit.
 * @throws {DataDirLockedError} If another process has the data folder.
 */
export async function start(options: StartOptions): Promise<Running> {
  const { config, root, clock, log } = options;
  const has = (role: Role) => config.roles.has(role);
  const calendars = await loadCalendars(new URL("markets/calendars", root));
  const calendarOf = (symbol: string) => {
    const instrument = catalog.get(symbol);
    assert(instrument !== undefined, `${symbol} is in the catalog`);
    return catalog.calendarOf(instrument);
  };
  const stores = await openEmbeddedStores({
    dataDir: config.dataDir,
    partitions: config.partitions,
    clock,
    log,
    bucketOf: (symbol, interval, t) => calendarOf(symbol).bucketAt(interval, t),
    tradingMs: (symbol, bucket) => tradingMs(calendarOf(symbol), bucket),
  }).catch((error) => {
    if (!(error instanceof LayoutMismatchError)) throw error;
    throw new StartError(error.message, { cause: error });
  });
  const catalog: Catalog = new Catalog(stores.instruments, calendars, {
    autoRegister: config.autoRegister,
  });
  const life = new Life();
  try {
    let content = await admitContent(stores, config);
    await stores.instruments.upsert(
      await loadInstruments(instrumentFile(config, root), calendars),
    );
    await catalog.refresh();

    const bus = new InProcessBus({ clock, bootId: crypto.randomUUID() });
    const ingest = has("feed")
      ? new Ingest({
        buffer: stores.buffer,
        store: watchingContent(stores.feeds, (claimed) => content = claimed),
        catalog,
        clean: {
          maxAheadMs: config.maxAheadMs,
          bandPercent: config.bandPercent,
          ...BAND,
        },
        partitions: config.partitions,
        clock,
        log,
        settings: { bestEffortBytes: bufferBytes(config) },
      })
      : null;
    const committed: EntryId[] = Array(config.partitions).fill(BEFORE_FIRST);

    life.run("upkeep", async (signal) => {
      for (;;) {
        await clock.sleep(config.vacuumMinutes * 60_000, signal);
        if (signal.aborted) return;
        await stores.vacuum().catch((error) =>
          log.warn("Cannot vacuum the warehouse", { error })
        );
        await checkBooks(stores, log);
      }
    });
    if (has("aggregate")) {
      for (let p = 0; p < config.partitions; p++) {
        life.run("aggregate", (signal) =>
          runAggregator({
            p,
            owner: EMBEDDED_OWNER,
            buffer: stores.buffer,
            store: stores.aggregate,
            catalog,
            clock,
            log,
            settings: {
              book: {
                ...AGGREGATOR_DEFAULTS.book,
                latenessMs: config.latenessMs,
                graceMs: config.graceHours * 3_600_000,
              },
              retentionMs: config.tickRetentionDays * 86_400_000,
              bufferBytesMax: bufferBytes(config),
            },
            events: {
              onCommitted(p, position, { candles, tooLate }) {
                committed[p] = position;
                ingest?.onCommitted(p, position, tooLate);
                bus.publish(liveEvents(candles));
              },
              onRolledUp: (_, candles) => bus.publish(liveEvents(candles)),
            },
          }, signal));
      }
    }

    let feeds: Feeds | null = null;
    if (ingest) {
      const marks = {
        buffer: stores.buffer,
        partitions: config.partitions,
        clock,
        log,
      };
      await appendStart(marks);
      life.run("mark", (signal) => runMarks({ ...marks, signal }));
      feeds = startFeeds({
        endpoints: config.feeds,
        ingest,
        token: config.feedToken ?? undefined,
        connectionsMax: config.feedConnectionsMax,
        clock,
        log,
        signal: life.signalOf("feed"),
      });
    }
    const simulator = config.simulate && feeds
      ? simulate(config, feeds, log)
      : null;

    let forecaster: Forecaster | null = null;
    if (has("forecast")) {
      const running = forecaster = new Forecaster({
        clock,
        log,
        candles: stores.candles,
        forecasts: stores.forecasts,
        catalog,
        pool: new FitPool({ clock }),
        publish: (events) => bus.publish(events),
        position: (symbol) => committed[partitionOf(symbol, config.partitions)],
      });
      life.run("forecast", (signal) => running.run(signal));
    }

    let server: HttpServer | null = null;
    if (has("web")) {
      life.run("status", (signal) =>
        runFeedStatus({
          catalog,
          store: stores.activity,
          bus,
          clock,
          log,
          signal,
        }));
      options.onServices({
        clock,
        catalog,
        candles: stores.candles,
        forecasts: stores.forecasts,
        walkForward: (symbol) =>
          (forecaster?.report(symbol)?.skills ?? [])
            .filter(({ source }) => source === "walk_forward"),
        audit: stores.audit,
        activity: stores.activity,
        bus,
        health: () => health(stores, life, feeds),
        info: {
          get simulated() {
            return content === "simulated";
          },
          seed: config.simulate ? config.simulateSeed : null,
          buffer: bufferPlace(config),
          warehouse: warehousePlace(config),
          feeds: feedUrls(config.feeds, feeds),
        },
        apiToken: config.apiToken,
        shutdown: life.signalOf("web"),
      });
      if (options.http === "own") server = await serve(options);
    }
    return {
      greeting: greeting({ config, server, content }),
      http: server?.url ?? null,
      feeds: feedUrls(config.feeds, feeds),
      failed: life.failed,
      stop: () =>
        stop({
          config,
          stores,
          life,
          ingest,
          feeds,
          simulator,
          server,
          committed,
        }),
    };
  } catch (error) {
    await life.stop(
      "feed",
      "mark",
      "aggregate",
      "forecast",
      "status",
      "upkeep",
    );
    await stores.close();
    throw error;
  }
}

function bufferBytes({ bufferMaxMb }: Config): number {
  return bufferMaxMb * 1_048_576;
}

/** Counts the rows now and then: that the books balance is not taken on trust. */
async function checkBooks(stores: EmbeddedStores, log: Log): Promise<void> {
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

function bufferPlace({ dataDir }: Config): string {
  return `SQLite in ${dataDir}/buffer.sqlite`;
}

function warehousePlace({ dataDir }: Config): string {
  return `PGlite in ${dataDir}/warehouse`;
}

/** Parts that run until told to stop, each by its name. */
class Life {
  readonly #parts = new Map<string, {
    readonly abort: AbortController;
    readonly running: Promise<void>[];
  }>();
  readonly #failure = Promise.withResolvers<never>();
  readonly failed = this.#failure.promise;
  stopping = false;

  constructor() {
    this.failed.catch(() => {}); // whoever starts the program listens later
  }

  signalOf(name: string): AbortSignal {
    return this.#part(name).abort.signal;
  }

  run(name: string, part: (signal: AbortSignal) => Promise<void>): void {
    const { abort, running } = this.#part(name);
    const ended = part(abort.signal).then(() => {
      if (!abort.signal.aborted) throw new Error(`Part ${name} ended early`);
    });
    running.push(ended.catch((error) => this.#failure.reject(error)));
  }

  /** Stops these parts, in this order, each when the one before has ended. */
  async stop(...names: readonly string[]): Promise<void> {
    for (const name of names) {
      const { abort, running } = this.#part(name);
      abort.abort();
      await Promise.all(running);
    }
  }

  #part(name: string) {
    let part = this.#parts.get(name);
    if (!part) {
      part = { abort: new AbortController(), running: [] };
      this.#parts.set(name, part);
    }
    return part;
  }
}

/** Simulated and real ticks never share a warehouse. */
async function admitContent(
  stores: EmbeddedStores,
  { simulate, dataDir }: Config,
): Promise<WarehouseContent | null> {
  if (!simulate) return await stores.feeds.content();
  const content = await stores.feeds.claimContent("simulated");
  if (content === "simulated") return content;
  throw new StartError(
    `Cannot simulate into ${dataDir} as it holds real ticks: set ` +
      `SIMULATE=off or FEEDS, or another DATA_DIR`,
  );
}

/** The store of the feeds, which tells what the warehouse turns out to hold. */
function watchingContent(
  store: FeedStore,
  onContent: (content: WarehouseContent) => void,
): FeedStore {
  return {
    loadAck: (feed, epoch) => store.loadAck(feed, epoch),
    saveAcks: (acks) => store.saveAcks(acks),
    committedSeq: (p, key) => store.committedSeq(p, key),
    content: () => store.content(),
    claimContent: async (wanted) => {
      const content = await store.claimContent(wanted);
      onContent(content);
      return content;
    },
  };
}

function instrumentFile({ instruments, simulate }: Config, root: URL) {
  if (instruments !== null) return instruments;
  const name = simulate ? "simulated" : "nse";
  return new URL(`markets/instruments/${name}.json`, root);
}

/** The web server, with the islands' code on its way. */
async function serve(
  { app, config, log }: StartOptions,
): Promise<HttpServer> {
  setBundleCacheDir(`${config.dataDir}/bundle`);
  await loadProject();
  islandBundle().catch((error) =>
    log.error("Cannot bundle the islands", { error })
  );
  return await serveHttp(app.handler(), {
    host: config.httpHost,
    port: config.httpPort,
    connectionsMax: config.httpConnectionsMax,
    onError: (error) => log.error("Cannot answer a request", { error }),
  });
}

function simulate(
  { simulateSeed, feedToken }: Config,
  { listening }: Feeds,
  log: Log,
): RunningSimulator {
  const target = listening.find(({ format }) => format === "ndjson");
  if (!target) {
    throw new StartError(
      "Cannot simulate as FEEDS must have a listen:// address for NDJSON",
    );
  }
  return startSimulator({
    hostname: target.host === "0.0.0.0" ? "127.0.0.1" : target.host,
    port: target.port,
    seed: simulateSeed,
    token: feedToken ?? undefined,
    log,
  });
}

function feedUrls(
  endpoints: readonly FeedEndpoint[],
  feeds: Feeds | null,
): readonly string[] {
  const dialled = endpoints.filter(({ mode }) => mode === "tcp").map((
    { host, port },
  ) => `tcp://${host}:${port}`);
  return feeds ? [...feeds.listening.map(({ url }) => url), ...dialled] : [];
}

async function health(
  stores: EmbeddedStores,
  life: Life,
  feeds: Feeds | null,
): Promise<HealthReport> {
  const reasons: string[] = [];
  if (life.stopping) reasons.push("The program is stopping");
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
      warehouse,
      buffer,
      feeds: feeds?.feedStats() ?? [],
      connections: feeds?.connectionStats() ?? [],
    },
  };
}

function greeting(
  { config, server, content }: {
    config: Config;
    server: HttpServer | null;
    content: WarehouseContent | null;
  },
): readonly string[] {
  const lines = ["Tickhouse"];
  if (server) lines.push(`  dashboard  ${server.url}`);
  lines.push(`  ticks      ${bufferPlace(config)}`);
  lines.push(`  candles    ${warehousePlace(config)}`);
  if (config.simulate) {
    lines.push(
      `  feed       SIMULATED prices, seed ${config.simulateSeed}; set FEEDS ` +
        `and another DATA_DIR for real ones`,
    );
  } else if (content === "simulated") {
    lines.push(
      `  feed       this warehouse holds SIMULATED ticks and refuses real ` +
        `ones; set another DATA_DIR for those`,
    );
  }
  return lines;
}

/** Stops reading, commits what was read, acks it, then closes the rest. */
async function stop(
  { config, stores, life, ingest, feeds, simulator, server, committed }: {
    config: Config;
    stores: EmbeddedStores;
    life: Life;
    ingest: Ingest | null;
    feeds: Feeds | null;
    simulator: RunningSimulator | null;
    server: HttpServer | null;
    committed: readonly EntryId[];
  },
): Promise<void> {
  life.stopping = true;
  await simulator?.stop();
  await life.stop("feed");
  await feeds?.stopped;
  await life.stop("mark", "forecast", "status", "upkeep", "web");
  await server?.close();
  if (config.roles.has("aggregate")) await drained(stores, committed);
  await life.stop("aggregate");
  ingest?.dispose();
  await stores.close();
}

/** Waits until all that is in the buffer is committed, but not for ever. */
async function drained(
  { buffer }: EmbeddedStores,
  committed: readonly EntryId[],
): Promise<void> {
  const deadline = performance.now() + DRAIN_MS;
  for (const p of committed.keys()) {
    const newest = await buffer.newest(p);
    while (
      compareEntryIds(committed[p], newest) < 0 &&
      performance.now() < deadline
    ) await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
