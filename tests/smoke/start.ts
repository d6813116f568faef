/**
 * Runs `deno task start` as the README says, in the data folder given: it must
 * come up, show history, store a first forecast, stop cleanly when told to,
 * and go on where it was.
 */
import assert from "node:assert/strict";
import { getJson, type Program, until } from "../harness/program.ts";
import { TextLineStream } from "../harness/text_line_stream.ts";

const [dataDir] = Deno.args;

/** What is asked of it here. */
type Started = Pick<Program, "http" | "feeds" | "output" | "stop" | "kill">;

async function start(): Promise<
  { readonly program: Started; readonly seconds: number }
> {
  const began = performance.now();
  const child = new Deno.Command("deno", {
    args: ["task", "--quiet", "start"],
    env: { DATA_DIR: dataDir, HTTP_PORT: "0", CI: "true" },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const output: string[] = [];
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(
    new TextLineStream(),
  );
  const reader = lines.getReader();
  let seconds = NaN;
  let at: { http: string; feeds: string[] } | null = null;
  while (!at) {
    const { value, done } = await reader.read();
    assert(!done, `it ended before it listened: ${output.join("\n")}`);
    console.log(`  ${value}`);
    output.push(value);
    if (value.startsWith('{"event":"listening"')) {
      seconds = (performance.now() - began) / 1_000;
      at = JSON.parse(value);
    }
  }
  const drained = (async () => {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      output.push(value);
    }
  })();
  const stop = async () => {
    child.kill("SIGTERM");
    const { code } = await child.status;
    await drained;
    return { code, log: "" };
  };
  return {
    seconds,
    program: {
      ...at!,
      output,
      stop,
      async kill() {
        child.kill("SIGKILL");
        await child.status;
      },
    },
  };
}

const first = await start();
console.log(`up after ${first.seconds.toFixed(1)} s, the first time`);
assert(
  first.program.output.some((line) => /simulated/i.test(line)),
  "it says that the feed is simulated",
);
const history = await until(
  "six hours of history",
  () => getJson(first.program, "/api/candles?symbol=NIFTY50&limit=1000"),
  ({ candles }) => candles.length >= 355,
);
console.log(`${history.candles.length} candles of NIFTY50`);
await until(
  "the list of instruments, which says that they are simulated",
  () => fetch(`${first.program.http}/`).then((answer) => answer.text()),
  (page) => /NIFTY50/.test(page) && /[Ss]imulated/.test(page),
);
const { forecasts } = await until(
  "the first forecast",
  () => getJson(first.program, "/api/forecasts?symbol=NIFTY50"),
  ({ forecasts }) => forecasts.length > 0,
  300_000,
);
console.log(`first forecast: ${JSON.stringify(forecasts[0])}`);
const stopped = await first.program.stop();
assert.equal(stopped.code, 0, "SIGTERM ends it with 0");
console.log("stopped cleanly");

const second = await start();
console.log(`up after ${second.seconds.toFixed(1)} s, the second time`);
await until(
  "books that balance",
  () => getJson(second.program, "/api/audit"),
  ({ ticks_unaccounted }) => ticks_unaccounted === 0,
);
const [oldest] = history.candles;
await until(
  "the history that was there before",
  () =>
    getJson(
      second.program,
      `/api/candles?symbol=NIFTY50&from=${oldest.t}&limit=1`,
    ),
  ({ candles }) => candles[0]?.t === oldest.t,
);
assert.equal((await second.program.stop()).code, 0, "and again");
console.log("went on where it was, and stopped cleanly");
