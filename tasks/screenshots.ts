/**
 * Pictures of every page: on a phone, a tablet and a desk, dark and light, with
 * data and without; `--help` says more.
 *
 * One line of JSON on stdout says what was taken. Exits with 0 when all were.
 */
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { openBrowser } from "../tests/harness/browser.ts";
import {
  getJson,
  type Program,
  startProgram,
  until,
} from "../tests/harness/program.ts";
import {
  type Alert,
  type FiredAlert,
  priceAlert,
} from "../components/alerts.ts";
import { seededRandom } from "../tests/chaos/faults.ts";
import { runTask, type TaskContext, type TaskResult } from "./run_task.ts";
import { toPalette } from "./screenshots/palette.ts";
import { readPng } from "./screenshots/read_png.ts";
import { writePng } from "./screenshots/write_png.ts";
import {
  describeOptions,
  helpOption,
  option,
  parseOptions,
} from "./task_options.ts";

const OPTIONS = {
  out: option({
    takes: "FOLDER",
    fallback: "docs/screenshots",
    wanted: "a path of a folder",
    meaning: "Where the pictures go; those that are there are replaced",
    read: (text) => text === "" ? null : text,
  }),
  help: helpOption,
};

const USAGE =
  `Takes pictures of every page, from programs that it starts: one with the
simulator, whose prices are always the same, and one without a tick.

deno task screenshots [OPTIONS]

${describeOptions(OPTIONS)}
`;

/** It is shown on the pages, so it is no folder of this machine's own. */
const DATA_DIR = "./data/pictures";
const SYMBOL = "DEMO-AR1";
const PHONE = { width: 360, height: 740 };
const SIZES = [
  PHONE,
  { width: 768, height: 1024 },
  { width: 1440, height: 900 },
];
const THEMES = ["dark", "light"] as const;
const HISTORY_MINUTES = 355;
/** Minutes that were forecast while the program ran, to be seen on the chart. */
const PAST_FORECASTS = 6;
/** A first start bundles the islands' code while the page waits. */
const WAIT_MS_MAX = 300_000;
/** On a phone a page goes on below the screen. */
const PHONE_HEIGHT_MAX = 2_600;
const MANY_SYMBOLS = 150;

/** A page, and what of it must be there before the picture. */
interface Shown {
  readonly name: string;
  readonly path: string;
  readonly ready: string;
  /** On a phone all of it, not what is on the first screen. */
  readonly whole?: boolean;
  /** What the browser keeps of somebody who was there before. */
  readonly kept?: Readonly<Record<string, unknown>>;
}

const CHART = ".link-connected";
const NOW = Date.now();
const ALERTS: readonly Alert[] = [
  priceAlert(
    {
      id: "a",
      symbol: "NIFTY50",
      setAt: NOW - 5_400_000,
      level: 25_000,
      decimals: 2,
    },
    24_600,
  ),
  { id: "b", symbol: SYMBOL, setAt: NOW - 3_600_000, kind: "signal" },
  { id: "c", symbol: "USDINR", setAt: NOW - 600_000, kind: "stale" },
];
const FIRED: readonly FiredAlert[] = [{
  key: "d",
  symbol: SYMBOL,
  text: "New signal: SELL at 103.35",
  at: NOW - 120_000,
}];
const WITH_DATA: readonly Shown[] = [
  { name: "list", path: "/", ready: ".link-connected" },
  {
    name: "instrument",
    path: `/instruments/${SYMBOL}`,
    ready: CHART,
    whole: true,
  },
  {
    name: "instrument-5m",
    path: "/instruments/NIFTY50?interval=5m",
    ready: CHART,
  },
  {
    name: "system",
    path: "/system",
    ready: ".samples button:enabled",
    whole: true,
  },
  { name: "settings", path: "/settings", ready: "main" },
  {
    name: "alerts",
    path: "/alerts",
    ready: "main .panel:not([hidden])",
    kept: { "tickhouse.alerts": ALERTS, "tickhouse.alerts.fired": FIRED },
  },
  {
    name: "alerts-empty",
    path: "/alerts",
    ready: "main .panel:not([hidden])",
  },
  { name: "docs", path: "/docs", ready: "main" },
  { name: "not-found", path: "/nowhere", ready: "main" },
];
const EMPTY: readonly Shown[] = [
  { name: "list-empty", path: "/", ready: ".copy-line button:enabled" },
  {
    name: "instrument-empty",
    path: "/instruments/NIFTY50",
    ready: CHART,
  },
  { name: "system-empty", path: "/system", ready: "main h1" },
];
const MANY: readonly Shown[] = [
  { name: "list-many", path: "/", ready: ".link-connected" },
];
/** The feed has gone, and the page says so. */
const OUTAGE: readonly Shown[] = [
  { name: "instrument-outage", path: "/instruments/MANY.001", ready: CHART },
];
const WITH_TOKEN: readonly Shown[] = [
  { name: "login", path: "/login", ready: "input[type=password]" },
];

/** Lines that end up in quarantine, so that there is something to see. */
const REFUSED = [
  "not a tick",
  '{"symbol":"NIFTY50","price":24321.55}',
  '{"symbol":"USDINR","ts":"2026-01-01T00:00:00Z","price":-88.5}',
  '{"symbol":"RELIANCE","ts":"2099-01-01T00:00:00Z","price":1400}',
];

export async function screenshots(
  args: readonly string[],
  { say, signal }: TaskContext,
): Promise<TaskResult> {
  const { out, help } = parseOptions(OPTIONS, args).values;
  if (help) return USAGE;
  await Deno.mkdir(out, { recursive: true });
  const browser = await openBrowser();
  const taken: Record<string, number> = {};
  const take = async (program: Program, pages: readonly Shown[]) => {
    for (const page of pages) {
      if (signal.aborted) return;
      Object.assign(taken, await picturesOf(browser, program, page, out));
      say(`${page.name}: ${Object.keys(taken).length} pictures so far`);
    }
  };
  try {
    await withProgram({ SIMULATE: "on" }, async (program) => {
      await withHistory(program);
      await refuse(program);
      await take(program, WITH_DATA);
    });
    await withProgram({ SIMULATE: "off" }, (program) => take(program, EMPTY));
    await withProgram({ SIMULATE: "off" }, async (program) => {
      await withMany(program, () => take(program, MANY));
      await take(program, OUTAGE);
    });
    await withProgram(
      { SIMULATE: "off", API_TOKEN: "a token for a picture" },
      (program) => take(program, WITH_TOKEN),
    );
  } finally {
    await browser.close();
  }
  const bytes = Object.values(taken).reduce((sum, size) => sum + size, 0);
  const report = { pictures: Object.keys(taken).length, bytes, out };
  return { report, ok: !signal.aborted };
}

async function withProgram(
  env: Readonly<Record<string, string>>,
  run: (program: Program) => Promise<void>,
): Promise<void> {
  await Deno.remove(DATA_DIR, { recursive: true }).catch(() => {});
  const program = await startProgram({
    ...env,
    DATA_DIR,
    HTTP_PORT: "0",
    FEEDS: "listen://127.0.0.1:0",
  });
  try {
    await run(program);
    await program.stop();
  } finally {
    await program.kill().catch(() => {});
    await Deno.remove(DATA_DIR, { recursive: true });
  }
}

/** Candles, and a forecast of this minute. */
async function withHistory(program: Program): Promise<void> {
  await until(
    "the simulated history",
    () => getJson(program, `/api/candles?symbol=${SYMBOL}&limit=1000`),
    ({ candles }) => candles.length >= HISTORY_MINUTES,
  );
  await until(
    "forecasts",
    () =>
      getJson(program, `/api/forecasts?symbol=${SYMBOL}&horizon=1&limit=100`),
    ({ forecasts }) => forecasts.length > PAST_FORECASTS,
    2 * PAST_FORECASTS * 60_000,
  );
}

/** An hour of many instruments, and a feed that stays while `run` looks. */
async function withMany(
  program: Program,
  run: () => Promise<void>,
): Promise<void> {
  const [hostname, port] = program.feeds[0].split(":");
  using connection = await Deno.connect({ hostname, port: Number(port) });
  const writer = connection.writable.getWriter();
  const encoder = new TextEncoder();
  const say = (lines: readonly string[]) =>
    writer.write(encoder.encode(lines.join("\n") + "\n"));
  await say(['{"type":"hello","feed":"exchange","epoch":1,"simulated":true}']);
  const random = seededRandom(1);
  const prices = Array.from(
    { length: MANY_SYMBOLS },
    () => 50 + Math.round(random() * 4_000),
  );
  let seq = 0;
  for (let minutesAgo = 60; minutesAgo >= 0; minutesAgo--) {
    const ts = Date.now() - minutesAgo * 60_000;
    await say(prices.map((price, i) => {
      const symbol = `MANY.${String(i + 1).padStart(3, "0")}`;
      prices[i] = price * (1 + (random() - 0.5) / 500);
      return `{"symbol":"${symbol}","ts":${ts},` +
        `"price":${prices[i].toFixed(2)},"volume":10,"seq":${++seq}}`;
    }));
  }
  await until(
    "many instruments",
    () => getJson(program, "/api/instruments"),
    ({ instruments }) =>
      instruments.filter(({ last }: { last: unknown }) => last).length >=
        MANY_SYMBOLS,
  );
  await run();
}

/** Sends lines that are refused, as a feed without acknowledgements. */
async function refuse(program: Program): Promise<void> {
  const [hostname, port] = program.feeds[0].split(":");
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const hello = '{"type":"hello","feed":"odd","epoch":1,"simulated":true}';
  const lines = REFUSED.map((line, i) =>
    line.startsWith("{") ? line.replace(/}$/, `,"seq":${i + 1}}`) : line
  );
  const text = [hello, ...lines, '{"type":"end"}', ""].join("\n");
  await connection.write(new TextEncoder().encode(text));
  await until(
    "the quarantine",
    () => getJson(program, "/api/quarantine"),
    ({ rows }) => rows.length >= REFUSED.length - 1,
  );
  connection.close();
}

/** The page at every size and in both themes; the size of each file. */
async function picturesOf(
  browser: Browser,
  { http }: Program,
  { name, path, ready, whole = false, kept = {} }: Shown,
  out: string,
): Promise<Readonly<Record<string, number>>> {
  const taken: Record<string, number> = {};
  for (const colorScheme of THEMES) {
    const context = await browser.newContext({
      colorScheme,
      reducedMotion: "reduce",
    });
    context.setDefaultTimeout(WAIT_MS_MAX);
    const page = await context.newPage();
    await page.addInitScript((kept) => {
      for (const [key, value] of Object.entries(kept)) {
        localStorage.setItem(key, JSON.stringify(value));
      }
    }, kept);
    for (const viewport of SIZES) {
      await page.setViewportSize(viewport);
      await page.goto(http + path);
      await page.locator(ready).first().waitFor();
      // Two frames: what the islands put in has been painted then.
      await page.evaluate(() =>
        new Promise<void>((painted) =>
          requestAnimationFrame(() => requestAnimationFrame(() => painted()))
        )
      );
      const all = whole && viewport === PHONE;
      const shot = all ? await wholePage(page) : await page.screenshot();
      const png = writePng(toPalette(readPng(shot)));
      const file = `${name}-${viewport.width}-${colorScheme}.png`;
      await Deno.writeFile(join(out, file), png);
      taken[file] = png.length;
    }
    await context.close();
  }
  return taken;
}

/** More of a page than the screen shows, though not without an end. */
async function wholePage(page: Page) {
  const { width, height } = await page.evaluate(() => ({
    width: innerWidth,
    height: document.documentElement.scrollHeight,
  }));
  const clip = {
    x: 0,
    y: 0,
    width,
    height: Math.min(PHONE_HEIGHT_MAX, height),
  };
  return await page.screenshot({ fullPage: true, clip });
}

if (import.meta.main) await runTask(screenshots);
