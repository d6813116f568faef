import assert from "node:assert/strict";
import { alwaysOpen } from "../../pipeline/calendars/always_open.ts";
import { sessionCalendar } from "../../pipeline/calendars/session_calendar.ts";
import { Catalog } from "../../pipeline/catalog.ts";
import { parseTime } from "../../pipeline/domain/time.ts";
import { createApp } from "../../web/create_app.ts";
import { fakeData, fakeServices } from "./fake_services.ts";

const calendarOf = (id: string, open: string) =>
  sessionCalendar({
    id,
    zone: "Asia/Kolkata",
    coverage: [{ from: "2024-01-01", to: "2024-03-31" }],
    weekly: [{
      from: "2020-01-01",
      days: ["Mon", "Tue", "Wed", "Thu", "Fri"],
      sessions: [{ open, close: "15:30", pre_open: "09:00" }],
    }],
    holidays: [{ date: "2024-01-26", name: "Republic Day" }],
    special: [],
  });

/** What pages say at a time in India, as a reader without scripts sees them. */
async function setUp(time: string) {
  const at = parseTime(`${time}+05:30`)!;
  const data = fakeData();
  data.clock = { ...data.clock, now: () => at };
  const [nifty, other] = data.instruments;
  data.instruments = [
    { ...nifty, exchange: "NSE", calendar: "NSE" },
    { ...other, exchange: "FX", calendar: "FX" },
  ];
  const catalog = new Catalog(
    {
      changes: () =>
        Promise.resolve({ instruments: data.instruments, seen: "" }),
      upsert: () => Promise.reject(new Error("not in this test")),
      widen: () => Promise.reject(new Error("not in this test")),
    },
    new Map([
      ["24x7", alwaysOpen()],
      ["NSE", calendarOf("NSE", "09:15")],
      ["FX", calendarOf("FX", "09:30")],
    ]),
    { autoRegister: false },
  );
  await catalog.refresh();
  const services = await fakeServices({ catalog }, data);
  const handler = createApp(() => services).handler();
  return async (path: string) => {
    const response = await handler(new Request(`http://localhost${path}`));
    const html = await response.text();
    assert.equal(response.status, 200, html);
    return html.replace(/<script[\s\S]*?<\/script>/g, " ")
      .replace(/<[^>]+>/g, " ").replace(/\s+/g, " ");
  };
}

const INSTRUMENT = "/instruments/NIFTY50";

Deno.test("an instrument's page names the holiday, and says when its market opens", async () => {
  const get = await setUp("2024-01-26T11:00:00");
  // A Friday: the next session is on Monday.
  assert.match(
    await get(INSTRUMENT),
    /Holiday: Republic Day\. It opens 29 Jan, 09:15, in 2 d[^;]*; until then no tick is expected and nothing is forecast\./,
  );
});

Deno.test("an instrument's page says that it is pre-open", async () => {
  const get = await setUp("2024-01-25T09:05:00");
  assert.match(
    await get(INSTRUMENT),
    /Pre-open\. Its indicative prices are in no candle\. It opens 25 Jan, 09:15, in 10 min;/,
  );
});

Deno.test("an instrument's page says why its market is closed, and when it opens", async () => {
  const get = await setUp("2024-01-25T15:30:00");
  // The next day is the holiday.
  assert.match(
    await get(INSTRUMENT),
    /Market closed\. 2024-01-25 trades 09:15-15:30\. It opens 29 Jan, 09:15, in 3 d/,
  );
});

Deno.test("an instrument's page says nothing of an open market, nor what no calendar knows", async () => {
  const open = await setUp("2024-01-25T09:15:00");
  assert.doesNotMatch(await open(INSTRUMENT), /Market closed|Pre-open|Holiday/);
  const last = await setUp("2024-03-29T16:00:00");
  assert.match(
    await last(INSTRUMENT),
    /Market closed\. .*No tick is expected, and nothing is forecast, until it opens\./,
  );
});

Deno.test("the front page says that all markets are closed, and when each opens", async () => {
  const holiday = await (await setUp("2024-01-26T11:00:00"))("/");
  assert.match(holiday, /All markets are closed\./);
  assert.match(
    holiday,
    /NSE opens 29 Jan, 09:15 GMT\+5:30; 2024-01-26 is Republic Day/,
  );
  assert.match(
    holiday,
    /FX opens 29 Jan, 09:30 GMT\+5:30; 2024-01-26 is Republic Day/,
  );
  // One of them is open a quarter of an hour before the other.
  const open = await (await setUp("2024-01-25T09:20:00"))("/");
  assert.doesNotMatch(open, /markets are closed/);
});
