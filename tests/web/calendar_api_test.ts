import assert from "node:assert/strict";
import { sessionCalendar } from "../../pipeline/calendars/session_calendar.ts";
import { parseTime } from "../../pipeline/domain/time.ts";
import { createApp } from "../../web/create_app.ts";
import { periodsOf } from "../../web/query_calendar.ts";
import { fakeServices, NOW } from "./fake_services.ts";

const at = (text: string) => parseTime(`${text}+05:30`)!;

const CALENDAR = sessionCalendar({
  id: "X",
  zone: "Asia/Kolkata",
  coverage: [{ from: "2024-01-01", to: "2024-01-31" }],
  weekly: [{
    from: "2020-01-01",
    days: ["Mon", "Tue", "Wed", "Thu", "Fri"],
    sessions: [{ open: "09:15", close: "15:30", pre_open: "09:00" }],
  }],
  holidays: [{ date: "2024-01-26", name: "Republic Day" }],
  special: [{
    date: "2024-01-20",
    name: "Drill",
    sessions: [{ open: "09:15", close: "10:00" }],
  }],
});

Deno.test("periodsOf() tells sessions, pre-open, holidays and weekends apart", () => {
  const from = at("2024-01-25T08:00:00");
  const to = at("2024-01-29T09:10:00");
  const periods = periodsOf(CALENDAR, from, to);
  const clock = (ms: number) =>
    new Date(ms + 5.5 * 3_600_000).toISOString().slice(5, 16);
  assert.deepEqual(
    periods.map(({ from, state, holiday }) => [clock(from), state, holiday]),
    [
      ["01-25T08:00", "closed", null],
      ["01-25T09:00", "pre_open", null],
      ["01-25T09:15", "open", null],
      ["01-25T15:30", "closed", null],
      ["01-26T00:00", "closed", "Republic Day"],
      ["01-27T00:00", "closed", null],
      ["01-28T00:00", "closed", null],
      ["01-29T00:00", "closed", null],
      ["01-29T09:00", "pre_open", null],
    ],
  );
  for (let i = 1; i < periods.length; i++) {
    assert.equal(periods[i].from, periods[i - 1].to);
  }
  assert.equal(periods.at(-1)!.to, to / 1_000);
});

Deno.test("periodsOf() names a session that has hours of its own", () => {
  const periods = periodsOf(
    CALENDAR,
    at("2024-01-19T09:30:00"),
    at("2024-01-20T12:00:00"),
  );
  assert.deepEqual(
    periods.filter(({ state }) => state === "open").map(({ reason }) => reason),
    [null, "Drill"],
  );
});

Deno.test("periodsOf() says where the calendar ends", () => {
  const states = periodsOf(
    CALENDAR,
    at("2024-01-31T16:00:00"),
    at("2024-02-02T00:00:00"),
  ).map(({ state }) => state);
  assert.equal(states[0], "closed");
  assert.equal(new Set(states.slice(1)).size, 1);
  assert.equal(states[1], "unknown");
});

Deno.test("/api/calendar answers for two weeks from today on", async () => {
  const services = await fakeServices();
  const handler = createApp(() => services).handler();
  const get = async (query: string) => {
    const response = await handler(
      new Request(`http://localhost/api/calendar${query}`),
    );
    return { status: response.status, body: await response.json() };
  };
  const { status, body } = await get("?symbol=EUR%2FUSD");
  assert.equal(status, 200);
  const day = 86_400_000;
  const from = Math.floor(NOW / 1_000 / day) * day;
  assert.deepEqual(body, {
    symbol: "EUR/USD",
    calendar: "24x7",
    zone: "UTC",
    from,
    to: from + 14 * day,
    periods: [{
      from,
      to: from + 14 * day,
      state: "open",
      reason: null,
      holiday: null,
    }],
  });
  assert.equal((await get("")).status, 400);
  assert.equal((await get("?symbol=NONE")).status, 404);
  assert.equal((await get("?symbol=NIFTY50&from=2&to=1")).status, 400);
  assert.equal(
    (await get("?symbol=NIFTY50&from=2024-01-01&to=2026-01-01")).status,
    400,
  );
});
