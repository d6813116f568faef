import assert from "node:assert/strict";
import { loadCalendars } from "../../pipeline/calendars/load_markets.ts";
import {
  epochMicros,
  fromMillis,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
  toMillis,
} from "../../pipeline/domain/time.ts";
import { createApp } from "../../web/create_app.ts";
import { barTime } from "../../web/udf/udf_history.ts";
import { holidaysText, sessionText } from "../../web/udf/udf_session.ts";
import { priceSteps } from "../../web/udf/udf_symbol.ts";
import {
  candle,
  fakeData,
  fakeServices,
  MINUTE,
  minutesAgo,
  NOW,
  signal,
} from "./fake_services.ts";

// deno-lint-ignore no-explicit-any
type Json = any;

async function setUp(data = fakeData()) {
  const services = await fakeServices({}, data);
  const handler = createApp(() => services).handler();
  const get = async (path: string): Promise<Json> => {
    const response = await handler(new Request(`http://localhost/udf/${path}`));
    const text = await response.text();
    return { status: response.status, body: JSON.parse(text) };
  };
  return { services, get };
}

const seconds = (t: number) => t / MICROS_PER_SECOND;

Deno.test("/udf/history counts back from `to`, whatever `from` says", async () => {
  const { get } = await setUp();
  const to = seconds(minutesAgo(2));
  const { body } = await get(
    `history?symbol=NIFTY50&resolution=1&from=${to - 60}&to=${to}&countback=3`,
  );
  assert.deepEqual(body.t, [5, 4, 3].map((n) => seconds(minutesAgo(n))));
});

Deno.test("bars of days have the date of their trading day at 00:00 UTC", async () => {
  const calendars = await loadCalendars(
    new URL("../../markets/calendars", import.meta.url),
  );
  const nse = calendars.get("NSE")!;
  const noon = fromMillis(Date.parse("2024-01-23T06:30:00Z"));
  const time = barTime("1d", nse);
  const { start } = nse.bucketAt("1d", noon);
  assert.equal(
    new Date(toMillis(time({ t: start }))).toISOString(),
    "2024-01-23T00:00:00.000Z",
  );
  assert.equal(barTime("1h", nse)({ t: noon }), noon);
});

Deno.test("a session is told as the protocol writes it, with its holidays", async () => {
  const calendars = await loadCalendars(
    new URL("../../markets/calendars", import.meta.url),
  );
  const nse = calendars.get("NSE")!;
  const at = fromMillis(Date.parse("2024-02-15T06:30:00Z"));
  assert.equal(sessionText(nse, at), "0915-1530:23456");
  const holidays = holidaysText(nse, at).split(",");
  assert(holidays.includes("20240126"), "Republic Day");
  assert(!holidays.includes("20240120"), "a Saturday is none");
  assert(!holidays.includes("20240129"), "a Monday of trading is none");
});

Deno.test("prices have the steps of the market", () => {
  assert.deepEqual(priceSteps("0.05", 2), { minmov: 5, pricescale: 100 });
  assert.deepEqual(priceSteps("0.0025", 4), { minmov: 25, pricescale: 10_000 });
  assert.deepEqual(priceSteps("1", 0), { minmov: 1, pricescale: 1 });
});

Deno.test("/udf/search and /udf/config say what there is", async () => {
  const { get } = await setUp();
  const found = async (query: string) =>
    (await get(`search?${query}`)).body.map((one: Json) => one.symbol);
  assert.deepEqual(await found("query=eur"), ["EUR/USD"]);
  assert.deepEqual(await found("query=&type=index&exchange=TEST&limit=1"), [
    "EUR/USD",
  ]);
  assert.deepEqual(await found("query=name"), ["EUR/USD", "NIFTY50"]);
  assert.deepEqual(await found("query=nothing-like-it"), []);
  const { body } = await get("config");
  assert.equal(body.supports_search, true);
  assert.deepEqual(
    body.exchanges.map(({ value }: Json) => value),
    ["", "TEST"],
  );
});

Deno.test("/udf/marks puts signals on the bars that they are for", async () => {
  const data = fakeData();
  data.signals = [
    signal("NIFTY50", minutesAgo(7), "BUY"),
    signal("NIFTY50", minutesAgo(3), "HOLD"),
    signal("NIFTY50", minutesAgo(2), "SELL"),
  ];
  const { get } = await setUp(data);
  const range = `from=${seconds(minutesAgo(20))}&to=${seconds(NOW) | 0}`;
  const { body } = await get(`marks?symbol=NIFTY50&${range}&resolution=5`);
  const five = 5 * MICROS_PER_MINUTE;
  assert.deepEqual(
    body.time,
    [7, 2].map((n) => seconds(Math.floor(minutesAgo(n) / five) * five)),
  );
  assert.deepEqual(body.label, ["B", "S"]);
  assert.match(body.text[0], /^BUY: Expected .* \(confidence 60 %\)$/);
});

Deno.test("/udf/quotes gives last prices, and says which symbols it does not know", async () => {
  const data = fakeData();
  data.candles.push(
    candle("NIFTY50", epochMicros(MINUTE - 3_600_000_000), {
      interval: "1d",
      open: "90.00",
    }),
  );
  const { get } = await setUp(data);
  const { body } = await get("quotes?symbols=NIFTY50,NOBODY");
  assert.equal(body.s, "ok");
  const [known, unknown] = body.d;
  assert.equal(known.n, "NIFTY50");
  assert.equal(known.v.lp, 100.5);
  assert.equal(known.v.open_price, 90);
  assert.equal(unknown.s, "error");
});

Deno.test("errors are those of the protocol, and say what was expected", async () => {
  const { get } = await setUp();
  const cases: readonly (readonly [string, number, RegExp])[] = [
    ["symbols?symbol=NOBODY", 404, /NOBODY.*must be one of/],
    ["symbols?symbol=OTHER:NIFTY50", 404, /OTHER:NIFTY50/],
    ["symbols", 400, /symbol is missing and must be/],
    [
      "history?symbol=NIFTY50&resolution=7&from=1&to=2",
      400,
      /resolution="7" must be one of 1S/,
    ],
    [
      "history?symbol=NIFTY50&resolution=1&from=x&to=2",
      400,
      /from="x" must be a time in Unix seconds/,
    ],
    ["nothing", 404, /must be a path of the protocol/],
  ];
  for (const [path, status, message] of cases) {
    const { status: got, body } = await get(path);
    assert.equal(got, status, path);
    assert.equal(body.s, "error");
    assert.match(body.errmsg, message);
  }
});

Deno.test("times beyond what can be counted are the ends of time", async () => {
  const { get } = await setUp();
  for (const to of ["9999999999", "253402300799", "999999999999"]) {
    const range = `from=-99999999999&to=${to}&countback=2`;
    for (const resolution of ["1", "1D"]) {
      const path = `history?symbol=NIFTY50&resolution=${resolution}&${range}`;
      const { status, body } = await get(path);
      assert.equal(status, 200, path);
      assert.ok(["ok", "no_data"].includes(body.s), path);
    }
    const marks = `marks?symbol=NIFTY50&resolution=1&from=0&to=${to}`;
    assert.equal((await get(marks)).status, 200);
  }
});
