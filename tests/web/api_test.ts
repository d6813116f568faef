import assert from "node:assert/strict";
import { parquetReadObjects } from "hyparquet";
import { AssertionError } from "../../pipeline/domain/assert.ts";
import { toMillis } from "../../pipeline/domain/time.ts";
import { createApp } from "../../web/create_app.ts";
import type { Services } from "../../web/services.ts";
import {
  candle,
  fakeData,
  fakeServices,
  MINUTE,
  minutesAgo,
  NOW,
  signal,
} from "./fake_services.ts";

async function setUp(changes: Partial<Services> = {}, data = fakeData()) {
  const services = await fakeServices(changes, data);
  const handler = createApp(() => services).handler();
  const get = (path: string, headers: HeadersInit = {}) =>
    handler(new Request(`http://localhost${path}`, { headers }));
  const json = async (path: string) => {
    const response = await get(path);
    return { status: response.status, body: await response.json() };
  };
  return { services, handler, get, json };
}

const iso = (n: number) => new Date(toMillis(minutesAgo(n))).toISOString();

Deno.test("/api/candles gives the newest candles, the forming one last", async () => {
  const { json } = await setUp();
  const { status, body } = await json("/api/candles?symbol=NIFTY50&limit=3");
  assert.equal(status, 200);
  assert.equal(body.symbol, "NIFTY50");
  assert.equal(body.interval, "1m");
  assert.deepEqual(
    body.candles.map((one: { t: number; closed: boolean }) => [
      one.t,
      one.closed,
    ]),
    [2, 1, 0].map((n) => [toMillis(minutesAgo(n)), n > 0]),
  );
  assert.deepEqual(body.candles[0], {
    t: toMillis(minutesAgo(2)),
    o: 100,
    h: 101,
    l: 99.5,
    c: 100.5,
    v: 12,
    n: 7,
    vw: 100.25,
    closed: true,
    rev: 0,
    complete: true,
    coverage_ms: 60_000,
    closed_by: "watermark",
  });
});

Deno.test("/api/candles includes from and leaves out to, ISO or Unix ms", async () => {
  const { json } = await setUp();
  for (const from of [iso(5), String(toMillis(minutesAgo(5)))]) {
    const { body } = await json(
      `/api/candles?symbol=NIFTY50&from=${from}&to=${iso(3)}`,
    );
    assert.deepEqual(
      body.candles.map(({ t }: { t: number }) => t),
      [toMillis(minutesAgo(5)), toMillis(minutesAgo(4))],
    );
    assert.equal(body.next, null);
  }
});

Deno.test("/api/candles pages forwards from `from` and backwards without", async () => {
  const { json } = await setUp();
  const whole = (await json("/api/candles?symbol=NIFTY50")).body.candles;
  for (const first of [`&from=${iso(9)}`, ""]) {
    const pages: unknown[][] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const more: string = cursor === "" ? "" : `&cursor=${cursor}`;
      const { body } = await json(
        `/api/candles?symbol=NIFTY50&limit=4${first}${more}`,
      );
      pages.push(body.candles);
      cursor = body.next;
    }
    assert.deepEqual(pages.map(({ length }) => length), [4, 4, 2]);
    const ascending = first === "" ? pages.toReversed() : pages;
    assert.deepEqual(ascending.flat(), whole);
  }
});

Deno.test("/api/candles names every wrong parameter, its value and what was expected", async () => {
  const { get } = await setUp();
  const response = await get(
    "/api/candles?interval=7m&limit=0&from=yesterday&colour=red",
  );
  assert.equal(response.status, 400);
  assert.equal(
    response.headers.get("content-type"),
    "application/problem+json",
  );
  const problem = await response.json();
  assert.deepEqual(
    problem.errors.map((
      { parameter, value }: { parameter: string; value: string },
    ) => [parameter, value]).sort(),
    [
      ["colour", "red"],
      ["from", "yesterday"],
      ["interval", "7m"],
      ["limit", "0"],
      ["symbol", null],
    ],
  );
  assert.match(problem.detail, /limit="0" must be a whole number, 1 to 10000/);
  assert.equal(problem.status, 400);
});

Deno.test("a range that ends before it begins is a 400 problem", async () => {
  const { json } = await setUp();
  for (const path of ["candles", "forecasts", "signals"]) {
    const { status, body } = await json(
      `/api/${path}?symbol=NIFTY50&from=${iso(1)}&to=${iso(2)}`,
    );
    assert.equal(status, 400, path);
    assert.equal(body.errors[0].parameter, "to");
  }
});

Deno.test("an unknown symbol is a 404 problem, an odd one a 400", async () => {
  const { json } = await setUp();
  for (const path of ["candles", "forecasts", "signals"]) {
    const unknown = await json(`/api/${path}?symbol=NOPE`);
    assert.equal(unknown.status, 404, path);
    assert.equal(unknown.body.errors[0].value, "NOPE");
    const odd = await json(`/api/${path}?symbol=%3Cscript%3E`);
    assert.equal(odd.status, 400, path);
  }
  assert.equal((await json("/api/stream?symbols=NOPE")).status, 404);
});

Deno.test("a closed range has a strong tag and answers 304 to it", async () => {
  const { get, services } = await setUp();
  const path = `/api/candles?symbol=NIFTY50&from=${iso(9)}&to=${iso(2)}`;
  const first = await get(path);
  const etag = first.headers.get("etag")!;
  assert.match(etag, /^"[0-9a-f]{32}"$/);
  const again = await get(path, { "If-None-Match": etag });
  assert.equal(again.status, 304);
  assert.equal(await again.text(), "");
  services.data.candles[3] = candle("NIFTY50", minutesAgo(6), { rev: 1 });
  const revised = await get(path, { "If-None-Match": etag });
  assert.equal(revised.status, 200);
  const open = await get("/api/candles?symbol=NIFTY50");
  assert.equal(open.headers.get("etag"), null);
});

Deno.test("caches keep what nothing can change, and ask about what may be revised", async () => {
  const { get, services } = await setUp();
  const keeping = async (query: string) =>
    (await get(`/api/candles?symbol=NIFTY50&${query}`))
      .headers.get("cache-control");
  const closed = `from=${iso(9)}&to=${iso(2)}`;
  const known = toMillis(services.clock.now()) - 120_000;
  const justNow = toMillis(services.clock.now()) - 1_000;
  assert.equal(await keeping(""), "no-store");
  assert.equal(await keeping(closed), "public, no-cache");
  assert.equal(
    await keeping(`${closed}&asof=${known}`),
    "public, max-age=31536000",
  );
  assert.equal(
    await keeping(`${closed}&asof=${justNow}`),
    "public, no-cache",
    "it may be on its way",
  );
  assert.equal(
    await keeping(`${closed}&asof=${known}&fill=prev`),
    "public, no-cache",
    "gaps may become others",
  );
  assert.equal(await keeping(`from=${iso(9)}&asof=${known}`), "no-store");
});

Deno.test("answers that need a token stay out of caches that others use", async () => {
  const { get } = await setUp({ apiToken: "0123456789abcdef" });
  const closed = await get(
    `/api/candles?symbol=NIFTY50&from=${iso(9)}&to=${iso(2)}`,
    { Authorization: "Bearer 0123456789abcdef" },
  );
  assert.equal(closed.status, 200);
  assert.equal(closed.headers.get("cache-control"), "private, no-cache");
});

Deno.test("/api/candles writes CSV and NDJSON, as objects or arrays", async () => {
  const { get } = await setUp();
  const path = "/api/candles?symbol=NIFTY50&limit=2";
  const csv = await get(`${path}&format=csv`);
  assert.match(csv.headers.get("content-type")!, /^text\/csv/);
  assert.match(csv.headers.get("link")!, /rel="next"/);
  const lines = (await csv.text()).trimEnd().split("\r\n");
  assert.equal(
    lines[0],
    "t,o,h,l,c,v,n,vw,closed,rev,complete,coverage_ms,closed_by,synthetic",
  );
  assert.equal(lines.length, 3);
  assert.match(
    lines[1],
    /^\d+,100,101,99.5,100.5,12,7,100.25,true,0,true,60000,watermark,false$/,
  );
  const ndjson = await (await get(`${path}&format=ndjson&shape=array`)).text();
  const rows = ndjson.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.equal(rows.length, 2);
  assert.equal(rows[0][4], 100.5);
});

Deno.test("/api/candles writes Parquet with the values of its JSON", async () => {
  const { get, json } = await setUp();
  const range = `symbol=NIFTY50&from=${iso(4)}&to=${iso(2)}&limit=1`;
  const response = await get(`/api/candles?${range}&format=parquet`);
  assert.deepEqual(
    ["content-type", "content-disposition"].map((name) =>
      response.headers.get(name)
    ),
    [
      "application/vnd.apache.parquet",
      'attachment; filename="NIFTY50-1m.parquet"',
    ],
  );
  assert.match(response.headers.get("link")!, /format=parquet.*rel="next"/);
  assert.ok(response.headers.get("etag"));
  const rows = await parquetReadObjects({ file: await response.arrayBuffer() });
  const { body } = await json(`/api/candles?${range}`);
  assert.deepEqual(
    rows.map(({ t, synthetic: _, ...row }) => ({ t: t.getTime(), ...row })),
    body.candles,
  );
});

Deno.test("/api/candles fills quiet minutes and reports outages", async () => {
  const data = fakeData();
  data.candles = [9, 6, 2].map((n) => candle("NIFTY50", minutesAgo(n)));
  data.gaps = [{ from: minutesAgo(5), to: minutesAgo(4), kind: "outage" }];
  const { json } = await setUp({}, data);
  const range = `symbol=NIFTY50&from=${iso(9)}&to=${iso(0)}`;
  const filled = (await json(`/api/candles?${range}&fill=prev`)).body;
  assert.deepEqual(
    filled.candles.map((
      { t, synthetic }: { t: number; synthetic?: boolean },
    ) => [(toMillis(MINUTE) - t) / 60_000, synthetic ?? false]),
    [
      [9, false],
      [8, true],
      [7, true],
      [6, false],
      [2, false],
      [1, true],
    ],
  );
  assert.deepEqual(filled.gaps.map(({ kind }: { kind: string }) => kind), [
    "outage",
  ]);
  const empty = (await json(`/api/candles?${range}&fill=null`)).body;
  assert.equal(empty.candles.length, 9);
  assert.equal(empty.candles[1].c, null);
});

Deno.test("/api/instruments has catalog, price, change and feed of each", async () => {
  const { json } = await setUp();
  const { body } = await json("/api/instruments");
  assert.deepEqual(
    body.instruments.map(({ symbol }: { symbol: string }) => symbol),
    ["EUR/USD", "NIFTY50"],
  );
  const [one] = body.instruments;
  assert.equal(one.price_scale, 2);
  assert.equal(one.last.c, 100.5);
  assert.equal(one.feed.status, "live");
  assert.equal(one.signal.action, "HOLD");
});

Deno.test("/api/instruments gives one that is asked for, its change from where its data begin", async () => {
  const data = fakeData();
  const hour = minutesAgo(60);
  data.candles.unshift(
    candle("NIFTY50", hour, { interval: "1h", end: minutesAgo(0), open: "99" }),
  );
  const { json } = await setUp({}, data);
  const { body } = await json("/api/instruments?symbol=NIFTY50");
  assert.equal(body.instruments.length, 1);
  const [{ symbol, change }] = body.instruments;
  assert.equal(symbol, "NIFTY50");
  assert.equal(change.basis, "since");
  assert.equal(change.abs, 1.5);
  assert.equal(change.since, minutesAgo(9) / 1_000, "not the hour's start");
  const unknown = await json("/api/instruments?symbol=NONE");
  assert.equal(unknown.status, 404);
});

Deno.test("/api/forecasts gives forecasts with their scores", async () => {
  const { json } = await setUp();
  const { body } = await json("/api/forecasts?symbol=NIFTY50");
  assert.equal(body.forecasts.length, 2);
  assert.equal(body.forecasts[0].actual, 100.5);
  assert.equal(body.forecasts[1].actual, null);
  const { inside50, winkler95, crps, up_probability, brier } =
    body.forecasts[0];
  assert.deepEqual(
    [inside50, winkler95, crps, up_probability, brier],
    [true, 1.2, 0.05, 0.6, null],
  );
  const all = (await json("/api/forecasts")).body;
  assert.equal(all.forecasts.length, 4);
});

Deno.test("/api/models gives each model's record with what it amounts to", async () => {
  const { json } = await setUp({
    modelReport: () => ({
      walkForward: [],
      failures: [{ model: "arima(2,1,2)", reason: "no convergence" }],
      fitError: null,
    }),
  });
  const { body } = await json("/api/models?symbol=NIFTY50");
  assert.equal(body.window, 240);
  const [one, failed] = body.models;
  const { direction, diebold_mariano, ...rest } = one;
  assert.deepEqual(rest, {
    symbol: "NIFTY50",
    interval: "1m",
    model: "arima(1,1,1)",
    order: [1, 1, 1],
    source: "live",
    n: 240,
    from: minutesAgo(241) / 1_000,
    through: minutesAgo(1) / 1_000,
    mae: 242.88 / 240,
    mae_naive: 1,
    mase: 242.88 / 240 / 0.9,
    skill: 1 - 242.88 / 240,
    coverage50: 118 / 240,
    coverage80: 194 / 240,
    coverage95: 229 / 240,
    winkler95: 5,
    crps: 170 / 240,
    brier: 0.25,
    verdict: "no skill",
    suspicious: null,
    champion: true,
    trained_through: MINUTE / 1_000,
    failure: null,
  });
  assert.deepEqual([direction.hits, direction.n, direction.rate], [
    118,
    236,
    0.5,
  ]);
  assert.ok(Math.abs(direction.low - 0.4367) < 5e-4);
  // Mean 0.012, variance 20 / 240 less its square: t of n - 1.
  const t = 0.012 / Math.sqrt((20 - 240 * 0.012 ** 2) / 240 / 239);
  assert.ok(Math.abs(diebold_mariano.statistic - t) < 1e-9);
  assert.deepEqual(
    [failed.model, failed.failure, failed.n, failed.verdict, failed.order],
    ["arima(2,1,2)", "no convergence", 0, "too few", null],
  );
  const all = (await json("/api/models?window=100")).body;
  assert.equal(all.models.length, 4);
  assert.equal(
    (await json("/api/models?symbol=NIFTY50&window=all")).body.window,
    100_000,
  );
});

Deno.test("/api/models names a window that it cannot read", async () => {
  const { json } = await setUp();
  for (const query of ["window=all", "symbol=NIFTY50&window=0", "window=1e3"]) {
    const { status, body } = await json(`/api/models?${query}`);
    assert.equal(status, 400, query);
    assert.equal(body.errors[0].parameter, "window");
  }
});

Deno.test("/api/signals tells what came of each, and the record of those listed", async () => {
  const data = fakeData();
  const made = signal("NIFTY50", minutesAgo(4), "SELL");
  data.signals.push(made);
  data.outcomes.push({
    symbol: "NIFTY50",
    t: made.t,
    version: 1,
    minutes: 1,
    settledAt: NOW,
    costBps: 2,
    came: { kind: "priced", entry: 100, exit: 99, moveBps: -100, netBps: 98 },
  });
  const { json } = await setUp({}, data);
  const { body } = await json("/api/signals?symbol=NIFTY50&action=SELL");
  assert.deepEqual(body.signals[0].outcomes, [{
    minutes: 1,
    entry: 100,
    exit: 99,
    move_bps: -100,
    cost_bps: 2,
    net_bps: 98,
    no_price: null,
  }]);
  assert.deepEqual(
    [body.signals[0].version, body.signals[0].supersedes],
    [1, null],
  );
  assert.deepEqual(body.record[0], {
    minutes: 1,
    n: 1,
    hits: 1,
    mean_net_bps: 98,
    always_long_bps: -102,
    no_change_bps: 0,
    no_price: 0,
  });
});

Deno.test("/api/signals filters by symbol and action", async () => {
  const data = fakeData();
  data.signals.push(signal("NIFTY50", minutesAgo(4), "BUY"));
  const { json } = await setUp({}, data);
  const buys = (await json("/api/signals?action=BUY")).body.signals;
  assert.deepEqual(
    buys.map(({ symbol, action }: { symbol: string; action: string }) => [
      symbol,
      action,
    ]),
    [["NIFTY50", "BUY"]],
  );
  const mine = (await json("/api/signals?symbol=NIFTY50")).body.signals;
  assert.equal(mine.length, 2);
  assert.ok(mine[0].t < mine[1].t);
});

Deno.test("/api/forecasts and /api/signals write CSV, NDJSON and Parquet", async () => {
  const data = fakeData();
  const made = {
    ...signal("NIFTY50", minutesAgo(4), "SELL"),
    reason: '=1+1, "as said"',
  };
  data.signals.push(made);
  data.outcomes.push({
    symbol: "NIFTY50",
    t: made.t,
    version: 1,
    minutes: 5,
    settledAt: NOW,
    costBps: 2,
    came: { kind: "priced", entry: 100, exit: 99, moveBps: -100, netBps: 98 },
  });
  const { get, json } = await setUp({}, data);
  const asked: Record<string, string> = {
    forecasts: "/api/forecasts?symbol=NIFTY50",
    signals: "/api/signals?symbol=NIFTY50&action=SELL",
  };
  for (const [kind, path] of Object.entries(asked)) {
    const rows = (await json(path)).body[kind];
    const ndjson = await get(`${path}&format=ndjson`);
    assert.equal(ndjson.headers.get("content-type"), "application/x-ndjson");
    assert.deepEqual(
      (await ndjson.text()).trimEnd().split("\n").map((line) =>
        JSON.parse(line)
      ),
      rows,
    );

    const parquet = await get(`${path}&format=parquet`);
    assert.equal(
      parquet.headers.get("content-disposition"),
      `attachment; filename="NIFTY50-${kind}.parquet"`,
    );
    const file = await parquet.arrayBuffer();
    const read = await parquetReadObjects({ file });
    const { order, outcomes: _, ...plain } = rows[0];
    if (order !== undefined) {
      [plain.order_p, plain.order_d, plain.order_q] = order;
    }
    const named = Object.keys(plain).map((name) => [name, read[0][name]]);
    assert.deepEqual(
      Object.fromEntries(named.map(([name, value]) => [
        name,
        value instanceof Date ? value.getTime() : value,
      ])),
      plain,
    );

    const csv = await (await get(`${path}&format=csv`)).text();
    const [head, ...lines] = csv.trimEnd().split("\r\n");
    assert.equal(lines.length, rows.length);
    assert.deepEqual(head.split(","), Object.keys(read[0]));
  }
  const signals = await (await get(`${asked.signals}&format=csv`)).text();
  assert.ok(signals.includes(`,"'=1+1, ""as said""",`), signals);
  assert.ok(signals.endsWith(",,,,,,100,99,-100,98,,,,,,\r\n"), signals);
  const bad = await get("/api/signals?format=xls");
  assert.equal(bad.status, 400);
});

Deno.test("/readyz says 503 and why, /healthz tells, /livez asks nothing", async () => {
  const data = fakeData();
  const { json } = await setUp({}, data);
  assert.equal((await json("/readyz")).status, 200);
  data.health = {
    ready: false,
    reasons: ["The buffer holds 90 % of what it may: feeds wait"],
    warnings: ["Feed sim is not connected"],
    details: { buffer: { bytes: 1 } },
  };
  const { status, body } = await json("/readyz");
  assert.equal(status, 503);
  assert.deepEqual(body.reasons, data.health.reasons);
  const health = await json("/healthz");
  assert.equal(health.status, 200);
  assert.equal(health.body.status, "degraded");
  assert.deepEqual(health.body.warnings, data.health.warnings);
  assert.equal((await json("/livez")).status, 200);
});

Deno.test("/api/audit gives the balance as it is", async () => {
  const { json, services } = await setUp();
  assert.deepEqual((await json("/api/audit")).body, services.data.audit);
});

Deno.test("before the program has started all but /livez is 503", async () => {
  const handler = createApp(() => null).handler();
  const get = (path: string) => handler(new Request(`http://localhost${path}`));
  assert.equal((await get("/livez")).status, 200);
  const page = await get("/");
  assert.equal(page.status, 503);
  assert.match(await page.text(), /is starting/);
  const api = await get("/api/candles?symbol=A");
  assert.equal(api.status, 503);
  assert.equal(api.headers.get("content-type"), "application/problem+json");
});

Deno.test("a path that the API does not have is a 404 problem", async () => {
  const { get } = await setUp();
  const response = await get("/api/nothing");
  assert.equal(response.status, 404);
  assert.equal(
    response.headers.get("content-type"),
    "application/problem+json",
  );
});

Deno.test("a warehouse that does not answer is a 503 problem", async () => {
  const { json, services } = await setUp();
  services.candles.candles = () => Promise.reject(new Error("gone"));
  const { error } = console;
  console.error = () => {};
  try {
    const { status, body } = await json("/api/candles?symbol=NIFTY50");
    assert.equal(status, 503);
    assert.ok(!JSON.stringify(body).includes("gone"));
  } finally {
    console.error = error;
  }
});

Deno.test("a warehouse that hangs is a 503 problem; counting all rows may take long", async () => {
  const { get, services } = await setUp();
  const never = () => new Promise<never>(() => {});
  services.candles.candles = never;
  const counting = Promise.withResolvers<typeof services.data.audit>();
  services.audit.audit = () => counting.promise;
  const { error } = console;
  console.error = () => {};
  try {
    const full = get("/api/audit?full=1");
    assert.equal((await get("/api/candles?symbol=NIFTY50")).status, 503);
    counting.resolve(services.data.audit);
    assert.equal((await full).status, 200);
  } finally {
    console.error = error;
  }
});

Deno.test("a fault of ours is a 500 problem, which nobody need try again", async () => {
  const { get, services } = await setUp();
  services.candles.candles = () => Promise.reject(new AssertionError("oops"));
  const { error } = console;
  console.error = () => {};
  try {
    const response = await get("/api/candles?symbol=NIFTY50");
    assert.equal(response.status, 500);
    assert.equal(response.headers.get("retry-after"), null);
    assert.doesNotMatch(await response.text(), /oops|\.ts/);
  } finally {
    console.error = error;
  }
});

Deno.test("the API only reads: another method is a 405 problem", async () => {
  const { handler } = await setUp();
  for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
    const url = "http://localhost/api/candles?symbol=NIFTY50";
    const response = await handler(new Request(url, { method }));
    assert.equal(response.status, 405);
    assert.equal(response.headers.get("allow"), "GET, HEAD");
    assert.equal((await response.json()).status, 405);
  }
});

Deno.test("times at and beyond the ends of time are answered", async () => {
  const { get } = await setUp();
  const ends = ["-9007199254740", "9007199254740", "1684-08-01", "2255-06-05"];
  const beyond = ["0000-01-01", "1684-01-01", "2255-06-06", "9999-12-31"];
  for (const path of ["candles", "forecasts", "signals"]) {
    const status = async (rest: string) => {
      const response = await get(`/api/${path}?symbol=NIFTY50&${rest}`);
      await response.body?.cancel();
      return response.status;
    };
    for (const name of ["from", "to"]) {
      for (const t of beyond) assert.equal(await status(`${name}=${t}`), 400);
      for (const t of ends) assert.equal(await status(`${name}=${t}`), 200);
    }
    if (path !== "candles") continue;
    for (const fill of ["null", "prev"]) {
      for (const interval of ["1m", "1h", "1d", "1M"]) {
        const rest = `fill=${fill}&interval=${interval}`;
        const [first, last] = ends;
        assert.equal(await status(`${rest}&from=${first}&to=${last}`), 200);
        for (const to of ends) {
          assert.equal(await status(`${rest}&to=${to}`), 200, `${rest} ${to}`);
        }
      }
    }
  }
});

Deno.test("with a token set, /readyz tells strangers the state and not why", async () => {
  const token = "a-token-of-24-characters";
  const data = fakeData();
  data.health = {
    ready: false,
    reasons: ["a store is down"],
    warnings: [],
    details: {},
  };
  const { get } = await setUp({ apiToken: token }, data);
  const stranger = await get("/readyz");
  assert.equal(stranger.status, 503);
  assert.deepEqual(await stranger.json(), { ready: false });
  const known = await get("/readyz", { Authorization: `Bearer ${token}` });
  assert.deepEqual((await known.json()).reasons, ["a store is down"]);
  assert.equal((await get("/healthz")).status, 401);
});
