/**
 * Pages that stay open while a market moves: half an hour of it, at sixty times
 * its speed, may leave nothing in the browser's memory.
 */
import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { formatPrice } from "../../components/format_price.ts";
import { browserTest, watchFaults } from "../harness/browser.ts";
import { type FastMarket, startFastMarket } from "../harness/fast_market.ts";
import { type PageMemory, pageMemory } from "../harness/page_memory.ts";
import { until } from "../harness/program.ts";

const SEED = 20_251_125;
const SPEED = 60;
/** What is made once and kept is no leak. */
const WARM_MINUTES = 3;
const MINUTES = 30;
const HEAP_BYTES_MAX = 3e6;
/** Half a table: what is shown has its bound before. */
const NODES_MAX = 400;
const LISTENERS_MAX = 40;

browserTest(
  "half an hour of a moving market leaves nothing in a page's memory",
  async (browser) => {
    const market = await startFastMarket(SEED);
    try {
      const pages = await Promise.all([
        open(browser, market, "/instruments/NIFTY50"),
        open(browser, market, "/"),
        open(browser, market, "/", plantLeak),
      ]);
      const measure = () => Promise.all(pages.map((one) => one.memory()));
      const settled = () => Promise.all(pages.map((one) => one.settled()));
      await market.run(WARM_MINUTES, SPEED);
      await settled();
      const before = await measure();
      // Streams end meanwhile, and are begun anew.
      await market.run(MINUTES / 3, SPEED);
      market.cut();
      await market.run(MINUTES / 3, SPEED);
      market.cut();
      await market.run(MINUTES / 3, SPEED);
      await settled();
      const growth = (await measure()).map((after, i) =>
        growthOf(before[i], after)
      );
      const told = JSON.stringify(growth);
      const [instrument, list, leaky] = growth.map(tooMuch);
      assert.deepEqual(instrument, [], `the page of an instrument: ${told}`);
      assert.deepEqual(list, [], `the list: ${told}`);
      assert.deepEqual(
        leaky,
        ["heap", "nodes", "listeners"],
        `a leak is seen: ${told}`,
      );
      for (const { faults } of pages) {
        assert.deepEqual(faults, { errors: [], strangers: [] });
      }
    } finally {
      await market.close();
    }
  },
);

function growthOf(before: PageMemory, after: PageMemory): PageMemory {
  return {
    heap: after.heap - before.heap,
    nodes: after.nodes - before.nodes,
    listeners: after.listeners - before.listeners,
  };
}

/** What of it has grown past its bound. */
function tooMuch({ heap, nodes, listeners }: PageMemory): readonly string[] {
  return [
    ...(heap > HEAP_BYTES_MAX ? ["heap"] : []),
    ...(nodes > NODES_MAX ? ["nodes"] : []),
    ...(listeners > LISTENERS_MAX ? ["listeners"] : []),
  ];
}

/** A page in a process of its own, as each context has one. */
async function open(
  browser: Browser,
  market: FastMarket,
  path: string,
  leak?: () => void,
) {
  const context = await browser.newContext({
    viewport: { width: 800, height: 600 },
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  const faults = watchFaults(page, market.url);
  if (leak !== undefined) await page.addInitScript(leak);
  await page.goto(market.url + path);
  await page.locator(".link-connected").waitFor();
  const cdp = await context.newCDPSession(page);
  return {
    faults,
    memory: () => pageMemory(page, cdp),
    settled: () => settled(page, market),
  };
}

/** All that was told is shown, over a stream. */
async function settled(page: Page, market: FastMarket): Promise<void> {
  await page.locator(".link-connected").waitFor();
  const { close } = market.newest;
  await until(
    `a price of ${close}`,
    () => page.locator("main").innerText(),
    (text) => text.includes(formatPrice(Number(close), 2)),
  );
}

/**
 * Keeps for each candle that the stream brings what a page could forget to let
 * go: an array of candles, a row of a table, and a listener.
 */
function plantLeak(): void {
  const kept: unknown[] = [];
  Object.assign(globalThis, { kept });
  const { addEventListener } = EventSource.prototype;
  EventSource.prototype.addEventListener = function (
    this: EventSource,
    name: string,
    // deno-lint-ignore no-explicit-any
    listener: any,
  ) {
    if (name === "candle") {
      addEventListener.call(this, name, () => {
        const row = document.createElement("tr");
        row.addEventListener("click", () => {});
        kept.push(Array(1_000).fill(name), row);
      });
    }
    addEventListener.call(this, name, listener);
  };
}
