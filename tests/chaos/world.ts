import {
  type PostgresServer,
  startPostgres,
} from "../harness/servers/postgres_server.ts";
import {
  type RedisOptions,
  type RedisServer,
  startRedis,
} from "../harness/servers/redis_server.ts";
import { freePort } from "../harness/free_port.ts";
import { App } from "./app.ts";
import type { CandleRow } from "./oracle.ts";
import { redisCommand } from "./redis_command.ts";

/** The servers of several scenarios, one after the other. */
export interface Servers {
  readonly postgres: PostgresServer;
  readonly redis: RedisServer;
  close(): Promise<void>;
}

export async function startServers(
  redisOptions: RedisOptions = {},
): Promise<Servers> {
  const postgres = await startPostgres();
  const redis = await startRedis(redisOptions).catch(async (error) => {
    await postgres.close();
    throw error;
  });
  return {
    postgres,
    redis,
    async close() {
      await redis.close();
      await postgres.close();
    },
  };
}

/** Where a scenario happens: programs, and what they keep their ticks in. */
export interface World {
  /** `null` where the program is embedded. */
  readonly servers: Servers | null;
  /** Of the programs; `null` where they are embedded. */
  readonly databaseUrl: string | null;
  readonly apps: readonly App[];
  /** Ports of the feed listeners, as `apps`. */
  readonly feedPorts: readonly number[];
  /** All one-minute candles, read past the program where there are servers. */
  candles(): Promise<readonly CandleRow[]>;
  /** Lines in quarantine that had a number, as `feed seq`. */
  quarantined(): Promise<ReadonlySet<string>>;
  /** Ends the programs and forgets what they kept. */
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly partitions?: number;
  /** More settings of the programs. */
  readonly env?: Readonly<Record<string, string>>;
  /** More settings of one of them, `a` or `b`. */
  readonly envOf?: (name: string) => Readonly<Record<string, string>>;
  /** Ports of proxies that stand before the servers and the listeners. */
  readonly redisPort?: number;
  readonly postgresPort?: number;
  /** Where the programs listen for feeds; free ones if absent. */
  readonly listenPorts?: readonly number[];
}

const ROLES = "feed,aggregate,web";
const CANDLES = `
  select i.symbol, (extract(epoch from c.t) * 1000)::int8,
    (c.open * 100)::float8, (c.high * 100)::float8, (c.low * 100)::float8,
    (c.close * 100)::float8, c.volume::float8, c.n
  from candles c join instruments i on i.id = c.instrument_id
  where c.interval = '1m' and i.symbol like 'CHAOS.%'`;
const QUARANTINED = `
  select feed, seq from quarantine_lines where seq is not null and not readmitted`;

/** Two programs, `a` and `b`, on a database and a Redis without anything. */
export async function serversWorld(
  servers: Servers,
  options: WorldOptions = {},
): Promise<World> {
  const { postgres, redis } = servers;
  await redisCommand(redis.port, "FLUSHALL");
  const databaseUrl = await postgres.createDatabase();
  const database = databaseUrl.split("/").at(-1)!;
  const dir = await Deno.makeTempDir({ prefix: "tickhouse-chaos-" });
  const feedPorts = options.listenPorts ?? [freePort(), freePort()];
  const apps = ["a", "b"].map((name, i) =>
    new App(name, {
      DATA_DIR: `${dir}/${name}`,
      HTTP_PORT: "0",
      FEEDS: `listen://127.0.0.1:${feedPorts[i]}`,
      ROLES,
      NODE_NAME: name,
      PARTITIONS: String(options.partitions ?? 4),
      REDIS_URL: atPort(redis.url, options.redisPort),
      DATABASE_URL: atPort(databaseUrl, options.postgresPort),
      ...options.env,
      ...options.envOf?.(name),
    })
  );
  const world: World = {
    servers,
    databaseUrl,
    apps,
    feedPorts,
    candles: () => storedCandles(postgres, database),
    async quarantined() {
      const text = await postgres.psql(QUARANTINED, database);
      return new Set(text.split("\n").map((line) => line.replace("|", " ")));
    },
    async close() {
      for (const app of apps) await app.close();
      await Deno.remove(dir, { recursive: true }).catch(() => {});
    },
  };
  await startAll(world);
  return world;
}

/** All one-minute candles of a database. */
export async function storedCandles(
  postgres: PostgresServer,
  database: string,
): Promise<readonly CandleRow[]> {
  const text = await postgres.psql(CANDLES, database);
  return text.trimEnd().split("\n").filter(Boolean).map((line) => {
    const [symbol, ...values] = line.split("|");
    const [t, o, h, l, c, v, n] = values.map(Number);
    return { symbol, t, o, h, l, c, v, n };
  });
}

/** One program that keeps everything itself. */
export async function embeddedWorld(
  options: WorldOptions & { readonly symbols: readonly string[] },
): Promise<World & { readonly dataDir: string }> {
  const dataDir = await Deno.makeTempDir({ prefix: "tickhouse-chaos-" });
  const port = freePort();
  const app = new App("embedded", {
    DATA_DIR: dataDir,
    HTTP_PORT: "0",
    FEEDS: `listen://127.0.0.1:${port}`,
    ROLES,
    PARTITIONS: String(options.partitions ?? 4),
    ...options.env,
  });
  const world = {
    servers: null,
    databaseUrl: null,
    apps: [app],
    feedPorts: [port],
    dataDir,
    async candles() {
      const rows: CandleRow[] = [];
      for (const symbol of options.symbols) {
        for await (const row of candlesOf(app, symbol)) rows.push(row);
      }
      return rows;
    },
    quarantined: () => Promise.reject(new Error("Nobody serves them")),
    async close() {
      await app.close();
      await Deno.remove(dataDir, { recursive: true }).catch(() => {});
    },
  };
  await startAll(world);
  return world;
}

function atPort(url: string, port: number | undefined): string {
  return port === undefined ? url : url.replace(/:\d+/, `:${port}`);
}

async function startAll(world: World): Promise<void> {
  try {
    // One after the other: the first one makes the schema.
    for (const app of world.apps) {
      await app.start();
      await app.bundled();
    }
  } catch (error) {
    await world.close();
    throw error;
  }
}

/** All candles of a symbol as the program serves them. */
async function* candlesOf(
  app: App,
  symbol: string,
): AsyncGenerator<CandleRow> {
  const limit = 10_000;
  for (let from = 0;;) {
    const response = await fetch(
      `${app.program.http}/api/candles?symbol=${symbol}&from=${from}` +
        `&limit=${limit}`,
    );
    if (response.status === 404) {
      await response.body?.cancel();
      return; // nothing of it was sent
    }
    const { candles } = await response.json();
    for (const { t, o, h, l, c, v, n } of candles) {
      const cents = (price: number) => Math.round(price * 100);
      yield {
        symbol,
        t,
        o: cents(o),
        h: cents(h),
        l: cents(l),
        c: cents(c),
        v,
        n,
      };
    }
    if (candles.length < limit) return;
    from = candles.at(-1).t + 1;
  }
}
