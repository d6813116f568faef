import assert from "node:assert/strict";
import { TooManyTicksError } from "../../pipeline/archive/tick_gatherer.ts";
import {
  CheckUnderWayError,
  type TickHistory,
} from "../../pipeline/archive/tick_history.ts";
import type { TickCandleQuery } from "../../pipeline/archive/tick_candles.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_SECOND,
  toMillis,
} from "../../pipeline/domain/time.ts";
import { rebuild } from "../../tasks/rebuild.ts";
import { OptionsError } from "../../tasks/task_options.ts";
import { createApp } from "../../web/create_app.ts";
import { candle, fakeServices, minutesAgo } from "./fake_services.ts";

const START = minutesAgo(3);
const MINUTE = { from: minutesAgo(2), to: minutesAgo(1) };

function second(n: number): EpochMicros {
  return epochMicros(START + n * MICROS_PER_SECOND);
}

/** Ten candles of a second, then a minute whose ticks are gone. */
class FakeTicks implements TickHistory {
  readonly asked: TickCandleQuery[] = [];
  readonly checked: unknown[] = [];
  different = 0;
  error: Error | null = null;

  candles(query: TickCandleQuery) {
    this.asked.push(query);
    if (this.error) return Promise.reject(this.error);
    const all = Array.from(
      { length: 10 },
      (_, i) =>
        candle(query.symbol, second(i), { interval: "1s", end: second(i + 1) }),
    ).filter(({ t }) =>
      t >= (query.from ?? -Infinity) && t < (query.to ?? Infinity)
    );
    return Promise.resolve({
      candles: query.from === undefined
        ? all.slice(-query.limit)
        : all.slice(0, query.limit),
      withoutTicks: query.to === undefined || query.to > MINUTE.from
        ? [MINUTE]
        : [],
    });
  }

  check({ signal: _, ...range }: Parameters<TickHistory["check"]>[0]) {
    this.checked.push(range);
    if (this.error) return Promise.reject(this.error);
    const counts = { equal: 5, withoutTicks: 1, imported: 2 };
    const differences = Array.from({ length: this.different }, () => ({
      t: START,
      field: "high" as const,
      stored: "2.00",
      rebuilt: "1.00",
    }));
    return Promise.resolve({
      ...counts,
      different: this.different,
      differences,
    });
  }
}

async function setUp(kept = true) {
  const ticks = new FakeTicks();
  const services = await fakeServices(kept ? { ticks } : {});
  const handler = createApp(() => services).handler();
  const get = async (path: string) => {
    const response = await handler(new Request(`http://localhost${path}`));
    return {
      status: response.status,
      headers: response.headers,
      body: await response.json(),
    };
  };
  return { ticks, get, handler };
}

const CANDLES = "/api/candles?symbol=NIFTY50&interval=1s";

Deno.test("/api/candles gives candles of a second, and says what is not kept", async () => {
  const { get, ticks } = await setUp();
  const { status, body, headers } = await get(`${CANDLES}&limit=3`);
  assert.equal(status, 200);
  assert.equal(body.interval, "1s");
  assert.deepEqual(
    body.candles.map(({ t }: { t: number }) => t),
    [7, 8, 9].map((n) => toMillis(second(n))),
  );
  assert.equal(body.minutes_without_ticks, 1);
  assert.equal(headers.get("minutes-without-ticks"), "1");
  assert.equal(ticks.asked[0].interval, "1s");
  const minutes = await get("/api/candles?symbol=NIFTY50");
  assert.equal(minutes.headers.has("minutes-without-ticks"), false);
  assert.equal(ticks.asked.length, 1);
});

Deno.test("/api/candles pages through candles of a second", async () => {
  const { get } = await setUp();
  const seen: number[] = [];
  let cursor = "";
  for (;;) {
    const from = new Date(toMillis(START)).toISOString();
    const { body } = await get(`${CANDLES}&from=${from}&limit=4${cursor}`);
    seen.push(...body.candles.map(({ t }: { t: number }) => t));
    if (body.next === null) break;
    cursor = `&cursor=${body.next}`;
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 10 }, (_, n) => toMillis(second(n))),
  );
});

Deno.test("/api/candles invents no second where ticks are not kept", async () => {
  const { get } = await setUp();
  const to = toMillis(minutesAgo(0));
  const { body } = await get(
    `${CANDLES}&fill=prev&from=${toMillis(second(8))}&to=${to}&limit=500`,
  );
  const times = body.candles.map(({ t }: { t: number }) => t);
  // Up to the minute whose ticks are gone, and not past it.
  assert.deepEqual(
    times,
    Array.from({ length: 52 }, (_, n) => toMillis(second(8 + n))),
  );
});

Deno.test("/api/candles says why candles of a second cannot be told", async () => {
  const { get, ticks } = await setUp();
  const asof = await get(`${CANDLES}&asof=${toMillis(START)}`);
  assert.equal(asof.status, 400);
  assert.equal(asof.body.errors[0].parameter, "asof");
  ticks.error = new TooManyTicksError("Cannot read more than 5 ticks at once");
  const costly = await get(CANDLES);
  assert.equal(costly.status, 400);
  assert.equal(costly.headers.get("content-type"), "application/problem+json");
  assert.match(costly.body.detail, /more than 5 ticks at once; ask for a/);
  const off = await setUp(false);
  const none = await off.get(CANDLES);
  assert.equal(none.status, 404);
  assert.match(none.body.detail, /TICK_RETENTION_DAYS/);
});

Deno.test("/api/rebuild checks whole minutes and tells what differs", async () => {
  const { get, ticks } = await setUp();
  ticks.different = 1;
  const [from, to] = [toMillis(START), toMillis(minutesAgo(0))];
  const { status, body } = await get(
    `/api/rebuild?symbol=NIFTY50&from=${from + 1}&to=${to - 1}`,
  );
  assert.equal(status, 200);
  assert.deepEqual(ticks.checked, [
    { symbol: "NIFTY50", from: START, to: minutesAgo(0) },
  ]);
  assert.deepEqual(body, {
    symbol: "NIFTY50",
    from,
    to,
    compared: 6,
    equal: 5,
    different: 1,
    without_ticks: 1,
    imported: 2,
    differences: [{ t: from, field: "high", stored: "2.00", rebuilt: "1.00" }],
  });
});

Deno.test("/api/rebuild refuses what it cannot check", async () => {
  const { get, ticks } = await setUp();
  const rebuilt = async (query: string) =>
    (await get(`/api/rebuild?${query}`)).status;
  assert.equal(await rebuilt("symbol=NIFTY50"), 400);
  assert.equal(await rebuilt("symbol=NONE&from=0&to=1"), 404);
  assert.equal(await rebuilt("symbol=NIFTY50&from=1&to=0"), 400);
  assert.equal(await rebuilt("symbol=NIFTY50&from=0&to=99999999999"), 400);
  assert.deepEqual(ticks.checked, []);
  ticks.error = new CheckUnderWayError("busy");
  assert.equal(await rebuilt("symbol=NIFTY50&from=0&to=1"), 503);
});

Deno.test("the task rebuild asks the running program", async () => {
  const { ticks, handler } = await setUp();
  const asked: (string | null)[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => {
      asked.push(request.headers.get("authorization"));
      return handler(request);
    },
  );
  try {
    const context = { signal: new AbortController().signal };
    const run = (...args: string[]) =>
      rebuild(
        ["--url", `http://127.0.0.1:${server.addr.port}`, ...args],
        "token",
        context,
      );
    const range = ["--from", "2025-11-25T03:57Z", "--to", "2025-11-25T04:00Z"];
    const equal = await run("--symbol", "NIFTY50", ...range);
    assert(typeof equal !== "string" && equal.ok);
    assert.deepEqual(asked, ["Bearer token"]);
    ticks.different = 1;
    const other = await run("--symbol", "NIFTY50", ...range);
    assert(typeof other !== "string" && !other.ok);
    await assert.rejects(
      run("--symbol", "NONE", ...range),
      /NONE.*must be one/,
    );
    await assert.rejects(run("--symbol", "NIFTY50"), OptionsError);
    assert.match(String(await run("--help")), /--symbol S/);
  } finally {
    await server.shutdown();
  }
});
