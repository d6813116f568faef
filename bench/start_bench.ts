/**
 * The whole program, as users start it, with a simulated market: how long until
 * it answers and until six hours of history are on the page, the first time and
 * again, and until a candle of now is there. A start must not change what was
 * there before.
 *
 * `deno task bench start`
 */
import assert from "node:assert/strict";
import {
  getJson,
  type Program,
  startProgram,
  until,
} from "../tests/harness/program.ts";
import { bench, benchSize } from "./harness/report.ts";

const full = benchSize() === "full";
const ROUNDS = full ? 3 : 1;
const SYMBOL = "DEMO-AR1";
const HISTORY = 355;

await bench("start", full ? "full" : "small", async () => {
  const first: number[] = [];
  const history: number[] = [];
  const warm: number[] = [];
  const live: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const dataDir = await Deno.makeTempDir({ prefix: "tickhouse-bench-" });
    const env = {
      DATA_DIR: dataDir,
      HTTP_PORT: "0",
      SIMULATE: "on",
      FEEDS: "listen://127.0.0.1:0",
    };
    let from = performance.now();
    let program = await startProgram(env, { bundles: true });
    await getJson(program, "/livez");
    first.push(performance.now() - from);
    await until(
      "the history",
      () => getJson(program, `/api/candles?symbol=${SYMBOL}&limit=1000`),
      ({ candles }) => candles.length >= HISTORY,
    );
    history.push(performance.now() - from);
    const before = await closedCandles(program);
    await program.stop();

    const stoppedAt = Date.now();
    from = performance.now();
    program = await startProgram(env);
    await getJson(program, "/livez");
    warm.push(performance.now() - from);
    await until(
      "a candle of now",
      () => getJson(program, `/api/instruments`),
      // deno-lint-ignore no-explicit-any
      ({ instruments }: any) =>
        // deno-lint-ignore no-explicit-any
        instruments.some(({ symbol, feed }: any) =>
          symbol === SYMBOL && feed.last_tick > stoppedAt
        ),
    );
    live.push(performance.now() - from);
    const after = await closedCandles(program);
    assert.deepEqual(after.slice(0, before.length), before);
    await program.stop();
    await Deno.remove(dataDir, { recursive: true });
  }
  return {
    rounds: ROUNDS,
    hash: "the same candles after each start",
    figures: [
      {
        name: "first start ever to an answer",
        unit: "ms",
        values: first,
        atMost: 4_000,
      },
      {
        name: "first start ever to six hours of history",
        unit: "ms",
        values: history,
      },
      {
        name: "warm start to an answer",
        unit: "ms",
        values: warm,
        atMost: 1_000,
      },
      {
        name: "warm start to a live candle",
        unit: "ms",
        values: live,
        atMost: 2_500,
      },
    ],
  };
});

async function closedCandles(program: Program): Promise<readonly unknown[]> {
  const { candles } = await getJson(
    program,
    `/api/candles?symbol=${SYMBOL}&from=0&limit=1000`,
  );
  return candles.filter(({ closed }: { closed: boolean }) => closed);
}
