/**
 * What a tick costs with ten instruments and with ten thousand, all of them
 * registered before: processor time and rate of a plain feed on Redis and
 * PostgreSQL, in turns in one run. Then how long after its watermark the last
 * minute of all of them is closed and committed, at a rate that is kept.
 *
 * `deno task bench symbols`
 */
import assert from "node:assert/strict";
import { prepareTicks, startMsBefore } from "./harness/prepared_ticks.ts";
import { bench, benchSize, median } from "./harness/report.ts";
import { sendPaced, sendPlain } from "./harness/send_ticks.ts";
import { BenchServers, Subject } from "./harness/subject.ts";

const full = benchSize() === "full";
const SYMBOLS = full ? [10, 100, 1_000, 10_000] : [10, 100];
const ROUNDS = full ? 3 : 1;
const TICKS = full ? 2_000_000 : 20_000;
const MINUTES = 2;
const COST_MAX = 125;
/** Of the edge: what is sent a second, for how long before it and after it. */
const RATE = full ? 100_000 : 2_000;
const BEFORE_MS = full ? 8_000 : 1_000;
const AFTER_MS = full ? 8_000 : 4_000;
/** What a feed's newest tick has to be past a minute's end by. */
const LATENESS_MS = 3_000;
const CLOSED_MS_MAX = 1_000;
const ASK_MS = 20;

const startMs = startMsBefore(MINUTES);

/**
 * Milliseconds from the moment at which the last instrument's watermark has
 * passed the end of a minute to the commit of the last candle of that minute.
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
  const from = performance.now();
  const sent = sendPaced(subject.feed, ticks, RATE);
  // Every instrument has had a tick of that time after one round of them.
  const passedAt = from + BEFORE_MS + LATENESS_MS + symbols / RATE * 1_000;
  const minute = new Date(edgeMs - 60_000).toISOString();
  let closed = 0;
  while (closed < symbols) {
    const waitMs = Math.max(ASK_MS, passedAt - performance.now());
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    closed = Number(
      await servers.postgres.psql(
        `select count(*) from candles
          where interval = '1m' and t = '${minute}' and closed`,
        database,
      ),
    );
  }
  const closedAt = performance.now();
  const lateMs = await sent - spanMs;
  assert.ok(lateMs < CLOSED_MS_MAX, `the rate was kept: ${lateMs} ms late`);
  await subject.applied(symbols + ticks.accepted);
  await subject.stop();
  return closedAt - passedAt;
}

await bench("symbols", full ? "full" : "small", async () => {
  const servers = await BenchServers.start();
  const cost = new Map<number, number[]>();
  const rate = new Map<number, number[]>();
  const hashes = new Map<number, string>();
  const closedAfter: number[] = [];
  const most = SYMBOLS.at(-1)!;
  try {
    for (let round = 0; round < ROUNDS; round++) {
      for (const symbols of SYMBOLS) {
        const ticks = prepareTicks({
          ticks: TICKS,
          symbols,
          startMs,
          minutes: MINUTES,
          numbered: false,
        });
        const subject = await Subject.start(await servers.empty(), {
          INSTRUMENTS_MAX: String(2 * symbols + 100),
        });
        // One of each, so that they are registered.
        await sendPlain(
          subject.feed,
          prepareTicks({
            ticks: symbols,
            symbols,
            startMs: startMs - 60_000,
            minutes: 1,
            numbered: false,
          }),
        );
        await subject.applied(symbols);
        const cpu = subject.cpuSeconds();
        const from = performance.now();
        await sendPlain(subject.feed, ticks);
        await subject.applied(symbols + TICKS);
        const seconds = (performance.now() - from) / 1_000;
        const micros = (subject.cpuSeconds() - cpu) / TICKS * 1e6;
        cost.set(symbols, [...cost.get(symbols) ?? [], micros]);
        rate.set(symbols, [...rate.get(symbols) ?? [], TICKS / seconds]);
        if (round === 0 && symbols <= 1_000) {
          hashes.set(symbols, await subject.hash(symbols, startMs));
        }
        await subject.stop();
        console.error(
          `symbols: ${symbols}: ${micros.toFixed(2)} µs a tick, ` +
            `${Math.round(TICKS / seconds).toLocaleString("en")} ticks/s`,
        );
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
  const dearest = cost.get(SYMBOLS[0])!.map((_, round) => {
    const costs = SYMBOLS.map((symbols) => cost.get(symbols)![round]);
    return 100 * Math.max(...costs) / Math.min(...costs);
  });
  return {
    rounds: ROUNDS,
    hash: [...hashes.values()].join(" "),
    figures: [
      ...SYMBOLS.map((symbols) => ({
        name: `processor a tick, ${symbols.toLocaleString("en")} symbols`,
        unit: "µs",
        values: cost.get(symbols)!,
      })),
      {
        name: "dearest ÷ cheapest of these",
        unit: "%",
        values: dearest,
        atMost: COST_MAX,
      },
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
      lines: [{
        name: "plain feed",
        points: SYMBOLS.map((symbols) =>
          [symbols, median(cost.get(symbols)!)] as const
        ),
      }],
    }],
  };
});
