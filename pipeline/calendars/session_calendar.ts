import { assertNever } from "../domain/assert.ts";
import type {
  Bucket,
  Calendar,
  Session,
  SessionState,
} from "../domain/calendar.ts";
import type { Interval } from "../domain/interval.ts";
import { nominalMicros } from "../domain/interval_length.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_DAY,
  MICROS_PER_HOUR,
  MICROS_PER_MINUTE,
} from "../domain/time.ts";
import { gridBucket } from "./always_open.ts";
import { type CalendarSpec, WEEKDAYS } from "./calendar_spec.ts";
import { dateOf, dayNumber, weekdayOf, ZoneClock } from "./zone_offset.ts";

/** Days kept in memory; about ten years, then they are looked up anew. */
const DAYS_MAX = 4_000;

/** Trading hours of an exchange, from its dated data. */
export function sessionCalendar(spec: CalendarSpec): Calendar {
  return new SessionCalendar(spec);
}

/** One date in the exchange's zone: [start, end), and what trades in it. */
interface Day {
  readonly number: number;
  readonly start: EpochMicros;
  readonly end: EpochMicros;
  /** As the rules say, whether or not the date is covered. */
  readonly sessions: readonly Session[];
  readonly covered: boolean;
  /** Why nothing trades, or what the hours are. */
  readonly reason: string;
  /** Name of the holiday, on one. */
  readonly holiday?: string;
}

/** A stretch of time in which the calendar's answer does not change. */
interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly state: SessionState;
}

const WEEKDAY_NAMES: Readonly<Record<typeof WEEKDAYS[number], string>> = {
  Mon: "Monday",
  Tue: "Tuesday",
  Wed: "Wednesday",
  Thu: "Thursday",
  Fri: "Friday",
  Sat: "Saturday",
  Sun: "Sunday",
};

const UNKNOWN: SessionState = { kind: "unknown" };

class SessionCalendar implements Calendar {
  readonly id: string;
  readonly zone: string;
  readonly #clock: ZoneClock;
  readonly #holidays: ReadonlyMap<string, string>;
  readonly #special: ReadonlyMap<string, CalendarSpec["special"][number]>;
  readonly #days = new Map<number, Day>();
  #today: Day;
  #stretch: Stretch = { from: 0, to: 0, state: UNKNOWN };

  constructor(private readonly spec: CalendarSpec) {
    this.id = spec.id;
    this.zone = spec.zone;
    this.#clock = new ZoneClock(spec.zone);
    this.#holidays = new Map(spec.holidays.map((h) => [h.date, h.name]));
    this.#special = new Map(spec.special.map((s) => [s.date, s]));
    this.#today = this.#day(0);
  }

  stateAt(t: EpochMicros): SessionState {
    if (t < this.#stretch.from || t >= this.#stretch.to) {
      this.#stretch = stretchAt(this.#dayAt(t), t);
    }
    return this.#stretch.state;
  }

  bucketAt(interval: Interval, t: EpochMicros): Bucket {
    switch (interval) {
      case "1s":
      case "5s":
      case "15s":
      case "30s":
      case "1m":
      case "3m":
      case "5m":
        return gridBucket(t, nominalMicros(interval), 0);
      case "15m":
      case "30m":
      case "1h":
      case "2h":
      case "4h":
        return anchoredBucket(this.#dayAt(t), nominalMicros(interval), t);
      case "1d":
        return this.#span(this.#dayAt(t).number, 1);
      case "1w": {
        const { number } = this.#dayAt(t);
        return this.#span(number - weekdayOf(number), 7);
      }
      case "1M": {
        const [year, month] = dateOf(this.#dayAt(t).number).split("-");
        const first = dayOfMonth(Number(year), Number(month) - 1);
        const next = dayOfMonth(Number(year), Number(month));
        return this.#span(first, next - first);
      }
      default:
        return assertNever(interval);
    }
  }

  sessionsBetween(from: EpochMicros, to: EpochMicros): readonly Session[] {
    if (from >= to) return [];
    const last = this.#dayAt(epochMicros(to - 1)).number;
    const sessions: Session[] = [];
    for (let number = this.#dayAt(from).number; number <= last; number++) {
      for (const session of this.#day(number).sessions) {
        if (session.open < to && session.close > from) sessions.push(session);
      }
    }
    return sessions;
  }

  #span(number: number, days: number): Bucket {
    return {
      start: this.#day(number).start,
      end: this.#day(number + days - 1).end,
    };
  }

  /** The day that a moment lies in; the last one answered is tried first. */
  #dayAt(t: number): Day {
    let day = this.#today;
    if (t < day.start || t >= day.end) {
      const wall = t + this.#clock.offsetAt(t);
      day = this.#day(Math.floor(wall / MICROS_PER_DAY));
      while (t < day.start) day = this.#day(day.number - 1);
      while (t >= day.end) day = this.#day(day.number + 1);
      this.#today = day;
    }
    return day;
  }

  #day(number: number): Day {
    const known = this.#days.get(number);
    if (known) return known;
    if (this.#days.size >= DAYS_MAX) this.#days.clear();
    const day = this.#makeDay(number);
    this.#days.set(number, day);
    return day;
  }

  #makeDay(number: number): Day {
    const date = dateOf(number);
    const { hours, reason, holiday, name } = this.#hoursOf(number, date);
    return {
      number,
      start: this.#clock.instantOf(number, 0),
      end: this.#clock.instantOf(number + 1, 0),
      sessions: hours.map((session) => ({
        ...this.#sessionOf(number, date, session),
        ...name === undefined ? {} : { name },
      })),
      covered: this.spec.coverage.some(({ from, to }) =>
        from <= date && date <= to
      ),
      reason,
      holiday,
    };
  }

  #sessionOf(
    number: number,
    day: string,
    { open, close, pre_open: preOpen }:
      CalendarSpec["special"][number]["sessions"][number],
  ): Session {
    const at = (clock: string) =>
      this.#clock.instantOf(number, clockMicros(clock));
    return {
      open: at(open),
      close: at(close),
      ...preOpen === undefined ? {} : { preOpen: at(preOpen) },
      day,
    };
  }

  #hoursOf(number: number, date: string): {
    readonly hours: CalendarSpec["special"][number]["sessions"];
    readonly reason: string;
    readonly holiday?: string;
    /** Of hours of its own. */
    readonly name?: string;
  } {
    const special = this.#special.get(date);
    if (special) {
      return {
        hours: special.sessions,
        name: special.name,
        reason: `${date} (${special.name}) trades ${list(special.sessions)}`,
      };
    }
    const holiday = this.#holidays.get(date);
    if (holiday) {
      return { hours: [], reason: `${date} is ${holiday}`, holiday };
    }
    const weekday = WEEKDAYS[weekdayOf(number)];
    const week = this.spec.weekly.findLast((w) => w.from <= date) ??
      this.spec.weekly[0];
    return week.days.includes(weekday)
      ? {
        hours: week.sessions,
        reason: `${date} trades ${list(week.sessions)}`,
      }
      : { hours: [], reason: `${date} is a ${WEEKDAY_NAMES[weekday]}` };
  }
}

/** The part of a day around a moment that has one answer. */
function stretchAt(day: Day, t: number): Stretch {
  if (!day.covered) return { from: day.start, to: day.end, state: UNKNOWN };
  const { from, to, session } = gapOrSession(day, t);
  const state: SessionState = session
    ? { kind: "open", session }
    : { kind: "closed", reason: day.reason, ...holidayOf(day) };
  return { from, to, state };
}

function holidayOf({ holiday }: Day): { readonly holiday?: string } {
  return holiday === undefined ? {} : { holiday };
}

/** The session that a moment lies in, or the gap between two of them. */
function gapOrSession(day: Day, t: number): {
  readonly from: number;
  readonly to: number;
  readonly session: Session | null;
} {
  let from: number = day.start;
  for (const session of day.sessions) {
    if (t < session.open) return { from, to: session.open, session: null };
    if (t < session.close) {
      return { from: session.open, to: session.close, session };
    }
    from = session.close;
  }
  return { from, to: day.end, session: null };
}

/**
 * A bucket that counts from the session's open and ends with it.
 *
 * Outside sessions it counts from midnight in the exchange's zone, cut where a
 * session begins or ends, so that no bucket ever overlaps another.
 */
function anchoredBucket(day: Day, length: number, t: number): Bucket {
  const { from, to, session } = gapOrSession(day, t);
  const grid = gridBucket(t, length, session ? session.open : day.start);
  return {
    start: epochMicros(Math.max(grid.start, from)),
    end: epochMicros(Math.min(grid.end, to)),
  };
}

function dayOfMonth(year: number, month: number): number {
  return dayNumber(
    new Date(Date.UTC(year, month, 1)).toISOString().slice(0, 10),
  );
}

/** Microseconds after midnight of a time as in `09:15`. */
function clockMicros(clock: string): number {
  const [hours, minutes] = clock.split(":").map(Number);
  return hours * MICROS_PER_HOUR + minutes * MICROS_PER_MINUTE;
}

function list(sessions: CalendarSpec["special"][number]["sessions"]): string {
  return sessions.map(({ open, close }) => `${open}-${close}`).join(", ");
}
