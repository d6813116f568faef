import type { App } from "fresh";
import type { OpenedAhead } from "../db/open_ahead.ts";
import { openStores } from "../db/open_stores.ts";
import { islandBundle } from "../fresh/bundle.ts";
import { setBundleCacheDir } from "../fresh/bundle_cache.ts";
import { loadProject } from "../fresh/project.ts";
import {
  loadCalendars,
  loadInstruments,
} from "../pipeline/calendars/load_markets.ts";
import { tickHistory } from "../pipeline/archive/tick_history.ts";
import { TickArchiver } from "../pipeline/archive/tick_archiver.ts";
import { liveEvents } from "../pipeline/candles/live_events.ts";
import { Catalog } from "../pipeline/catalog.ts";
import { catalogBuckets } from "../pipeline/calendars/catalog_buckets.ts";
import type { Config, Role } from "../pipeline/config.ts";
import type { FeedEndpoint } from "../pipeline/domain/feed_endpoint.ts";
import type { Calendar } from "../pipeline/domain/calendar.ts";
import type { FeedState, LiveEvent } from "../pipeline/domain/live_event.ts";
import { WaitSketch } from "../pipeline/domain/wait_sketch.ts";
import {
  FeedGuard,
  FeedRulesError,
  parseFeedRules,
} from "../pipeline/feeds/feed_guard.ts";
import { Ingest } from "../pipeline/feeds/ingest.ts";
import { runCommitWatch } from "../pipeline/feeds/run_commit_watch.ts";
import { appendStart, runMarks } from "../pipeline/feeds/run_marks.ts";
import {
  type DrainableFeeds,
  drainableFeeds,
} from "../pipeline/feeds/drainable_feeds.ts";
import { type Feeds, shownUrl } from "../pipeline/feeds/start_feeds.ts";
import {
  type Simulation,
  startSimulator,
} from "../pipeline/feeds/start_simulator.ts";
import { FitPool } from "../pipeline/forecast/fit_pool.ts";
import { NewestCandles } from "../pipeline/forecast/newest_candles.ts";
import { aborted } from "../pipeline/forecast/forecast_share.ts";
import { Forecaster } from "../pipeline/forecast/run_forecaster.ts";
import { InProcessBus } from "../pipeline/live/live_bus.ts";
import { runFeedStatus } from "../pipeline/live/run_feed_status.ts";
import {
  BEFORE_FIRST,
  type Clock,
  type EntryId,
  type Log,
  type NodeStore,
  type Presence,
  type RedisPlaces,
} from "../pipeline/ports.ts";
import { type LiveLink, LiveRelay } from "../pipeline/live/live_relay.ts";
import { SignalWebhooks } from "../pipeline/notify/signal_webhooks.ts";
import { ReadmissionDesk } from "../pipeline/quarantine/readmission_desk.ts";
import { createApp } from "../web/create_app.ts";
import { onlyOperators, withoutOperators } from "../web/for_operators.ts";
import {
  type HttpHandler,
  type HttpServer,
  serveHttp,
} from "../web/serve_http.ts";
import { admitContent, watchingContent } from "./content.ts";
import { aggregate, bufferBytes } from "./aggregate.ts";
import { EventLoopLag } from "./event_loop_lag.ts";
import {
  bufferPlace,
  greeting,
  replicaPlace,
  warehousePlace,
} from "./greeting.ts";
import { ClockWatch } from "./clock_watch.ts";
import { CommitTimes } from "./commit_times.ts";
import { checkBooks, Health } from "./health.ts";
import { type StageWaits, SystemReport } from "./system_report.ts";
import { Drain } from "./drain.ts";
import { followLayout } from "./follow_layout.ts";
import { followOthers } from "./follow_others.ts";
import {
  connectionsThatFit,
  descriptorsWanted,
  freeDescriptors,
} from "./free_descriptors.ts";
import { Life } from "./life.ts";
import { SharedForecasts } from "./share_forecasts.ts";
import { StartError } from "./start_error.ts";
import { PARTS, stop } from "./stop.ts";
import { unusable } from "./unusable.ts";
import { type Services, type State, STREAM_LIMITS } from "../web/services.ts";

export interface StartOptions {
  readonly config: Config;
  /** Folder of the project, for its data files. */
  readonly root: URL;
  readonly app: App<State>;
  /**
   * Serve `app` here, or leave that to a host which has its own server. Such a
   * host may start it often: schema and instruments are made by others.
   */
  readonly http: "own" | "host";
  /** Calendars that are at hand, by id; read from `root` if absent. */
  readonly calendars?: ReadonlyMap<string, Calendar>;
  readonly clock: Clock;
  readonly log: Log;
  /** What of the embedded stores is being opened already. */
  readonly ahead?: Promise<OpenedAhead | null>;
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

/** What makes forecasts, while this process does. */
interface Forecasting {
  readonly forecaster: Forecaster;
  readonly pool: FitPool;
  readonly workers: number;
}

async function linkOver(
  places: RedisPlaces,
  partitions: number,
  log: Log,
): Promise<LiveLink> {
  const { redisLiveLink } = await import("../pipeline/live/redis_bus.ts");
  return redisLiveLink({ places, partitions, log });
}

async function presenceOn(
  places: RedisPlaces,
  owner: string,
  log: Log,
): Promise<Presence & { close(): void }> {
  const { redisPresence } = await import("../pipeline/live/redis_presence.ts");
  return redisPresence({ places, owner, log });
}

/** Workers that fit models. */
const FIT_THREADS_MAX = 4;
/** Who watches the program from this machine needs no more. */
const OPERATORS_CONNECTIONS_MAX = 64;
/** The first page is answered by then: to make a thread holds this one up. */
const SIMULATE_AFTER_MS = 250;
/** Reject a jump only once this many ticks have shown the usual price. */
const BAND = { bandWarmup: 32, bandWindow: 64, bandConfirm: 5 };

/**
 * Opens the stores and starts the parts of the program that the roles name.
 *
 * @throws {StartError} If the configuration and the stores do not fit.
 * @throws {DataDirLockedError} If another process has the data folder.
 */
export async function start(options: StartOptions): Promise<Running> {
  const { config, root, clock, log } = options;
  const has = (role: Role) => config.roles.has(role);
  const serves = options.http === "own" && has("web");
  // Importing the pages keeps this thread busy: better while a Worker opens the
  // stores than when feeds are there. Whoever serves them awaits it.
  const handler = serves ? options.app.handler() : null;
  const guard = await loadGuard(config);
  const calendars = options.calendars ??
    await loadCalendars(new URL("markets/calendars", root));
  const stores = await openStores({
    dataDir: config.dataDir,
    ahead: options.ahead,
    servers: has("web") ? config : { ...config, readUrl: null },
    schemaIsMade: options.http === "host",
    bufferBytesMax: bufferBytes(config),
    partitions: config.partitions,
    leaseMs: config.leaseMs,
    clock,
    log,
    ...catalogBuckets(() => catalog),
  }).catch((error) => {
    throw unusable(error)
      ? new StartError(error.message, { cause: error })
      : error;
  });
  const bootId = crypto.randomUUID();
  // Short, as it is in the id of every event that pages get.
  const sender = bootId.slice(-12);
  // One that was killed and started again waits for its own lease to run out;
  // of a data folder the lock says that it is gone.
  const owner = stores.shared ? `${config.nodeName}/${bootId}` : "embedded";
  const catalog: Catalog = new Catalog(stores.instruments, calendars, {
    autoRegister: config.autoRegister,
    instrumentsMax: config.instrumentsMax,
  });
  const life = new Life();
  try {
    const asked = Promise.all([
      admitContent(stores, config),
      catalog.refresh(),
    ]);
    const count = () => serves ? pageConnections(options) : 0;
    let [[content], connectionsMax] = await Promise.all([
      asked,
      // While they are counted all descriptors are taken, and a connection to a
      // server may need one.
      config.databaseUrl === null ? count() : asked.then(count),
    ]);
    if (options.http === "own") {
      await catalog.list(
        await loadInstruments(instrumentFile(config, root), calendars),
      );
    }

    const { layout } = stores;
    // Channels stay as they were at first, so that nobody has to change them.
    const partitions = layout.first;
    const link = stores.shared && stores.redis
      ? await linkOver(stores.redis, partitions, log)
      : null;
    const bus = new InProcessBus({
      clock,
      bootId: sender,
      ...link && {
        channels: partitions,
        orders: link.orders,
      },
    });
    const relay = link &&
      startRelay({
        config,
        partitions,
        bus,
        link,
        bootId: sender,
        clock,
        log,
        life,
      });
    const publish = (events: readonly LiveEvent[]) =>
      relay ? relay.publish(events) : bus.publish(events);
    const waits: StageWaits = {
      buffered: new WaitSketch(),
      committed: new WaitSketch(),
      whole: new WaitSketch(),
      sent: new WaitSketch(),
    };
    const commits = new CommitTimes(() => performance.now());

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
        layout,
        node: config.nodeName,
        clock,
        log,
        settings: { bestEffortBytes: bufferBytes(config) },
        waits: { buffered: waits.buffered, committed: waits.whole },
      })
      : null;
    const archiver = has("aggregate") && config.tickRetentionDays > 0
      ? new TickArchiver({
        buffer: stores.buffer,
        archive: stores.archive,
        checkpoint: () => stores.aggregate.checkpoint(),
        clock,
        log,
        settings: { retentionDays: config.tickRetentionDays },
      })
      : null;
    const committed: EntryId[] = Array(layout.partitions).fill(BEFORE_FIRST);
    const newest = has("forecast")
      ? new NewestCandles({
        store: stores.candles,
        layout,
        committed: (p) => committed[p] ?? BEFORE_FIRST,
      })
      : null;

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
    if (stores.shared) {
      // Pages append what is taken back from quarantine.
      const follows = has("feed") || has("web") || has("forecast");
      life.run("others", (signal) =>
        followOthers({
          stores,
          catalog,
          committed: follows ? committed : null,
          clock,
          log,
        }, signal));
    }
    const presence = stores.redis && (has("aggregate") || has("forecast"))
      ? await presenceOn(stores.redis, owner, log)
      : undefined;
    if (presence) {
      life.run("presence", async (signal) => {
        await aborted(signal);
        presence.close();
      });
    }
    const ownership = has("aggregate")
      ? aggregate({
        config,
        stores,
        presence,
        onGone: () => relay?.lost(),
        catalog,
        archiver,
        owner,
        clock,
        log,
        life,
        events: {
          onUntold: (p) =>
            relay ? relay.lost([layout.firstOf(p)]) : bus.restart(),
          onClaimed(p) {
            newest?.begin(p);
            commits.claimed(p);
          },
          onLost: (p) => commits.lost(p),
          onCommitted(p, position, { candles, ...news }) {
            committed[p] = position;
            commits.committed(p, news.applied);
            newest?.note(p, position, candles);
            ingest?.onCommitted(p, { position, ...news });
            archiver?.onCommitted(p, position, news.incarnation);
            publish(liveEvents(candles));
          },
          onRolledUp: (_, candles) => publish(liveEvents(candles)),
        },
        waits: waits.committed,
      })
      : null;

    const drain = stores.shared && options.http === "own"
      ? new Drain({
        owner,
        node: config.nodeName,
        roles: [...config.roles],
        startedAt: clock.now(),
        nodes: stores.nodes,
        clock,
        log,
      })
      : null;
    const { divisible } = stores;
    if (divisible) {
      life.run("layout", (signal) =>
        followLayout({
          layout,
          store: stores.layouts,
          buffer: divisible,
          archive: archiver
            ? (p, through, incarnation) =>
              archiver.keepThrough(p, through, incarnation)
            : undefined,
          owner,
          leases: stores.leases,
          ingest,
          divides: has("aggregate"),
          retentionMs: config.bufferKeepMinutes * 60_000,
          clock,
          log,
        }, signal));
    }
    let feeds: DrainableFeeds | null = null;
    if (ingest) {
      const marks = {
        buffer: stores.buffer,
        layout,
        node: config.nodeName,
        clock,
        log,
        markers: stores.shared ? () => markersOf(stores.nodes) : undefined,
        signal: life.signalOf("mark"),
      };
      await appendStart(marks);
      life.run("mark", () => runMarks(marks));
      if (config.redisUrl !== null) {
        life.run(
          "watch",
          (signal) =>
            runCommitWatch({
              ingest,
              store: stores.feeds,
              buffer: stores.buffer,
              layout,
              clock,
              log,
              signal,
            }),
        );
      }
      feeds = drainableFeeds({
        endpoints: config.feeds,
        ingest,
        guard,
        connectionsMax: config.feedConnectionsMax,
        clock,
        log,
        signal: life.signalOf("feed"),
      });
    }
    if (config.simulate && feeds) {
      const simulation = simulationOf(config, feeds, log);
      life.run("simulator", (signal) => simulate(simulation, clock, signal));
    }

    let forecasting: Forecasting | null = null;
    const webhooks = newest && config.signalWebhooks.length > 0
      ? new SignalWebhooks({
        urls: config.signalWebhooks,
        secret: config.webhookToken ?? undefined,
        clock,
        log,
      })
      : null;
    if (webhooks) life.run("webhooks", (signal) => webhooks.run(signal));
    const share = newest && stores.shared
      ? new SharedForecasts({
        owner,
        leaseMs: config.leaseMs,
        store: stores.forecastShards,
        presence,
        clock,
        log,
      })
      : null;
    if (newest) {
      const threads = fitThreads();
      const pool = new FitPool({
        clock,
        threads,
        engine: config.forecastEngine,
      });
      const forecaster = new Forecaster({
        clock,
        log,
        candles: newest,
        forecasts: stores.forecasts,
        scores: stores.scores,
        signals: stores.signals,
        catalog,
        pool,
        share: share ?? undefined,
        publish(events) {
          publish(events);
          webhooks?.offer(events);
        },
        position: (symbol) => committed[layout.of(symbol)] ?? BEFORE_FIRST,
      }, { fitsAtOnce: threads + 1 });
      forecasting = { forecaster, pool, workers: threads };
      life.run("forecast", (signal) => forecaster.run(signal));
      if (share) life.run("forecast", (signal) => share.run(signal));
    }
    if (drain) {
      // Feeds first: what was read of them is committed by whoever is there.
      const parts = [feeds, ownership, share].filter((part) => part !== null);
      life.run("nodes", (signal) => drain.run(parts, signal));
    }

    let server: HttpServer | null = null;
    let operators: HttpServer | null = null;
    if (has("web")) {
      const lag = new EventLoopLag();
      life.signalOf("web").addEventListener("abort", () => lag.stop());
      const names = {
        warehouse: config.databaseUrl ? "PostgreSQL" : "The embedded warehouse",
        buffer: config.redisUrl ? "Redis" : "The embedded buffer",
      };
      const clockWatch = new ClockWatch(
        () => clock.now(),
        () => performance.now(),
      );
      let feedStates: readonly FeedState[] = [];
      const watched = {
        names,
        feeds,
        feedStates: () => feedStates,
        lag,
        clock,
        clockWatch,
        owned: stores.shared ? () => ownership?.owned ?? [] : undefined,
      };
      const health = new Health({
        ...watched,
        stores,
        node: config.nodeName,
        layout,
        stopping: () => life.stopping,
        drained: drain ? () => drain.drained : undefined,
        unarchived: () => archiver?.failures() ?? [],
        newestEdge: () => forecasting?.forecaster.newestEdge ?? null,
        webhooks: webhooks ? () => webhooks.stats() : undefined,
        dataDir: config.redisUrl !== null && config.databaseUrl !== null
          ? null
          : config.dataDir,
      });
      const system = new SystemReport({
        ...watched,
        config,
        places: {
          buffer: bufferPlace(config),
          warehouse: warehousePlace(config),
          replica: replicaPlace(config),
        },
        bufferBytesMax: bufferBytes(config),
        simulated: () => content === "simulated",
        health,
        forecaster: () => forecasting,
        catalog,
        stores,
        waits,
        commits,
      });
      life.run("status", (signal) => system.run(signal));
      life.run("status", (signal) =>
        runFeedStatus({
          catalog,
          store: stores.activity,
          bus,
          clock,
          log,
          signal,
          onStates: (states) => feedStates = states,
        }));
      const { lagging: readers, fresh, replica } = stores;
      if (replica) life.run("status", (signal) => replica.run(signal));
      const services: Services = {
        clock,
        catalog,
        candles: readers.candles,
        fresh,
        ticks: config.tickRetentionDays > 0
          ? tickHistory({
            archive: fresh.archive,
            buffer: stores.buffer,
            layout,
            minutes: fresh.minutes,
            latenessMs: config.latenessMs,
          })
          : undefined,
        forecasts: readers.forecasts,
        scores: readers.scores,
        signals: readers.signals,
        modelReport: (symbol) => {
          const report = forecasting?.forecaster.report(symbol) ?? null;
          return report && {
            walkForward: report.skills.filter(({ source }) =>
              source === "walk_forward"
            ),
            failures: report.failures,
            fitError: report.fitError,
          };
        },
        audit: readers.audit,
        quarantine: {
          store: readers.quarantine,
          desk: new ReadmissionDesk({
            buffer: stores.buffer,
            store: stores.quarantine,
            catalog,
            layout,
            clock,
          }),
        },
        activity: readers.activity,
        bus,
        health: (ageMsMax) => health.report(ageMsMax),
        system: () => system.view(),
        streamWaits: waits.sent,
        info: {
          get simulated() {
            return content === "simulated";
          },
          seed: config.simulate ? config.simulateSeed : null,
          buffer: bufferPlace(config),
          warehouse: warehousePlace(config),
          feeds: feedUrls(config.feeds, feeds),
          feedToken: guard.asks,
        },
        apiToken: config.apiToken,
        shutdown: life.signalOf("web"),
        streamLimits: { ...STREAM_LIMITS, clients: config.streamsMax },
        requestsPerSecond: config.httpRequestsPerSecond,
      };
      options.onServices(services);
      if (handler) server = await serve(handler, connectionsMax, options);
      operators = await serveOperators(config, services, log);
    }
    return {
      greeting: greeting({ config, http: server?.url ?? null, content }),
      http: server?.url ?? null,
      feeds: feedUrls(config.feeds, feeds),
      failed: life.failed,
      stop: () =>
        stop({
          config,
          clock,
          stores,
          life,
          ingest,
          feeds,
          servers: [server, operators].filter((one) => one !== null),
          committed,
          owner,
        }),
    };
  } catch (error) {
    await life.stop(...PARTS);
    await stores.close();
    throw error;
  }
}

/** How many processes take feeds, and so mark partitions. */
async function markersOf(nodes: Pick<NodeStore, "all">): Promise<number> {
  const all = await nodes.all();
  return all.filter(({ roles }) => roles.includes("feed")).length;
}

/** Carries live events to and from other processes. */
function startRelay(
  { config, partitions, bus, link, bootId, clock, log, life }: {
    readonly config: Config;
    readonly partitions: number;
    readonly bus: InProcessBus;
    readonly link: LiveLink;
    readonly bootId: string;
    readonly clock: Clock;
    readonly log: Log;
    readonly life: Life;
  },
): LiveRelay {
  const listens = config.roles.has("web");
  const relay = new LiveRelay({
    bus,
    link,
    bootId,
    listens,
    partitions,
    clock,
    log,
  });
  life.run("relay", async (signal) => {
    await relay.run(signal);
    await link.close();
  });
  return relay;
}

/** @throws {StartError} If the file of feeds cannot be used. */
async function loadGuard({ feedToken, feedRules }: Config): Promise<FeedGuard> {
  if (feedRules === null) return new FeedGuard(feedToken);
  const text = await Deno.readTextFile(feedRules).catch((cause) => {
    throw new StartError(
      `Cannot read FEED_RULES=${JSON.stringify(feedRules)} as ${cause.message}`,
      { cause },
    );
  });
  try {
    return new FeedGuard(feedToken, parseFeedRules(text, feedRules));
  } catch (error) {
    if (!(error instanceof FeedRulesError)) throw error;
    throw new StartError(error.message, { cause: error });
  }
}

/** One core is for ticks and candles, whatever is to be fitted. */
function fitThreads(): number {
  return Math.min(
    FIT_THREADS_MAX,
    Math.max(1, navigator.hardwareConcurrency - 1),
  );
}

function instrumentFile({ instruments, simulate }: Config, root: URL) {
  if (instruments !== null) return instruments;
  const name = simulate ? "simulated" : "nse";
  return new URL(`markets/instruments/${name}.json`, root);
}

/**
 * How many connections of pages there may be. To count what they have room for
 * takes a while, in which the kernel makes that room: the stores should have
 * something to do meanwhile, and no file be about to be opened that must be,
 * such as a module's.
 */
async function pageConnections(
  { config, log, root }: StartOptions,
): Promise<number> {
  await loadProject();
  const { httpConnectionsMax: wanted, feedConnectionsMax: feeds } = config;
  const connectionsMax = connectionsThatFit(
    wanted,
    feeds,
    freeDescriptors(
      new URL("static/styles.css", root),
      descriptorsWanted(wanted, feeds),
    ),
  );
  if (connectionsMax < wanted) {
    log.warn(
      "Fewer connections of browsers are let in than HTTP_CONNECTIONS_MAX, as " +
        "the system lets this process open too few files: raise `ulimit -n`",
      { wanted, connectionsMax },
    );
  }
  return connectionsMax;
}

/** The web server, with the islands' code on its way. */
async function serve(
  handler: HttpHandler,
  connectionsMax: number,
  { config, log }: StartOptions,
): Promise<HttpServer> {
  setBundleCacheDir(`${config.dataDir}/bundle`);
  const server = await serveHttp(
    config.opsPort === null ? handler : withoutOperators(handler),
    {
      host: config.httpHost,
      port: config.httpPort,
      connectionsMax,
      connectionsOfAddressMax: config.httpConnectionsOfAddressMax,
      proxies: config.trustedProxies,
      onError: (error) => log.error("Cannot answer a request", { error }),
    },
  );
  islandBundle().catch((error) =>
    log.error("Cannot bundle the islands", { error })
  );
  return server;
}

/** What watches the program from this machine needs no token. */
async function serveOperators(
  { opsPort }: Config,
  services: Services,
  log: Log,
): Promise<HttpServer | null> {
  if (opsPort === null) return null;
  const open = { ...services, apiToken: null };
  return await serveHttp(onlyOperators(createApp(() => open).handler()), {
    host: "127.0.0.1",
    port: opsPort,
    connectionsMax: OPERATORS_CONNECTIONS_MAX,
    onError: (error) => log.error("Cannot answer a request", { error }),
  });
}

/** @throws {StartError} If nothing takes what would be simulated. */
function simulationOf(
  { simulateSeed, feedToken, feedRules }: Config,
  { listening }: Feeds,
  log: Log,
): Simulation {
  if (feedRules !== null && feedToken === null) {
    throw new StartError(
      "Cannot simulate with FEED_RULES as the simulator needs FEED_TOKEN",
    );
  }
  const target = listening.find(({ format }) => format === "ndjson");
  if (!target) {
    throw new StartError(
      "Cannot simulate as FEEDS must have a listen:// address for NDJSON",
    );
  }
  return {
    hostname: target.host === "0.0.0.0" ? "127.0.0.1" : target.host,
    port: target.port,
    seed: simulateSeed,
    token: feedToken ?? undefined,
    log,
  };
}

async function simulate(
  simulation: Simulation,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  await clock.sleep(SIMULATE_AFTER_MS, signal);
  if (signal.aborted) return;
  const simulator = startSimulator(simulation);
  await aborted(signal);
  await simulator.stop();
}

function feedUrls(
  endpoints: readonly FeedEndpoint[],
  feeds: Feeds | null,
): readonly string[] {
  const dialled = endpoints.filter(({ mode }) => mode !== "listen")
    .map(shownUrl);
  return feeds ? [...feeds.listening.map(({ url }) => url), ...dialled] : [];
}
