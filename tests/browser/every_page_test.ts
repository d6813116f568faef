/**
 * What holds for every page, in a real browser: nothing for axe-core to find,
 * all within reach of the keyboard and visibly so, nothing wider than a phone,
 * no violation of the content's policy and no request to another machine.
 */
import assert from "node:assert/strict";
import type { Browser } from "playwright-core";
import { createApp } from "../../web/create_app.ts";
import { serveHttp } from "../../web/serve_http.ts";
import type { Services } from "../../web/services.ts";
import { violations, walk } from "../harness/accessibility.ts";
import { browserTest, watchFaults } from "../harness/browser.ts";
import { type FakeData, fakeData, fakeServices } from "../web/fake_services.ts";

const ROOT = new URL("../../", import.meta.url);
const DESK = { width: 1280, height: 900 };
const PHONE = { width: 360, height: 740 };
/** Where a chart begins on a phone, for more than half of it to be seen. */
const CHART_TOP_MAX = 400;
const WAIT_MS_MAX = 120_000;

/** A page as it is shown in some state of the program. */
interface Shown {
  readonly name: string;
  readonly path: string;
  readonly status?: number;
  readonly data?: (data: FakeData) => void;
  readonly services?: (services: Services) => Partial<Services>;
}

await browserTest(
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
  { path, status = 200, data: change, services }: Shown,
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
      page.setDefaultTimeout(WAIT_MS_MAX);
      const faults = watchFaults(page, server.url);
      const answer = await page.goto(server.url + path);
      assert.equal(answer?.status(), status);
      await page.locator(".theme:not([hidden])").waitFor();
      assert.deepEqual(await violations(page), [], colorScheme);
      if (colorScheme === "dark") {
        await walk(page);
        await page.setViewportSize(PHONE);
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
