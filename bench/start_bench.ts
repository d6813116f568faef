/**
 * The whole program, as users start it: how long until it listens and until
 * six hours of history are on the page, the first time and again, and how long
 * its event loop is held up while it lives; medians of some rounds in one run.
 */
import { getJson, startProgram, until } from "../tests/harness/program.ts";

const ROUNDS = 3;
const LIVE_MS = 65_000;
const SYMBOL = "NIFTY50";

const figures = {
  first_listening_ms: [] as number[],
  first_history_ms: [] as number[],
  warm_listening_ms: [] as number[],
  live_loop_lag_ms_max: [] as number[],
  rss_mb: [] as number[],
};

for (let round = 0; round < ROUNDS; round++) {
  const dataDir = await Deno.makeTempDir({ prefix: "tickhouse-bench-" });
  const env = {
    DATA_DIR: dataDir,
    HTTP_PORT: "0",
    SIMULATE: "on",
    FEEDS: "listen://127.0.0.1:0",
  };
  let began = performance.now();
  let program = await startProgram(env, { bundles: true });
  figures.first_listening_ms.push(performance.now() - began);
  await until(
    "the history",
    () => getJson(program, `/api/candles?symbol=${SYMBOL}&limit=1000`),
    ({ candles }) => candles.length >= 360,
  );
  figures.first_history_ms.push(performance.now() - began);
  await program.stop();

  began = performance.now();
  program = await startProgram(env, { bundles: true });
  figures.warm_listening_ms.push(performance.now() - began);
  await fetch(`${program.http}/instruments/${SYMBOL}`);
  // The start itself is over when the lag of its minute is forgotten.
  await wait(2 * LIVE_MS);
  const health = await getJson(program, "/healthz");
  figures.live_loop_lag_ms_max.push(health.event_loop_lag_ms_max);
  figures.rss_mb.push(health.rss_mb);
  await program.stop();
  await Deno.remove(dataDir, { recursive: true });
}

console.log(JSON.stringify({
  bench: "start",
  rounds: ROUNDS,
  figures: Object.fromEntries(
    Object.entries(figures).map(([name, values]) => [name, summary(values)]),
  ),
  deno: Deno.version.deno,
  cores: navigator.hardwareConcurrency,
  date: new Date().toISOString().slice(0, 10),
}));

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function summary(values: readonly number[]) {
  const sorted = values.map(Math.round).toSorted((a, b) => a - b);
  return {
    min: sorted[0],
    median: sorted[Math.floor(sorted.length / 2)],
    max: sorted.at(-1),
  };
}
