import assert from "node:assert/strict";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { autoSpec } from "../../pipeline/domain/instrument.ts";
import { epochMicros } from "../../pipeline/domain/time.ts";
import {
  makeCandles,
  storedCandle,
} from "../../pipeline/forecast/testing/make_candles.ts";
import type { CandleFloats } from "../../pipeline/forecast/training_series.ts";
import { backtest } from "../../tasks/backtest.ts";
import type { BacktestView } from "../../tasks/backtest_view.ts";
import { OptionsError } from "../../tasks/task_options.ts";
import { createApp } from "../../web/create_app.ts";
import { onBothDatabases } from "../db/testing.ts";
import { fakeData, fakeServices, instrument } from "../web/fake_services.ts";

const START = Date.UTC(2025, 4, 5, 9) * 1_000;
const CANDLES = makeCandles({ n: 400, start: START, sd: 1e-3 });
const HEADER = "ts_ms,open,high,low,close";

function rowOf({ t, open, high, low, close }: CandleFloats): string {
  const prices = [open, high, low, close].map((price) => price.toFixed(2));
  return [t / 1_000, ...prices].join(",");
}

async function withFolder(use: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "tickhouse-backtest-" });
  try {
    await use(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** The task as `deno task backtest` runs it. */
async function command(args: readonly string[]): Promise<Deno.Command> {
  const root = new URL("../../", import.meta.url);
  const { tasks } = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", root)),
  );
  const line = tasks.backtest.split(" ").slice(1);
  return new Deno.Command(Deno.execPath(), {
    args: [...line, ...args],
    cwd: root,
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  });
}

async function run(...args: readonly string[]) {
  const { code, stdout, stderr } = await (await command(args)).output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

async function viewOf(args: readonly string[]): Promise<BacktestView> {
  const result = await backtest([...args, "--format", "json"], undefined, {
    signal: new AbortController().signal,
    say() {},
  });
  assert.ok(typeof result !== "string" && result.ok);
  return result.report as BacktestView;
}

Deno.test("backtest of a file writes a table, JSON, a report and the forecasts", () =>
  withFolder(async (dir) => {
    const file = join(dir, "some.csv.gz");
    const rows = CANDLES.map(rowOf);
    await Deno.writeFile(
      file,
      gzipSync(
        [
          HEADER,
          ...rows.slice(0, 300),
          "5,x,1,1,1",
          rows[299],
          ...rows.slice(300),
          "",
        ].join("\n"),
      ),
    );
    const [json, html, out] = ["a.json", "a.html", "a.ndjson"].map((name) =>
      join(dir, name)
    );
    const { code, out: table, err } = await run(
      "--file",
      file,
      "--symbol",
      "A<b>&",
      "--json",
      json,
    );
    assert.deepEqual([code, table], [2, ""]);
    assert.match(err, /--symbol "A<b>&" as it must be letters/);
    const done = await run(
      ...["--file", file, "--json", json, "--html", html, "--out", out],
      ...["--models", "arima(1,1,0)", "--cost-bps", "1.5"],
    );
    assert.equal(done.code, 0, done.err);
    assert.match(done.err, /some\.csv\.gz:302: rejected: open must be a dec/);
    assert.match(done.err, /:303: rejected: time must be after the candle be/);
    assert.match(done.out, /^some, some\.csv\.gz: 160 minutes forecast/);
    assert.match(done.out, /No skill: over 160 minutes/);
    assert.match(done.out, /random-walk \(no skill\)/);

    const view: BacktestView = JSON.parse(await Deno.readTextFile(json));
    assert.deepEqual(
      [view.candles, view.minutes, view.rejected, view.settings.models],
      [400, 160, 2, ["random-walk", "arima(1,1,0)"]],
    );
    assert.equal(view.settings.cost_bps, 1.5);
    const lines = (await Deno.readTextFile(out)).trimEnd().split("\n")
      .map((line) => JSON.parse(line));
    assert.equal(lines.length, 320);
    assert.equal(lines.filter(({ shown }) => shown).length, 160);
    assert.ok(
      lines.every(({ actual, c, lo95, hi95 }) =>
        lo95 <= c && c <= hi95 && actual > 0
      ),
    );
    const report = await Deno.readTextFile(html);
    assert.match(report, /^<!doctype html><html lang="en">/);
    assert.ok(report.includes(view.verdict[0].replaceAll('"', "&quot;")));
    assert.ok(report.includes(view.data_sha256));
    assert.doesNotMatch(report, /<script|https?:\/\/|url\(|NaN|undefined/);
  }));

Deno.test("backtest's report escapes what files and programs say", () =>
  withFolder(async (dir) => {
    const file = join(dir, "<img src=x>&.csv");
    await Deno.writeTextFile(file, [HEADER, ...CANDLES.map(rowOf)].join("\n"));
    const html = join(dir, "a.html");
    await viewOf(["--file", file, "--html", html, "--models", "drift"]);
    const report = await Deno.readTextFile(html);
    assert.ok(!report.includes("<img"));
    assert.ok(report.includes("&lt;img src=x>&amp;.csv"));
  }));

Deno.test("backtest exits with 2 for a command line that it cannot use", async () => {
  const cases = [
    [["--file", "x", "--window", "1"], /--window "1" as it must be a whole/],
    [["--file", "x", "--models", "magic"], /--models "magic" as it must be so/],
    [["--file", "x", "--interval", "5m"], /must be 1m, as forecasts are of m/],
    [["--file", "x", "--engine", "x"], /must be native or wasm/],
    [
      ["--file", "x", "--from", "2025-01-02", "--to", "2025-01-01"],
      /--to as it must be after --from/,
    ],
    [["--symbol", "A"], /without --file, or --symbol, --from and --to/],
    [["x.csv"], /Cannot use x\.csv/],
  ] as const;
  const context = { signal: new AbortController().signal, say() {} };
  for (const [args, message] of cases) {
    await assert.rejects(backtest(args, undefined, context), (error) => {
      assert.ok(error instanceof OptionsError);
      assert.match(error.message, message);
      return true;
    });
  }
  const { code, out, err } = await run("--speed", "1");
  assert.deepEqual([code, out], [2, ""]);
  assert.match(err, /Use --help to see all options/);
  assert.match((await run("--help")).out, /deno task backtest --file/);
});

Deno.test("backtest exits with 1 and says why where there is nothing to forecast", () =>
  withFolder(async (dir) => {
    const file = join(dir, "some.csv");
    const rows = CANDLES.map(rowOf);
    const write = (...lines: readonly string[]) =>
      Deno.writeTextFile(file, [HEADER, ...lines].join("\n"));
    await write(...rows);
    const later = await run("--file", file, "--from", "2025-06-01");
    assert.deepEqual([later.code, later.out], [1, ""]);
    assert.match(later.err, /must have candles in the range, got 400 lines/);
    await write(...rows.slice(0, 240));
    const few = await run("--file", file);
    assert.equal(few.code, 1);
    assert.match(
      few.err,
      /must have more than 240 candles of one min.* got 240/,
    );
    const none = await run("--file", join(dir, "none.csv"));
    assert.equal(none.code, 1);
    assert.match(none.err, /Cannot read .*none\.csv/);
    const gone = await run(
      ...["--symbol", "A", "--from", "2025-01-01", "--to", "2025-01-02"],
      ...["--url", "http://127.0.0.1:1"],
    );
    assert.equal(gone.code, 1);
    assert.match(gone.err, /Cannot reach http:\/\/127\.0\.0\.1:1 as/);
  }));

Deno.test("backtest stops on Ctrl-C, without a result", () =>
  withFolder(async (dir) => {
    const file = join(dir, "long.csv");
    const long = makeCandles({ n: 30_000, start: START, sd: 1e-3 });
    await Deno.writeTextFile(file, [HEADER, ...long.map(rowOf)].join("\n"));
    const out = join(dir, "out.ndjson");
    const watcher = Deno.watchFs(dir);
    const child = (await command([
      ...["--file", file, "--out", out, "--refit-every", "1"],
      ...["--html", join(dir, "a.html")],
    ])).spawn();
    for await (const { kind, paths } of watcher) {
      if (kind === "modify" && paths.includes(out)) break;
    }
    child.kill("SIGINT");
    const { code, stdout, stderr } = await child.output();
    assert.deepEqual([code, stdout.length], [1, 0]);
    assert.match(new TextDecoder().decode(stderr), /Stopped; there is no resu/);
    assert.equal(await Deno.readTextFile(join(dir, "a.html")), "");
  }));

await onBothDatabases((warehouse, test) => {
  test("backtest of a warehouse is that of a file of the same candles, as they were first", () =>
    withFolder(async (dir) => {
      const file = join(dir, "some.csv");
      const rows = CANDLES.map(rowOf);
      await Deno.writeTextFile(file, [HEADER, ...rows].join("\n"));
      const symbol = warehouse.symbol();
      const scales = { priceScale: 2, sizeScale: 0 };
      await warehouse.instruments.upsert([autoSpec(symbol, scales)]);
      const stored = CANDLES.map((candle) => ({
        ...storedCandle(symbol, candle, {
          closedBy: "import",
          origin: "import",
        }),
        lastTs: null,
      }));
      await warehouse.candles.importCandles(symbol, stored);
      const data = {
        ...fakeData(),
        instruments: [{ ...instrument(symbol), tickSize: "0.01" }],
      };
      const services = await fakeServices(
        { candles: warehouse.candles },
        data,
      );
      const handler = createApp(() => services).handler();
      const server = Deno.serve(
        { hostname: "127.0.0.1", port: 0, onListen() {} },
        (request) => handler(request),
      );
      try {
        const range = ["--from", String(CANDLES[300].t / 1_000)];
        range.push("--to", String(CANDLES[390].t / 1_000));
        const only = ["--symbol", symbol, ...range, "--models", "arima(1,1,0)"];
        const url = ["--url", `http://127.0.0.1:${server.addr.port}`];
        const comparable = ({ source: _, name: __, ...view }: BacktestView) =>
          view;
        const ofFile = comparable(await viewOf(["--file", file, ...only]));
        const ofProgram = async () =>
          comparable(await viewOf([...url, ...only]));
        assert.deepEqual([ofFile.minutes, ofFile.candles], [90, 330]);
        assert.deepEqual(await ofProgram(), ofFile);

        // Imported anew with another close: what it was first still counts.
        const revised = CANDLES.slice(200, 320).map((candle, i) => ({
          ...stored[200 + i],
          close: candle.low.toFixed(2),
        }));
        warehouse.clock.advance(1_000_000);
        await warehouse.candles.importCandles(symbol, revised);
        const after = await ofProgram();
        assert.ok(after.revised > 100);
        assert.deepEqual(after.models, ofFile.models);
        assert.deepEqual(after.signals, ofFile.signals);
        assert.notEqual(after.data_sha256, ofFile.data_sha256);
        await assert.rejects(
          viewOf([...url, "--symbol", "NONE", ...range]),
          /does not know it/,
        );
        const later = epochMicros(CANDLES[399].end).toString().slice(0, -3);
        await assert.rejects(
          viewOf([
            ...url,
            ...["--symbol", symbol, "--from", later, "--to", "2025-06-01"],
          ]),
          /must have more than 240 candles/,
        );
      } finally {
        await server.shutdown();
      }
    }));
});
