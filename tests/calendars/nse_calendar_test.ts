import assert from "node:assert/strict";
import {
  loadCalendars,
  loadInstruments,
} from "../../pipeline/calendars/load_markets.ts";
import type { Calendar } from "../../pipeline/domain/calendar.ts";
import {
  epochMicros,
  fromMillis,
  MICROS_PER_DAY,
  MICROS_PER_MINUTE,
  parseTime,
} from "../../pipeline/domain/time.ts";
import { marketDataTest } from "../harness/market_data.ts";

const MARKETS = new URL("../../markets/", import.meta.url);
const calendars = await loadCalendars(new URL("calendars", MARKETS));
const nse = calendars.get("NSE")!;

const ist = (text: string) => parseTime(`${text}+05:30`)!;

function sessionsOn(calendar: Calendar, day: string): string[] {
  const from = ist(`${day}T00:00`);
  const clock = (t: number) =>
    new Date(t / 1_000 + 19_800_000).toISOString().slice(11, 16);
  return calendar.sessionsBetween(from, epochMicros(from + MICROS_PER_DAY))
    .map(({ open, close }) => `${clock(open)}-${clock(close)}`);
}

Deno.test("the market files are there and refer to each other", async () => {
  assert.deepEqual([...calendars.keys()].sort(), [
    "24x7",
    "NSE",
    "NSE-CURRENCY",
  ]);
  const instruments = await loadInstruments(
    new URL("instruments/nse.json", MARKETS),
    calendars,
  );
  const symbols = instruments.map((i) => i.symbol);
  for (const symbol of ["NIFTY50", "BANKNIFTY", "USDINR"]) {
    assert.ok(symbols.includes(symbol));
  }
});

Deno.test("NSE trades on the days and at the hours that it did", () => {
  const cases: [string, string[]][] = [
    ["2022-10-13", ["09:15-15:30"]],
    ["2022-10-24", ["18:15-19:15"]],
    ["2022-10-25", ["09:15-15:30"]],
    ["2022-10-26", []],
    ["2022-11-05", []],
    ["2022-11-08", []],
    ["2022-11-28", ["09:15-15:30"]],
    ["2024-01-20", ["09:15-15:30"]],
    ["2024-01-22", []],
    ["2024-03-02", ["09:15-10:00", "11:30-12:30"]],
    ["2024-05-18", ["09:15-10:00", "11:30-12:30"]],
    ["2024-05-20", []],
    ["2025-02-01", ["09:15-15:30"]],
    ["2026-07-31", ["09:15-15:30"]],
    ["2026-08-03", ["09:15-15:15"]],
  ];
  for (const [day, wanted] of cases) {
    assert.deepEqual(sessionsOn(nse, day), wanted, day);
    assert.notEqual(nse.stateAt(ist(`${day}T12:00`)).kind, "unknown", day);
  }
  assert.equal(nse.stateAt(ist("2026-11-08T18:30")).kind, "unknown");
  assert.equal(nse.stateAt(ist("2018-06-01T10:00")).kind, "unknown");
});

Deno.test("a year of NSE has about 247 sessions", () => {
  for (let year = 2019; year <= 2026; year++) {
    const days = nse.sessionsBetween(
      ist(`${year}-01-01T00:00`),
      ist(`${year + 1}-01-01T00:00`),
    ).length;
    assert.ok(days >= 244 && days <= 253, `${year} has ${days}`);
  }
});

Deno.test("USDINR futures trade 480 minutes, on fewer days", () => {
  const currency = calendars.get("NSE-CURRENCY")!;
  assert.deepEqual(sessionsOn(currency, "2024-04-08"), ["09:00-17:00"]);
  assert.deepEqual(sessionsOn(currency, "2024-04-09"), []);
  assert.equal(currency.stateAt(ist("2023-03-22T10:00")).kind, "unknown");
});

marketDataTest(
  "NSE's sessions are those of a recorded year of NIFTY 50",
  async (dir) => {
    // Days on which NSE traded and the recording has nothing.
    const notRecorded = [
      "2024-02-01",
      "2024-03-04",
      "2024-04-05",
      "2024-05-07",
      "2024-07-10",
    ];
    const minutes = new Map<string, number>();
    for (const t of await candleTimes(`${dir}/nifty50_1m_2024`)) {
      const state = nse.stateAt(t);
      if (state.kind === "open") {
        const { day } = state.session;
        minutes.set(day, (minutes.get(day) ?? 0) + 1);
      } else {
        // The recorder ran on after the special Saturday's close.
        assert.ok(t >= ist("2024-01-20T15:30") && t < ist("2024-01-20T18:17"));
      }
    }
    const sessions = nse.sessionsBetween(
      ist("2024-01-01T00:00"),
      ist("2024-08-24T00:00"),
    );
    const wanted = new Map<string, number>();
    for (const { open, close, day } of sessions) {
      if (notRecorded.includes(day)) continue;
      const length = (close - open) / MICROS_PER_MINUTE;
      wanted.set(day, (wanted.get(day) ?? 0) + length);
    }
    assert.deepEqual([...minutes].sort(), [...wanted].sort());
    const full = [...minutes.values()].filter((n) => n === 375).length;
    assert.equal(full, 154, "153 weekdays and the Saturday of 2024-01-20");
  },
);

async function candleTimes(folder: string) {
  const file = await Deno.open(`${folder}/candles.csv.gz`);
  const text = await new Response(
    file.readable.pipeThrough(new DecompressionStream("gzip")),
  ).text();
  return text.trimEnd().split("\n").slice(1).map((line) =>
    fromMillis(Number(line.slice(0, line.indexOf(","))))
  );
}
