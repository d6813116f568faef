/**
 * What a tick costs with ten instruments and with ten thousand, all of them
 * registered before: processor time and rate of a plain feed on Redis and
 * PostgreSQL, in turns in one run. Then how long after its watermark the last
 * minute of all of them is closed and committed, at a rate that is kept.
 *
 * The same number of ticks makes more candles of fewer ticks each where it is of
 * more instruments in the same time. So there are two series: one has as many
 * ticks a candle at every size, in as much less market time as there are more
 * instruments, and only the instruments differ; it has the goal. The other is
 * always over two minutes, where ten thousand instruments have a thousand times
 * as many candles as ten.
 *
 * `deno task bench symbols`
 */
import assert from "node:assert/strict";
import { prepareTicks, startMsBefore } from "./harness/prepared_ticks.ts";
import { bench, benchSize, type Figure, median } from "./harness/report.ts";
import { sendPaced, sendPlain } from "./harness/send_ticks.ts";
import { BenchServers, Subject } from "./harness/subject.ts";

const full = benchSize() === "full";
const SYMBOLS = full ? [10, 100, 1_000, 10_000] : [10, 100];
const ROUNDS = full ? 3 : 1;
const TICKS = full ? 2_000_000 : 20_000;
const TICKS_A_CANDLE = 200;
const MINUTES = 2;
const COST_MAX = 125;
/** Those of more are too many to read. */
const HASHED_SYMBOLS_MAX = 1_000;
/** Of the edge: what is sent a second, for how long before it and after it. */
const RATE = full ? 100_000 : 2_000;
const BEFORE_MS = full ? 8_000 : 1_000;
const AFTER_MS = full ? 8_000 : 4_000;
/** What a feed's newest tick has to be past a minute's end by. */
const LATENESS_MS = 3_000;
const CLOSED_MS_MAX = 1_000;

/** Over how many minutes of market time the ticks are, by instruments. */
const SERIES = [
  {
    name: `${TICKS_A_CANDLE} ticks a candle`,
    minutesOf: (symbols: number) => TICKS / symbols / TICKS_A_CANDLE,
    atMost: COST_MAX,
  },
  {
    name: `${MINUTES} minutes`,
    minutesOf: () => MINUTES,
    atMost: undefined,
  },
] as const;
type Series = typeof SERIES[number];

/** Microseconds of the program's processor time for each tick. */
async function costOf(
  servers: BenchServers,
  symbols: number,
  { name, minutesOf }: Series,
): Promise<{ readonly micros: number; readonly hash: string | null }> {
  const minutes = minutesOf(symbols);
  const startMs = startMsBefore(Math.ceil(minutes));
  const plan = { symbols, numbered: false };
  const ticks = prepareTicks({ ...plan, ticks: TICKS, startMs, minutes });
  const subject = await Subject.start(await servers.empty(), {
    INSTRUMENTS_MAX: String(2 * symbols + 100),
  });
  // One of each, so that they are registered.
  await sendPlain(
    subject.feed,
    prepareTicks({
      ...plan,
      ticks: symbols,
      startMs: startMs - 60_000,
      minutes: 1,
    }),
  );
  await subject.applied(symbols);
  const cpu = subject.cpuSeconds();
  const from = performance.now();
  await sendPlain(subject.feed, ticks);
  await subject.applied(symbols + TICKS);
  const seconds = (performance.now() - from) / 1_000;
  const micros = (subject.cpuSeconds() - cpu) / TICKS * 1e6;
  const hash = symbols <= HASHED_SYMBOLS_MAX
    ? await subject.hash(symbols, startMs)
    : null;
  await subject.stop();
  console.error(
    `symbols: ${symbols}, ${name}: ${micros.toFixed(2)} µs a tick, ` +
      `${Math.round(TICKS / seconds).toLocaleString("en")} ticks/s`,
  );
  return { micros, hash };
}

/**
 * Milliseconds from the moment at which the last instrument's watermark has
 * passed the end of a minute to the commit of the last candle of that minute,
 * as PostgreSQL has noted it: nobody asks meanwhile.
 */
async function closedAfterMs(
  servers: BenchServers,
  symbols: number,
): Promise<number> {
  // Of a past edge, so that nobody has to wait for one.
  const edgeMs = Math.floor(Date.now() / 60_000) * 60_000;
  const plan = { symbols, startMs: edgeMs - BEFORE_MS, numbered: false };
  const spanMs = BEFORE_MS + AFTER_MS;
  const ticks = prepareTicks({
    ...plan,
    ticks: RATE * spanMs / 1_000,
    minutes: spanMs / 60_000,
  });
  const stores = await servers.empty();
  const database = new URL(stores.DATABASE_URL).pathname.slice(1);
  const subject = await Subject.start(stores, {
    INSTRUMENTS_MAX: String(2 * symbols + 100),
  });
  // One of each, so that they are registered.
  await sendPlain(
    subject.feed,
    prepareTicks({ ...plan, ticks: symbols, minutes: 1 / 60_000 }),
  );
  await subject.applied(symbols);
  const from = Date.now();
  const tookMs = await sendPaced(subject.feed, ticks, RATE);
  const lateMs = tookMs - spanMs;
  // A small one tells no times, and runs where everything stands still at times.
  const kept = !full || lateMs < CLOSED_MS_MAX;
  assert.ok(kept, `the rate was kept: ${lateMs} ms late`);
  await subject.applied(symbols + ticks.accepted);
  const [closed, closedAt] = (await servers.postgres.psql(
    `select count(*),
        1000 * extract(epoch from max(pg_xact_commit_timestamp(xmin)))
      from candles where interval = '1m' and closed
        and t = '${new Date(edgeMs - 60_000).toISOString()}'`,
    database,
  )).split("|").map(Number);
  assert.equal(closed, symbols, "each of them has closed its minute");
  await subject.stop();
  // Every instrument has had a tick of that time after one round of them.
  return closedAt -
    (from + BEFORE_MS + LATENESS_MS + symbols / RATE * 1_000);
}

await bench("symbols", full ? "full" : "small", async () => {
  const servers = await BenchServers.start({
    track_commit_timestamp: "on",
  });
  const costs = new Map<Series, number[][]>(
    SERIES.map((series) => [series, SYMBOLS.map(() => [])]),
  );
  const hashes: string[] = [];
  const closedAfter: number[] = [];
  const most = SYMBOLS.at(-1)!;
  try {
    for (let round = 0; round < ROUNDS; round++) {
      for (const [series, bySize] of costs) {
        for (const [i, symbols] of SYMBOLS.entries()) {
          const { micros, hash } = await costOf(servers, symbols, series);
          bySize[i].push(micros);
          if (round === 0 && hash !== null) hashes.push(hash);
        }
      }
      closedAfter.push(await closedAfterMs(servers, most));
      console.error(
        `symbols: minutes closed ${closedAfter.at(-1)!.toFixed(0)} ms after ` +
          `their watermark`,
      );
    }
  } finally {
    await servers.close();
  }
  return {
    rounds: ROUNDS,
    hash: hashes.join(" "),
    figures: [
      ...[...costs].flatMap(([series, bySize]) => figuresOf(series, bySize)),
      {
        name: `watermark to ${most.toLocaleString("en")} closed minutes, ` +
          `${RATE.toLocaleString("en")} ticks/s`,
        unit: "ms",
        values: closedAfter,
        atMost: CLOSED_MS_MAX,
      },
    ],
    plots: [{
      name: "symbols",
      title: "Processor a tick against symbols, Redis and PostgreSQL",
      x: "symbols",
      y: "µs",
      logX: true,
      lines: [...costs].map(([{ name }, bySize]) => ({
        name,
        points: SYMBOLS.map((symbols, i) =>
          [symbols, median(bySize[i])] as const
        ),
      })),
    }],
  };
});

/** What each size costs, and how far apart they are in each round. */
function figuresOf(
  { name, atMost }: Series,
  bySize: readonly (readonly number[])[],
): readonly Figure[] {
  return [
    ...SYMBOLS.map((symbols, i) => ({
      name: `processor a tick, ${symbols.toLocaleString("en")} symbols, ` +
        name,
      unit: "µs",
      values: bySize[i],
    })),
    {
      name: `dearest ÷ cheapest of these, ${name}`,
      unit: "%",
      values: bySize[0].map((_, round) => {
        const costs = bySize.map((values) => values[round]);
        return 100 * Math.max(...costs) / Math.min(...costs);
      }),
      atMost,
    },
  ];
}
