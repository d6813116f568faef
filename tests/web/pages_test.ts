import assert from "node:assert/strict";
import { alwaysOpen } from "../../pipeline/calendars/always_open.ts";
import { sessionCalendar } from "../../pipeline/calendars/session_calendar.ts";
import { Catalog } from "../../pipeline/catalog.ts";
import { createApp } from "../../web/create_app.ts";
import type { Services } from "../../web/services.ts";
import { makeSkill } from "../../pipeline/forecast/testing/make_skill.ts";
import {
  fakeData,
  fakeServices,
  instrument,
  minutesAgo,
  NOW,
  signal,
} from "./fake_services.ts";

async function setUp(changes: Partial<Services> = {}, data = fakeData()) {
  const services = await fakeServices(changes, data);
  const handler = createApp(() => services).handler();
  return {
    services,
    get: async (path: string, headers: Record<string, string> = {}) => {
      const request = new Request(`http://localhost${path}`, { headers });
      const response = await handler(request);
      return { response, html: await response.text() };
    },
  };
}

/** What a reader without scripts sees. */
function textOf(html: string): string {
  return html.replace(/<script[\s\S]*?<\/script>/g, " ")
    .replace(/<[^>]+>/g, " ").replace(/\s+/g, " ");
}

Deno.test("the front page lists instruments with all that is known of them", async () => {
  const { get } = await setUp();
  const { response, html } = await get("/");
  assert.equal(response.status, 200);
  const text = textOf(html);
  for (
    const words of [
      "NIFTY50",
      "EUR/USD name",
      "100.50",
      "100.60",
      "HOLD",
      "live",
      "Simulated data",
      "seed 1",
      "Books balance",
    ]
  ) assert.ok(text.includes(words), words);
  assert.match(html, /href="\/instruments\/EUR%2FUSD"/);
  assert.match(html, /class="tc-spark"/);
});

Deno.test("the front page searches, filters, sorts and pins without scripts", async () => {
  const { get } = await setUp();
  const symbols = async (path: string, headers?: Record<string, string>) => {
    const { html } = await get(path, headers);
    const rows = html.split("<tbody")[1].split("</tbody>")[0];
    return [...rows.matchAll(/<th [^>]*><a [^>]*>([^<]+)</g)]
      .map(([, symbol]) => symbol);
  };
  const both = ["EUR/USD", "NIFTY50"];
  assert.deepEqual(await symbols("/"), both);
  assert.deepEqual(await symbols("/?dir=desc"), both.toReversed());
  assert.deepEqual(await symbols("/?q=nif"), ["NIFTY50"]);
  assert.deepEqual(await symbols("/?signal=HOLD&feed=live"), both);
  assert.deepEqual(await symbols("/?signal=BUY"), []);
  const cookie = "a=b; tickhouse_pinned=NIFTY50";
  assert.deepEqual(await symbols("/", { cookie }), both.toReversed());
  const { html } = await get("/?q=usd&sort=change&dir=asc");
  assert.match(html, /name="q"[^>]* value="usd"/);
  assert.match(
    html,
    /aria-sort="ascending"><a href="\/\?q=usd&amp;sort=change"/,
  );
  assert.match(textOf(html), /1 of 2/);
});

Deno.test("the front page says plainly that a model has no skill", async () => {
  const { get } = await setUp();
  const { html } = await get("/");
  assert.match(html, /class="skill"[^>]*title="[^"]*1\.2 % larger[^"]*"/);
  assert.match(textOf(html), /no skill/);
});

Deno.test("an instrument's page reads without scripts", async () => {
  const { get } = await setUp();
  const { response, html } = await get("/instruments/EUR%2FUSD?interval=1m");
  assert.equal(response.status, 200);
  const text = textOf(html);
  for (
    const words of [
      "EUR/USD name",
      "No skill",
      "80 % band 100.20 – 101.00",
      "ARIMA(1,1,1)",
      "Simulated data",
      "9 closed candles",
      "forming",
    ]
  ) assert.ok(text.includes(words), words);
  assert.match(html, /<svg [^>]*class="tc-first-plot"/);
  assert.match(html, /<form method="GET" action="\/instruments"/);
  assert.match(html, /href="\/instruments\/EUR%2FUSD\?interval=5m"/);
});

Deno.test("what a link compares with is in percent, unless it says otherwise", async () => {
  const { get } = await setUp();
  const shown = async (query: string) => {
    const { html } = await get(`/instruments/NIFTY50?${query}`);
    return [
      /<option [^>]*selected[^>]*>([^<]*)</.exec(html)?.[1] ?? null,
      /aria-pressed="true"[^>]*>([^<]*)</.exec(html)?.[1],
    ];
  };
  assert.deepEqual(await shown("compare=EUR/USD"), ["vs EUR/USD", "%"]);
  assert.deepEqual(await shown("compare=EUR/USD&scale=linear"), [
    "vs EUR/USD",
    "Auto",
  ]);
  const [none, usual] = await shown("compare=nobody");
  assert.ok(none === null || none === "Compare…", `${none}`);
  assert.equal(usual, "Auto");
});

Deno.test("the candles of the part that is drawn are offered as CSV", async () => {
  const { get } = await setUp();
  const csv = async (query: string) => {
    const { html } = await get(`/instruments/NIFTY50?${query}`);
    const [, href] = /href="([^"]*format=csv[^"]*)"/.exec(html)!;
    const { html: text } = await get(href.replaceAll("&amp;", "&"));
    return text.trim().split(/\r?\n/).slice(1);
  };
  assert.equal((await csv("")).length, 10);
  const to = minutesAgo(4) / 1_000;
  const part = await csv(`to=${to}&slots=5`);
  assert.equal(part.length, 5);
  assert.ok(part.at(-1)!.includes(String(to)), part.at(-1));
});

Deno.test("the skill of a walk forward is told until live scores are enough", async () => {
  const { get, services } = await setUp({
    modelReport: (symbol) => ({
      walkForward: [makeSkill({
        symbol,
        model: "arima(2,1,2)",
        n: 120,
        skill: 0.031,
        dieboldMariano: { statistic: -2.9, p: 0.0047 },
        source: "walk_forward",
      })],
      failures: [{ model: "arima(9,1,9)", reason: "no convergence" }],
      fitError: null,
    }),
  });
  const data = services.data.forecasts;
  for (const [i, { forecast, score }] of data.entries()) {
    data[i] = { forecast: { ...forecast, model: "arima(2,1,2)" }, score };
  }
  const text = textOf((await get("/instruments/NIFTY50")).html);
  assert.match(
    text,
    /Skill 3.1 % Over the last 120 forecasts of a walk forward over stored candles its errors were 3.1 % smaller .*\(p = 0\.005\)\. It is the best of 2 models/,
  );
  assert.match(text, /arima\(2,1,2\) shown 120 stored · skill \+3.1 %/);
  assert.match(text, /arima\(1,1,1\) 240 live · no skill −1.2 % 50 % 95 %/);
  assert.match(text, /arima\(9,1,9\) 0 live · not fitted –/);
  assert.match(text, /arima\(9,1,9\) could not be fitted: no convergence/);
});

Deno.test("a record that is too good to be true is flagged on the page", async () => {
  const { get } = await setUp({
    modelReport: (symbol) => ({
      walkForward: [makeSkill({
        symbol,
        model: "prophet",
        n: 120,
        skill: 0.98,
        suspicious: "Its errors are 98 % smaller: looks like a leak",
        source: "walk_forward",
      })],
      failures: [],
      fitError: null,
    }),
  });
  const text = textOf((await get("/instruments/NIFTY50")).html);
  assert.match(text, /prophet 120 stored · looks like a leak \+98\.0 %/);
  assert.match(
    text,
    /prophet is suspicious, and not shown\. Its errors are 98/,
  );
});

Deno.test("a page lists what came of signals, beside always long and no change", async () => {
  const data = fakeData();
  const made = signal("NIFTY50", minutesAgo(4), "BUY");
  data.signals.unshift(made);
  const of = { symbol: "NIFTY50", t: made.t, version: 1, settledAt: NOW };
  data.outcomes.push(
    {
      ...of,
      minutes: 1,
      costBps: 2,
      came: {
        kind: "priced",
        entry: 100,
        exit: 100.05,
        moveBps: 5,
        netBps: 3,
      },
    },
    {
      ...of,
      minutes: 5,
      costBps: 2,
      came: { kind: "no_price", reason: "The market is closed at 10:00Z" },
    },
  );
  const { get } = await setUp({}, data);
  const { html } = await get("/instruments/NIFTY50");
  assert.match(textOf(html), /BUY \+3\.0 no price …/);
  assert.match(html, /title="The market is closed at 10:00Z"/);
  assert.match(
    textOf(html),
    /All 1 of them .* 1 min 100 % of 1 \+3\.0 \+3\.0 5 min –/,
  );
});

Deno.test("a forecast older than its minute is a warning in words", async () => {
  const textWith = async (data: ReturnType<typeof fakeData>) => {
    const { get } = await setUp({}, data);
    return textOf((await get("/instruments/NIFTY50")).html);
  };
  const data = fakeData();
  assert.doesNotMatch(await textWith(data), /out of date/);
  data.forecasts = data.forecasts.filter(({ score }) => score !== null);
  const text = await textWith(data);
  assert.match(text, /◌ out of date, \d+ s old/);
  assert.match(text, /No current forecast/);
});

Deno.test("a page without scripts says that it stands still", async () => {
  const { get } = await setUp();
  for (const path of ["/", "/instruments/NIFTY50"]) {
    assert.match((await get(path)).html, /<noscript><p[^>]*>This page stands/);
  }
});

Deno.test("the selector's form leads to the instrument", async () => {
  const { get } = await setUp();
  const { response } = await get("/instruments?symbol=EUR%2FUSD&interval=5m");
  assert.equal(response.status, 303);
  assert.equal(
    response.headers.get("location"),
    "/instruments/EUR%2FUSD?interval=5m",
  );
  const typed = await get("/instruments?symbol=eur");
  assert.equal(
    typed.response.headers.get("location"),
    "/instruments/EUR%2FUSD?interval=1m",
  );
});

Deno.test("an instrument's page offers intervals to a month, seconds if ticks are dense", async () => {
  const offered = (html: string) =>
    [...html.matchAll(/interval=(\w+)" aria-busy/g)].map(([, one]) => one);
  const { get } = await setUp();
  const plain = offered((await get("/instruments/NIFTY50")).html);
  assert.deepEqual([plain[0], plain.at(-1)], ["3m", "1M"]);
  const asked: unknown[] = [];
  const ticks = {
    candles: (query: unknown) => {
      asked.push(query);
      return Promise.resolve({ candles: [], withoutTicks: [] });
    },
    check: () => Promise.reject(new Error("not in this test")),
  };
  const dense = await setUp({ ticks });
  const path = "/instruments/NIFTY50?interval=15s";
  assert.equal(offered((await dense.get(path)).html)[0], "30s");
  assert.deepEqual(asked, [
    { symbol: "NIFTY50", interval: "15s", limit: 150 },
  ]);
});

Deno.test("a link to a part of the history is a picture of that part", async () => {
  const data = fakeData();
  const t = minutesAgo(6) / 1_000;
  const { get } = await setUp({}, data);
  const pictured = async (query: string) => {
    const { response, html } = await get(`/instruments/NIFTY50${query}`);
    assert.equal(response.status, 200, query);
    return Number(/chart of (\d+) candles/.exec(html)![1]);
  };
  assert.equal(await pictured(""), 10);
  assert.equal(await pictured(`?slots=50&to=${t}`), 4);
  assert.equal(await pictured(`?slots=5&to=${t - 1}`), 3);
  // Before all that there is, and no time at all: the newest.
  assert.equal(await pictured("?slots=50&to=1"), 10);
  assert.equal(await pictured("?slots=50&to=9007199254740991"), 10);
});

Deno.test("an instrument without a tick says so, with the line that sends one", async () => {
  const data = fakeData();
  data.candles = [];
  const feeds = ["listen://127.0.0.1:9101"];
  const page = async (changes: Partial<Services>, of = data) =>
    textOf((await (await setUp(changes, of)).get("/instruments/NIFTY50")).html);
  const { info } = await fakeServices({}, data);
  const real = { ...info, simulated: false, feeds };
  const text = await page({ info: real });
  assert.match(text, /No tick of NIFTY50 has come yet/);
  assert.match(text, /NIFTY50.{1,160}nc -q1 127\.0\.0\.1 9101/);
  // A warehouse of simulated ticks takes no others.
  assert.doesNotMatch(
    await page({ info: { ...real, simulated: true } }),
    /nc -q1/,
  );
  assert.doesNotMatch(await page({ info: real }, fakeData()), /has come yet/);
});

Deno.test("pages have no inline script, style or handler", async () => {
  const { get } = await setUp();
  for (const path of ["/", "/instruments/NIFTY50", "/nowhere"]) {
    const { html } = await get(path);
    for (const [tag] of html.matchAll(/<script[^>]*>/g)) {
      assert.match(tag, / src="\/|type="application\/json"/, path);
    }
    assert.doesNotMatch(html, /<style|\sstyle=|\son[a-z]+=/, path);
    assert.match(html, /<html lang="en">/);
    assert.match(html, /name="viewport"/);
  }
});

Deno.test("what is not there is a 404 page", async () => {
  const { get } = await setUp();
  for (const path of ["/nowhere", "/instruments/NOPE", "/instruments/%E0%A4"]) {
    const { response, html } = await get(path);
    assert.equal(response.status, 404, path);
    assert.match(html, /Nothing is here/);
  }
});

Deno.test("a warehouse that does not answer gives a page that says so", async () => {
  const { services, get } = await setUp();
  services.candles.latest = () => Promise.reject(new Error("secret detail"));
  services.audit.audit = () => Promise.reject(new Error("secret detail"));
  const { error } = console;
  console.error = () => {};
  try {
    const { response, html } = await get("/");
    assert.equal(response.status, 503);
    assert.equal(response.headers.get("retry-after"), "5");
    assert.match(html, /cannot be shown now/);
    assert.doesNotMatch(html, /secret detail/);
  } finally {
    console.error = error;
  }
});

Deno.test("a warehouse that hangs gives a page in bounded time, with the reason", async () => {
  const data = fakeData();
  data.health = {
    ready: false,
    reasons: ["PostgreSQL does not answer: ticks wait"],
    warnings: [],
    details: {},
  };
  const { services, get } = await setUp({}, data);
  const never = () => new Promise<never>(() => {});
  services.candles.latest = never;
  services.audit.audit = never;
  const { error } = console;
  console.error = () => {};
  try {
    const ask = async (path: string) => {
      const from = performance.now();
      const { response, html } = await get(path);
      assert.equal(response.status, 503, path);
      assert.ok(response.headers.has("retry-after"), path);
      // Half a minute, and room for a machine that stands still meanwhile.
      assert.ok(performance.now() - from < 150_000, path);
      return html;
    };
    const [list, one] = await Promise.all(
      ["/", "/instruments/NIFTY50", "/api/instruments"].map(ask),
    );
    for (const html of [list, one]) {
      assert.match(html, /PostgreSQL does not answer: ticks wait/);
    }
  } finally {
    console.error = error;
  }
});

Deno.test("a page says what does not work while it can be shown", async () => {
  const data = fakeData();
  const { get } = await setUp({}, data);
  assert.doesNotMatch((await get("/")).html, /class="notice">Redis/);
  data.health = {
    ready: false,
    reasons: ["Redis does not answer: nothing is read from feeds"],
    warnings: [],
    details: {},
  };
  const { response, html } = await get("/");
  assert.equal(response.status, 200);
  assert.match(
    html,
    /class="notice notice-down">Redis does not answer: nothing is read/,
  );
});

Deno.test("names and notes cannot become markup", async () => {
  const data = fakeData();
  const evil = `"><script>alert(1)</script><img onerror=alert(1)>\u2028`;
  data.instruments = [{ ...instrument("NIFTY50"), name: evil, note: evil }];
  const { get } = await setUp({}, data);
  for (const path of ["/", "/instruments/NIFTY50"]) {
    const { html } = await get(path);
    assert.ok(!html.includes("<script>alert"), path);
    assert.ok(!html.includes("<img onerror"), path);
  }
});

Deno.test("a planted pattern is disclosed on its page and on the front page", async () => {
  const data = fakeData();
  data.instruments = [{ ...instrument("DEMO-AR1"), note: "It is planted." }];
  const { get } = await setUp({}, data);
  for (const path of ["/", "/instruments/DEMO-AR1"]) {
    assert.match(textOf((await get(path)).html), /It is planted\./);
  }
});

Deno.test("a warehouse without ticks says what to do next", async () => {
  const data = { ...fakeData(), instruments: [], candles: [] };
  const real = {
    simulated: false,
    seed: null,
    buffer: "b",
    warehouse: "w",
    feeds: ["listen://127.0.0.1:9105"],
  };
  const { get } = await setUp({ info: real }, data);
  const { html } = await get("/");
  const text = textOf(html);
  assert.match(text, /No tick has come yet/);
  assert.match(text, /deno task replay .* --to 127\.0\.0\.1:9105/);
  assert.match(text, /FEEDS=tcp:\/\/127\.0\.0\.1:7000 deno task start/);
  assert.match(text, /nc -q1 127\.0\.0\.1 9105/);
  assert.match(text, /48\.2K lines came, on their way into candles\./);
  assert.doesNotMatch(text, /Simulated/);
});

Deno.test("a market that is closed says what can be done meanwhile", async () => {
  const data = fakeData();
  data.instruments = [{ ...instrument("NIFTY50"), calendar: "X" }];
  const services = await fakeServices({}, data);
  const info = { ...services.info, simulated: false, seed: null };
  const catalog = new Catalog(
    {
      changes: () =>
        Promise.resolve({ instruments: data.instruments, seen: "" }),
      upsert: () => Promise.reject(new Error("not in this test")),
      widen: () => Promise.reject(new Error("not in this test")),
    },
    new Map([["24x7", alwaysOpen()], ["X", weekends()]]),
    { autoRegister: false },
  );
  await catalog.refresh();
  const { get } = await setUp({ info, catalog }, data);
  const home = textOf((await get("/")).html);
  assert.match(home, /The market is closed\./);
  const replayed =
    /replay ticks\.csv\.gz --symbol NIFTY50 --to 127\.0\.0\.1:9101/;
  assert.match(home, replayed);
  assert.match(home, /deno task import candles\.csv --symbol NIFTY50/);

  data.candles = [];
  const empty = textOf((await get("/instruments/NIFTY50")).html);
  assert.match(empty, replayed);
  assert.doesNotMatch(empty, /nc -q1/, "a tick of now would be refused");

  const { get: asProcess } = await setUp(
    { info: { ...info, feeds: [] }, catalog },
    data,
  );
  const without = textOf((await asProcess("/")).html);
  assert.doesNotMatch(without, /deno task replay/, "nothing listens here");
  assert.match(without, /deno task import/);
});

/** A market that is open on Saturdays alone; the clock is at a Tuesday. */
function weekends() {
  return sessionCalendar({
    id: "X",
    zone: "Asia/Kolkata",
    coverage: [{ from: "2025-01-01", to: "2025-12-31" }],
    weekly: [{
      from: "2020-01-01",
      days: ["Sat"],
      sessions: [{ open: "09:15", close: "15:30" }],
    }],
    holidays: [],
    special: [],
  });
}

Deno.test("an instrument without candles has a page", async () => {
  const data = { ...fakeData(), candles: [], forecasts: [], signals: [] };
  const { get } = await setUp({}, { ...data, activity: [] });
  const { response, html } = await get("/instruments/NIFTY50");
  assert.equal(response.status, 200);
  assert.match(textOf(html), /None yet: the first is made/);
});
