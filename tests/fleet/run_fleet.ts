/**
 * Three hosts with a Redis Cluster, a PostgreSQL behind PgBouncer, processes by
 * roles, feeds with acks and viewers; everything is killed, cut off, replaced.
 */
import type { CandleView } from "../../pipeline/domain/candle.ts";
import { slotOf, SLOTS } from "../../pipeline/buffer/redis_slot.ts";
import { App } from "../chaos/app.ts";
import { divide } from "../chaos/divide.ts";
import { type ChaosReport, runChaos, type Stage } from "../chaos/run_chaos.ts";
import { PLAN, START_MS, symbolName } from "../chaos/ticks.ts";
import { storedCandles, type World } from "../chaos/world.ts";
import { getJson } from "../harness/program.ts";
import { startPgbouncer } from "../harness/servers/pgbouncer_server.ts";
import { startPostgres } from "../harness/servers/postgres_server.ts";
import {
  type RedisClusterServers,
  startRedisCluster,
} from "../harness/servers/redis_cluster.ts";
import { type Disturbance, ForecastMinutes } from "./forecast_minutes.ts";
import { type Host, makeHosts } from "./hosts.ts";
import { Viewer } from "./viewer.ts";

/** What can happen to a fleet, in the order in which it does. */
export const ACTS = [
  "kill",
  "failover",
  "cut",
  "pause",
  "replace",
  "divide",
] as const;

export type Act = typeof ACTS[number];

export interface FleetOptions {
  /**
   * `full` has 2 feed, 2 aggregate, 2 web and 1 forecast processes and does
   * everything to each of them; `small` has one process of all roles a host.
   */
  readonly size: "small" | "full";
  /** Ticks a second of all feeds. */
  readonly rate: number;
  readonly viewers: number;
  /** Those that are done. */
  readonly acts: ReadonlySet<Act>;
  readonly say: (text: string) => void;
}

export interface FleetReport extends ChaosReport {
  /** Longest time in ms until all was acked that was sent, by what was done. */
  readonly takeOverMs: Readonly<Record<string, number>>;
  readonly viewers: number;
  readonly streams: number;
  /** Instruments and minutes that a forecast was due for. */
  readonly forecastMinutes: number;
  /** Of those, the ones without, while something happened. */
  readonly withoutForecast: number;
}

/** Of each process, with room. */
const RSS_MB_MAX = 640;
const PARTITIONS = 4;
const POOL = 40;
const HTTP_PORT = 8_000;
const FEED_PORT = 9_101;
const PAUSE_MS = 2_500;
/** Of the full run, which has the machine to itself. */
const TAKE_OVER_MS_MAX = 10_000;
const TOKEN = "token-of-a-test-that-nobody-knows";
const ALL = "feed,aggregate,forecast,web";
/** What was told last may be on its way. */
const SAME_MS_MAX = 60_000;
const SAME_EVERY_MS = 500;

/** Roles of each process, host by host. */
const ROLES = {
  small: [[ALL], [ALL], [ALL]],
  full: [
    ["feed", "aggregate", "web"],
    ["feed", "aggregate", "web"],
    ["forecast"],
  ],
} as const;

/** A process of the fleet, and where it runs. */
interface Member {
  readonly app: App;
  readonly host: Host;
  readonly roles: string;
}

/** Runs it; `failures` of the report say what does not hold. */
export async function runFleet(options: FleetOptions): Promise<FleetReport> {
  const { size, rate, say } = options;
  const closing: (() => Promise<unknown>)[] = [];
  try {
    const hosts = await makeHosts(3);
    closing.push(() => hosts.close());
    const postgres = await startPostgres();
    closing.push(() => postgres.close());
    const bouncer = await startPgbouncer(postgres.port, {
      address: hosts.here,
      poolSize: POOL,
    });
    closing.push(() => bouncer.close());
    const cluster = await startRedisCluster({ hosts: hosts.all });
    closing.push(() => cluster.close());
    const databaseUrl = await postgres.createDatabase();
    const database = databaseUrl.split("/").at(-1)!;
    const dir = await Deno.makeTempDir({ prefix: "tickhouse-fleet-" });
    closing.push(() => Deno.remove(dir, { recursive: true }));
    const shared = {
      REDIS_URL: cluster.url,
      PARTITIONS: String(PARTITIONS),
      SIMULATE: "off",
    };
    // Makes the schema, and is asked for the books.
    const judge = new App("judge", {
      ...shared,
      DATABASE_URL: databaseUrl,
      DATA_DIR: `${dir}/judge`,
      HTTP_PORT: "0",
      ROLES: "web",
      NODE_NAME: "judge",
    });
    const members = hosts.all.flatMap((host, h): Member[] =>
      ROLES[size][h].map((roles) => {
        const name = size === "small" ? `all${h + 1}` : `${roles}${h + 1}`;
        return {
          host,
          roles,
          app: new App(name, {
            ...shared,
            DATABASE_URL: databaseUrl.replace(
              /@[^/]+/,
              `@${hosts.here}:${bouncer.port}`,
            ),
            DATA_DIR: `${dir}/${name}`,
            HTTP_HOST: host.address,
            HTTP_PORT: String(HTTP_PORT),
            API_TOKEN: TOKEN,
            FEED_TOKEN: TOKEN,
            // Viewers come through a balancer, each from an address of its own.
            TRUSTED_PROXIES: hosts.here,
            ROLES: roles,
            NODE_NAME: name,
            ...roles.includes("feed") && {
              FEEDS: `listen://${host.address}:${FEED_PORT + h}`,
            },
          }, host.under),
        };
      })
    );
    closing.push(async () => {
      for (const { app } of members) await app.close();
      await judge.close();
    });
    await judge.start();
    await judge.bundled();
    for (const { app } of members) await app.start();
    const minutes = await ForecastMinutes.start(databaseUrl, PARTITIONS);
    closing.push(() => minutes.stop());
    say(`fleet: ${members.length} processes on ${hosts.all.length} hosts`);

    const feeders = members.filter(({ roles }) => roles.includes("feed"));
    const portOf = ({ host }: Member) => FEED_PORT + hosts.all.indexOf(host);
    const urls = members.filter(({ roles }) => roles.includes("web"))
      .map(({ host }) => `http://${host.address}:${HTTP_PORT}`);
    const world: World = {
      servers: null,
      databaseUrl,
      apps: [judge, ...members.map(({ app }) => app)],
      feedPorts: feeders.map(portOf),
      candles: () => storedCandles(postgres, database),
      quarantined: () => Promise.resolve(new Set()),
      close: () => Promise.resolve(),
    };
    const viewers: Viewer[] = [];
    closing.push(async () => {
      await Promise.all(viewers.map((viewer) => viewer.leave()));
    });
    const takeOverMs: Record<string, number> = {};
    const disturbances: Disturbance[] = [];
    const plan = { ...PLAN, stepMs: 20 };
    const report = await runChaos(world, {
      name: `fleet, ${size}`,
      seed: 1,
      rssMbMax: RSS_MB_MAX,
      plan,
      say,
      load: {
        rate,
        token: TOKEN,
        hostOf: (port) => hosts.all[port - FEED_PORT].address,
      },
      async script(stage) {
        for (let i = 0; i < options.viewers; i++) {
          const symbol = symbolName(i % plan.symbols);
          viewers.push(new Viewer(symbol, { urls, first: i, token: TOKEN }));
        }
        await stage.until(
          "viewers with candles",
          () => viewers.every(({ candles }) => candles.length > 0),
        );
        const done = async (what: string, act: () => Promise<unknown>) => {
          const from = performance.now();
          const fromDate = Date.now();
          await act();
          await stage.acked();
          disturbances.push({ from: fromDate, to: Date.now() });
          const ms = Math.round(performance.now() - from);
          takeOverMs[what] = Math.max(takeOverMs[what] ?? 0, ms);
          say(`fleet: ${what}: what was sent is acked within ${ms} ms`);
        };
        const { acts } = options;
        await happenings({ size, acts, stage, members, cluster, done });
      },
    });
    const failures = [...report.failures];
    if (failures.length === 0) {
      failures.push(...await differences(viewers, judge));
    }
    const forecasts = await minutes.differences(disturbances);
    failures.push(...forecasts.failures);
    for (const [what, ms] of Object.entries(takeOverMs)) {
      if (size === "full" && ms > TAKE_OVER_MS_MAX) {
        failures.push(`${what}: taken over after ${ms} ms`);
      }
    }
    return {
      ...report,
      failures,
      takeOverMs,
      viewers: viewers.length,
      streams: viewers.reduce((sum, { streams }) => sum + streams, 0),
      forecastMinutes: forecasts.minutes,
      withoutForecast: forecasts.missing,
    };
  } finally {
    for (const close of closing.toReversed()) await close().catch(say);
  }
}

/** What happens to the fleet, one after the other. */
async function happenings({ size, acts, stage, members, cluster, done }: {
  readonly size: FleetOptions["size"];
  readonly acts: FleetOptions["acts"];
  readonly stage: Stage;
  readonly members: readonly Member[];
  readonly cluster: RedisClusterServers;
  readonly done: (what: string, act: () => Promise<unknown>) => Promise<void>;
}): Promise<void> {
  const slots = Array.from({ length: PARTITIONS }, (_, p) => slotOf(`{${p}}`));
  const some = size === "full" ? members : members.slice(0, 1);

  for (const { app, roles } of acts.has("kill") ? some : []) {
    await done(`${kindOf(roles)} killed`, () => app.kill());
    await app.start();
    await stage.moving();
  }

  if (acts.has("failover")) {
    const primary = await cluster.primaryOf(slots[0]);
    await done("Redis primary killed", () => primary.kill());
    await primary.start();
    await cluster.ready();
  }

  if (acts.has("cut")) {
    // With two primaries on it the rest would be no majority.
    const primaries = await Promise.all(
      [0, SLOTS / 2, SLOTS - 1].map((slot) => cluster.primaryOf(slot)),
    );
    const { host } = members.find(({ host }) =>
      primaries.filter((one) => one.host === host.address).length === 1
    )!;
    await done("host cut off", () => host.cut());
    await host.heal();
    await cluster.ready();
    await stage.moving();
  }

  for (const { app, roles } of acts.has("pause") ? members : []) {
    await done(`${kindOf(roles)} paused`, async () => {
      app.signal("SIGSTOP");
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      app.signal("SIGCONT");
    });
  }
  for (const { app, roles } of acts.has("replace") ? members : []) {
    await done(`${kindOf(roles)} replaced`, async () => {
      const { code, log } = await app.stop();
      if (code !== 0) throw new Error(`It ended with ${code}: ${log}`);
      await app.start();
    });
  }

  if (acts.has("divide")) {
    const wanted = 2 * PARTITIONS;
    await done(
      `${PARTITIONS} partitions made ${wanted}`,
      () => divide(stage, [String(wanted)]),
    );
    await stage.moving();
  }
}

function kindOf(roles: string): string {
  return roles === ALL ? "process of all roles" : `${roles} process`;
}

/** What viewers see in the end that is not as it is stored, in words. */
async function differences(
  viewers: readonly Viewer[],
  judge: App,
): Promise<readonly string[]> {
  const symbols = new Set(viewers.map((viewer) => viewer.symbol));
  let found: readonly string[] = [];
  const deadline = performance.now() + SAME_MS_MAX;
  do {
    await new Promise((resolve) => setTimeout(resolve, SAME_EVERY_MS));
    const all = await Promise.all([...symbols].map(async (symbol) => {
      const from = new Date(START_MS - 60 * 60_000).toISOString();
      const path = `/api/candles?symbol=${symbol}&from=${from}&limit=10000`;
      try {
        const { candles } = await getJson(judge.program, path);
        return viewers.filter((viewer) => viewer.symbol === symbol)
          .flatMap((viewer) => difference(viewer, candles));
      } catch (error) {
        return [String(error)];
      }
    }));
    found = all.flat();
  } while (found.length > 0 && performance.now() < deadline);
  return found;
}

/** The first candle that a viewer sees otherwise, in words; or nothing. */
function difference(
  { symbol, from, candles }: Viewer,
  stored: readonly CandleView[],
): readonly string[] {
  const shown = new Map(candles.map((one) => [one.t, JSON.stringify(one)]));
  for (const candle of stored) {
    if (candle.t < from) continue;
    const wanted = JSON.stringify(candle);
    const seen = shown.get(candle.t);
    if (seen === wanted) continue;
    return [`A viewer of ${symbol} sees ${seen} instead of ${wanted}`];
  }
  return candles.length > 0 ? [] : [`A viewer of ${symbol} sees nothing`];
}
