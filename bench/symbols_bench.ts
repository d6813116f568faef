/**
 * What a tick costs with ten instruments and with ten thousand, all of them
 * registered before: processor time and rate of a plain feed on Redis and
 * PostgreSQL, in turns in one run.
 *
 * `deno task bench symbols`
 */
import { prepareTicks, startMsBefore } from "./harness/prepared_ticks.ts";
import { bench, benchSize, median } from "./harness/report.ts";
import { sendPlain } from "./harness/send_ticks.ts";
import { BenchServers, Subject } from "./harness/subject.ts";

const full = benchSize() === "full";
const SYMBOLS = full ? [10, 100, 1_000, 10_000] : [10, 100];
const ROUNDS = full ? 3 : 1;
const TICKS = full ? 2_000_000 : 20_000;
const MINUTES = 2;
const COST_MAX = 125;

const startMs = startMsBefore(MINUTES);

await bench("symbols", full ? "full" : "small", async () => {
  const servers = await BenchServers.start();
  const cost = new Map<number, number[]>();
  const rate = new Map<number, number[]>();
  const hashes = new Map<number, string>();
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
