/**
 * The dashboard in a real browser, on the whole program with its simulator.
 */
import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { DARK } from "../../chart/theme.ts";
import { openStores } from "../../db/open_stores.ts";
import { alwaysOpen } from "../../pipeline/calendars/always_open.ts";
import { loadInstruments } from "../../pipeline/calendars/load_markets.ts";
import type { Forecast } from "../../pipeline/domain/forecast.ts";
import { epochMicros, MICROS_PER_MINUTE } from "../../pipeline/domain/time.ts";
import { jsonLog } from "../../pipeline/json_log.ts";
import { systemClock } from "../../pipeline/system_clock.ts";
import { freePort } from "../harness/free_port.ts";
import {
  browserTest,
  type PageFaults,
  watchFaults,
} from "../harness/browser.ts";
import {
  getJson,
  type Program,
  startProgram,
  until,
} from "../harness/program.ts";

const SYMBOL = "DEMO-AR1";
const WIDE = { width: 1440, height: 900 };
const PHONE = { width: 390, height: 844 };
/** A minute, and room for a machine that does something else as well. */
const MINUTES_MS_MAX = 240_000;

browserTest(
  "the dashboard lives in a real browser",
  async (browser, t) => {
    /** A step builds on the one before, so the first that fails ends it. */
    const step = async (name: string, run: () => void | Promise<void>) =>
      assert(await t.step(name, async () => await run()), name);
    const dataDir = await Deno.makeTempDir({ prefix: "tickhouse-browser-" });
    await storeSignal(dataDir);
    const env = {
      DATA_DIR: dataDir,
      HTTP_PORT: String(freePort()),
      SIMULATE: "on",
      FEEDS: "listen://127.0.0.1:0",
    };
    let program = await startProgram(env);
    try {
      await until(
        "the simulated history",
        () => getJson(program, `/api/candles?symbol=${SYMBOL}&limit=1000`),
        ({ candles }) => candles.length >= 355,
      );
      await step(
        "pages are readable without scripts",
        () => withoutScripts(browser, program),
      );
      const context = await browser.newContext({
        viewport: WIDE,
        colorScheme: "dark",
      });
      const page = await context.newPage();
      const faults = watchFaults(page, program.http);
      await step(
        "the list shows every instrument and leads to one",
        () => listLeadsToChart(page, program),
      );
      await step(
        "a signal of the past is on the chart",
        () => signalIsDrawn(page),
      );
      await step(
        "the zoom survives a new candle, and the chart grows",
        () => zoomSurvives(page, program),
      );
      await step(
        "the forecast candle is drawn",
        () => forecastIsDrawn(page, program),
      );
      await step(
        "interval buttons and the selector work in place",
        () => controlsWork(page),
      );
      await step(
        "a lost connection is said, and heals",
        () =>
          connectionHeals(page, program, async () => {
            program = await startProgram(env);
          }),
      );
      await step(
        "nothing failed, no policy was broken, nobody else was asked",
        () => assertClean(faults, ERRORS_OF_AN_OUTAGE),
      );
      await context.close();
      await step(
        "every page fits a phone, in both themes",
        () => fitsPhone(browser, program),
      );
      const stopped = await program.stop();
      assert.equal(stopped.code, 0, stopped.log);
    } finally {
      await program.kill().catch(() => {});
      await Deno.remove(dataDir, { recursive: true });
    }
  },
);

/** A BUY of half an hour ago, so that a mark is there without luck. */
async function storeSignal(dataDir: string): Promise<void> {
  const now = systemClock.now();
  const t = epochMicros(now - now % MICROS_PER_MINUTE - 30 * MICROS_PER_MINUTE);
  const calendar = alwaysOpen();
  const specs = await loadInstruments(
    new URL("../../markets/instruments/simulated.json", import.meta.url),
    new Map([[calendar.id, calendar]]),
  );
  const stores = await openStores({
    dataDir,
    partitions: 1,
    clock: systemClock,
    log: jsonLog(systemClock, () => {}),
    bucketOf: (_, interval, at) => calendar.bucketAt(interval, at),
  });
  try {
    await stores.instruments.upsert(specs);
    const price = 100;
    const forecast: Forecast = {
      symbol: SYMBOL,
      interval: "1m",
      t,
      horizon: 1,
      model: "arima(1,1,1)",
      order: [1, 1, 1],
      champion: true,
      madeAt: t,
      trainedThrough: t,
      position: "0-0",
      rev: 0,
      last: price,
      open: price,
      high: price + 0.2,
      low: price - 0.1,
      close: price + 0.1,
      se: 0.0005,
      lo50: 99.9,
      hi50: 100.3,
      lo80: 99.8,
      hi80: 100.4,
      lo95: 99.7,
      hi95: 100.5,
    };
    await stores.forecasts.saveForecasts([forecast]);
    await stores.signals.saveSignals([{
      symbol: SYMBOL,
      t,
      version: 1,
      madeAt: t,
      model: "arima(1,1,1)",
      action: "BUY",
      lean: "up",
      reason: "a signal made for this test",
      confidence: 0.7,
      price,
      expectedBps: 10,
      costBps: 2,
    }]);
    const of = { symbol: SYMBOL, t, version: 1, settledAt: now, costBps: 2 };
    await stores.signals.saveOutcomes([
      {
        ...of,
        minutes: 1,
        came: {
          kind: "priced",
          entry: price,
          exit: price * 1.0005,
          moveBps: 5,
          netBps: 3,
        },
      },
      {
        ...of,
        minutes: 5,
        came: { kind: "no_price", reason: "made for this test" },
      },
      {
        ...of,
        minutes: 15,
        came: {
          kind: "priced",
          entry: price,
          exit: price * 0.9995,
          moveBps: -5,
          netBps: -7,
        },
      },
    ]);
  } finally {
    await stores.close();
  }
}

async function withoutScripts(
  browser: Browser,
  program: Program,
): Promise<void> {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(`${program.http}/`);
  // What is not drawn yet has no inner text.
  const reads = (...words: readonly string[]) =>
    until(
      words.join(),
      () => page.locator("body").innerText(),
      (text) => words.every((word) => text.includes(word)),
    );
  await reads("NIFTY50", "USDINR", SYMBOL, "Simulated");
  await page.goto(`${program.http}/instruments/NIFTY50`);
  assert.equal(
    await page.locator(".chart-host .tc-first-plot:visible").count(),
    1,
    "candles as SVG",
  );
  await reads("Forecast");
  await context.close();
}

async function listLeadsToChart(page: Page, program: Program): Promise<void> {
  await page.goto(`${program.http}/`);
  assert.equal(await page.locator("table.watchlist tbody tr").count(), 5);
  await page.locator(".link-connected").waitFor();
  await page.getByRole("link", { name: SYMBOL }).first().click();
  await page.waitForURL(`**/instruments/${SYMBOL}`);
  await page.locator(".tc-ready canvas").first().waitFor();
  await page.locator(".link-connected").waitFor();
}

/** Pixels of the chart in a colour, as the theme writes it. */
async function pixelsOf(page: Page, hex: string): Promise<number> {
  const wanted = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  return await page.evaluate((wanted) => {
    const canvas = document.querySelector<HTMLCanvasElement>(".tc-canvas")!;
    const { data } = canvas.getContext("2d")!.getImageData(
      0,
      0,
      canvas.width,
      canvas.height,
    );
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
      if (wanted.every((value, k) => data[i + k] === value)) count++;
    }
    return count;
  }, wanted);
}

async function drawn(page: Page, what: string, hex: string): Promise<void> {
  await until(
    `${what} on the chart`,
    () => pixelsOf(page, hex),
    (count) => count >= 8,
    MINUTES_MS_MAX,
  );
}

async function signalIsDrawn(page: Page): Promise<void> {
  await drawn(page, "a BUY", DARK.buy);
  await until(
    "a BUY in the list of signals",
    () => page.locator(".instrument-grid").innerText(),
    (text) => text.includes("BUY"),
  );
  await page.locator(".tc-stage").focus();
  await page.keyboard.press("Escape");
  const tip = page.locator(".tc-tip");
  const said = await until(
    "the tip of the BUY, by keys",
    async () => {
      await page.keyboard.press("Shift+ArrowLeft");
      await drawnAgain(page);
      return await tip.isVisible() ? await tip.innerText() : "";
    },
    (text) => text.includes("a signal made for this test"),
  );
  assert.match(said, /^BUY 100\.00\d*\n70 % sure\n/);
  assert.ok(
    said.includes(
      "\nNet of costs: +3.0 bps after 1 min, no price after 5, " +
        "−7.0 bps after 15\n",
    ),
    said,
  );
  assert.match(said, /\nHit-rate of all signals: \d+ % of \d+ after 1 min/);
  await page.keyboard.press("Escape");
}

/** What a key has changed is drawn in the next frame. */
const drawnAgain = (page: Page) =>
  page.evaluate(() =>
    new Promise<void>((resolve) =>
      requestAnimationFrame(() => requestAnimationFrame(() => resolve()))
    )
  );

const slotsOf = (page: Page) => new URL(page.url()).searchParams.get("slots");

async function zoomSurvives(page: Page, program: Program): Promise<void> {
  const box = (await page.locator(".tc-canvas").boundingBox())!;
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  let zoomed: string | null = null;
  for (let i = 0; i < 4; i++) {
    await page.mouse.wheel(0, -240);
    const before: string | null = zoomed;
    zoomed = await until(
      "the zoom in the URL",
      () => Promise.resolve(slotsOf(page)),
      (slots) => slots !== null && slots !== before,
    );
  }
  const newest = async () =>
    (await getJson(program, `/api/candles?symbol=${SYMBOL}&limit=1`))
      .candles[0].t as number;
  const before = await newest();
  const rows = page.locator("details.rows tbody td:first-child");
  await page.locator("details.rows summary").click();
  const firstRow = await rows.first().innerText();
  await until("a new candle", newest, (t) => t > before, MINUTES_MS_MAX);
  await until(
    "the new candle in the page",
    () => rows.first().innerText(),
    (text) => text !== firstRow,
  );
  assert.equal(slotsOf(page), zoomed, "the zoom is as it was");
  await page.locator("details.rows summary").click();
}

async function forecastIsDrawn(page: Page, program: Program): Promise<void> {
  await until(
    "a current forecast",
    () => getJson(program, `/api/forecasts?symbol=${SYMBOL}`),
    ({ forecasts }) =>
      forecasts.some(({ t }: { t: number }) => t > Date.now() - 60_000),
    MINUTES_MS_MAX,
  );
  const goLive = page.locator(".tc-live");
  if (await goLive.isVisible()) await goLive.click();
  await drawn(page, "the forecast candle", DARK.forecast);
  await until(
    "the forecast and the signal beside it",
    () => page.locator(".instrument-grid").innerText(),
    (text) =>
      /(BUY|SELL|HOLD)[\s\S]*95 % band|95 % band[\s\S]*(BUY|SELL|HOLD)/
        .test(text),
    MINUTES_MS_MAX,
  );
  await tablesFit(page);
}

/** No column of a panel's table is cut off. */
async function tablesFit(page: Page): Promise<void> {
  const cut = await page.evaluate(() =>
    [...document.querySelectorAll("aside table")]
      .filter((table) =>
        table.closest(".scroll") === null &&
        table.getBoundingClientRect().right >
          table.closest(".panel")!.getBoundingClientRect().right
      ).map((table) => table.textContent)
  );
  assert.deepEqual(cut, []);
}

async function controlsWork(page: Page): Promise<void> {
  await page.evaluate(() => document.body.dataset.sameDocument = "yes");
  for (const interval of ["1s", "5m", "4h", "1M", "1d", "1m"]) {
    await page.getByRole("link", { name: interval, exact: true }).click();
    await page.waitForURL((url) =>
      (url.searchParams.get("interval") ?? "1m") === interval
    );
    await page.locator(`.intervals [aria-current]`, { hasText: interval })
      .waitFor();
  }
  assert.equal(
    await page.evaluate(() => document.body.dataset.sameDocument),
    "yes",
    "an interval changes in place",
  );
  await page.goBack();
  await page.waitForURL(/interval=1d/);
  await page.keyboard.press("/");
  await page.keyboard.type("rupee");
  await page.locator("#instrument-list [role=option]", { hasText: "USDINR" })
    .waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL("**/instruments/USDINR*");
  await page.locator(".tc-ready canvas").first().waitFor();
  assert.match(await page.title(), /USDINR/);
}

/** SIGKILL under an open page, and a start at the same address. */
async function connectionHeals(
  page: Page,
  program: Program,
  restart: () => Promise<void>,
): Promise<void> {
  await page.locator(".link-connected").waitFor();
  await program.kill();
  await page.locator(".link:not(.link-connected)").waitFor();
  await restart();
  await page.locator(".link-connected").waitFor();
}

/** What a browser tells while nobody answers, or somebody who is starting. */
const ERRORS_OF_AN_OUTAGE = new RegExp([
  "ERR_CONNECTION_(REFUSED|RESET|CLOSED|ABORTED)",
  "ERR_SOCKET_NOT_CONNECTED",
  "ERR_EMPTY_RESPONSE",
  "ERR_INCOMPLETE_CHUNKED",
  "status of 503",
].join("|"));

function assertClean(
  { errors, strangers }: PageFaults,
  expected: RegExp,
): void {
  const own = errors.filter((text) => !expected.test(text));
  assert.deepEqual(own, []);
  assert.deepEqual(strangers, []);
}

async function fitsPhone(browser: Browser, program: Program): Promise<void> {
  for (const colorScheme of ["dark", "light"] as const) {
    const context = await browser.newContext({
      viewport: { ...PHONE, width: 360 },
      colorScheme,
      hasTouch: true,
    });
    const page = await context.newPage();
    const faults = watchFaults(page, program.http);
    for (const path of ["/", `/instruments/${SYMBOL}`, "/nothing-here"]) {
      const response = await page.goto(program.http + path);
      if (path === "/nothing-here") assert.equal(response!.status(), 404);
      else await page.locator(".link-connected").waitFor();
      const [content, screen] = await page.evaluate(() => [
        document.documentElement.scrollWidth,
        document.documentElement.clientWidth,
      ]);
      assert(content <= screen, `${path} is ${content} px wide on ${screen}`);
      await tablesFit(page);
    }
    assertClean(faults, /status of 404/);
    await context.close();
  }
}
