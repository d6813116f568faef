/**
 * What holds for every page, in a real browser: nothing for axe-core to find,
 * all within reach of the keyboard and visibly so, nothing wider than a phone,
 * no violation of the content's policy and no request to another machine.
 */
import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { type Alert, type FiredAlert } from "../../components/alerts.ts";
import { createApp } from "../../web/create_app.ts";
import { serveHttp } from "../../web/serve_http.ts";
import type { Services } from "../../web/services.ts";
import { violations, walk } from "../harness/accessibility.ts";
import { browserTest, islandsBegun, watchFaults } from "../harness/browser.ts";
import { type FakeData, fakeData, fakeServices } from "../web/fake_services.ts";

const ROOT = new URL("../../", import.meta.url);
const DESK = { width: 1280, height: 900 };
const PHONE = { width: 360, height: 740 };
/** Where a chart begins on a phone, for more than half of it to be seen. */
const CHART_TOP_MAX = 400;
/** Of a page in all; 0.1 counts as good. */
const SHIFT_MAX = 0.01;

/** A page as it is shown in some state of the program. */
interface Shown {
  readonly name: string;
  readonly path: string;
  readonly status?: number;
  readonly data?: (data: FakeData) => void;
  readonly services?: (services: Services) => Partial<Services>;
  /** What the browser keeps of somebody who was there before. */
  readonly kept?: Readonly<Record<string, unknown>>;
  /** What somebody does there, of which something opens. */
  readonly open?: (page: Page) => Promise<void>;
}

browserTest(
  "every page can be used by everybody, and keeps to itself",
  async (browser, t) => {
    await t.step(
      "a page that is bad is found to be",
      () => finds(browser),
    );
    for (const shown of await pages()) {
      await t.step(shown.name, () => check(browser, shown));
    }
  },
);

const ALERTS: readonly Alert[] = [
  {
    id: "a",
    symbol: "NIFTY50",
    setAt: 1,
    kind: "price",
    level: 120,
    decimals: 2,
    side: "above",
  },
  { id: "b", symbol: "NIFTY50", setAt: 2, kind: "signal" },
  { id: "c", symbol: "EUR/USD", setAt: 3, kind: "stale" },
];
const MANY_FIRED: readonly FiredAlert[] = Array.from(
  { length: 6 },
  (_, i) => ({
    key: `${i}`,
    symbol: "NIFTY50",
    text: `NIFTY50 rose to 10${i}.00`,
    at: 1_764_043_000_000 + i,
  }),
);
const KEPT_ALERTS = {
  "tickhouse.alerts": ALERTS,
  "tickhouse.alerts.fired": MANY_FIRED,
};

async function pages(): Promise<readonly Shown[]> {
  const down = (data: FakeData) => {
    data.health = {
      ready: false,
      reasons: ["Redis does not answer since 04:00:10 UTC: nothing is read"],
      warnings: ["Feed sim is not connected since 03:59:00 UTC: it is lost"],
      details: {},
    };
  };
  const empty = (data: FakeData) => {
    data.candles = [];
    data.forecasts = [];
    data.signals = [];
    data.activity = [];
    data.system = { ...data.system, books: null, quarantine: null };
  };
  const noted = (data: FakeData) => {
    const note = "Made for this test, with a note as long as the longest of " +
      "those that are delivered: each minute goes on with a part of the move " +
      "of the minute before. No real market is like it";
    data.instruments = data.instruments.map((one) => ({ ...one, note }));
  };
  const real = ({ info }: Services) => ({
    info: { ...info, simulated: false, seed: null },
  });
  const rejecting = (error: Error) => ({ candles }: Services) => ({
    candles: { ...candles, latest: () => Promise.reject(error) },
  });
  const single: Shown[] = [];
  for await (const { name, isFile } of Deno.readDir(new URL("routes", ROOT))) {
    const page = /^([a-z]\w*)\.tsx$/.exec(name)?.[1];
    if (!isFile || page === undefined || page === "index") continue;
    const token = page === "login" ? () => ({ apiToken: "secret" }) : undefined;
    single.push({ name: `/${page}`, path: `/${page}`, services: token });
  }
  return [
    { name: "the list", path: "/" },
    { name: "an instrument", path: "/instruments/NIFTY50" },
    {
      name: "an instrument with a note",
      path: "/instruments/NIFTY50",
      data: noted,
    },
    ...single,
    {
      name: "the list, with its keys shown",
      path: "/",
      open: async (page) => {
        await page.keyboard.press("?");
        await page.getByRole("dialog", { name: "Keys" }).waitFor();
      },
    },
    {
      name: "the list, of which nothing is like what was typed",
      path: "/?q=nothing",
    },
    {
      name: "an instrument, with the chart's keys shown",
      path: "/instruments/NIFTY50",
      open: async (page) => {
        await page.keyboard.press("?");
        await page.getByRole("dialog", { name: "Keys" }).waitFor();
      },
    },
    {
      name: "the choice of an instrument",
      path: "/instruments/NIFTY50",
      open: async (page) => {
        await page.keyboard.press("/");
        await page.getByRole("option").first().waitFor();
      },
    },
    {
      name: "an instrument compared, with alerts and its tables open",
      path: "/instruments/NIFTY50?compare=EUR/USD",
      kept: KEPT_ALERTS,
      open: async (page) => {
        for (const summary of await page.locator("main summary").all()) {
          await summary.click();
        }
        await page.getByText("Price rises to 120.00").waitFor();
      },
    },
    {
      name: "alerts that wait and that fired",
      path: "/alerts",
      kept: KEPT_ALERTS,
      open: (page) =>
        page.getByRole("region", { name: "Fired" }).getByText("rose to 100.00")
          .waitFor(),
    },
    {
      name: "alerts that fire",
      path: "/system",
      open: async (page) => {
        await page.evaluate((fired) => {
          const at = Date.now();
          const news = fired.map((one) => ({
            ...one,
            key: `${at} ${one.key}`,
          }));
          const key = "tickhouse.alerts.fired";
          localStorage.setItem(key, JSON.stringify(news));
          dispatchEvent(new StorageEvent("storage", { key }));
        }, MANY_FIRED);
        await page.locator(".toast").last().waitFor();
      },
    },
    {
      name: "settings that a link carries",
      path: "/settings?theme=dark&count=300",
      open: (page) =>
        page.getByRole("region", { name: "This link carries" }).waitFor(),
    },
    { name: "the list, with outages", path: "/", data: down },
    { name: "the list, empty", path: "/", data: empty, services: real },
    {
      name: "an instrument, empty",
      path: "/instruments/NIFTY50",
      data: empty,
      services: real,
    },
    { name: "the system, empty", path: "/system", data: empty },
    { name: "what is not there", path: "/nowhere", status: 404 },
    {
      name: "a warehouse that is away",
      path: "/",
      status: 503,
      data: down,
      services: rejecting(new Error("away")),
    },
    {
      name: "a fault of ours",
      path: "/",
      status: 500,
      services: rejecting(new TypeError("a fault, for this test")),
    },
  ];
}

interface Shift {
  readonly value: number;
  readonly told: string;
}

/** Runs in the page, before any script of it: notes what moves by itself. */
function watchShifts(): void {
  const shifts: Shift[] = [];
  Object.assign(globalThis, { shifts });
  const where = ({ top, left, width, height }: DOMRectReadOnly) =>
    [left, top, width, height].map(Math.round).join(" ");
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as LayoutShift[]) {
      if (entry.hadRecentInput) continue;
      const moved = entry.sources.map(({ node, previousRect, currentRect }) => {
        const { className, nodeName = "" } = (node ?? {}) as Partial<Element>;
        return `${nodeName}.${className}: ${where(previousRect)} to ` +
          where(currentRect);
      });
      const { value } = entry;
      shifts.push({ value, told: `${value.toFixed(4)} ${moved.join(", ")}` });
    }
  }).observe({ type: "layout-shift", buffered: true });
}

/** As the browser tells of it; TypeScript's library has it not. */
interface LayoutShift extends PerformanceEntry {
  readonly value: number;
  readonly hadRecentInput: boolean;
  readonly sources: readonly {
    readonly node: Node | null;
    readonly previousRect: DOMRectReadOnly;
    readonly currentRect: DOMRectReadOnly;
  }[];
}

/** What moved by itself, if it is more than a word that is a bit shorter. */
async function shifts(page: Page): Promise<readonly string[]> {
  const all = await page.evaluate(() =>
    (globalThis as unknown as { shifts: Shift[] }).shifts
  );
  const sum = all.reduce((total, { value }) => total + value, 0);
  return sum <= SHIFT_MAX ? [] : all.map(({ told }) => told);
}

/** Waits until the islands have taken over, and what they changed is painted. */
async function settled(page: Page): Promise<void> {
  await islandsBegun(page);
  await page.locator(".theme:not([hidden])").waitFor({ state: "attached" });
  const link = page.locator("main .link, .watch .link").first();
  if (await link.count() > 0) {
    await page.locator(".link-connected").first().waitFor();
  }
  if (await page.locator(".chart-host .chart-live").count() > 0) {
    // One without candles has the server's picture still over it.
    await page.locator(".chart-live .tc-chart").waitFor({ state: "attached" });
  }
  await page.evaluate(() =>
    new Promise((resolve) =>
      requestAnimationFrame(() => requestAnimationFrame(resolve))
    )
  );
}

async function finds(browser: Browser): Promise<void> {
  const page = await browser.newPage();
  await page.setContent('<img src="data:,"><p style="color:#999">pale</p>');
  const found = await violations(page);
  assert.match(found.join("\n"), /image-alt/);
  assert.match(found.join("\n"), /color-contrast/);
  await page.close();
}

async function check(
  browser: Browser,
  { path, status = 200, data: change, services, kept = {}, open }: Shown,
): Promise<void> {
  const data = fakeData();
  change?.(data);
  const base = await fakeServices({}, data);
  const all: Services = { ...base, ...services?.(base) };
  const server = await serveHttp(createApp(() => all).handler(), {
    host: "127.0.0.1",
    port: 0,
  });
  try {
    for (const colorScheme of ["dark", "light"] as const) {
      const context = await browser.newContext({
        colorScheme,
        viewport: DESK,
        reducedMotion: "reduce",
      });
      const page = await context.newPage();
      const faults = watchFaults(page, server.url);
      await page.addInitScript((kept) => {
        for (const [key, value] of Object.entries(kept)) {
          localStorage.setItem(key, JSON.stringify(value));
        }
      }, kept);
      await page.addInitScript(watchShifts);
      const answer = await page.goto(server.url + path);
      assert.equal(answer?.status(), status);
      await settled(page);
      assert.deepEqual(await shifts(page), [], "what moves as the page loads");
      await open?.(page);
      assert.deepEqual(await violations(page), [], colorScheme);
      await page.evaluate(() => {
        document.documentElement.dataset.palette = "colorblind";
      });
      assert.deepEqual(
        await violations(page, ["color-contrast"]),
        [],
        `${colorScheme}, blue and orange`,
      );
      if (colorScheme === "dark") {
        await walk(page);
        await page.setViewportSize(PHONE);
        await page.reload();
        await settled(page);
        assert.deepEqual(await shifts(page), [], "what moves on a phone");
        await open?.(page);
        const tooWide = await page.evaluate(() =>
          document.documentElement.scrollWidth - innerWidth
        );
        assert.ok(tooWide <= 0, `${tooWide} px wider than a phone`);
        const tops = await page.evaluate(() =>
          [...document.querySelectorAll(".chart-host")].map((chart) =>
            chart.getBoundingClientRect().top + scrollY
          )
        );
        assert.ok(
          tops.every((top) => top <= CHART_TOP_MAX),
          `the chart begins at ${tops} px`,
        );
      }
      assert.deepEqual(faults.strangers, []);
      // The browser tells of the page's own status as of an error.
      const others = faults.errors.filter((error) =>
        status === 200 || !error.includes(`status of ${status}`)
      );
      assert.deepEqual(others, []);
      await context.close();
    }
  } finally {
    await server.close();
  }
}
