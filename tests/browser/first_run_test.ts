/**
 * What a browser shows before there is anything to show: what is waited for,
 * lines to paste, and that the page goes on by itself.
 */
import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { createApp } from "../../web/create_app.ts";
import { serveHttp } from "../../web/serve_http.ts";
import { browserTest, islandsBegun } from "../harness/browser.ts";
import { freePort } from "../harness/free_port.ts";
import { startProgram, until } from "../harness/program.ts";
import { fakeData, fakeServices } from "../web/fake_services.ts";

browserTest("a first run says what comes next", async (browser, t) => {
  await t.step("a source that is dialled and away", () => dialsOnly(browser));
  await t.step("nobody has connected", () => nobodyConnected(browser));
  await t.step(
    "the page goes on by itself at the first tick",
    () => goesOn(browser),
  );
});

/** A program without a tick, whose feeds come from these addresses alone. */
async function withoutTicks(
  browser: Browser,
  feeds: readonly string[],
  see: (page: Page) => Promise<void>,
): Promise<void> {
  const data = { ...fakeData(), instruments: [], candles: [] };
  const { books, feeds: known } = data.system;
  assert(books !== null && known !== null);
  data.system = {
    ...data.system,
    books: { ...books, applied: 0 },
    feeds: {
      ...known,
      connections: 0,
      feeds: [],
      endpoints: known.endpoints.filter(({ url }) => feeds.includes(url)),
    },
  };
  const { info, ...services } = await fakeServices({}, data);
  const real = { ...info, simulated: false, seed: null, feeds };
  const server = await serveHttp(
    createApp(() => ({ ...services, info: real })).handler(),
    { host: "127.0.0.1", port: 0 },
  );
  try {
    await see(await openPage(browser, server.url));
  } finally {
    await server.close();
  }
}

async function dialsOnly(browser: Browser): Promise<void> {
  const url = "tcp://feed.example:7000";
  await withoutTicks(browser, [url], async (page) => {
    await page.getByText(`Tickhouse dials ${url} until somebody answers`)
      .waitFor();
    await page.getByText(
      `Not reached: ${url} (ConnectionRefused: Connection refused).`,
    ).waitFor();
    const lines = await page.locator(".copy-line code").allInnerTexts();
    assert.equal(lines[0], "FEEDS=listen://127.0.0.1:9101 deno task start");
    assert.match(lines[1], /SIMULATE=on/);
    assert.equal(lines.length, 2, "nothing to send to an address of no use");
  });
}

async function nobodyConnected(browser: Browser): Promise<void> {
  await withoutTicks(browser, ["listen://127.0.0.1:9101"], async (page) => {
    await page.getByText("Nobody has connected yet.").waitFor();
    await page.context().grantPermissions([
      "clipboard-read",
      "clipboard-write",
    ]);
    const replay = page.locator(".copy-line", { hasText: "deno task replay" });
    await until(
      "what is said for a moment",
      async () => {
        await replay.getByRole("button").click();
        return await replay.locator(".told").textContent();
      },
      (told) => told === "Copied",
    );
    assert.equal(
      await page.evaluate(() => navigator.clipboard.readText()),
      "deno task replay ticks.csv.gz --symbol EURUSD --to 127.0.0.1:9101",
    );
  });
}

/** The whole program: one way in is dialled in vain, the other listens. */
async function goesOn(browser: Browser): Promise<void> {
  const dataDir = await Deno.makeTempDir({ prefix: "tickhouse-first-" });
  const away = `tcp://127.0.0.1:${freePort()}`;
  const program = await startProgram({
    DATA_DIR: dataDir,
    HTTP_PORT: "0",
    FEEDS: `listen://127.0.0.1:0,${away}`,
  });
  try {
    const page = await openPage(browser, program.http);
    await page.getByText(`Not reached: ${away} (`).waitFor();
    const shown = await page.locator(".copy-line", { hasText: "one tick" })
      .locator("code").innerText();
    const [hostname, port] = program.feeds[0].split(":");
    assert.match(shown, new RegExp(`\\| nc -q1 ${hostname} ${port}$`));
    const connection = await Deno.connect({ hostname, port: Number(port) });
    const [printf] = shown.split(" | nc");
    const { stdout } = await new Deno.Command("sh", { args: ["-c", printf] })
      .output();
    await connection.write(stdout);
    connection.close();
    const row = page.locator("table.watchlist tbody tr", { hasText: "DEMO" });
    await row.getByText("100.25").waitFor();
    await page.locator(".first-steps").waitFor({ state: "detached" });
    await page.close();
  } finally {
    await program.kill().catch(() => {});
    await Deno.remove(dataDir, { recursive: true });
  }
}

async function openPage(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(url);
  await islandsBegun(page);
  return page;
}
