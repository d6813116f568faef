/**
 * What a reader chooses and keeps in the browser, on the whole program.
 */
import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { freePort } from "../harness/free_port.ts";
import { browserTest, watchFaults } from "../harness/browser.ts";
import { type Program, startProgram, until } from "../harness/program.ts";

const WIDE = { width: 1280, height: 800 };

await browserTest(
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
    await page.goto(`${program.http}/`);
    const other = await page.context().newPage();
    await other.goto(`${program.http}/`);
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
    const kept = await page.evaluate(() =>
      JSON.parse(localStorage.getItem("tickhouse.settings")!)
    );
    assert.deepEqual(kept, {
      theme: "light",
      palette: "colorblind",
      timeZone: "Asia/Kolkata",
      interval: "1m",
      count: 300,
      sound: false,
      notifications: false,
    });
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
    await page.goto(`${program.http}/settings`);
    assert.equal((await rootData(page)).first, "light");
    assert.equal(await page.getByLabel("Candles shown").inputValue(), "300");
    await page.getByRole("button", { name: "Back to defaults" }).click();
    await shows(other, {});
    await page.evaluate(() =>
      localStorage.setItem("tickhouse.settings", '{"theme":7,"count":"many"')
    );
    await page.goto(`${program.http}/settings`);
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
    await page.goto(link);
    const offer = page.getByRole("region", { name: "This link carries" });
    assert.match(await offer.innerText(), /Theme\s+as the system[\s\S]*dark/);
    assert.deepEqual(await rootData(page), {}, "nothing before the click");
    await offer.getByRole("button", { name: "Use these settings" }).click();
    await shows(page, { theme: "dark" });
    assert.equal(await page.getByLabel("Interval").inputValue(), "5m");
    assert.equal(await offer.count(), 0);
    assert.equal(new URL(page.url()).search, "");
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
      await page.goto(`${program.http}/settings`);
      const box = page.getByLabel("Notifications");
      await box.waitFor();
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
