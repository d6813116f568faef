/**
 * The page of an instrument in a real browser, on the whole program: a real
 * day replayed, and a live feed while the connection is cut.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Browser, Locator, Page } from "playwright-core";
import type { CandleView } from "../../pipeline/domain/candle.ts";
import { formatPrice } from "../../components/format_price.ts";
import { replay } from "../../tasks/replay.ts";
import { startProxy } from "../chaos/proxy.ts";
import { browserTest, islandsBegun } from "../harness/browser.ts";
import { freePort } from "../harness/free_port.ts";
import { marketDataDir } from "../harness/market_data.ts";
import {
  getJson,
  type Program,
  startProgram,
  until,
} from "../harness/program.ts";
import { seededRandom } from "../../pipeline/forecast/testing/make_candles.ts";

const SEED = 20_221_110;
const CUTS = 20;
const SYMBOL = "CUTS";
/** More than it takes to say so, less than a stream may be silent. */
const PAUSED_AFTER_MS = 30_000;

browserTest(
  "the page of an instrument keeps up with its feed",
  async (browser, t) => {
    const dataDir = await Deno.makeTempDir({ prefix: "tickhouse-page-" });
    const program = await startProgram({
      DATA_DIR: dataDir,
      HTTP_PORT: String(freePort()),
      FEEDS: "listen://127.0.0.1:0",
    });
    try {
      await t.step({
        name: "a real day is shown as the exchange had it" +
          (marketDataDir ? "" : " (ignored: MARKET_DATA_DIR is not set)"),
        ignore: marketDataDir === null,
        fn: () => realDay(browser, program, marketDataDir!),
      });
      await t.step(
        "a session with hours of its own is shaded, and a link opens there",
        () => ownSession(browser, program, dataDir),
      );
      await t.step(
        "the part in sight is taken as CSV, and as a picture",
        () => takesPart(browser, program),
      );
      await t.step(
        "another instrument is compared, in percent, and taken away again",
        () => comparesOther(browser, program, dataDir),
      );
      await t.step(
        "a feed is followed through 20 cuts, and nothing is missing",
        (step) => throughCuts(browser, program, step),
      );
    } finally {
      await program.kill().catch(() => {});
      await Deno.remove(dataDir, { recursive: true });
    }
  },
);

/** NIFTY 50 on 10 and 11 November 2022: 09:15 to 15:30 in Mumbai. */
async function realDay(
  browser: Browser,
  program: Program,
  dir: string,
): Promise<void> {
  for (const day of ["2022-11-10", "2022-11-11"]) {
    await replay([
      join(dir, "nse_nifty50_1s_2022", `ticks_${day}.csv.gz`),
      "--to",
      program.feeds[0],
      "--symbol",
      "NIFTY50",
    ], { signal: new AbortController().signal, say() {} });
  }
  const { candles } = await until(
    "both days in the warehouse",
    () => getJson(program, "/api/candles?symbol=NIFTY50&limit=1000"),
    ({ candles }) =>
      candles.length === 750 &&
      candles.every(({ closed }: CandleView) => closed),
  );
  const open = candles[375];
  assert.equal(open.t, Date.parse("2022-11-11T09:15+05:30"));

  const page = await openPage(
    browser,
    `${program.http}/instruments/NIFTY50?slots=120&to=${open.t}`,
  );
  // Seventeen hours and three quarters take no room.
  const [first, before] = await until(
    "the morning of the second day, beside the evening of the first",
    () => stepsBack(page, 2),
    ([first, before]) =>
      first.time.includes("11 Nov 09:15") &&
      before.time.includes("10 Nov 15:29"),
  );
  assert.equal(first.o, formatPrice(open.o, 2), "the open of the second day");
  assert.equal(before.c, formatPrice(candles[374].c, 2));

  const morning = await openPage(
    browser,
    `${program.http}/instruments/NIFTY50?slots=60&to=${candles[59].t}`,
  );
  const oldest = (steps: readonly Legend[]) => steps.at(-1)!;
  const official = await until(
    "the first candle of the first day",
    () => stepsBack(morning, 60),
    (steps) => oldest(steps).time.includes("10 Nov 09:15"),
  );
  // NSE's own open of that day; the pre-open before it is in no candle.
  assert.equal(oldest(official).o, "18,044.35");
  await page.close();
  await morning.close();
}

/** Muhurat trading: an hour of a holiday's evening; and the day after it. */
async function ownSession(
  browser: Browser,
  program: Program,
  dataDir: string,
): Promise<void> {
  const starts = ["2022-10-24T18:15+05:30", "2022-10-25T09:15+05:30"]
    .map(Date.parse);
  const lines = starts.flatMap((start) =>
    Array.from({ length: 30 }, (_, i) => `${start + i * 60_000},2450.5,1\n`)
  );
  const path = join(dataDir, "muhurat.csv");
  await Deno.writeTextFile(path, `ts_ms,price,volume\n${lines.join("")}`);
  const to = ["--to", program.feeds[0], "--symbol", "RELIANCE"];
  const context = { signal: new AbortController().signal, say() {} };
  await replay([path, ...to], context);
  await until(
    "both sessions in the warehouse",
    () => getJson(program, "/api/candles?symbol=RELIANCE"),
    ({ candles }) => candles.length === 60,
  );
  // Between the two: the nearest candle before it is at the right edge.
  const between = Date.parse("2022-10-25T03:00+05:30");
  const page = await openPage(
    browser,
    `${program.http}/instruments/RELIANCE?to=${between}`,
  );
  const [evening] = await until(
    "the evening's last candle, of a session by its name",
    () => stepsBack(page, 1),
    ([newest]) => newest.state.includes("Muhurat"),
  );
  assert.match(evening.time, /24 Oct 18:44/);
  const [newest] = await until(
    "the newest candle",
    () => stepsBack(page, 1, true),
    ([newest]) => newest.time.includes("25 Oct 09:44"),
  );
  assert.doesNotMatch(newest.state, /Muhurat/);
  await page.close();
}

/** Minute `i` of Muhurat trading. */
const eveningOf = (i: number) =>
  Date.parse("2022-10-24T18:15+05:30") + i * 60_000;

/** Minutes 5 to 24 of the evening that `ownSession` sent. */
const partOf = (program: Program) =>
  `${program.http}/instruments/RELIANCE?slots=20&to=${eveningOf(24)}`;

/** The part, with tools that answer: until then they are the server's. */
async function openPart(browser: Browser, program: Program): Promise<Page> {
  const page = await openPage(browser, partOf(program));
  await page.getByRole("button", { name: "PNG" }).waitFor();
  return page;
}

async function takesPart(browser: Browser, program: Program): Promise<void> {
  const page = await openPart(browser, program);
  const take = async (control: Locator) => {
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      control.click(),
    ]);
    return {
      name: download.suggestedFilename(),
      bytes: await Deno.readFile(await download.path()),
    };
  };
  const csv = async () => {
    const { name, bytes } = await take(page.getByRole("link", { name: "CSV" }));
    assert.equal(name, "RELIANCE-1m.csv");
    const [head, ...rows] = new TextDecoder().decode(bytes).trim().split(
      /\r?\n/,
    );
    const column = head.split(",").indexOf("t");
    return rows.map((row) => Number(row.split(",")[column]));
  };
  const minutes = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, i) => eveningOf(from + i));
  await until(
    "the part of the address",
    () => stepsBack(page, 1),
    ([newest]) => newest.time.includes("18:39"),
  );
  // The left edge may cut a candle, which is in sight then.
  const [first, ...after] = await csv();
  assert.ok([4, 5].map(eveningOf).includes(first), `${first}`);
  assert.deepEqual([first, ...after], minutes(24 - after.length, 24));
  await page.locator(".tc-stage").press("PageUp");
  await page.waitForURL((url) =>
    url.searchParams.get("to") !== String(eveningOf(24))
  );
  const back = await csv();
  assert.ok(
    back[0] === eveningOf(0) && back.at(-1)! < eveningOf(24),
    `${back}`,
  );

  // Shades come a moment after the candles: then it is not the same any more.
  // The line at the last price lies over the chart, and is in the picture.
  const { name, bytes, colours } = await until(
    "a picture that is the chart",
    async () => {
      const png = await take(page.getByRole("button", { name: "PNG" }));
      return { ...png, ...await besideChart(page, png.bytes) };
    },
    ({ rowsOff }) => rowsOff <= 3,
  );
  assert.ok(colours > 3, "with something on it");
  assert.equal(name, "RELIANCE-1m.png");
  assert.equal(
    String.fromCharCode(...bytes.subarray(0, 8)),
    "\x89PNG\r\n\x1a\n",
  );
  const head = new DataView(bytes.buffer, bytes.byteOffset);
  const size = await page.locator(".tc-canvas").evaluate((canvas) => {
    const { width, height } = canvas as HTMLCanvasElement;
    return [width, height];
  });
  assert.deepEqual([head.getUint32(16), head.getUint32(20)], size);
  await page.close();
}

/** How a PNG differs from the chart that is shown, and what is on it. */
async function besideChart(page: Page, bytes: Uint8Array) {
  return await page.evaluate(async (bytes) => {
    const png = await createImageBitmap(new Blob([new Uint8Array(bytes)]));
    const canvas = document.querySelector<HTMLCanvasElement>(".tc-canvas")!;
    const { width, height } = canvas;
    // Below the title, left of the last price.
    const part = [0, 100, width - 140, height - 100] as const;
    const pixelsOf = (image: CanvasImageSource) => {
      const copy = new OffscreenCanvas(width, height).getContext("2d")!;
      copy.drawImage(image, 0, 0);
      return copy.getImageData(...part).data;
    };
    const [saved, seen] = [pixelsOf(png), pixelsOf(canvas)];
    const rows = new Set<number>();
    saved.forEach((value, i) => {
      if (value !== seen[i]) rows.add(Math.floor(i / 4 / part[2]));
    });
    return {
      rowsOff: rows.size,
      colours: new Set(new Uint32Array(saved.buffer)).size,
    };
  }, [...bytes]);
}

async function comparesOther(
  browser: Browser,
  program: Program,
  dataDir: string,
): Promise<void> {
  const lines = Array.from(
    { length: 30 },
    (_, i) => `${eveningOf(i)},${100 + i},1\n`,
  );
  const path = join(dataDir, "peer.csv");
  await Deno.writeTextFile(path, `ts_ms,price,volume\n${lines.join("")}`);
  const context = { signal: new AbortController().signal, say() {} };
  await replay(
    [path, "--to", program.feeds[0], "--symbol", "PEER"],
    context,
  );
  await until(
    "the peer in the warehouse",
    () => getJson(program, "/api/candles?symbol=PEER"),
    ({ candles }) => candles.length === 30,
  );
  const page = await openPart(browser, program);
  const select = page.getByLabel("Compare with");
  const pressed = page.locator(".scales [aria-pressed=true]");
  const legend = page.locator(".tc-row-lines");
  const chosen = (scale: string, compared: string | null) =>
    until(
      `${scale}, compared with ${compared}`,
      async () => {
        const { searchParams } = new URL(page.url());
        const named = ["compare", "scale"].map((one) => searchParams.get(one));
        return [await pressed.innerText(), ...named];
      },
      (shown) => isDeepStrictEqual(shown, [scale, compared, null]),
    );
  const compared = async () => {
    await until(
      "the peer's change in the legend",
      async () => {
        await page.locator(".tc-stage").press("Escape");
        await page.locator(".tc-stage").press("Shift+ArrowLeft");
        return await legend.innerText();
      },
      // 124 after 105, or after 104 if the left edge cuts that candle.
      (text) => /^PEER \+(18\.10|19\.23)%$/.test(text.trim()),
    );
    await page.locator(".tc-stage").press("Escape");
    await chosen("%", "PEER");
  };
  await chosen("Auto", null);
  const axis = await axisAtRest(page);

  await select.selectOption("PEER");
  await compared();
  await until(
    "percent on the axis",
    () => priceAxis(page),
    (shown) => shown !== axis,
  );
  await page.reload();
  await page.getByRole("button", { name: "PNG" }).waitFor();
  await compared();

  await select.selectOption("");
  await chosen("Auto", null);
  await until(
    "prices on the axis",
    () => priceAxis(page),
    (now) => now === axis,
  );
  await until(
    "no line",
    () => legend.innerText(),
    (text) => text.trim() === "",
  );
  await page.close();
}

async function throughCuts(
  browser: Browser,
  program: Program,
  t: Deno.TestContext,
): Promise<void> {
  const proxy = startProxy(() => Number(new URL(program.http).port));
  const feed = await startFeed(program.feeds[0]);
  try {
    await until(
      "more candles than are seen at once",
      () => getJson(program, `/api/candles?symbol=${SYMBOL}`),
      ({ candles }) => candles.length > 80,
    );
    const page = await openPage(
      browser,
      `http://127.0.0.1:${proxy.port}/instruments/${SYMBOL}?slots=40`,
    );
    const connected = page.locator(".link-connected");
    const newestRow = page.locator("details.rows tbody td").first();
    await connected.waitFor();
    await page.locator("details.rows summary").click();
    const nextCandle = async (count = 1) => {
      for (let i = 0; i < count; i++) {
        const shown = await newestRow.innerText();
        await until(
          "the next candle in the page",
          () => newestRow.innerText(),
          (text) => text !== shown,
        );
      }
    };

    await t.step("the view does not move when candles come", async () => {
      await page.locator(".tc-stage").press("PageUp");
      await page.waitForURL(/[?&]to=\d+/);
      const seen = [page.url(), await timeAxis(page)];
      await nextCandle(3);
      assert.deepEqual([page.url(), await timeAxis(page)], seen);
      await page.locator(".tc-stage").press("End");
      await page.waitForURL((url) => !url.searchParams.has("to"));
    });

    await t.step("live regions speak at most once a candle", async () => {
      const others = await Promise.all(["/", "/system"].map(async (path) => {
        const other = await browser.newPage();
        await other.goto(new URL(path, page.url()).href);
        await islandsBegun(other);
        await other.locator(`.link-connected, .as-of`).first().waitFor();
        return other;
      }));
      const heard = [page, ...others];
      const overheard = async () => {
        const before = await countOfCandles(page);
        for (const one of heard) await watchLiveRegions(one);
        await nextCandle(5);
        const spoken = await Promise.all(heard.map(timesSpoken));
        // The others may have heard of one that this page has yet to hear of.
        await nextCandle();
        const candles = await countOfCandles(page) - before;
        return heard.flatMap((one, i) =>
          spoken[i] <= candles
            ? []
            : `${spoken[i]} times for ${candles} candles: ${one.url()}`
        );
      };
      // A connection that stands still is told of as well, but not for long.
      await until("quiet pages", overheard, ({ length }) => length === 0);
      for (const other of others) await other.close();
    });

    await t.step("a connection that hangs is noticed, and heals", async () => {
      proxy.toxics.hold = true;
      await page.locator(".link:not(.link-connected)").waitFor();
      proxy.toxics.hold = false;
      await connected.waitFor();
    });

    await t.step("… within five seconds by the page's own clock", async () => {
      const timed = await browser.newPage();
      await timed.clock.install();
      await timed.addInitScript(noteNews);
      await timed.goto(page.url());
      const link = timed.locator(".link-connected");
      await link.waitFor();
      // It stands still: the page's last news is of no later time than the cut,
      // but for those that are on their way.
      const now = await timed.evaluate(() => Date.now());
      await timed.clock.pauseAt(now + PAUSED_AFTER_MS);
      assert.equal(await link.count(), 1);
      proxy.toxics.hold = true;
      await timed.clock.runFor(4_000);
      await until(
        "a connection that is not said to be there",
        async () => {
          await timed.clock.runFor(100);
          return await link.count();
        },
        (count) => count === 0,
      );
      const silentMs = await timed.evaluate(() =>
        Date.now() - Number(document.documentElement.dataset.newsAt)
      );
      assert.ok(silentMs <= 5_000, `${silentMs} ms of silence`);
      proxy.toxics.hold = false;
      await timed.close();
      await connected.waitFor();
    });

    await t.step("without a stream the page polls", async () => {
      await page.route("**/api/stream*", (route) => route.abort());
      proxy.reset();
      await page.locator(".link-polling").waitFor();
      await nextCandle(2);
      await page.unroute("**/api/stream*");
      await connected.waitFor();
    });

    const random = seededRandom(SEED);
    for (let cut = 0; cut < CUTS; cut++) {
      await sleep(100 + random() * 500);
      proxy.toxics.hold = random() < 0.3;
      if (proxy.toxics.hold) await sleep(random() * 400);
      proxy.reset();
      proxy.toxics.hold = false;
    }
    const sent = await feed.finish();
    const { candles } = await until(
      "every tick in a candle",
      () => getJson(program, `/api/candles?symbol=${SYMBOL}&limit=10000`),
      ({ candles }) =>
        candles.reduce((sum: number, { n }: CandleView) => sum + n, 0) === sent,
    );
    assert.ok(
      candles.some(({ rev }: CandleView) => rev > 0),
      "there were revisions",
    );
    await connected.waitFor();
    const wanted = candles.map(({ o, h, l, c }: CandleView) =>
      [o, h, l, c].map((price) => formatPrice(price, 2)).join(" ")
    ).toReversed();
    const shown = await until(
      "the chart to have every candle",
      async () =>
        (await stepsBack(page, wanted.length, true))
          .map(({ o, h, l, c }) => [o, h, l, c].join(" ")),
      (shown) => JSON.stringify(shown) === JSON.stringify(wanted),
    );
    assert.equal(shown.length, wanted.length);
    await until(
      "the outage of a feed that is away, on its newest candle",
      () => stepsBack(page, 1, true),
      ([newest]) => / away/.test(newest.state),
    );
    await page.close();
  } finally {
    await feed.finish();
    await proxy.close();
  }
}

async function openPage(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage({
    viewport: { width: 1280, height: 900 },
    reducedMotion: "reduce",
  });
  await page.goto(url);
  await islandsBegun(page);
  await page.locator(".tc-ready canvas").first().waitFor();
  return page;
}

/** What the legend says of a candle. */
interface Legend {
  readonly time: string;
  readonly o: string;
  readonly h: string;
  readonly l: string;
  readonly c: string;
  /** What is special about it. */
  readonly state: string;
}

/**
 * The chart's candles, read by its keyboard: from the newest seen, back.
 *
 * @param fromNewest Whether the view goes to the newest of all before.
 */
async function stepsBack(
  page: Page,
  count: number,
  fromNewest = false,
): Promise<readonly Legend[]> {
  return await page.evaluate(async ({ count, fromNewest }) => {
    const stage = document.querySelector<HTMLElement>(".tc-stage")!;
    const press = (key: string, shiftKey = false) => {
      stage.dispatchEvent(new KeyboardEvent("keydown", { key, shiftKey }));
      return new Promise((resolve) => requestAnimationFrame(resolve));
    };
    const text = (name: string) =>
      document.querySelector(`.tc-row-candle .tc-${name} .tc-value`)!
        .textContent!;
    const found = [];
    await press("Escape");
    if (fromNewest) await press("End");
    for (let i = 0; i < count; i++) {
      await press("ArrowLeft", true);
      found.push({
        time: text("time"),
        o: text("o"),
        h: text("h"),
        l: text("l"),
        c: text("c"),
        state: text("state"),
      });
    }
    await press("Escape");
    return found;
  }, { count, fromNewest });
}

/** The strip of times under the candles, as pixels. */
function timeAxis(page: Page): Promise<string> {
  return stripOf(page, { left: 0, right: -140, top: -24, bottom: 0 });
}

/** The strip of prices beside the candles, as pixels. */
function priceAxis(page: Page): Promise<string> {
  return stripOf(page, { left: -60, right: 0, top: 0, bottom: -28 });
}

/**
 * The same, once it is what it will be: of the first frames each may bring
 * something that the prices must make room for.
 */
async function axisAtRest(page: Page): Promise<string> {
  await until(
    "the part of the address",
    () => stepsBack(page, 1),
    ([newest]) => newest.time.includes("18:39"),
  );
  const looks: string[] = [];
  return await until(
    "an axis that stays",
    async () => {
      await page.evaluate(() =>
        new Promise((resolve) => requestAnimationFrame(resolve))
      );
      looks.push(await priceAxis(page));
      return looks.at(-1)!;
    },
    (now) => looks.length >= 5 && looks.slice(-5).every((one) => one === now),
  );
}

/** A part of the chart; what is negative is from the right or from below. */
async function stripOf(
  page: Page,
  edges: Record<"left" | "right" | "top" | "bottom", number>,
): Promise<string> {
  return await page.evaluate(({ left, right, top, bottom }) => {
    const canvas = document.querySelector<HTMLCanvasElement>(".tc-canvas")!;
    const x = left < 0 ? canvas.width + left : left;
    const y = top < 0 ? canvas.height + top : top;
    const strip = document.createElement("canvas");
    strip.width = canvas.width + right - x;
    strip.height = canvas.height + bottom - y;
    strip.getContext("2d")!.drawImage(canvas, -x, -y);
    return strip.toDataURL();
  }, edges);
}

async function countOfCandles(page: Page): Promise<number> {
  const text = await page.locator(".chart-panel .fine").innerText();
  return Number(/(\d+) closed candles/.exec(text)![1]);
}

/** Runs in the page: notes by its clock when it last heard of the server. */
function noteNews(): void {
  const note = () =>
    document.documentElement.dataset.newsAt = String(Date.now());
  const { fetch, EventSource: Wanted } = globalThis;
  globalThis.fetch = async (...args) => {
    const answer = await fetch(...args);
    note();
    return answer;
  };
  globalThis.EventSource = class extends Wanted {
    override addEventListener(name: string, ...rest: [never]) {
      super.addEventListener(name, note);
      super.addEventListener(name, ...rest);
    }
  };
}

/** How often screen readers were told something since they were watched. */
const timesSpoken = (page: Page) =>
  page.evaluate(() => Number(document.body.dataset.spoken));

/** Counts anew in `body[data-spoken]` what screen readers are told unasked. */
async function watchLiveRegions(page: Page): Promise<void> {
  await page.evaluate(() => {
    const { dataset } = document.body;
    const isWatched = dataset.spoken !== undefined;
    dataset.spoken = "0";
    if (isWatched) return;
    const observer = new MutationObserver((changes) => {
      dataset.spoken = String(Number(dataset.spoken) + changes.length);
    });
    for (
      const region of document.querySelectorAll(
        "[aria-live], [role=status], [role=alert]",
      )
    ) {
      observer.observe(region, {
        childList: true,
        characterData: true,
        subtree: true,
      });
    }
  });
}

/** A plain feed whose time runs some eighty times as fast, with late ticks. */
async function startFeed(address: string) {
  const [hostname, port] = address.split(":");
  const conn = await Deno.connect({ hostname, port: Number(port) });
  const random = seededRandom(SEED + 1);
  let ts = Date.now() - 24 * 3_600_000; // never catches up with the clock
  let price = 500; // far from one with more digits, which needs a wider axis
  let sent = 0;
  let going = true;
  const lines = (count: number) =>
    Array.from({ length: count }, () => {
      ts += 4_000 + Math.floor(random() * 8_000);
      price = Math.max(50, price + (random() - 0.5) * 0.2);
      sent++;
      const late = random() < 0.1 ? 180_000 : 0;
      return JSON.stringify({
        symbol: SYMBOL,
        ts: ts - late,
        price: price.toFixed(2),
        volume: 1 + Math.floor(random() * 9),
      }) + "\n";
    }).join("");
  const send = async (text: string) => {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) {
      at += await conn.write(bytes.subarray(at));
    }
  };
  const running = (async () => {
    await send(lines(900)); // two hours, so that there is a past to look at
    while (going) {
      await send(lines(1));
      await sleep(100);
    }
    await conn.closeWrite();
  })();
  return {
    /** @returns How many ticks were sent. */
    async finish(): Promise<number> {
      if (!going) return sent;
      going = false;
      await running;
      conn.close();
      return sent;
    },
  };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
