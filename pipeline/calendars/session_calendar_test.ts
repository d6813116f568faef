import assert from "node:assert/strict";
import fc from "fast-check";
import type { Calendar } from "../domain/calendar.ts";
import { type Interval, INTERVALS } from "../domain/interval.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_DAY,
  MICROS_PER_MINUTE,
  parseTime,
} from "../domain/time.ts";
import { alwaysOpen } from "./always_open.ts";
import type { CalendarSpec } from "./calendar_spec.ts";
import { sessionCalendar } from "./session_calendar.ts";

const WEEK: CalendarSpec["weekly"][number]["days"] = [
  "Mon",
  "Tue",
  "Wed",
  "Thu",
  "Fri",
];

const INDIA: CalendarSpec = {
  id: "X",
  zone: "Asia/Kolkata",
  coverage: [{ from: "2024-01-01", to: "2024-12-31" }],
  weekly: [
    {
      from: "2020-01-01",
      days: WEEK,
      sessions: [{ open: "09:15", close: "15:30" }],
    },
    {
      from: "2024-08-05",
      days: WEEK,
      sessions: [{ open: "09:15", close: "15:15" }],
    },
  ],
  holidays: [
    { date: "2024-01-26", name: "Republic Day" },
    { date: "2024-11-01", name: "Diwali" },
  ],
  special: [
    {
      date: "2024-03-02",
      name: "drill",
      sessions: [
        { open: "09:15", close: "10:00" },
        { open: "11:30", close: "12:30" },
      ],
    },
    {
      date: "2024-11-01",
      name: "Muhurat",
      sessions: [{ open: "18:00", close: "19:00" }],
    },
  ],
};

/** New York's clocks change on 2024-03-10 and 2024-11-03. */
const NEW_YORK: CalendarSpec = {
  id: "NY",
  zone: "America/New_York",
  coverage: [{ from: "2024-01-01", to: "2024-12-31" }],
  weekly: [{
    from: "2000-01-01",
    days: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    sessions: [{ open: "09:30", close: "16:00" }],
  }],
  holidays: [],
  special: [],
};

function at(text: string): EpochMicros {
  const t = parseTime(text);
  assert.ok(t !== null, text);
  return t;
}

const ist = (text: string) => at(`${text}+05:30`);

function said(calendar: Calendar, t: EpochMicros): string {
  const state = calendar.stateAt(t);
  return state.kind === "closed" ? state.reason : state.kind;
}

function bucket(calendar: Calendar, interval: Interval, t: EpochMicros) {
  const { start, end } = calendar.bucketAt(interval, t);
  return [start, end];
}

Deno.test("stateAt() knows sessions, weekends, holidays, special days and its limits", () => {
  const calendar = sessionCalendar(INDIA);
  const cases: [string, string][] = [
    ["2024-01-25 09:14:59.999999", "2024-01-25 trades 09:15-15:30"],
    ["2024-01-25 09:15:00", "open"],
    ["2024-01-25 15:29:59.999999", "open"],
    ["2024-01-25 15:30:00", "2024-01-25 trades 09:15-15:30"],
    ["2024-01-26 10:00:00", "2024-01-26 is Republic Day"],
    ["2024-01-27 10:00:00", "2024-01-27 is a Saturday"],
    ["2024-03-02 09:59:59", "open"],
    [
      "2024-03-02 10:00:00",
      "2024-03-02 (drill) trades 09:15-10:00, 11:30-12:30",
    ],
    ["2024-03-02 11:30:00", "open"],
    ["2024-08-02 15:20:00", "open"],
    ["2024-08-05 15:20:00", "2024-08-05 trades 09:15-15:15"],
    ["2024-11-01 10:00:00", "2024-11-01 (Muhurat) trades 18:00-19:00"],
    ["2024-11-01 18:30:00", "open"],
    ["2023-12-31 23:59:59", "unknown"],
    ["2024-01-01 00:00:00", "2024-01-01 trades 09:15-15:30"],
    ["2025-01-01 10:00:00", "unknown"],
  ];
  for (const [when, wanted] of [...cases, ...cases.toReversed()]) {
    assert.equal(said(calendar, ist(when.replace(" ", "T"))), wanted, when);
  }
});

Deno.test("holidays have their name, sessions their pre-open", () => {
  const [first, ...later] = INDIA.weekly;
  const calendar = sessionCalendar({
    ...INDIA,
    weekly: [{
      ...first,
      sessions: [{ open: "09:15", close: "15:30", pre_open: "09:00" }],
    }, ...later],
  });
  const holiday = (text: string) => {
    const state = calendar.stateAt(ist(text));
    return state.kind === "closed" ? state.holiday : state.kind;
  };
  assert.equal(holiday("2024-01-26T10:00:00"), "Republic Day");
  assert.equal(holiday("2024-01-27T10:00:00"), undefined);
  // Special hours on a holiday's date are hours.
  assert.equal(holiday("2024-11-01T10:00:00"), undefined);
  const [session] = calendar.sessionsBetween(
    ist("2024-01-25T00:00:00"),
    ist("2024-01-26T00:00:00"),
  );
  assert.equal(session.preOpen, ist("2024-01-25T09:00:00"));
  const [special] = calendar.sessionsBetween(
    ist("2024-03-02T00:00:00"),
    ist("2024-03-03T00:00:00"),
  );
  assert.equal("preOpen" in special, false);
});

Deno.test("bucketAt() counts from the session's open and ends with it", () => {
  const calendar = sessionCalendar(INDIA);
  const cases: [Interval, string, string, string][] = [
    ["1m", "2024-01-25T09:15:59", "2024-01-25T09:15", "2024-01-25T09:16"],
    ["5m", "2024-01-25T15:29:59", "2024-01-25T15:25", "2024-01-25T15:30"],
    ["15m", "2024-01-25T09:29:59", "2024-01-25T09:15", "2024-01-25T09:30"],
    ["30m", "2024-01-25T15:29:59", "2024-01-25T15:15", "2024-01-25T15:30"],
    ["1h", "2024-01-25T10:14:59", "2024-01-25T09:15", "2024-01-25T10:15"],
    ["1h", "2024-01-25T15:20:00", "2024-01-25T15:15", "2024-01-25T15:30"],
    ["4h", "2024-01-25T14:00:00", "2024-01-25T13:15", "2024-01-25T15:30"],
    ["1h", "2024-03-02T09:50:00", "2024-03-02T09:15", "2024-03-02T10:00"],
    ["1h", "2024-03-02T11:31:00", "2024-03-02T11:30", "2024-03-02T12:30"],
    ["1h", "2024-01-25T09:07:00", "2024-01-25T09:00", "2024-01-25T09:15"],
    ["1h", "2024-01-25T15:40:00", "2024-01-25T15:30", "2024-01-25T16:00"],
    ["1h", "2024-03-02T10:30:00", "2024-03-02T10:00", "2024-03-02T11:00"],
    ["1h", "2025-06-02T09:20:00", "2025-06-02T09:15", "2025-06-02T10:15"],
    ["1d", "2024-01-25T15:20:00", "2024-01-25T00:00", "2024-01-26T00:00"],
    ["1w", "2024-01-28T23:59:59", "2024-01-22T00:00", "2024-01-29T00:00"],
    ["1M", "2024-02-29T12:00:00", "2024-02-01T00:00", "2024-03-01T00:00"],
    ["1M", "2024-12-31T23:00:00", "2024-12-01T00:00", "2025-01-01T00:00"],
  ];
  for (const [interval, when, start, end] of cases) {
    assert.deepEqual(
      bucket(calendar, interval, ist(when)),
      [ist(start), ist(end)],
      `${interval} at ${when}`,
    );
  }
});

Deno.test("bucketAt() gives a day its 23 or 25 hours when clocks change", () => {
  const calendar = sessionCalendar(NEW_YORK);
  assert.deepEqual(
    bucket(calendar, "1d", at("2024-03-10T12:00:00Z")),
    [at("2024-03-10T05:00:00Z"), at("2024-03-11T04:00:00Z")],
  );
  assert.deepEqual(
    bucket(calendar, "1d", at("2024-11-03T12:00:00Z")),
    [at("2024-11-03T04:00:00Z"), at("2024-11-04T05:00:00Z")],
  );
  assert.deepEqual(
    bucket(calendar, "1h", at("2024-03-10T13:40:00Z")),
    [at("2024-03-10T13:30:00Z"), at("2024-03-10T14:30:00Z")],
  );
  assert.equal(
    said(calendar, at("2024-03-08T13:45:00Z")).slice(0, 10),
    "2024-03-08",
  );
  assert.equal(said(calendar, at("2024-03-11T13:45:00Z")), "open");
});

Deno.test("bucketAt() is total: a bucket holds its moment, and buckets never overlap", () => {
  for (const spec of [INDIA, NEW_YORK, null]) {
    const calendar = spec ? sessionCalendar(spec) : alwaysOpen();
    const moment = fc.integer({
      min: at("2023-12-20T00:00:00Z"),
      max: at("2025-01-10T00:00:00Z"),
    });
    fc.assert(fc.property(
      moment,
      fc.constantFrom(...INTERVALS),
      (micros, interval) => {
        const t = epochMicros(micros);
        const { start, end } = calendar.bucketAt(interval, t);
        assert.ok(start <= t && t < end);
        for (const inside of [start, epochMicros(end - 1)]) {
          assert.deepEqual(calendar.bucketAt(interval, inside), { start, end });
        }
        const next = calendar.bucketAt(interval, end);
        assert.equal(next.start, end);
        const before = calendar.bucketAt(interval, epochMicros(start - 1));
        assert.equal(before.end, start);
      },
    ));
  }
});

Deno.test("longer buckets are made of whole shorter ones wherever there are sessions", () => {
  const calendar = sessionCalendar(INDIA);
  const sources: [Interval, Interval][] = [
    ["5m", "1m"],
    ["15m", "1m"],
    ["1h", "1m"],
    ["4h", "1h"],
    ["1d", "1h"],
    ["1w", "1d"],
    ["1M", "1d"],
  ];
  const minutes = fc.integer({ min: 0, max: 366 * 1_440 });
  fc.assert(
    fc.property(minutes, fc.constantFrom(...sources), (minute, pair) => {
      const t = epochMicros(
        at("2024-01-01T00:00:00Z") + minute * MICROS_PER_MINUTE,
      );
      const long = calendar.bucketAt(pair[0], t);
      const short = calendar.bucketAt(pair[1], t);
      assert.ok(long.start <= short.start && short.end <= long.end);
    }),
  );
});

Deno.test("stateAt() agrees with sessionsBetween() at every moment, in any order", () => {
  const calendar = sessionCalendar(INDIA);
  const from = at("2024-01-01T00:00:00Z");
  const sessions = sessionCalendar(INDIA).sessionsBetween(
    from,
    epochMicros(from + 365 * MICROS_PER_DAY),
  );
  assert.ok(sessions.length > 250);
  fc.assert(fc.property(fc.integer({ min: 0, max: 8_000_000 }), (x) => {
    const t = epochMicros(from + x * 3_900_000);
    const session = sessions.find((s) => s.open <= t && t < s.close);
    const state = calendar.stateAt(t);
    assert.equal(state.kind, session ? "open" : "closed");
    if (state.kind === "open") assert.deepEqual(state.session, session);
  }));
});

Deno.test("sessionsBetween() gives what overlaps, in order", () => {
  const calendar = sessionCalendar(INDIA);
  const days = (from: string, to: string) =>
    calendar.sessionsBetween(ist(from), ist(to)).map((s) => s.day);
  assert.deepEqual(days("2024-01-25T15:29", "2024-01-29T09:16"), [
    "2024-01-25",
    "2024-01-29",
  ]);
  assert.deepEqual(days("2024-01-25T15:30", "2024-01-29T09:15"), []);
  assert.deepEqual(days("2024-03-02T00:00", "2024-03-03T00:00"), [
    "2024-03-02",
    "2024-03-02",
  ]);
  assert.deepEqual(days("2024-03-03T00:00", "2024-03-02T00:00"), []);
});

Deno.test("alwaysOpen() is open in every UTC day", () => {
  const calendar = alwaysOpen();
  const state = calendar.stateAt(at("2024-02-29T23:59:59.999Z"));
  assert.deepEqual(state, {
    kind: "open",
    session: {
      open: at("2024-02-29"),
      close: at("2024-03-01"),
      day: "2024-02-29",
    },
  });
  assert.deepEqual(
    calendar.sessionsBetween(at("2024-02-28T12:00"), at("2024-03-01"))
      .map((s) => s.day),
    ["2024-02-28", "2024-02-29"],
  );
  assert.deepEqual(bucket(calendar, "1w", at("2024-02-29T10:00")), [
    at("2024-02-26"),
    at("2024-03-04"),
  ]);
});
