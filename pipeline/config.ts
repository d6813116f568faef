import { z } from "zod";
import {
  type FeedEndpoint,
  parseFeedEndpoint,
} from "./domain/feed_endpoint.ts";

/** Parts of the program; one process runs all of them unless told otherwise. */
export const ROLES = ["feed", "aggregate", "forecast", "web"] as const;
export type Role = typeof ROLES[number];

export interface Config {
  readonly httpHost: string;
  readonly httpPort: number;
  readonly dataDir: string;
  /** Redis for the buffer; the embedded log if `null`. */
  readonly redisUrl: string | null;
  /** PostgreSQL for the warehouse; the embedded one if `null`. */
  readonly databaseUrl: string | null;
  /** The same database as a role that may change the schema. */
  readonly migrationUrl: string | null;
  /** A copy of it, or another role of it, for what pages and the API read. */
  readonly readUrl: string | null;
  /** Relay that carries the connections to PostgreSQL; TCP if `null`. */
  readonly databaseWsUrl: string | null;
  /** What divides its tables; PostgreSQL itself if `null`. */
  readonly warehouseExtension: "citus" | "timescaledb" | null;
  /** Name of this process among those that share the stores. */
  readonly nodeName: string;
  readonly leaseMs: number;
  readonly feeds: readonly FeedEndpoint[];
  /** The built-in simulator runs and feeds the first listener. */
  readonly simulate: boolean;
  readonly simulateSeed: number;
  /** Instrument file; of the simulator's own if `null` and `simulate`. */
  readonly instruments: string | null;
  readonly autoRegister: boolean;
  readonly instrumentsMax: number;
  readonly roles: ReadonlySet<Role>;
  readonly partitions: number;
  /** Secret that a feed's hello must carry; `null` asks for none. */
  readonly feedToken: string | null;
  /** File of feeds that may connect, each with a secret of its own. */
  readonly feedRules: string | null;
  /** Secret that pages and the API ask for; `null` asks for none. */
  readonly apiToken: string | null;
  readonly signalWebhooks: readonly string[];
  readonly webhookToken: string | null;
  readonly latenessMs: number;
  readonly graceHours: number;
  readonly maxAheadMs: number;
  readonly bandPercent: number;
  readonly tickRetentionDays: number;
  readonly bufferKeepMinutes: number;
  readonly bufferMaxMb: number;
  readonly vacuumMinutes: number;
  readonly feedConnectionsMax: number;
  readonly httpConnectionsMax: number;
  readonly httpConnectionsOfAddressMax: number;
  readonly httpRequestsPerSecond: number;
  readonly streamsMax: number;
  readonly trustedProxies: readonly string[];
  /** Metrics and health for this machine alone; with the pages if `null`. */
  readonly opsPort: number | null;
  /** What ARIMA models are fitted with. */
  readonly forecastEngine: "native" | "wasm";
}

/** A setting that cannot be used, in words for whoever set it. */
export interface ConfigProblem {
  readonly key: string;
  readonly value: string;
  readonly wanted: string;
}

/** All that is wrong with the environment, at once. */
export class ConfigError extends Error {
  override name = "ConfigError";

  constructor(readonly problems: readonly ConfigProblem[]) {
    super(
      problems.map(({ key, value, wanted }) =>
        `Cannot use ${key}=${JSON.stringify(value)} as it must be ${wanted}`
      ).join("\n"),
    );
  }
}

/** One setting: its key, default, unit and meaning, for people and for code. */
export interface Setting {
  readonly key: string;
  readonly fallback: string;
  readonly wanted: string;
  readonly meaning: string;
}

const port = (text: string) => wholeNumber(text, 0, 65_535);

const SETTINGS = {
  HTTP_HOST: setting(
    "127.0.0.1",
    "a host name or an address",
    "Where the dashboard listens",
    (text) => /^[\w.:[\]-]+$/.test(text) ? text : null,
  ),
  HTTP_PORT: setting(
    "8000",
    "a port, 0 to 65535 (0 picks a free one)",
    "Port of the dashboard",
    port,
  ),
  DATA_DIR: setting(
    "./data",
    "a path of a folder",
    "Where the embedded stores keep everything",
    (text) => text,
  ),
  REDIS_URL: setting(
    "",
    "redis://[user:password@]host[:port][/db], with several hosts of a " +
      "cluster as host:port,host:port, or rediss:// for TLS",
    "Redis 7 or Redis Cluster for the buffer instead of the embedded one",
    redisUrl,
  ),
  DATABASE_URL: setting(
    "",
    "postgres://user[:password]@host[:port]/database",
    "PostgreSQL 15 for the warehouse instead of the embedded one",
    (text) => url(text, "postgres:", "postgresql:"),
  ),
  MIGRATION_URL: setting(
    "",
    "postgres://user[:password]@host[:port]/database",
    "The same database as a role that may change its schema, where that of " +
      "`DATABASE_URL` may not",
    (text) => url(text, "postgres:", "postgresql:"),
  ),
  READ_URL: setting(
    "",
    "postgres://user[:password]@host[:port]/database",
    "A streaming replica of that PostgreSQL, or the same as a role that may " +
      "only read, for what pages and the API read",
    (text) => url(text, "postgres:", "postgresql:"),
  ),
  DATABASE_WS_URL: setting(
    "",
    "wss://host[:port][/path], or ws://",
    "A WebSocket relay through which PostgreSQL is reached, where a host lets " +
      "nothing else out (docs/servers.md)",
    relayUrl,
  ),
  WAREHOUSE_EXTENSION: setting(
    "",
    "timescaledb, citus, or unset",
    "Extension of that PostgreSQL that divides its tables, or spreads the " +
      "archive of ticks over machines; fixed when a warehouse is made " +
      "(docs/extensions.md)",
    oneOf("", "timescaledb", "citus"),
  ),
  NODE_NAME: setting(
    "main",
    "1 to 32 letters, digits, dots and dashes",
    "Name of this process; several on one warehouse need different ones",
    (text) => /^[A-Za-z0-9.-]{1,32}$/.test(text) ? text : null,
  ),
  LEASE_MS: setting(
    "1500",
    "milliseconds, 500 to 60000",
    "How long the streams of a process that went silent stay its own",
    (text) => wholeNumber(text, 500, 60_000),
  ),
  FEEDS: setting(
    "listen://127.0.0.1:9101",
    "comma-separated listen://host:port or tcp://host:port, each with an " +
      "optional ?format=csv or ?format=ndjson, or ws://… or wss://… with " +
      "#venue=binance, kraken or kite and &symbols=A;B (of kite token:A)",
    "Where ticks come from",
    parseFeeds,
  ),
  SIMULATE: setting(
    "auto",
    "auto, on or off",
    "The built-in simulator; `auto` runs it while `FEEDS`, `REDIS_URL` and " +
      "`DATABASE_URL` are unset",
    oneOf("auto", "on", "off"),
  ),
  SIMULATE_SEED: setting(
    "1",
    "a whole number, 0 to 4294967295",
    "Seed of the simulated prices",
    (text) => wholeNumber(text, 0, 0xffffffff),
  ),
  INSTRUMENTS: setting(
    "",
    "a path of a JSON file",
    "Instrument file; by default `markets/instruments/nse.json`, or " +
      "`simulated.json` there with the simulator",
    (text) => text,
  ),
  AUTO_REGISTER: setting(
    "on",
    "on or off",
    "Whether a tick of an unknown symbol registers it",
    oneOf("on", "off"),
  ),
  INSTRUMENTS_MAX: setting(
    "10000",
    "a whole number, 1 to 65535",
    "Instruments beyond which ticks register no more",
    (text) => wholeNumber(text, 1, 65_535),
  ),
  ROLES: setting(
    "feed,aggregate,forecast,web",
    "comma-separated, of feed, aggregate, forecast and web",
    "Parts of the program that this process runs",
    parseRoles,
  ),
  PARTITIONS: setting(
    "1",
    "a whole number, 1 to 1024",
    "Streams that instruments are spread over, for the first start; later " +
      "`deno task repartition` divides them",
    (text) => wholeNumber(text, 1, 1_024),
  ),
  FEED_TOKEN: setting(
    "",
    "at least 16 characters, or unset",
    "Secret that a feed's `hello` must carry; needed to listen for feeds " +
      "beyond this machine",
    token,
  ),
  FEED_RULES: setting(
    "",
    "a path of a JSON file",
    "Feeds by name, each with its token, symbols and rate (docs/feeds.md); " +
      "others need `FEED_TOKEN`",
    (text) => text,
  ),
  API_TOKEN: setting(
    "",
    "at least 16 characters, or unset",
    "Secret for the pages and the API; needed to serve them beyond this " +
      "machine",
    token,
  ),
  SIGNAL_WEBHOOKS: setting(
    "",
    "comma-separated http:// or https:// URLs, or unset",
    "Who is told of BUY and SELL signals",
    webhookUrls,
  ),
  WEBHOOK_TOKEN: setting(
    "",
    "at least 16 characters, or unset",
    "Secret that signs what `SIGNAL_WEBHOOKS` are told",
    token,
  ),
  LATENESS_MS: setting(
    "3000",
    "milliseconds, 0 to 600000",
    "How long a candle waits for ticks that come late",
    (text) => wholeNumber(text, 0, 600_000),
  ),
  GRACE_HOURS: setting(
    "24",
    "hours, 0 to 8760",
    "How late a tick may revise a closed candle",
    (text) => wholeNumber(text, 0, 8_760),
  ),
  MAX_AHEAD_MS: setting(
    "5000",
    "milliseconds, 0 to 600000",
    "How far ahead of our clock a tick may be stamped",
    (text) => wholeNumber(text, 0, 600_000),
  ),
  BAND_PERCENT: setting(
    "25",
    "percent, 1 to 1000",
    "How far from the median of recent ticks a price may be",
    (text) => wholeNumber(text, 1, 1_000),
  ),
  TICK_RETENTION_DAYS: setting(
    "7",
    "days, 0 to 3650",
    "How long the archive keeps ticks, for candles of seconds and to check " +
      "candles by; 0 keeps none",
    (text) => wholeNumber(text, 0, 3_650),
  ),
  BUFFER_KEEP_MINUTES: setting(
    "60",
    "minutes, 5 to 10080",
    "How long ticks stay in the buffer once they are in candles",
    (text) => wholeNumber(text, 5, 10_080),
  ),
  BUFFER_MAX_MB: setting(
    "2048",
    "megabytes, 16 to 1048576",
    "Ticks in the buffer: beyond it older ones go before " +
      "`BUFFER_KEEP_MINUTES`, and feeds without acks wait while as many are " +
      "not in candles yet",
    (text) => wholeNumber(text, 16, 1_048_576),
  ),
  VACUUM_MINUTES: setting(
    "10",
    "minutes, 1 to 1440",
    "How often the embedded warehouse is vacuumed",
    (text) => wholeNumber(text, 1, 1_440),
  ),
  FEED_CONNECTIONS_MAX: setting(
    "64",
    "a whole number, 1 to 10000",
    "Connections of feeds at a time",
    (text) => wholeNumber(text, 1, 10_000),
  ),
  HTTP_CONNECTIONS_MAX: setting(
    "1000",
    "a whole number, 1 to 100000",
    "Connections of browsers at a time",
    (text) => wholeNumber(text, 1, 100_000),
  ),
  HTTP_ADDRESS_MAX: setting(
    "64",
    "a whole number, 1 to 100000",
    "Of those, of one address; this machine and proxies have no such limit",
    (text) => wholeNumber(text, 1, 100_000),
  ),
  HTTP_RATE: setting(
    "50",
    "a whole number, 1 to 100000",
    "Requests a second of one address; this machine has no such limit",
    (text) => wholeNumber(text, 1, 100_000),
  ),
  STREAMS_MAX: setting(
    "500",
    "a whole number, 1 to 100000",
    "Streams of events at a time; 20 of one address",
    (text) => wholeNumber(text, 1, 100_000),
  ),
  TRUSTED_PROXIES: setting(
    "",
    "comma-separated addresses, or unset",
    "Proxies beyond this machine whose `X-Forwarded-For` is believed",
    addresses,
  ),
  OPS_PORT: setting(
    "",
    "a port, 1 to 65535, or unset",
    "Port at 127.0.0.1 for metrics, health and audit without a token; the " +
      "dashboard then has no `/metrics` and `/healthz`",
    (text) => text === "" ? "" : wholeNumber(text, 1, 65_535),
  ),
  FORECAST_ENGINE: setting(
    "native",
    "native or wasm",
    "What fits the ARIMA models: our own exact likelihood, or npm `arima`",
    (text) => text === "native" || text === "wasm" ? text : null,
  ),
};

/** Every setting, for the table in the README and the test that holds it. */
export const settings: readonly Setting[] = Object.entries(SETTINGS).map(
  ([key, { fallback, wanted, meaning }]) => ({
    key,
    fallback,
    wanted,
    meaning,
  }),
);

/**
 * Reads the settings from an environment; an empty value counts as unset.
 *
 * @throws {ConfigError} If any is unusable; it names all that are.
 */
export function parseConfig(
  env: Readonly<Record<string, string | undefined>>,
): Config {
  const schema = z.object(
    Object.fromEntries(
      Object.entries(SETTINGS).map(([key, { schema }]) => [key, schema]),
    ),
  );
  const given = Object.fromEntries(
    Object.keys(SETTINGS).map((key) => [key, env[key]?.trim() || undefined]),
  );
  const parsed = schema.safeParse(given);
  const problems: ConfigProblem[] = parsed.success
    ? []
    : parsed.error.issues.map(({ path: [key], message }) => ({
      key: String(key),
      value: redacted(String(key), given[String(key)] ?? ""),
      wanted: message,
    }));
  const values = (parsed.data ?? {}) as Values;
  if (parsed.success) problems.push(...exposed(values), ...alone(values));
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    httpHost: values.HTTP_HOST,
    httpPort: values.HTTP_PORT,
    dataDir: values.DATA_DIR,
    redisUrl: values.REDIS_URL || null,
    databaseUrl: values.DATABASE_URL || null,
    migrationUrl: values.MIGRATION_URL || null,
    readUrl: values.READ_URL || null,
    databaseWsUrl: values.DATABASE_WS_URL || null,
    warehouseExtension: values.WAREHOUSE_EXTENSION || null,
    nodeName: values.NODE_NAME,
    leaseMs: values.LEASE_MS,
    feeds: values.FEEDS,
    simulate: values.SIMULATE === "on" ||
      (values.SIMULATE === "auto" && given.FEEDS === undefined &&
        values.REDIS_URL === "" && values.DATABASE_URL === ""),
    simulateSeed: values.SIMULATE_SEED,
    instruments: values.INSTRUMENTS || null,
    autoRegister: values.AUTO_REGISTER === "on",
    instrumentsMax: values.INSTRUMENTS_MAX,
    roles: values.ROLES,
    partitions: values.PARTITIONS,
    feedToken: values.FEED_TOKEN || null,
    feedRules: values.FEED_RULES || null,
    apiToken: values.API_TOKEN || null,
    signalWebhooks: values.SIGNAL_WEBHOOKS,
    webhookToken: values.WEBHOOK_TOKEN || null,
    latenessMs: values.LATENESS_MS,
    graceHours: values.GRACE_HOURS,
    maxAheadMs: values.MAX_AHEAD_MS,
    bandPercent: values.BAND_PERCENT,
    tickRetentionDays: values.TICK_RETENTION_DAYS,
    bufferKeepMinutes: values.BUFFER_KEEP_MINUTES,
    bufferMaxMb: values.BUFFER_MAX_MB,
    vacuumMinutes: values.VACUUM_MINUTES,
    feedConnectionsMax: values.FEED_CONNECTIONS_MAX,
    httpConnectionsMax: values.HTTP_CONNECTIONS_MAX,
    httpConnectionsOfAddressMax: values.HTTP_ADDRESS_MAX,
    httpRequestsPerSecond: values.HTTP_RATE,
    streamsMax: values.STREAMS_MAX,
    trustedProxies: values.TRUSTED_PROXIES,
    opsPort: values.OPS_PORT === "" ? null : values.OPS_PORT,
    forecastEngine: values.FORECAST_ENGINE,
  };
}

type Values = {
  [K in keyof typeof SETTINGS]: typeof SETTINGS[K] extends {
    schema: z.ZodType<infer T>;
  } ? T
    : never;
};

function setting<T>(
  fallback: string,
  wanted: string,
  meaning: string,
  read: (text: string) => T | null,
) {
  const schema = z.string().default(fallback).transform((text, context): T => {
    const value = read(text);
    if (value !== null) return value;
    context.addIssue({ code: "custom", message: wanted });
    return z.NEVER;
  });
  return { fallback, wanted, meaning, schema: schema as z.ZodType<T> };
}

function wholeNumber(text: string, min: number, max: number): number | null {
  if (!/^\d{1,15}$/.test(text)) return null;
  const n = Number(text);
  return n >= min && n <= max ? n : null;
}

function oneOf<T extends string>(...words: readonly T[]) {
  return (text: string): T | null =>
    words.find((word) => word === text) ?? null;
}

/** A URL of one of these schemes, or nothing. */
function url(text: string, ...schemes: readonly string[]): string | null {
  if (text === "") return text;
  const parsed = URL.parse(text);
  const usable = parsed !== null && schemes.includes(parsed.protocol) &&
    parsed.hostname !== "";
  return usable ? text : null;
}

/** WebSockets know no user: a relay's secret is in the path or the query. */
function relayUrl(text: string): string | null {
  const usable = url(text, "wss:", "ws:");
  return usable && URL.parse(usable)?.username !== "" ? null : usable;
}

/** With several hosts in the place of one. */
function redisUrl(text: string): string | null {
  const [, before, hosts, behind] =
    /^([^/]*\/\/(?:[^/]*@)?)([^/@]*)(.*)$/.exec(text) ?? ["", text, "", ""];
  const usable = hosts.split(",").every((host) =>
    url(`${before}${host.trim()}${behind}`, "redis:", "rediss:") !== null
  );
  return usable ? text : null;
}

function token(text: string): string | null {
  return text === "" || text.length >= 16 ? text : null;
}

function parseRoles(text: string): ReadonlySet<Role> | null {
  const words = text.split(",").map((word) => word.trim());
  const roles = words.filter((word): word is Role =>
    (ROLES as readonly string[]).includes(word)
  );
  return roles.length === words.length ? new Set(roles) : null;
}

function parseFeeds(text: string): readonly FeedEndpoint[] | null {
  const endpoints = text.split(",").map((url) => parseFeedEndpoint(url.trim()));
  const usable = endpoints.filter((endpoint) => endpoint !== null);
  return usable.length === endpoints.length ? usable : null;
}

function addresses(text: string): readonly string[] | null {
  const all = text.split(",").map((one) => one.trim()).filter(Boolean);
  return all.every((one) => /^[0-9a-f.:]{2,45}$/i.test(one)) ? all : null;
}

function webhookUrls(text: string): readonly string[] | null {
  const urls = text.split(",").map((url) => url.trim()).filter(Boolean);
  const usable = urls.every((url) =>
    URL.canParse(url) && /^https?:\/\//.test(url) &&
    new URL(url).username === ""
  );
  return usable ? urls : null;
}

/** Whether a host can be reached from this machine only. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" ||
    /^127(\.\d{1,3}){3}$/.test(host);
}

/** What would stand open to the network without a secret. */
function exposed(values: Values): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (!isLoopback(values.HTTP_HOST) && values.API_TOKEN === "") {
    problems.push({
      key: "HTTP_HOST",
      value: values.HTTP_HOST,
      wanted: "a loopback address unless API_TOKEN is set",
    });
  }
  for (const { mode, host } of values.FEEDS) {
    const guarded = values.FEED_TOKEN !== "" || values.FEED_RULES !== "";
    if (mode === "listen" && !isLoopback(host) && !guarded) {
      problems.push({
        key: "FEEDS",
        value: `listen://${host}`,
        wanted: "on a loopback address unless FEED_TOKEN or FEED_RULES is set",
      });
    }
  }
  return problems;
}

/** Parts that other processes need to reach. */
function alone(values: Values): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const shares = values.ROLES.has("feed") && values.ROLES.has("aggregate");
  if (values.DATABASE_URL !== "" && values.REDIS_URL === "" && !shares) {
    problems.push({
      key: "ROLES",
      value: [...values.ROLES].join(","),
      wanted: "with feed and aggregate unless REDIS_URL is set, as the " +
        "embedded buffer is for one process",
    });
  }
  for (const key of ["MIGRATION_URL", "READ_URL", "DATABASE_WS_URL"] as const) {
    if (values[key] === "" || values.DATABASE_URL !== "") continue;
    problems.push({
      key,
      value: redacted(key, values[key]),
      wanted: "unset unless DATABASE_URL is set",
    });
  }
  if (values.WAREHOUSE_EXTENSION !== "" && values.DATABASE_URL === "") {
    problems.push({
      key: "WAREHOUSE_EXTENSION",
      value: values.WAREHOUSE_EXTENSION,
      wanted: "unset unless DATABASE_URL is set",
    });
  }
  return problems;
}

function redacted(key: string, value: string): string {
  if (key.endsWith("TOKEN")) return "(secret)";
  // A password may have any character: all that may be one is hidden.
  if (key === "SIGNAL_WEBHOOKS") {
    return value.replaceAll(/(https?:\/\/[^/,]*\/)[^,]*/g, "$1(secret)");
  }
  return value.replace(/\/\/.*@/, "//(secret)@")
    .replaceAll(/((?:key|token|secret)=)[^&#,]*/gi, "$1(secret)");
}
