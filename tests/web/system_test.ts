import assert from "node:assert/strict";
import { createApp } from "../../web/create_app.ts";
import { systemAnswer } from "../../web/answers/system.ts";
import { fakeSystem } from "./fake_system.ts";
import { fakeData, fakeServices, NOW } from "./fake_services.ts";

async function setUp(data = fakeData()) {
  const services = await fakeServices({}, data);
  const handler = createApp(() => services).handler();
  return (path: string) => handler(new Request(`http://localhost${path}`));
}

/** What a reader without scripts sees. */
function textOf(html: string): string {
  return html.replace(/<script[\s\S]*?<\/script>/g, " ")
    .replace(/<[^>]+>/g, " ").replace(/\s+/g, " ");
}

Deno.test("/api/system answers by its schema, and takes no parameters", async () => {
  const get = await setUp();
  const response = await get("/api/system");
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("cache-control"), "no-store");
  systemAnswer.parse(await response.json());
  assert.equal((await get("/api/system?symbol=A")).status, 400);
});

Deno.test("the schema refuses what is not in it", () => {
  const view = fakeSystem(NOW / 1_000);
  assert.equal(systemAnswer.safeParse(view).success, true);
  for (const wrong of [{ ...view, more: 1 }, { ...view, books: undefined }]) {
    assert.equal(systemAnswer.safeParse(wrong).success, false);
  }
});

Deno.test("the page of the pipeline reads without scripts", async () => {
  const get = await setUp();
  const html = await (await get("/system")).text();
  const text = textOf(html);
  for (
    const words of [
      "Feeds",
      "Clean",
      "Buffer",
      "Candles",
      "Warehouse",
      "Forecasts",
      "Dashboards",
      "12.5 lines/s",
      "listen://127.0.0.1:9101",
      "tcp://feed.example:7000 CSV, not reached for 90 s",
      "ConnectionRefused",
      "acknowledged",
      "best effort",
      "tick in after 4.2 ms ,",
      "99 % within 11 ms",
      "9,120 entries",
      "12.6 MB of 268 MB",
      "They balance : 0 ticks unaccounted",
      "Received 48,233 = 48,214 accepted + 12 duplicates + 7 rejected",
      "5 The price is too far from the recent ones out_of_band",
      "3 numbers never sent",
      "goes on",
      "3 minutes revised within a day",
      "arima(2,1,2)",
      "412 MB",
      "1.24 s between two commits",
      "81.0 GB of 252 GB free",
      "1 for NIFTY50",
    ]
  ) assert.ok(text.includes(words), `${words}: ${text}`);
  assert.ok(!html.includes("<script>alert"), "what feeds sent is text");
});

Deno.test("parts that cannot be read are said to be unknown, the page stands", async () => {
  const data = fakeData();
  data.system = fakeSystem(NOW / 1_000, {
    ready: false,
    reasons: ["PostgreSQL does not answer since 04:00:10 UTC: ticks wait"],
    feeds: null,
    partitions: null,
    processes: null,
    books: null,
    quarantine: null,
    gaps: null,
    revisions: null,
    forecasts: null,
    disk: null,
  });
  data.system = {
    ...data.system,
    warehouse: { ...data.system.warehouse, up: false, down_since: 1 },
    buffer: { ...data.system.buffer, up: false, bytes: null, entries: null },
  };
  const get = await setUp(data);
  systemAnswer.parse(await (await get("/api/system")).json());
  const response = await get("/system");
  assert.equal(response.status, 200);
  const text = textOf(await response.text());
  assert.ok(text.includes("This process takes no feeds"), text);
  assert.equal(text.match(/does not answer/g)!.length, 6, text);
});

Deno.test("every page says in its head how the program does, and why", async () => {
  const data = fakeData();
  data.health = {
    ready: false,
    reasons: ["Redis does not answer since 04:00:10 UTC: nothing is read"],
    warnings: ["Feed sim is not connected since 03:59:00 UTC"],
    details: {},
  };
  const get = await setUp(data);
  for (const path of ["/", "/instruments/NIFTY50", "/system"]) {
    const text = textOf(await (await get(path)).text());
    assert.match(text, /System 1 outage/, path);
    assert.match(text, /Redis does not answer since 04:00:10 UTC/, path);
    assert.match(text, /Feed sim is not connected since/, path);
  }
});
