/**
 * Names that were made to run, hide or break something, on their whole way:
 * file and TCP, database, API, stream and pages in a real browser.
 */
import assert from "node:assert/strict";
import type { Browser, Page } from "playwright-core";
import { SYMBOL_PATTERN } from "../../pipeline/domain/instrument.ts";
import { browserTest, islandsBegun, watchFaults } from "../harness/browser.ts";
import { type Program, startProgram, until } from "../harness/program.ts";
import { HOSTILE_NAMES } from "../hostile/hostile_names.ts";

const TOKEN = "a-token-of-24-characters";
const HEADERS = { Authorization: `Bearer ${TOKEN}` };

browserTest(
  "hostile names are text wherever they appear, and nothing else",
  async (browser, t) => {
    const dir = await Deno.makeTempDir({ prefix: "tickhouse-names-" });
    const file = `${dir}/instruments.json`;
    await Deno.writeTextFile(file, JSON.stringify(instruments()));
    const program = await startProgram({
      DATA_DIR: `${dir}/data`,
      HTTP_PORT: "0",
      FEEDS: "listen://127.0.0.1:0",
      INSTRUMENTS: file,
      API_TOKEN: TOKEN,
    });
    try {
      await t.step(
        "as symbols over TCP they are refused or plain",
        () => sendSymbols(program),
      );
      const { page, dialogs, faults } = await signIn(browser, program);
      await t.step(
        "as names they are on the list as they are",
        () => onTheList(page, program),
      );
      await t.step(
        "as a name and a note they are on a page of their own",
        () => onItsPage(page, program),
      );
      await t.step(
        "as a symbol they come by the stream",
        () => byTheStream(page, program),
      );
      await t.step(
        "as lines in quarantine they are on the page of the system",
        () => inQuarantine(page, program),
      );
      await t.step("nothing of them was run", async () => {
        assert.deepEqual(dialogs, []);
        assert.deepEqual(faults.errors, []);
        assert.deepEqual(faults.strangers, []);
        assert.equal(await page.evaluate(() => "pwned" in globalThis), false);
      });
      await page.context().close();
    } finally {
      await program.kill();
      await Deno.remove(dir, { recursive: true });
    }
  },
);

/** One for each name, which is its note too. */
function instruments(): unknown {
  return HOSTILE_NAMES.map((name, i) => ({
    symbol: `H${i}`,
    name,
    exchange: name,
    type: "crypto",
    currency: "USD",
    priceScale: 2,
    sizeScale: 0,
    tickSize: "0.01",
    lotSize: 1,
    calendar: "24x7",
    costBps: 2,
    note: name,
    validFrom: null,
    validTo: null,
  }));
}

async function json(program: Program, path: string) {
  const response = await fetch(program.http + path, { headers: HEADERS });
  assert.equal(response.status, 200, path);
  return await response.json();
}

async function sendSymbols(program: Program): Promise<void> {
  const connection = await Deno.connect({
    hostname: "127.0.0.1",
    port: Number(program.feeds[0].split(":")[1]),
  });
  const lines =
    HOSTILE_NAMES.map((symbol) =>
      JSON.stringify({ symbol, ts: Date.now(), price: 100, volume: 1 }) + "\n"
    ).join("") + JSON.stringify({ symbol: "H0", ts: Date.now(), price: 1 }) +
    "\n";
  await new Blob([lines]).stream().pipeTo(connection.writable);

  const plain = HOSTILE_NAMES.filter((name) => SYMBOL_PATTERN.test(name));
  const { instruments } = await until(
    "the plain symbols to be registered",
    () => json(program, "/api/instruments"),
    ({ instruments }) =>
      plain.every((name) =>
        instruments.some((one: { symbol: string }) => one.symbol === name)
      ),
  );
  const symbols = instruments.map(({ symbol }: { symbol: string }) => symbol);
  assert.deepEqual(
    symbols.filter((symbol: string) => !/^H\d+$/.test(symbol)).toSorted(),
    plain.toSorted(),
  );
  const names = new Map<string, string>(
    instruments.map((one: { symbol: string; name: string }) => [
      one.symbol,
      one.name,
    ]),
  );
  HOSTILE_NAMES.forEach((name, i) => assert.equal(names.get(`H${i}`), name));

  const { rows } = await until(
    "the others to be in quarantine",
    () => json(program, "/api/quarantine?limit=1000"),
    ({ rows }) => rows.length >= HOSTILE_NAMES.length - plain.length,
  );
  const kept = rows.map(({ raw }: { raw: string }) => JSON.parse(raw).symbol);
  const refused = HOSTILE_NAMES.filter((name) => !SYMBOL_PATTERN.test(name));
  for (const name of refused) assert.ok(kept.includes(name), name);
}

async function signIn(browser: Browser, program: Program) {
  const page = await (await browser.newContext()).newPage();
  const dialogs: string[] = [];
  page.on("dialog", (dialog) => {
    dialogs.push(dialog.message());
    dialog.dismiss();
  });
  const faults = watchFaults(page, program.http);
  await page.goto(`${program.http}/system`);
  await page.getByLabel("Token").fill(TOKEN);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(`${program.http}/system`);
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  return { page, dialogs, faults };
}

/** All texts of the page as they are in the document, not as they are drawn. */
function textsOf(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const walker = document.createTreeWalker(
      document.body,
      NodeFilter.SHOW_TEXT,
    );
    const texts: string[] = [];
    while (walker.nextNode()) {
      if (walker.currentNode.parentElement?.closest("script") !== null) {
        continue;
      }
      texts.push(walker.currentNode.nodeValue ?? "");
    }
    return texts;
  });
}

/** As a parser of HTML reads it: it has one kind of line end, and no NUL. */
const parsed = (text: string) => text.replaceAll(/\r\n?/g, "\n");

async function onTheList(page: Page, program: Program): Promise<void> {
  await page.goto(program.http);
  await islandsBegun(page);
  const texts = new Set((await textsOf(page)).map(parsed));
  const missing = HOSTILE_NAMES.filter((name) =>
    ![...texts].some((text) => text.includes(parsed(name)))
  );
  assert.deepEqual(missing, []);
  assert.equal(
    await page.locator("main img[src=x], main iframe, main base").count(),
    0,
  );
}

async function onItsPage(page: Page, program: Program): Promise<void> {
  for (const i of [0, 12, 26, 56]) {
    await page.goto(`${program.http}/instruments/H${i}`);
    await islandsBegun(page);
    const name = parsed(HOSTILE_NAMES[i]);
    const texts = (await textsOf(page)).map(parsed);
    assert.ok(texts.some((text) => text.includes(name)), name);
  }
  for (const symbol of ["constructor", "undefined"]) {
    const answer = await page.goto(`${program.http}/instruments/${symbol}`);
    assert.equal(answer?.status(), 200);
    assert.ok((await textsOf(page)).some((text) => text.includes(symbol)));
  }
}

async function byTheStream(page: Page, program: Program): Promise<void> {
  await page.goto(program.http);
  const symbols = await page.evaluate(() =>
    new Promise<string[]>((resolve, reject) => {
      const source = new EventSource("/api/stream?history=0");
      source.addEventListener("snapshot", ({ data }) => {
        source.close();
        resolve(
          JSON.parse(data).symbols.map((one: { symbol: string }) => one.symbol),
        );
      });
      source.onerror = () => reject(new Error("no stream"));
    })
  );
  for (const symbol of ["H0", "H59", "constructor", "undefined"]) {
    assert.ok(symbols.includes(symbol), symbol);
  }
}

async function inQuarantine(page: Page, program: Program): Promise<void> {
  await page.goto(`${program.http}/system`);
  await islandsBegun(page);
  const { rows } = await json(program, "/api/quarantine?limit=1000");
  const texts = (await textsOf(page)).map(parsed).join("\n");
  const shown = rows.filter(({ raw }: { raw: string }) =>
    texts.includes(parsed(raw))
  );
  assert.ok(shown.length > 0, "samples of lines are shown as they came");
}
