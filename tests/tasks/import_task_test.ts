import assert from "node:assert/strict";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { lockDataDir } from "../../db/lock_data_dir.ts";
import { openStores } from "../../db/open_stores.ts";
import { CandleDecoder, CandleFileError } from "../../tasks/candle_file.ts";
import { ZoneClock } from "../../pipeline/calendars/zone_offset.ts";
import { bucketOf, NOW, StillClock } from "../db/testing.ts";
import { silentLog } from "../../pipeline/silent_log.ts";

const decode = (
  lines: readonly string[],
  options: Partial<ConstructorParameters<typeof CandleDecoder>[0]> = {},
) => {
  const decoder = new CandleDecoder({ zone: null, round: null, ...options });
  return lines.map((line) => decoder.decode(line))
    .filter(({ kind }) => kind !== "skipped");
};

const reasonsOf = (lines: ReturnType<typeof decode>) =>
  lines.map((line) => line.kind === "rejected" ? line.reason : line.kind);

Deno.test("CandleDecoder reads CSV by its header, exactly", () => {
  const [line] = decode([
    "\uFEFFDate;Open;Low;High;Close;Volume;Trades",
    "2024-01-20 09:15:00;100.10;99.5;101;100.25;12.5;7",
  ]);
  assert.deepEqual(line, {
    kind: "candle",
    candle: {
      line: 2,
      time: Date.UTC(2024, 0, 20, 9, 15) * 1_000,
      open: "100.1",
      high: "101",
      low: "99.5",
      close: "100.25",
      volume: "12.5",
      n: 7,
    },
  });
});

Deno.test("CandleDecoder reads JSON lines with all digits of their numbers", () => {
  const [line] = decode([
    `{"t":1705742100000,"o":0.10000001,"h":"0.2","l":0.1,"c":0.10000001,` +
    `"v":9007199254740991}`,
  ]);
  assert(line.kind === "candle");
  assert.equal(line.candle.open, "0.10000001");
  assert.equal(line.candle.volume, "9007199254740991");
  assert.equal(line.candle.time, 1705742100000_000);
});

Deno.test("CandleDecoder takes a zone for times that name none", () => {
  const lines = [
    "time,open,high,low,close",
    "2024-01-20 09:15,1,1,1,1",
    "2024-01-20T09:15:00+01:00,1,1,1,1",
    "2024-01-20T09:15:00Z,1,1,1,1",
    "1705742100000,1,1,1,1",
    "2024-01-20,1,1,1,1",
  ];
  const zone = new ZoneClock("Asia/Kolkata");
  const times = decode(lines, { zone }).map((line) =>
    line.kind === "candle" && new Date(line.candle.time / 1_000).toISOString()
  );
  assert.deepEqual(times, [
    "2024-01-20T03:45:00.000Z",
    "2024-01-20T08:15:00.000Z",
    "2024-01-20T09:15:00.000Z",
    "2024-01-20T09:15:00.000Z",
    "2024-01-19T18:30:00.000Z",
  ]);
});

Deno.test("CandleDecoder rejects what is no candle, with the reason", () => {
  const header = "ts_ms,open,high,low,close,volume,trades";
  const reasons = reasonsOf(decode([
    header,
    "yesterday,1,1,1,1,0,1",
    "1705742100000,0,1,1,1,0,1",
    "1705742100000,1,1,1,1e3,0,1",
    "1705742100000,2,1.5,1,1,0,1",
    "1705742100000,1,2,1.5,1.7,0,1",
    "1705742100000,1,1,1,1,-1,1",
    "1705742100000,1,1,1,1,0,x",
    "1705742100000,1,1,1,1,0",
    "1705742100000,1,1,1,1,0,0",
  ]));
  assert.deepEqual(reasons.map((reason) => reason.split(",")[0]), [
    "time must be Unix ms or ISO 8601",
    "open must be a decimal above 0 with at most 8 decimals",
    "close must be a decimal above 0 with at most 8 decimals",
    "low <= open",
    "low <= open",
    "volume must be a decimal of at least 0",
    "trades must be a whole number",
    "7 columns are wanted",
    "empty",
  ]);
});

Deno.test("CandleDecoder rounds half up, only if it is asked to", () => {
  const lines = ["t,o,h,l,c", "1,45.2599983215332,45.25995,45.2599,45.25995"];
  assert.equal(decode(lines)[0].kind, "rejected");
  const [line] = decode(lines, { round: 4 });
  assert(line.kind === "candle");
  assert.deepEqual([line.candle.open, line.candle.low, line.candle.close], [
    "45.26",
    "45.2599",
    "45.26",
  ]);
});

Deno.test("CandleDecoder names the columns that a header lacks", () => {
  assert.throws(() => decode(["a,open,high"]), (error: unknown) => {
    assert(error instanceof CandleFileError);
    assert.match(error.message, /time, low, close/);
    return true;
  });
});

// ------------------------------------------------------------------ the task

async function withFolder(use: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "tickhouse-import-" });
  try {
    await use(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function runImport(dataDir: string, args: readonly string[]) {
  const task = new URL("../../tasks/import.ts", import.meta.url).pathname;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--allow-env",
      "--allow-read",
      `--allow-write=${dataDir}`,
      task,
      ...args,
    ],
    env: { DATA_DIR: dataDir },
  }).output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

Deno.test("import stores history once, and rolls it up", () =>
  withFolder(async (dir) => {
    const dataDir = join(dir, "data");
    const path = join(dir, "nifty.csv.gz");
    const open = Date.UTC(2024, 0, 23, 3, 45); // a session's open
    const rows = Array.from(
      { length: 75 },
      (_, i) => `${open + i * 60_000},100.5,${101 + i},99,100,0`,
    );
    await Deno.writeFile(
      path,
      gzipSync([
        "ts_ms,open,high,low,close,volume",
        `${open - 60_000},90,90,90,90,0`,
        ...rows,
        rows[0],
        "",
      ].join("\n")),
    );
    const expected = {
      event: "imported",
      symbol: "NIFTY50",
      interval: "1m",
      lines: 77,
      imported: 75,
      kept_from_ticks: 0,
      empty: 0,
      rejected: 2,
      rollups: 15 + 5 + 2 + 1,
      from: open,
      to: open + 75 * 60_000,
    };
    const first = await runImport(dataDir, ["--symbol", "NIFTY50", path]);
    assert.equal(first.code, 0, first.err);
    assert.deepEqual(JSON.parse(first.out), expected);
    assert.match(first.err, /:2: rejected: time must be in a session of NSE/);
    assert.match(first.err, /:78: rejected: time must not come twice/);

    const second = await runImport(dataDir, ["--symbol", "NIFTY50", path]);
    assert.deepEqual(JSON.parse(second.out), { ...expected, rollups: 0 });

    const stores = await openStores({
      dataDir,
      partitions: 1,
      clock: new StillClock(NOW),
      log: silentLog,
      bucketOf,
    });
    const [hour] = await stores.candles.candles({
      symbol: "NIFTY50",
      interval: "1h",
      limit: 2,
    });
    assert.deepEqual(
      [hour.t, hour.high, hour.closedBy, hour.complete, hour.vw],
      [open * 1_000, "160.00", "import", true, null],
    );
    assert.equal(await stores.feeds.content(), "real");
    await stores.close();
  }));

Deno.test("import exits with 73 and names the program that is running", () =>
  withFolder(async (dir) => {
    const path = join(dir, "some.csv");
    await Deno.writeTextFile(path, "t,o,h,l,c\n1705742100000,1,1,1,1\n");
    const dataDir = join(dir, "data");
    const lock = await lockDataDir(dataDir, new Date());
    const { code, out, err } = await runImport(dataDir, [
      "--symbol",
      "A",
      path,
    ]);
    lock.release();
    assert.equal(code, 73);
    assert.equal(out, "");
    assert.match(err, new RegExp(`process ${Deno.pid} uses it`));
  }));

Deno.test("import of a file without candles says so and makes no warehouse", () =>
  withFolder(async (dir) => {
    const dataDir = join(dir, "data");
    for (
      const [text, lines] of [["", 0], ["t,o,h,l,c\n5,x,x,x,x\n", 1]] as const
    ) {
      const path = join(dir, "some.csv");
      await Deno.writeTextFile(path, text);
      const args = ["--symbol", "A", path];
      const { code, out, err } = await runImport(dataDir, args);
      assert.deepEqual([code, out], [1, ""]);
      assert.match(
        err,
        new RegExp(`some\\.csv as it must have candles, got ${lines} lines`),
      );
    }
    await assert.rejects(Deno.stat(dataDir), Deno.errors.NotFound);
  }));

Deno.test("import exits with 2 for a command line that it cannot use", () =>
  withFolder(async (dir) => {
    const { code, err } = await runImport(dir, ["--interval", "2m"]);
    assert.equal(code, 2);
    assert.match(err, /--interval "2m" as it must be one of 1m, 5m/);
  }));
