import assert from "node:assert/strict";
import { alwaysOpen } from "./always_open.ts";
import {
  MarketFileError,
  parseCalendar,
  parseInstruments,
} from "./load_markets.ts";

const CALENDARS = new Map([["24x7", alwaysOpen()]]);

const NIFTY = {
  symbol: "NIFTY50",
  name: "NIFTY 50",
  exchange: "NSE",
  type: "index",
  currency: "INR",
  priceScale: 2,
  sizeScale: 0,
  tickSize: "0.05",
  lotSize: 1,
  calendar: "24x7",
  costBps: 3,
  validFrom: "1996-04-22",
};

const CALENDAR = {
  id: "NSE",
  zone: "Asia/Kolkata",
  coverage: [],
  weekly: [{
    from: "2019-01-01",
    days: ["Mon"],
    sessions: [{ open: "09:15", close: "15:30" }],
  }],
  holidays: [],
  special: [],
};

function instrumentsOf(...list: unknown[]) {
  return parseInstruments(JSON.stringify(list), "a.json", CALENDARS);
}

Deno.test("parseInstruments() reads dates and fills what may be left out", () => {
  const [instrument] = instrumentsOf(NIFTY);
  assert.equal(instrument.validFrom, Date.UTC(1996, 3, 22) * 1_000);
  assert.equal(instrument.validTo, null);
  assert.equal(instrument.auto, false);
  assert.equal(instrument.note, null);
});

Deno.test("parseInstruments() names the file, the place and what is wanted", () => {
  const cases: [unknown[], RegExp][] = [
    [[], /^Cannot use a\.json: the file: /],
    [[{ ...NIFTY, priceScale: 9 }], /\[0\]\.priceScale: .*8/],
    [[{ ...NIFTY, tickSize: "0.005" }], /\[0\]\.tickSize: must not be finer/],
    [[{ ...NIFTY, tickSize: "0.00" }], /\[0\]\.tickSize: must be above 0/],
    [[{ ...NIFTY, symbol: "<b>" }], /\[0\]\.symbol: /],
    [[{ ...NIFTY, calender: "x" }], /calender/],
    [[{ ...NIFTY, validTo: "soon" }], /\[0\]\.validTo: must be an ISO date/],
    [[NIFTY, NIFTY], /must not name a symbol twice/],
    [
      [{ ...NIFTY, calendar: "NSE" }],
      /\[0\]\.calendar of NIFTY50 must be one of 24x7, got "NSE"/,
    ],
  ];
  for (const [list, wanted] of cases) {
    assert.throws(() => instrumentsOf(...list), (error: unknown) => {
      assert.ok(error instanceof MarketFileError);
      assert.match(error.message, wanted);
      return true;
    });
  }
  assert.throws(
    () => parseInstruments("{", "b.json", CALENDARS),
    /Cannot use b\.json as it must be JSON/,
  );
});

Deno.test("parseCalendar() names the file, the place and what is wanted", () => {
  const parse = (change: object) =>
    parseCalendar(JSON.stringify({ ...CALENDAR, ...change }), "c.json");
  assert.equal(parse({}).id, "NSE");
  for (const zone of ["Asia/Calcutta", "asia/kolkata", "UTC", "IST", "-05"]) {
    assert.equal(parse({ zone }).zone, zone);
  }
  const session = (open: string, close: string) => ({
    date: "2024-01-20",
    name: "drill",
    sessions: [{ open, close }],
  });
  const cases: [object, RegExp][] = [
    [{ zone: "Asia/Atlantis" }, /zone: must be an IANA zone/],
    [{ zone: "" }, /zone: must be an IANA zone/],
    [{ zone: "2024-01-01[Asia/Kolkata]" }, /zone: must be an IANA zone/],
    [{ weekly: [] }, /weekly: /],
    [{ holidays: [{ date: "2024-02-30", name: "x" }] }, /holidays\[0\]\.date/],
    [
      {
        holidays: [{ date: "2024-01-01", name: "x" }, {
          date: "2024-01-01",
          name: "y",
        }],
      },
      /holidays: must not name a date twice/,
    ],
    [{ special: [session("10:00", "09:00")] }, /must open before it closes/],
    [{ special: [session("9:00", "10:00")] }, /must be a time as in 09:15/],
    [
      { coverage: [{ from: "2024-12-31", to: "2024-01-01" }] },
      /coverage\[0\]: must not end before it begins/,
    ],
  ];
  for (const [change, wanted] of cases) {
    assert.throws(() => parse(change), wanted);
  }
});
