/**
 * What a reader chooses and keeps in the browser, on the whole program.
 */
import assert from "node:assert/strict";
import type { Browser, Locator, Page } from "playwright-core";
import { freePort } from "../harness/free_port.ts";
import { browserTest, islandsBegun, watchFaults } from "../harness/browser.ts";
import {
  getJson,
  type Program,
  startProgram,
  until,
} from "../harness/program.ts";

const WIDE = { width: 1280, height: 800 };

browserTest(
  "what the reader chooses is kept in the browser",
  async (browser, t) => {
    const dataDir = await Deno.makeTempDir({ prefix: "tickhouse-personal-" });
    const program = await startProgram({
      DATA_DIR: dataDir,
      HTTP_PORT: String(freePort()),
      FEEDS: "listen://127.0.0.1:0",
    });
    try {
      await t.step(
        "settings hold in every tab and before the first paint",
        () => settingsHold(browser, program),
      );
      await t.step(
        "a link carries settings to another browser, on a click",
        () => linkCarries(browser, program),
      );
      await t.step(
        "notifications are asked for on a click only",
        () => consentOnClick(browser, program),
      );
      const feed = await startFeed(program);
      try {
        await t.step(
          "the list is searched, sorted, pinned and opened by keys",
          () => keysWork(browser, program),
        );
        await t.step(
          "a row out of view costs nothing until it is seen",
          () => unseenRowsRest(browser, program, feed),
        );
        await t.step(
          "an alert fires once, in every tab and beyond the page",
          () => alertFires(browser, program, feed),
        );
        await t.step(
          "alerts tell of signals, and of a feed that goes away",
          () => signalAndFeedFire(browser, program, feed),
        );
      } finally {
        feed.close();
      }
      await t.step(
        "the site can be installed, and prints",
        () => installsAndPrints(browser, program),
      );
      const stopped = await program.stop();
      assert.equal(stopped.code, 0, stopped.log);
    } finally {
      await program.kill().catch(() => {});
      await Deno.remove(dataDir, { recursive: true });
    }
  },
);

/** A page in a browser of its own, whose faults fail the test. */
async function withPage(
  browser: Browser,
  program: Program,
  run: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext({
    viewport: WIDE,
    colorScheme: "dark",
  });
  try {
    const page = await context.newPage();
    const faults = watchFaults(page, program.http);
    await run(page);
    assert.deepEqual(faults, { errors: [], strangers: [] });
  } finally {
    await context.close();
  }
}

async function open(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await islandsBegun(page);
}

const rootData = (page: Page) =>
  page.evaluate(() => ({ ...document.documentElement.dataset }));

async function shows(
  page: Page,
  wanted: Readonly<Record<string, string>>,
): Promise<void> {
  const told = JSON.stringify(wanted);
  await until(
    `a page that shows ${told}`,
    () => rootData(page),
    (data) => JSON.stringify(data) === told,
  );
}

async function settingsHold(
  browser: Browser,
  program: Program,
): Promise<void> {
  await withPage(browser, program, async (page) => {
    await open(page, `${program.http}/`);
    const other = await page.context().newPage();
    await open(other, `${program.http}/`);
    await page.getByRole("link", { name: "Settings", exact: true }).click();
    await page.getByLabel("light", { exact: true }).check();
    await page.getByLabel("blue and orange", { exact: true }).check();
    await page.getByLabel("Time zone").selectOption("Asia/Kolkata");
    await page.getByLabel("Candles shown").fill("15");
    await page.getByLabel("Candles shown").press("Tab");
    await page.getByLabel("Candles shown").fill("300");
    await page.getByLabel("Candles shown").press("Tab");
    await shows(page, { theme: "light", palette: "colorblind" });
    await shows(other, { theme: "light", palette: "colorblind" });
    const kept = JSON.stringify({
      theme: "light",
      palette: "colorblind",
      timeZone: "Asia/Kolkata",
      interval: "1m",
      count: 300,
      sound: false,
      notifications: false,
    });
    await until(
      `${kept} to be kept`,
      () => page.evaluate(() => localStorage.getItem("tickhouse.settings")),
      (text) => text === kept,
    );
    // Asked before the body is there, as the first paint comes after it.
    await page.addInitScript(() => {
      const seen = new MutationObserver(() => {
        if (document.body === null) return;
        seen.disconnect();
        document.documentElement.dataset.first =
          `${document.documentElement.dataset.theme}`;
      });
      seen.observe(document, { childList: true, subtree: true });
    });
    await open(page, `${program.http}/settings`);
    assert.equal((await rootData(page)).first, "light");
    assert.equal(await page.getByLabel("Candles shown").inputValue(), "300");
    await page.getByRole("button", { name: "Back to defaults" }).click();
    await shows(other, {});
    await page.evaluate(() =>
      localStorage.setItem("tickhouse.settings", '{"theme":7,"count":"many"')
    );
    await open(page, `${program.http}/settings`);
    assert.equal(await page.getByLabel("Candles shown").inputValue(), "150");
  });
}

async function linkCarries(browser: Browser, program: Program): Promise<void> {
  let link = "";
  await withPage(browser, program, async (page) => {
    await page.context().grantPermissions([
      "clipboard-read",
      "clipboard-write",
    ]);
    await page.goto(`${program.http}/settings`);
    await page.getByLabel("dark", { exact: true }).check();
    await page.getByLabel("Interval").selectOption("5m");
    await page.getByRole("button", { name: "Copy link" }).click();
    await page.getByText("Copied.").waitFor();
    link = await page.evaluate(() => navigator.clipboard.readText());
  });
  await withPage(browser, program, async (page) => {
    await open(page, link);
    const offer = page.getByRole("region", { name: "This link carries" });
    assert.match(await offer.innerText(), /Theme\s+as the system[\s\S]*dark/);
    assert.deepEqual(await rootData(page), {}, "nothing before the click");
    await offer.getByRole("button", { name: "Use these settings" }).click();
    await shows(page, { theme: "dark" });
    await offer.waitFor({ state: "detached" });
    await page.waitForURL(({ search }) => search === "");
    await until(
      "the interval of the link",
      () => page.getByLabel("Interval").inputValue(),
      (interval) => interval === "5m",
    );
  });
}

/** Counts what is asked of the browser, and answers as told. */
async function countRequests(
  page: Page,
  answer: NotificationPermission,
): Promise<() => Promise<number>> {
  await page.addInitScript((answer) => {
    const counts = globalThis as unknown as { asked: number };
    counts.asked = 0;
    let permission: NotificationPermission = "default";
    Object.defineProperty(Notification, "permission", {
      get: () => permission,
    });
    Notification.requestPermission = () => {
      counts.asked++;
      permission = answer;
      return Promise.resolve(answer);
    };
  }, answer);
  return () =>
    page.evaluate(() => (globalThis as unknown as { asked: number }).asked);
}

async function consentOnClick(
  browser: Browser,
  program: Program,
): Promise<void> {
  for (const answer of ["granted", "denied"] as const) {
    await withPage(browser, program, async (page) => {
      const asked = await countRequests(page, answer);
      await open(page, `${program.http}/settings`);
      const box = page.getByLabel("Notifications");
      assert.equal(await asked(), 0);
      await box.click();
      await until("the question", asked, (count) => count === 1);
      await until(
        `the box after ${answer}`,
        () => box.isChecked(),
        (checked) => checked === (answer === "granted"),
      );
      if (answer === "denied") {
        await page.getByText("has been told to show none").waitFor();
      }
    });
  }
}

/** Beside those that the catalogue has without a tick. */
const INSTRUMENTS = 60;
const symbolOf = (i: number) => `LIST.${String(i).padStart(2, "0")}`;

interface Feed {
  /** Sends a tick of now, and waits until it is in the warehouse. */
  tick(symbol: string, price: number): Promise<void>;
  close(): void;
}

/** A plain feed of many instruments; the first two have moved already. */
async function startFeed(program: Program): Promise<Feed> {
  const [hostname, port] = program.feeds[0].split(":");
  const socket = await Deno.connect({ hostname, port: Number(port) });
  const write = async (lines: readonly string[]) => {
    const bytes = new TextEncoder().encode(lines.join(""));
    for (let at = 0; at < bytes.length;) {
      at += await socket.write(bytes.subarray(at));
    }
  };
  const line = (symbol: string, price: number) =>
    `${JSON.stringify({ symbol, ts: Date.now(), price, volume: 1 })}\n`;
  const lastOf = (symbol: string) => async () => {
    const { candles } = await getJson(
      program,
      `/api/candles?symbol=${symbol}&limit=1`,
    );
    return candles.at(-1)?.c as number;
  };
  const all = Array.from({ length: INSTRUMENTS }, (_, i) => symbolOf(i));
  await write(all.map((symbol, i) => line(symbol, 100 + i)));
  await write([line(symbolOf(0), 101), line(symbolOf(1), 99)]);
  await until(
    "the instruments",
    () => getJson(program, "/api/instruments"),
    ({ instruments }) =>
      instruments.filter(({ last }: { last: unknown }) => last !== null)
        .length === INSTRUMENTS,
  );
  await until("the last tick", lastOf(symbolOf(1)), (price) => price === 99);
  let open = true;
  return {
    async tick(symbol, price) {
      await write([line(symbol, price)]);
      await until(`${price}`, lastOf(symbol), (last) => last === price);
    },
    close() {
      if (open) socket.close();
      open = false;
    },
  };
}

const rowOf = (page: Page, symbol: string) =>
  page.locator(".watchlist tbody tr", {
    has: page.getByRole("link", { name: symbol, exact: true }),
  });
const priceOf = (page: Page, symbol: string) =>
  rowOf(page, symbol).locator(".price").innerText();
/** Whether the browser lays out and paints what is in a row. */
const isDrawn = (row: Locator) =>
  row.locator(".price").evaluate((cell) =>
    cell.checkVisibility({ contentVisibilityAuto: true })
  );
/** All symbols in their order; a row that is not drawn has no inner text. */
const symbolsOf = (page: Page) =>
  page.locator(".watchlist tbody th a").allTextContents();
const focusOf = (page: Page) =>
  page.evaluate(() => document.activeElement?.textContent);

async function openList(
  page: Page,
  program: Program,
  path = "/",
): Promise<void> {
  await open(page, program.http + path);
  await page.locator(".watch .link-connected").waitFor();
}

async function keysWork(browser: Browser, program: Program): Promise<void> {
  await withPage(browser, program, async (page) => {
    await openList(page, program);
    const all = (await getJson(program, "/api/instruments")).instruments.length;
    assert.equal((await symbolsOf(page)).length, all);
    await page.keyboard.press("/");
    await page.keyboard.type("list.0");
    await page.getByRole("status").getByText(`10 of ${all}`).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("j");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("k");
    assert.equal(await focusOf(page), symbolOf(1));
    await page.keyboard.press("f");
    await until(
      "the pinned one on top",
      () => symbolsOf(page),
      ([first]) => first === symbolOf(1),
    );
    assert.equal(await focusOf(page), symbolOf(1), "the focus stays on it");
    await page.getByRole("link", { name: "Change" }).click();
    const wanted = "?q=list.0&sort=change";
    await page.waitForURL(({ search }) => search === wanted);
    // Only the pinned one fell; the first of the others rose.
    const sorted = [symbolOf(1), symbolOf(0)];
    await until(
      "the order by change",
      () => symbolsOf(page),
      (symbols) => symbols.slice(0, 2).join() === sorted.join(),
    );
    const still = await browser.newContext({
      javaScriptEnabled: false,
      storageState: await page.context().storageState(),
    });
    const withoutScripts = await still.newPage();
    await withoutScripts.goto(`${program.http}/${wanted}`);
    assert.deepEqual(
      (await symbolsOf(withoutScripts)).slice(0, 2),
      sorted,
      "the server has the same order",
    );
    await still.close();
    await page.keyboard.press("/");
    await page.keyboard.press("Escape");
    await until(
      "all of them again",
      () => symbolsOf(page),
      ({ length }) => length === all,
    );
    await page.keyboard.press("?");
    const keys = page.getByRole("dialog", { name: "Keys" });
    await keys.waitFor();
    await page.keyboard.press("Escape");
    await keys.waitFor({ state: "hidden" });
    await page.keyboard.press("j");
    await page.keyboard.press("End");
    const last = (await symbolsOf(page)).at(-1)!;
    assert.equal(await focusOf(page), last);
    await page.keyboard.press("Enter");
    await page.waitForURL(`**/instruments/${last}`);
  });
}

async function unseenRowsRest(
  browser: Browser,
  program: Program,
  feed: Feed,
): Promise<void> {
  await withPage(browser, program, async (page) => {
    await openList(page, program);
    const [first, last] = [symbolOf(0), symbolOf(INSTRUMENTS - 1)];
    await until(
      "a row that is not drawn",
      () => isDrawn(rowOf(page, last)),
      (drawn) => !drawn,
    );
    await rowOf(page, last).evaluate((row) => {
      new MutationObserver(() => row.setAttribute("data-drawn", "yes"))
        .observe(row, { subtree: true, characterData: true, childList: true });
    });
    await feed.tick(last, 555);
    await feed.tick(first, 111);
    await until(
      "the price in view",
      () => priceOf(page, first),
      (text) => text === "111.00",
    );
    assert.equal(await rowOf(page, last).getAttribute("data-drawn"), null);
    await rowOf(page, last).scrollIntoViewIfNeeded();
    await until(
      "the price that is seen now",
      () => priceOf(page, last),
      (text) => text === "555.00",
    );
    await page.emulateMedia({ reducedMotion: "reduce" });
    await rowOf(page, last).locator(".price").evaluate((cell) => {
      new MutationObserver(() => {
        const { moved } = (cell as HTMLElement).dataset;
        if (moved === undefined) return;
        const { backgroundColor } = getComputedStyle(cell.firstElementChild!);
        cell.setAttribute("data-was", `${moved} ${backgroundColor}`);
      }).observe(cell, { attributeFilter: ["data-moved"] });
    });
    await feed.tick(last, 554);
    await until(
      "the move",
      () => rowOf(page, last).locator(".price").getAttribute("data-was"),
      (was) => was === "down rgba(0, 0, 0, 0)",
    );
  });
}

async function alertFires(
  browser: Browser,
  program: Program,
  feed: Feed,
): Promise<void> {
  await withPage(browser, program, async (page) => {
    await page.context().addInitScript(recordTold);
    const symbol = symbolOf(2);
    const list = await page.context().newPage();
    await openList(list, program);
    await list.evaluate(() =>
      localStorage.setItem(
        "tickhouse.settings",
        '{"notifications":true,"sound":true}',
      )
    );
    await open(page, `${program.http}/instruments/${symbol}`);
    await page.locator(".link-connected").first().waitFor();
    const panel = page.getByRole("region", { name: "Alerts" });
    await panel.getByLabel("Price comes to").fill("105.5");
    await panel.getByRole("button", { name: "Set" }).click();
    await panel.getByText("Price rises to 105.50").waitFor();
    await until("a tab that listens", () => isListening(page), Boolean);
    await feed.tick(symbol, 105);
    assert.equal(await page.locator(".toast").count(), 0);
    await feed.tick(symbol, 106);
    for (const tab of [page, list]) {
      await tab.getByRole("status").getByText(`${symbol} rose to 105.50`)
        .waitFor();
    }
    const told = (await Promise.all([page, list].map(toldBy))).flat();
    assert.deepEqual(told, [
      "a sound",
      `${symbol}: ${symbol} rose to 105.50`,
    ]);
    await panel.getByText("Price rises to").waitFor({ state: "detached" });
    await list.getByRole("button", { name: "Dismiss:" }).click();
    await list.locator(".toast").waitFor({ state: "detached" });
    await open(page, `${program.http}/alerts`);
    const fired = page.getByRole("region", { name: "Fired" });
    await fired.getByText(`${symbol} rose to 105.50`).waitFor();
    await page.getByText("None. Set one").waitFor();
  });
}

/** Whether a tab has loaded what judges alerts, and hears of prices by now. */
const isListening = (page: Page) =>
  page.evaluate(async () =>
    (await navigator.locks.query()).held!.some(({ name }) =>
      name === "tickhouse.alerts"
    )
  );

/** Runs in the page: notes what would be shown and heard beyond it. */
function recordTold(): void {
  const told: string[] = [];
  class Recorded {
    static permission = "granted";
    onclick: unknown;
    constructor(title: string, { body }: { body: string }) {
      told.push(`${title}: ${body}`);
    }
  }
  OscillatorNode.prototype.start = () => told.push("a sound");
  OscillatorNode.prototype.stop = () => {};
  Object.assign(globalThis, { told, Notification: Recorded });
}

const toldBy = (page: Page) =>
  page.evaluate(() => (globalThis as unknown as { told: string[] }).told);

async function signalAndFeedFire(
  browser: Browser,
  program: Program,
  feed: Feed,
): Promise<void> {
  await withPage(browser, program, async (page) => {
    await page.addInitScript(keepStreams);
    const symbol = symbolOf(3);
    // Its newest tick is of now: it is not stale before it is away.
    await feed.tick(symbol, 104);
    await open(page, `${program.http}/instruments/${symbol}`);
    await page.locator(".link-connected").first().waitFor();
    const panel = page.getByRole("region", { name: "Alerts" });
    await panel.getByLabel("A new BUY or SELL").check();
    await panel.getByLabel("The feed goes stale").check();
    await openList(page, program);
    const toasts = page.locator(".toasts").getByRole("link");
    const sell = toasts.getByText(`SELL ${symbol}: it falls`);
    const at = Date.now();
    await until(
      "the alert of a signal that comes, once somebody listens",
      async () => {
        await page.evaluate(tellSignal, { symbol, at });
        return await sell.count();
      },
      (count) => count > 0,
    );
    assert.equal(await sell.count(), 1, "told again, it is the same");
    feed.close();
    await toasts.getByText(`${symbol}: no feed`).waitFor();
    await until(
      "the list's stream alone",
      () => page.evaluate(openStreams),
      (urls) => urls.join() === `${program.http}/api/stream?history=0`,
    );
    await page.reload();
    await open(page, `${program.http}/alerts`);
    const waiting = page.getByRole("region", { name: "Waiting" });
    for (const kind of ["A new BUY or SELL", "The feed goes stale"]) {
      await waiting.getByText(`${symbol} ${kind}`).waitFor();
      await waiting.getByRole("button", { name: kind }).click();
    }
    await waiting.getByText("None. Set one").waitFor();
    const fired = page.getByRole("region", { name: "Fired" });
    await fired.getByText(`SELL ${symbol}: it falls`).waitFor();
    await fired.getByRole("button", { name: "Clear" }).click();
    await fired.getByText("Nothing yet.").waitFor();
  });
}

/** Runs in the page: keeps its streams at hand. */
function keepStreams(): void {
  const streams: EventSource[] = [];
  const Wanted = EventSource;
  globalThis.EventSource = class extends Wanted {
    constructor(url: string | URL) {
      super(url);
      streams.push(this);
    }
  };
  Object.assign(globalThis, { streams });
}

/** Runs in the page: where its streams are that are not closed. */
function openStreams(): readonly string[] {
  const { streams } = globalThis as unknown as { streams: EventSource[] };
  return streams.filter(({ readyState }) => readyState !== EventSource.CLOSED)
    .map(({ url }) => url);
}

/**
 * Runs in the page: a signal comes, of which nobody can say when the rule makes
 * one.
 */
function tellSignal(
  { symbol, at }: { readonly symbol: string; readonly at: number },
): void {
  const { streams } = globalThis as unknown as { streams: EventSource[] };
  const signal = {
    t: Math.floor(at / 60_000) * 60_000,
    version: 1,
    made_at: at + 60_000,
    action: "SELL",
    lean: "down",
    reason: "it falls",
  };
  streams.at(-1)!.dispatchEvent(
    new MessageEvent("signal", { data: JSON.stringify({ symbol, signal }) }),
  );
}

async function installsAndPrints(
  browser: Browser,
  program: Program,
): Promise<void> {
  await withPage(browser, program, async (page) => {
    await openList(page, program);
    const cdp = await page.context().newCDPSession(page);
    const manifest = await cdp.send("Page.getAppManifest");
    assert.deepEqual(manifest.errors, []);
    const { installabilityErrors } = await cdp.send(
      "Page.getInstallabilityErrors",
    );
    assert.deepEqual(
      // A private window, as tests have, installs nothing whatever it is.
      installabilityErrors.filter(({ errorId }) => errorId !== "in-incognito"),
      [],
    );
    for (const { src, sizes } of JSON.parse(manifest.data!).icons) {
      const image = await page.evaluate(async (src) => {
        const image = new Image();
        image.src = src;
        await image.decode();
        return `${image.naturalWidth}x${image.naturalHeight}`;
      }, src);
      if (sizes !== "any") assert.equal(image, sizes, src);
    }
    await page.emulateMedia({ media: "print" });
    assert.equal(await page.locator(".watch-tools").isVisible(), false);
    const last = rowOf(page, symbolOf(INSTRUMENTS - 1));
    assert.ok(await isDrawn(last), "rows out of view are printed too");
    assert.equal(
      await page.evaluate(() =>
        getComputedStyle(document.documentElement).colorScheme
      ),
      "light",
    );
  });
}
