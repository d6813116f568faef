/**
 * How soon a page shows something, and how much code it brings, on a first
 * visit: the whole program with six hours of simulated history, and Chromium on
 * the same machine.
 *
 * `deno run … bench/pages_bench.ts [rounds]`. Prints a table, then one line of
 * JSON; exits with 1 if a target is missed. In each round the calibration, a
 * page of one line without a style that needs no server, comes just before the
 * others, which have their ratio to it as well: it tells of the machine.
 */
import type { Browser } from "playwright-core";
import { openBrowser } from "../tests/harness/browser.ts";
import { getJson, startProgram, until } from "../tests/harness/program.ts";

const [ROUNDS = 7] = Deno.args.filter((arg) => /^\d+$/.test(arg)).map(Number);
const SYMBOL = "DEMO-AR1";
const PAINT_MS_MAX = 500;
/** Of code on the wire. */
const KB_MAX = 25;
const CHART_KB_MAX = 85;
const PAGES = [
  "/",
  `/instruments/${SYMBOL}`,
  "/system",
  "/settings",
  "/alerts",
  "/docs",
];
/** Seen by those who are not known, where a token is asked for. */
const LOGIN = "/login";
const CALIBRATION = "/calibration";

interface Visit {
  /** First byte of the answer, ms after the request. */
  readonly answer: number;
  /** First contentful paint, ms after the request. */
  readonly paint: number;
  /** Bytes of its scripts on the wire. */
  readonly code: number;
}

const dataDir = await Deno.makeTempDir({ prefix: "tickhouse-bench-" });
const lockedDir = await Deno.makeTempDir({ prefix: "tickhouse-bench-" });
const locked = await startProgram({
  DATA_DIR: lockedDir,
  SIMULATE: "off",
  HTTP_PORT: "0",
  FEEDS: "listen://127.0.0.1:0",
  API_TOKEN: "a token for a bench",
});
const program = await startProgram({
  DATA_DIR: dataDir,
  SIMULATE: "on",
  HTTP_PORT: "0",
  FEEDS: "listen://127.0.0.1:0",
});
let browser: Browser | null = null;
try {
  await until(
    "the history",
    () => getJson(program, `/api/candles?symbol=${SYMBOL}&limit=1000`),
    ({ candles }) => candles.length >= 355,
  );
  await until(
    "a forecast",
    () => getJson(program, `/api/forecasts?symbol=${SYMBOL}&horizon=1&limit=5`),
    ({ forecasts }) => forecasts.length > 0,
  );
  // Every instrument's history is fitted first, on the cores that pages need.
  await until(
    "the first fits",
    () => getJson(program, "/api/system"),
    ({ forecasts, instruments }) =>
      forecasts.fits >= instruments.live && forecasts.fits_waiting === 0,
  );
  browser = await openBrowser();
  const visits = new Map<string, Visit[]>();
  const url = (path: string) => (path === LOGIN ? locked : program).http + path;
  for (const path of [...PAGES, LOGIN]) await visit(browser, url(path));
  for (let round = 0; round < ROUNDS; round++) {
    for (const path of [CALIBRATION, ...PAGES, LOGIN]) {
      const one = await visit(browser, url(path));
      visits.set(path, [...visits.get(path) ?? [], one]);
    }
  }
  const calibration = medianOf(visits.get(CALIBRATION)!);
  const figures = [...PAGES, LOGIN].map((path) => {
    const { answer, paint, code } = medianOf(visits.get(path)!);
    return {
      path,
      answer_ms: Math.round(answer),
      paint_ms: Math.round(paint),
      paint_ratio: Number((paint / calibration.paint).toFixed(1)),
      code_kb: Number((code / 1_000).toFixed(1)),
    };
  });
  console.table(figures);
  const reached = figures.every(({ path, paint_ms, code_kb }) =>
    paint_ms <= PAINT_MS_MAX &&
    code_kb <= (path.startsWith("/instruments/") ? CHART_KB_MAX : KB_MAX)
  );
  console.log(JSON.stringify({
    bench: "pages",
    rounds: ROUNDS,
    calibration_ms: Math.round(calibration.paint),
    figures,
    reached,
    deno: Deno.version.deno,
    chromium: browser.version(),
    cores: navigator.hardwareConcurrency,
    date: new Date().toISOString().slice(0, 10),
  }));
  Deno.exitCode = reached ? 0 : 1;
} finally {
  await browser?.close();
  for (const one of [program, locked]) await one.stop();
  for (const dir of [dataDir, lockedDir]) {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Opens a page in a browser that knows nothing of it yet. */
async function visit(browser: Browser, url: string): Promise<Visit> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
  });
  try {
    await context.route(`**${CALIBRATION}`, (route) =>
      route.fulfill({
        contentType: "text/html",
        body: "<!doctype html><title>Calibration</title><p>A line of text",
      }));
    const page = await context.newPage();
    await page.goto(url, { waitUntil: "load" });
    return await page.evaluate(async () => {
      const paint = await new Promise<number>((resolve) =>
        new PerformanceObserver((list) => {
          const [first] = list.getEntriesByName("first-contentful-paint");
          if (first !== undefined) resolve(first.startTime);
        }).observe({ type: "paint", buffered: true })
      );
      const scripts = performance.getEntriesByType("resource")
        .filter(({ name }) => new URL(name).pathname.endsWith(".js"));
      const code = (scripts as PerformanceResourceTiming[])
        .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);
      const [{ responseStart }] = performance.getEntriesByType(
        "navigation",
      ) as PerformanceNavigationTiming[];
      return { answer: responseStart, paint, code };
    });
  } finally {
    await context.close();
  }
}

function medianOf(visits: readonly Visit[]): Visit {
  const median = (value: (one: Visit) => number) =>
    visits.map(value).toSorted((a, b) => a - b)[visits.length >> 1];
  return {
    answer: median(({ answer }) => answer),
    paint: median(({ paint }) => paint),
    code: median(({ code }) => code),
  };
}
