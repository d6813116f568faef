/**
 * The chart by itself in a real browser: its pixels, its gestures, and its
 * memory.
 */
import assert from "node:assert/strict";
import type { BrowserContextOptions, Page } from "playwright-core";
import { DARK, LIGHT } from "../../chart/theme.ts";
import { browserTest, watchFaults } from "../harness/browser.ts";
import { serveChartPage } from "../harness/chart_page.ts";
import { until } from "../harness/program.ts";
import type {} from "./chart_page.ts";

const DESKTOP = { width: 900, height: 480 };
/** Half an hour of a feed that has a tick a second. */
const LEAK_TICKS = 30 * 60;
const LEAK_BYTES_MAX = 3e6;

browserTest("the chart in a real browser", async (browser, t) => {
  const served = await serveChartPage({
    chart: "tests/browser/chart_page.ts",
  });
  const step = (name: string, run: () => Promise<void>) => t.step(name, run);
  /** A page with a chart lab, closed after. */
  const on = async (
    run: (page: Page) => Promise<void>,
    options: BrowserContextOptions = {},
  ) => {
    const context = await browser.newContext({ viewport: DESKTOP, ...options });
    try {
      const page = await context.newPage();
      const faults = watchFaults(page, served.url.slice(0, -1));
      await page.goto(`${served.url}chart`);
      await page.waitForFunction("globalThis.lab !== undefined");
      await run(page);
      assert.deepEqual(faults, { errors: [], strangers: [] });
    } finally {
      await context.close();
    }
  };
  try {
    await step(
      "draws candles and forecasts in their colours",
      () => on(drawsColours),
    );
    await step(
      "no label lies over another, wherever the pointer is",
      () => on(labelsKeepApart),
    );
    await step("… nor on a phone", () =>
      on(labelsKeepApart, {
        viewport: { width: 360, height: 480 },
        deviceScaleFactor: 3,
      }));
    await step(
      "what a tick paints is what painting everything would",
      () => on(ticksPaintAll),
    );
    await step("… on a phone", () =>
      on(ticksPaintAll, {
        viewport: { width: 360, height: 480 },
        deviceScaleFactor: 3,
      }));
    await step(
      "a view into the past does not move when candles come",
      () => on(viewStays),
    );
    await step(
      "axes are dragged, and let go by a double click",
      () => on(axesAreDragged),
    );
    await step(
      "scales change, and the keyboard does what the mouse does",
      () => on(keysWork),
    );
    await step(
      "the tip of a mark opens by pointer, by key and by finger",
      () => on(tipsOpen, { hasTouch: true }),
    );
    await step(
      "fingers pinch, and fling on after they leave",
      () =>
        on(fingersWork, {
          hasTouch: true,
          viewport: { width: 390, height: 600 },
        }),
    );
    await step(
      "with reduced motion nothing moves by itself",
      () => on(staysCalm, { hasTouch: true, reducedMotion: "reduce" }),
    );
    await step(
      "forced colours are the system's",
      () => on(takesForcedColours, { forcedColors: "active" }),
    );
    await step(
      "on paper it is light and crisp, before any frame",
      () => on(printsAtOnce),
    );
    await step(
      "history is asked for, again after a failure, and both ways",
      () => on(asksForHistory),
    );
    await step(
      "half an hour of ticks leaves no garbage, a leak is found",
      () => on(findsLeaks, { viewport: { width: 480, height: 300 } }),
    );
  } finally {
    await served.close();
  }
});

async function mount(page: Page, count = 400): Promise<void> {
  await page.evaluate(async (count) => {
    const { lab } = globalThis;
    lab.mount().setHistory(lab.candles(0, count));
    await lab.frames();
  }, count);
}

async function drawsColours(page: Page): Promise<void> {
  await mount(page);
  const last = { x: 700, width: 60 };
  const count = (colour: string, area?: typeof last) =>
    page.evaluate(
      async ([colour, area]) => {
        await lab.frames();
        return lab.pixelsOf(colour, area);
      },
      [colour, area] as const,
    );
  assert.ok(await count(DARK.up) > 200 && await count(DARK.down) > 200);
  assert.equal(await count(DARK.forecast), 0);

  // The newest candle's own colour, and its change with the price.
  const lastColours = (change: number) =>
    page.evaluate(async (change) => {
      const o = lab.candle(399).o;
      const c = o + change;
      lab.chart.setView({ slots: 8, toT: null });
      lab.chart.upsert(
        lab.candle(399, {
          h: Math.max(o, c) + 1,
          l: Math.min(o, c) - 1,
          c,
          closed: false,
        }),
      );
      await lab.frames();
      return lab.chart.view.lastT === lab.timeOf(399);
    }, change);
  assert.ok(await lastColours(40));
  const risen = await count(DARK.up);
  await lastColours(-40);
  assert.ok(await count(DARK.up) < risen, "the last candle fell");
  assert.ok(await count(DARK.down) > 200);

  // Colour is not the only cue: what has risen has another inside.
  const inside = async (change: number) => {
    await lastColours(change);
    return await count(DARK.upInside!);
  };
  assert.ok(await inside(40) > await inside(-40) + 200);

  await page.evaluate(() => {
    const c = lab.candle(399).c;
    const t = lab.timeOf(400);
    lab.chart.setForecasts([], [{
      t,
      o: c - 6,
      h: c + 10,
      l: c - 10,
      c,
      lo50: c - 12,
      hi50: c + 12,
      lo80: c - 20,
      hi80: c + 20,
      lo95: c - 30,
      hi95: c + 30,
    }]);
  });
  assert.ok(await count(DARK.forecast) > 20, "the hollow candle to come");

  const marked = await page.evaluate(async (strong) => {
    const { chart } = lab;
    chart.setView({ slots: 60, toT: null });
    await lab.frames();
    const before = lab.pixelsOf(strong);
    chart.upsert(lab.candle(380, { rev: 1 }));
    await lab.frames();
    return lab.pixelsOf(strong) - before;
  }, DARK.textStrong);
  assert.ok(marked > 0, "a revised candle has its dot");

  const hatched = await page.evaluate(async (hatch) => {
    lab.chart.setOutages([{ from: lab.timeOf(370), to: lab.timeOf(380) }]);
    await lab.frames();
    return lab.pixelsOf(hatch);
  }, DARK.hatch);
  assert.ok(hatched > 50, "an outage is hatched");
}

async function printsAtOnce(page: Page): Promise<void> {
  await mount(page);
  const { screen, paper, again } = await page.evaluate(
    async ([dark, light]) => {
      const look = () => {
        const { width, height } = lab.picture();
        const { style } = document.querySelector<HTMLElement>(".tc-canvas")!;
        return {
          size: [width, height],
          shown: [style.width, style.height],
          isDark: lab.pixelsOf(dark) > width * height / 2,
          isLight: lab.pixelsOf(light) > width * height / 2,
        };
      };
      const screen = look();
      dispatchEvent(new Event("beforeprint"));
      const paper = look();
      dispatchEvent(new Event("afterprint"));
      await lab.frames();
      return { screen, paper, again: look() };
    },
    [DARK.background, LIGHT.background],
  );
  assert.equal(screen.isDark, true);
  assert.deepEqual(paper, {
    size: [1_920, 1_200],
    shown: ["640px", "400px"],
    isDark: false,
    isLight: true,
  });
  assert.deepEqual(again, screen);
}

async function labelsKeepApart(page: Page): Promise<void> {
  await page.evaluate(() => lab.watchWords());
  await mount(page);
  const clashes = await page.evaluate(async () => {
    const { chart } = lab;
    const { c } = lab.candle(399);
    chart.upsert(lab.candle(399, { closed: false }));
    chart.setLevels([0.2, -0.2, 0.4, 12, -30].map((by) => ({
      price: c + by,
      title: "alert",
    })));
    const found: string[] = [];
    const plot = document.querySelector(".tc-stage")!;
    for (const scale of ["linear", "log", "percent"] as const) {
      chart.setPriceScale(scale);
      for (let y = 4; y < innerHeight; y += 11) {
        plot.dispatchEvent(
          new PointerEvent("pointermove", {
            clientX: 40 + y % 200,
            clientY: y,
            pointerType: "mouse",
          }),
        );
        await lab.frames(1);
        found.push(...lab.clashes().map((clash) => `${scale} ${y}: ${clash}`));
      }
    }
    return found;
  });
  assert.deepEqual(clashes, []);
}

/**
 * A tick paints the newest candle and the axis again, and the rest not: in each
 * view, whatever it changes, the picture must be as if all were painted.
 */
async function ticksPaintAll(page: Page): Promise<void> {
  const wrong = await page.evaluate(async () => {
    const count = 3_000;
    const chart = lab.mount();
    lab.showEverything(count);
    await lab.frames();
    const newest = count - 1;
    const { o, h, l } = lab.candle(newest);
    const wrong: string[] = [];
    const past = lab.timeOf(2_000);
    for (
      const [slots, toT] of [[25, null], [2_000, null], [60, past]] as const
    ) {
      chart.setView({ slots, toT });
      await lab.frames();
      const ticks: Parameters<typeof lab.candle>[1][] = [
        { c: o + 1, closed: false },
        { c: o - 2, v: 900, closed: false },
        { c: h + 1, h: h + 1, v: 1_290, complete: false, closed: false },
        { c: l, l, v: 1_400 },
      ];
      for (const tick of ticks) {
        chart.upsert(lab.candle(newest, tick));
        await lab.frames();
        const seen = lab.picture();
        chart.setTheme({ ...lab.theme });
        await lab.frames();
        const off = lab.pixelsOffFrom(seen);
        // A slanted edge that a clip cuts is smoothed in another way.
        if (off > 80 * devicePixelRatio) {
          wrong.push(`${off} pixels: ${slots} slots, ${JSON.stringify(tick)}`);
        }
      }
    }
    return wrong;
  });
  assert.deepEqual(wrong, []);
}

async function viewStays(page: Page): Promise<void> {
  await mount(page);
  const { before, after, live } = await page.evaluate(async () => {
    const { chart } = lab;
    chart.setView({ slots: 100, toT: lab.timeOf(250) });
    await lab.frames();
    // Right of the plot is the axis, whose last price does go on.
    const plot = { x: 0, width: 780 };
    const before = lab.hashOf(plot);
    for (let i = 400; i < 420; i++) {
      chart.upsert(lab.candle(i, { closed: false, c: lab.candle(230).c }));
      chart.upsert(lab.candle(i));
    }
    // The line of the last price goes through the plot: it too stays as it was.
    const { t } = lab.candle(419);
    chart.upsert({ ...lab.candle(399), t });
    chart.addHistory(lab.candles(-300, 0));
    await lab.frames();
    return { before, after: lab.hashOf(plot), live: chart.view.live };
  });
  assert.equal(live, false);
  assert.equal(after, before, "not a pixel of the plot changed");
  await page.locator(".tc-live").click();
  await page.waitForFunction("lab.chart.view.live");
  await page.waitForFunction(
    "document.querySelector('.tc-live').hidden",
  );
}

/** The row of a price, told by the crosshair's value under two rows. */
function pricesOf(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const values: number[] = [];
    const plot = document.querySelector(".tc-stage")!;
    for (const y of [150, 300]) {
      plot.dispatchEvent(
        new PointerEvent("pointermove", {
          clientX: 300,
          clientY: y,
          pointerType: "mouse",
        }),
      );
      await lab.frames();
      const pill = document.querySelector(".tc-cross-value")!;
      values.push(Number(pill.textContent!.replaceAll(",", "")));
    }
    return values[0] - values[1];
  });
}

async function axesAreDragged(page: Page): Promise<void> {
  await page.evaluate(() => lab.watchWords());
  await mount(page);
  const axis = (await page.locator(".tc-price-axis").boundingBox())!;
  const x = axis.x + axis.width / 2;
  const auto = await pricesOf(page);
  await page.mouse.move(x, 150);
  await page.mouse.down();
  await page.mouse.move(x, 250, { steps: 5 });
  await page.mouse.up();
  assert.ok(await pricesOf(page) > auto * 1.5, "prices are drawn together");
  assert.equal(await page.locator(".tc-fit").isVisible(), true);
  const held = await pricesOf(page);
  await page.evaluate(() => lab.chart.upsert(lab.candle(400)));
  assert.equal(await pricesOf(page), held, "and stay when a candle comes");
  await doubleClick(page, x, 150);
  await page.waitForFunction("document.querySelector('.tc-fit').hidden");
  assert.ok(Math.abs(await pricesOf(page) / auto - 1) < 0.1);

  const slots = () => page.evaluate("lab.chart.view.slots") as Promise<number>;
  const before = await slots();
  await page.mouse.move(500, DESKTOP.height - 10);
  await page.mouse.down();
  await page.mouse.move(400, DESKTOP.height - 10, { steps: 5 });
  await page.mouse.up();
  // Time is drawn apart.
  await page.waitForFunction(
    (before) => lab.chart.view.slots < before * 0.8,
    before,
  );
  await doubleClick(page, 400, DESKTOP.height - 10);
  await page.waitForFunction(
    (before) => Math.abs(lab.chart.view.slots - before) < 1,
    before,
  );
}

/** Quick by its own clock, however slow the machine is. */
async function doubleClick(page: Page, x: number, y: number): Promise<void> {
  const cdp = await page.context().newCDPSession(page);
  let timestamp = await clockOf(page);
  for (const clickCount of [1, 2]) {
    for (const type of ["mousePressed", "mouseReleased"] as const) {
      await cdp.send("Input.dispatchMouseEvent", {
        type,
        x,
        y,
        clickCount,
        button: "left",
        timestamp: timestamp += 0.01,
      });
    }
  }
}

/** A time of the page's clock: one before its beginning is no time for it. */
const clockOf = (page: Page) =>
  page.evaluate(() => (performance.timeOrigin + performance.now()) / 1000);

async function keysWork(page: Page): Promise<void> {
  await mount(page);
  await page.locator(".tc-stage").focus();
  const seen = () =>
    page.evaluate(async () => {
      await lab.frames();
      return lab.chart.view;
    });
  const first = await seen();
  await page.keyboard.press("+");
  assert.ok((await seen()).slots < first.slots);
  await page.keyboard.press("-");
  await page.keyboard.press("PageUp");
  assert.equal((await seen()).live, false);
  await page.keyboard.press("Home");
  assert.equal(
    (await seen()).fromT,
    await page.evaluate(() => lab.timeOf(0)),
  );
  await page.keyboard.press("End");
  await page.waitForFunction("lab.chart.view.live");
  await page.keyboard.press("Shift+ArrowUp");
  await page.locator(".tc-fit").waitFor();
  await page.keyboard.press("a");
  await page.locator(".tc-fit").waitFor({ state: "hidden" });
  await page.keyboard.press("Shift+ArrowLeft");
  await page.keyboard.press("Enter");
  await page.locator(".tc-spoken", {
    hasText: /NIFTY50, .*2026.*open .*close/,
  }).waitFor({ state: "attached" });
  const pictures = await page.evaluate(async () => {
    const hashes: number[] = [];
    for (const kind of ["linear", "log", "percent"] as const) {
      lab.chart.setPriceScale(kind);
      await lab.frames();
      hashes.push(lab.hashOf());
    }
    return new Set(hashes).size;
  });
  assert.ok(pictures >= 2);
}

async function tipsOpen(page: Page): Promise<void> {
  await mount(page);
  const at = await page.evaluate(async (buy) => {
    const { chart } = lab;
    chart.setView({ slots: 40, toT: null });
    chart.setMarks([{
      t: lab.timeOf(395),
      side: "BUY",
      price: 24_000.5,
      title: "62 % sure\nwhy\nNet of costs: not known yet",
    }]);
    await lab.frames();
    return lab.middleOf(buy);
  }, DARK.buy);
  const tip = page.locator(".tc-tip");
  const text = "BUY 24,000.50\n62 % sure\nwhy\nNet of costs: not known yet";
  const shows = (how: string) =>
    until(
      `the tip, ${how}`,
      async () => await tip.isVisible() ? await tip.innerText() : null,
      (shown) => shown === text,
    );
  const goes = () => tip.waitFor({ state: "hidden" });

  await page.mouse.move(at.x, at.y);
  await shows("by pointer");
  await page.mouse.move(at.x - 200, at.y);
  await goes();

  await page.locator(".tc-stage").focus();
  await page.keyboard.press("Escape");
  // The newest is 399; what comes or is told meanwhile leaves the tip there.
  for (let i = 399; i >= 395; i--) await page.keyboard.press("Shift+ArrowLeft");
  await shows("by key");
  await page.evaluate(async () => {
    lab.chart.upsert(lab.candle(399, { c: lab.candle(399).o, closed: false }));
    await lab.frames();
  });
  await shows("by key, after a tick");
  await page.keyboard.press("Enter");
  await page.locator(".tc-spoken", {
    hasText: /BUY: 62 % sure\s+why\s+Net of costs/,
  }).waitFor({ state: "attached" });
  await page.keyboard.press("Shift+ArrowLeft");
  await goes();

  // A finger is not as exact, and a tick does not take away what it opened.
  const touch = await fingers(page);
  const tap = async (lateMs: number) => {
    await page.keyboard.press("Escape");
    await goes();
    await touch("touchStart", [at.x + 12, at.y]);
    await late(lateMs);
    await touch("touchEnd");
  };
  await tap(0);
  await shows("by finger");
  await page.evaluate(async () => {
    lab.chart.upsert(lab.candle(399));
    await lab.frames();
  });
  await shows("by finger, after a tick");
  await tap(LATE_MS);
  await shows("by finger, of which a busy page hears late");
}

/**
 * Fingers, as the browser itself makes them; by their own clock they are quick,
 * however slow the machine is.
 */
async function fingers(page: Page) {
  const cdp = await page.context().newCDPSession(page);
  let timestamp = await clockOf(page);
  return (
    type: "touchStart" | "touchMove" | "touchEnd",
    ...points: readonly (readonly [number, number])[]
  ) =>
    cdp.send("Input.dispatchTouchEvent", {
      type,
      timestamp: timestamp += 0.01,
      touchPoints: points.map(([x, y], id) => ({ x, y, id })),
    });
}

/** Longer than a press that brings the crosshair. */
const LATE_MS = 1_000;
const late = (ms: number) => new Promise((end) => setTimeout(end, ms));

/**
 * Back in time, with the finger still down.
 *
 * @param lateMs How late the page hears of its first move, which was in time.
 */
async function drag(
  touch: Awaited<ReturnType<typeof fingers>>,
  lateMs = 0,
) {
  await touch("touchStart", [100, 300]);
  await late(lateMs);
  for (let k = 1; k <= 6; k++) await touch("touchMove", [100 + 30 * k, 300]);
}

async function fingersWork(page: Page): Promise<void> {
  await mount(page);
  const touch = await fingers(page);
  const slots = () => page.evaluate("lab.chart.view.slots") as Promise<number>;
  const before = await slots();
  await touch("touchStart", [150, 300], [200, 300]);
  for (let k = 1; k <= 8; k++) {
    await touch("touchMove", [150 - 10 * k, 300], [200 + 10 * k, 300]);
  }
  await touch("touchEnd");
  await page.waitForFunction(
    (before) => lab.chart.view.slots < before * 0.6,
    before,
  );

  const lastT = () => page.evaluate("lab.chart.view.lastT") as Promise<number>;
  const newest = await lastT();
  // Moved in time, it drags.
  await drag(touch, LATE_MS);
  await page.waitForFunction((t) => lab.chart.view.lastT! < t, newest);
  const left = await lastT();
  await touch("touchEnd");
  await page.waitForFunction((left) => lab.chart.view.lastT! < left, left);
  // A touch stops it.
  await touch("touchStart", [100, 300]);
  const stopped = await lastT();
  await page.evaluate(() => lab.frames(8));
  assert.equal(await lastT(), stopped);
  await touch("touchEnd");
}

async function staysCalm(page: Page): Promise<void> {
  await mount(page);
  const touch = await fingers(page);
  await drag(touch);
  await touch("touchEnd");
  const [then, later] = await page.evaluate(async () => {
    await lab.frames();
    const then = lab.chart.view.lastT;
    await lab.frames(8);
    return [then, lab.chart.view.lastT];
  });
  assert.equal(later, then, "no fling");
  const live = await page.evaluate(async () => {
    lab.chart.goLive();
    await lab.frames(2);
    return lab.chart.view.live && lab.chart.view.lastT === lab.timeOf(399);
  });
  assert.ok(live, "and no glide");
}

async function takesForcedColours(page: Page): Promise<void> {
  await mount(page);
  const { canvas, text } = await page.evaluate(async () => {
    await lab.frames();
    const hexOf = (name: string) => {
      const probe = document.createElement("p");
      probe.style.color = name;
      document.body.append(probe);
      const parts = getComputedStyle(probe).color.match(/\d+/g)!.slice(0, 3);
      probe.remove();
      return "#" +
        parts.map((part) => Number(part).toString(16).padStart(2, "0")).join(
          "",
        );
    };
    const seen = (name: string) => lab.pixelsOf(hexOf(name));
    return { canvas: seen("Canvas"), text: seen("CanvasText") };
  });
  const all = DESKTOP.width * DESKTOP.height;
  assert.ok(canvas > all / 2 && text > 500, `${canvas} and ${text} of ${all}`);
  assert.equal(await page.evaluate(`lab.pixelsOf("${DARK.up}")`), 0);
}

async function asksForHistory(page: Page): Promise<void> {
  const asked = await page.evaluate(async () => {
    const asked: string[] = [];
    let fails = true;
    let oldest = 0;
    const until = async (fact: () => boolean) => {
      const from = performance.now();
      while (!fact()) {
        if (performance.now() - from > 120_000) {
          throw new Error(`nothing more came after ${asked}`);
        }
        await lab.frames(1);
      }
    };
    const chart = lab.mount({
      onNeedHistory(beforeT) {
        asked.push(`before ${beforeT === lab.timeOf(oldest)}`);
        if (fails) {
          fails = false;
          return Promise.reject(new Error("not now"));
        }
        chart.addHistory(lab.candles(oldest - 20_000, oldest));
        oldest -= 20_000;
        return Promise.resolve();
      },
      onNeedNewer() {
        asked.push("after");
      },
      onNeedLatest() {
        asked.push("latest");
        chart.setHistory(lab.candles(100, 400));
      },
    });
    chart.setHistory(lab.candles(0, 400));
    await lab.frames();
    while (oldest > -80_000) {
      const from = oldest;
      document.querySelector(".tc-stage")!.dispatchEvent(
        new KeyboardEvent("keydown", { key: "Home" }),
      );
      await until(() => oldest < from);
    }
    const far = chart.view.live;
    chart.goLive();
    await until(() => chart.view.live);
    await lab.frames();
    asked.push(`${far} ${chart.view.lastT === lab.timeOf(399)}`);
    return asked;
  });
  assert.deepEqual(asked.slice(0, 2), ["before true", "before true"]);
  assert.deepEqual(asked.slice(-2), ["latest", "false true"]);
}

/** Bytes that a chart has more after half an hour of ticks than before. */
async function growth(page: Page, leaks: boolean): Promise<number> {
  const cdp = await page.context().newCDPSession(page);
  const used = async () => {
    for (let turn = 0; turn < 3; turn++) {
      await cdp.send("HeapProfiler.collectGarbage");
    }
    return (await cdp.send("Runtime.getHeapUsage")).usedSize;
  };
  const drive = (ticks: number) =>
    page.evaluate(
      ([ticks, leaks]) => lab.drive(ticks, leaks),
      [ticks, leaks] as const,
    );
  // What is made once and kept is no leak.
  await drive(300);
  const before = await used();
  await drive(LEAK_TICKS);
  return await used() - before;
}

async function findsLeaks(page: Page): Promise<void> {
  await page.evaluate(() => {
    lab.takeFrames();
    lab.mount().setHistory(lab.candles(0, 400));
  });
  const clean = await growth(page, false);
  assert.ok(clean <= LEAK_BYTES_MAX, `${clean} bytes more`);
  const leaky = await growth(page, true);
  assert.ok(leaky > LEAK_BYTES_MAX, `a leak is seen: ${leaky} bytes more`);
  const left = await page.evaluate(() => {
    lab.chart.destroy();
    return document.querySelectorAll("#host *").length;
  });
  assert.equal(left, 0);
}
