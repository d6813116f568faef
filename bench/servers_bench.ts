/**
 * Ticks a second from a feed's socket to committed candles and back as acks,
 * with every guarantee on: generator, program, Redis (`appendfsync always`) and
 * PostgreSQL on the cores of one machine; and how long a backlog takes that
 * came while nothing made candles, with the start of what does. Medians of some
 * rounds in one run.
 */
import assert from "node:assert/strict";
import {
  getJson,
  type Program,
  startProgram,
  until,
} from "../tests/harness/program.ts";
import { startPostgres } from "../tests/harness/servers/postgres_server.ts";
import { startRedis } from "../tests/harness/servers/redis_server.ts";

const ROUNDS = 3;
const TICKS = 2_000_000;
const BACKLOG = 1_000_000;
const SYMBOLS = "BENCH.A,BENCH.B,BENCH.C,BENCH.D,BENCH.E";
const decoder = new TextDecoder();

const figures = {
  ticks_per_second: [] as number[],
  backlog_drain_seconds: [] as number[],
  rss_mb: [] as number[],
};

const redis = await startRedis();
const postgres = await startPostgres();
try {
  for (let round = 0; round < ROUNDS; round++) await measure();
} finally {
  await postgres.close();
  await redis.close();
}

console.log(JSON.stringify({
  bench: "servers",
  rounds: ROUNDS,
  ticks: TICKS,
  backlog: BACKLOG,
  figures: Object.fromEntries(
    Object.entries(figures).map(([name, values]) => [
      name,
      values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)],
    ]),
  ),
  deno: Deno.version.deno,
  cores: navigator.hardwareConcurrency,
  date: new Date().toISOString().slice(0, 10),
}));

async function measure(): Promise<void> {
  await speed(await emptyStores());
  await drain(await emptyStores());
}

/** Settings of a program on a Redis and a database that hold nothing. */
async function emptyStores(): Promise<Readonly<Record<string, string>>> {
  await redis.kill();
  await redis.wipe();
  await redis.start();
  return {
    DATA_DIR: await Deno.makeTempDir({ prefix: "tickhouse-bench-" }),
    REDIS_URL: redis.url,
    DATABASE_URL: await postgres.createDatabase(),
    SIMULATE: "off",
    HTTP_PORT: "0",
    FEEDS: "listen://127.0.0.1:0",
    PARTITIONS: "4",
  };
}

async function speed(env: Readonly<Record<string, string>>): Promise<void> {
  const program = await startProgram(env);
  try {
    const sent = await send(program, TICKS, "speed");
    figures.ticks_per_second.push(sent.ticks_per_second);
    const audit = await getJson(program, "/api/audit?full=1");
    assert.equal(audit.ticks_unaccounted, 0);
    const { rss_mb: rss } = await getJson(program, "/healthz");
    figures.rss_mb.push(rss);
  } finally {
    await program.stop();
  }
}

/** Ticks that come while nobody makes candles, and then somebody does. */
async function drain(env: Readonly<Record<string, string>>): Promise<void> {
  const feeds = await startProgram({ ...env, ROLES: "feed" });
  await send(feeds, BACKLOG, "backlog", ["--plain"]);
  // What a plain feed sent is in the buffer once its connection was read to its
  // end: until then a stop would lose the rest.
  await until(
    "a connection read to its end",
    () => Promise.resolve(feeds.log),
    (log) => log.some((line) => line.includes(`"received":${BACKLOG},`)),
  );
  await feeds.stop();
  const from = performance.now();
  const candles = await startProgram({ ...env, ROLES: "aggregate,web" });
  await until(
    "the backlog in candles",
    () => getJson(candles, "/api/audit"),
    ({ partitions }) =>
      partitions.reduce(
        (sum: number, { applied }: { applied: number }) => sum + applied,
        0,
      ) >= BACKLOG,
  );
  figures.backlog_drain_seconds.push((performance.now() - from) / 1_000);
  await candles.stop();
}

async function send(
  program: Program,
  count: number,
  feed: string,
  more: readonly string[] = [],
): Promise<{ ticks_per_second: number }> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["task", "--quiet", "simulate", "--to", program.feeds[0]],
      ...["--feed", feed, "--count", String(count), "--rate", "1000000"],
      ...["--symbols", SYMBOLS],
      ...more,
    ],
    stdout: "piped",
    stderr: "piped",
  }).output();
  assert(success, decoder.decode(stderr));
  return JSON.parse(decoder.decode(stdout).trim().split("\n").at(-1)!);
}
