/**
 * When the forecasts of each instrument are stored, counted from the edge of
 * their minute, while ticks flow: generator, program, Redis (`appendfsync
 * always`) and PostgreSQL on the cores of one machine, at real minutes. The
 * time is that of the commit, as PostgreSQL noted it.
 *
 * `deno run … bench/forecast_edge_bench.ts [instruments] [ticks/s] [minutes]
 * [split]`; `split` forecasts in a process of its own, which reads the candles.
 * Prints a table of the minutes, then one line of JSON.
 */
import assert from "node:assert/strict";
import { type Program, startProgram } from "../tests/harness/program.ts";
import { startPostgres } from "../tests/harness/servers/postgres_server.ts";
import { startRedis } from "../tests/harness/servers/redis_server.ts";

const [INSTRUMENTS = 1_000, RATE = 50_000, MINUTES = 8] = Deno.args
  .filter((arg) => /^\d+$/.test(arg)).map(Number);
const SPLIT = Deno.args.includes("split");
/** Candles of a fit and of the walk forward, with some to spare. */
const HISTORY = "380m";
/** One tick of each instrument in so many seconds of history. */
const HISTORY_STEP_S = 15;

const symbols = Array.from(
  { length: INSTRUMENTS },
  (_, i) => `EDGE.${String(i).padStart(4, "0")}`,
);
/** Sources, each with its share of the instruments and of the ticks. */
const SOURCES = 5;
const decoder = new TextDecoder();

const redis = await startRedis();
const postgres = await startPostgres({
  settings: { track_commit_timestamp: "on", shared_buffers: "512MB" },
});
try {
  await measure();
} finally {
  await postgres.close();
  await redis.close();
}

async function measure(): Promise<void> {
  const url = await postgres.createDatabase();
  const env = {
    DATA_DIR: await Deno.makeTempDir({ prefix: "tickhouse-bench-" }),
    REDIS_URL: redis.url,
    DATABASE_URL: url,
    SIMULATE: "off",
    HTTP_PORT: "0",
    FEEDS: "listen://127.0.0.1:0",
    PARTITIONS: "4",
    TICK_RETENTION_DAYS: "0",
    BUFFER_MAX_MB: "1024",
  };
  const programs = SPLIT
    ? [
      await startProgram({ ...env, ROLES: "feed,aggregate,web" }),
      await startProgram({
        ...env,
        DATA_DIR: await Deno.makeTempDir({ prefix: "tickhouse-bench-" }),
        ROLES: "forecast",
        NODE_NAME: "forecasts",
      }),
    ]
    : [await startProgram(env)];
  const [program] = programs;
  const database = url.split("/").at(-1)!;
  const historyFrom = performance.now();
  await sendAll(program, "history", INSTRUMENTS / HISTORY_STEP_S, [
    ...["--history", HISTORY, "--duration", "0s"],
  ]);
  const historyS = (performance.now() - historyFrom) / 1_000;
  const liveFrom = new Date();
  const cpuFrom = await cpuSeconds(programs);
  const sent = await sendAll(program, "live", RATE, [
    ...["--duration", `${MINUTES}m`],
  ]);
  const cpuTo = await cpuSeconds(programs);
  const seconds = (Date.now() - liveFrom.getTime()) / 1_000;
  const minutes = await minutesOf(database, liveFrom);
  for (const one of programs) {
    const { code, log } = await one.stop();
    assert.equal(code, 0, log);
    for (const line of one.log) {
      if (/"(warn|error)"/.test(line)) console.error(line);
    }
  }
  console.table(minutes);
  console.log(JSON.stringify({
    bench: "forecast_edge",
    split: SPLIT,
    instruments: INSTRUMENTS,
    ticks_per_second: Math.round(sent),
    history_seconds: Math.round(historyS),
    minutes: minutes.length,
    worst_ms: Math.max(...minutes.map(({ max_ms }) => max_ms)),
    late: minutes.reduce((sum, { late }) => sum + late, 0),
    cores_used: Object.fromEntries(
      Object.entries(cpuTo).map(([name, value]) => [
        name,
        Math.round((value - (cpuFrom[name] ?? 0)) / seconds * 100) / 100,
      ]),
    ),
    deno: Deno.version.deno,
    cores: navigator.hardwareConcurrency,
    date: new Date().toISOString().slice(0, 10),
  }));
}

/** What one minute's edge brought, in ms after it. */
interface Minute {
  readonly edge: string;
  /** Instruments with models beyond the baseline. */
  readonly fitted: number;
  readonly stored: number;
  /** Instruments without a forecast of this minute. */
  readonly late: number;
  /** Nearest forecast of the champion. */
  readonly p50_ms: number;
  readonly p90_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
  /** Last of the nearest forecasts of all models. */
  readonly models_ms: number;
  /** Last of all models and horizons. */
  readonly horizons_ms: number;
  readonly rows: number;
}

async function minutesOf(
  database: string,
  from: Date,
): Promise<readonly Minute[]> {
  const rows = await postgres.psql(
    `with f as (
        select instrument_id, model, horizon, champion,
          t - (horizon - 1) * interval '1 minute' as edge,
          pg_xact_commit_timestamp(xmin) as stored
        from forecasts
      ), ms as (
        select *, 1e3 * extract(epoch from stored - edge) as ms from f
        where edge > '${from.toISOString()}'
      )
      select to_char(edge, 'HH24:MI'),
        count(distinct instrument_id) filter (where model <> 'random-walk'),
        count(*) filter (where champion and horizon = 1),
        round(percentile_cont(0.5) within group (order by ms)
          filter (where champion and horizon = 1)),
        round(percentile_cont(0.9) within group (order by ms)
          filter (where champion and horizon = 1)),
        round(percentile_cont(0.99) within group (order by ms)
          filter (where champion and horizon = 1)),
        round(max(ms) filter (where champion and horizon = 1)),
        round(max(ms) filter (where horizon = 1)), round(max(ms)), count(*)
      from ms group by edge order by edge`,
    database,
  );
  return rows.trim().split("\n").map((line) => {
    const [edge, ...values] = line.split("|");
    const [fitted, stored, p50, p90, p99, max, models, horizons, n] = values
      .map(Number);
    return {
      edge,
      fitted,
      stored,
      late: INSTRUMENTS - stored,
      p50_ms: p50,
      p90_ms: p90,
      p99_ms: p99,
      max_ms: max,
      models_ms: models,
      horizons_ms: horizons,
      rows: n,
    };
  });
}

/** CPU time used so far, by program. */
async function cpuSeconds(
  programs: readonly Program[],
): Promise<Readonly<Record<string, number>>> {
  const { stdout } = await new Deno.Command("ps", {
    args: ["-eo", "pid,ppid,cputimes,args"],
  }).output();
  const used = { program: 0, postgres: 0, redis: 0 };
  const [postmaster] =
    (await Deno.readTextFile(`${postgres.dir}/postmaster.pid`)).split("\n");
  for (const line of decoder.decode(stdout).trim().split("\n").slice(1)) {
    const [pid, ppid, seconds, ...args] = line.trim().split(/\s+/);
    if (programs.some((one) => one.pid === Number(pid))) {
      used.program += Number(seconds);
    }
    if (pid === postmaster || ppid === postmaster) {
      used.postgres += Number(seconds);
    }
    if (/redis/.test(args[0]) && args.includes(`127.0.0.1:${redis.port}`)) {
      used.redis += Number(seconds);
    }
  }
  return used;
}

/** Ticks of all sources together; returns how many a second were acked. */
async function sendAll(
  program: Program,
  feed: string,
  rate: number,
  more: readonly string[],
): Promise<number> {
  const sent = await Promise.all(
    Array.from({ length: SOURCES }, (_, i) =>
      send(program, [
        ...["--feed", `${feed}-${i}`, "--rate", (rate / SOURCES).toFixed(3)],
        ...[
          "--symbols",
          symbols.filter((_, n) => n % SOURCES === i).join(","),
        ],
        ...more,
      ])),
  );
  return sent.reduce((sum, one) => sum + one.ticks_per_second, 0);
}

async function send(
  program: Program,
  args: readonly string[],
): Promise<{ readonly ticks_per_second: number }> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "simulate", "--to", program.feeds[0], ...args],
    stdout: "piped",
    stderr: "piped",
  }).output();
  assert(success, decoder.decode(stderr));
  return JSON.parse(decoder.decode(stdout).trim().split("\n").at(-1)!);
}
