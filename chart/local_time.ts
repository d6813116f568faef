/** Local times of one zone: `Intl` is asked once a week of history, the rest is arithmetic. */

const MINUTE_MS = 60_000;
const QUARTER_MS = 15 * MINUTE_MS;
const WEEK_MS = 7 * 864e5;
export const DAY_MS = 864e5;

/** A stretch of time in which the zone's offset does not change. */
interface Stretch {
  readonly from: number;
  readonly until: number;
  readonly offset: number;
}

/** Turns instants into wall times ("as if UTC") of an IANA zone. */
export class LocalTime {
  readonly timeZone: string;
  readonly #format: Intl.DateTimeFormat;
  readonly #weeks = new Map<number, readonly Stretch[]>();
  #last: Stretch = { from: 0, until: 0, offset: 0 };

  /** @throws {RangeError} If the zone is unknown. */
  constructor(timeZone: string) {
    this.timeZone = timeZone;
    this.#format = new Intl.DateTimeFormat("en-US", {
      timeZone,
      calendar: "gregory",
      numberingSystem: "latn",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  }

  /** Unix ms of the local clock's reading, read as if it were UTC. */
  wallOf(t: number): number {
    if (!(t >= this.#last.from && t < this.#last.until)) {
      this.#last = this.#stretchOf(t);
    }
    return t + this.#last.offset;
  }

  #stretchOf(t: number): Stretch {
    const week = Math.floor(t / WEEK_MS);
    let stretches = this.#weeks.get(week);
    if (!stretches) {
      stretches = this.#splitWeek(week * WEEK_MS);
      this.#weeks.set(week, stretches);
    }
    return stretches.find((stretch) => t < stretch.until)!;
  }

  /** Clocks change on a quarter of an hour, and at most once a week. */
  #splitWeek(from: number): readonly Stretch[] {
    const until = from + WEEK_MS;
    const before = this.#offsetAt(from);
    const after = this.#offsetAt(until);
    if (before === after) return [{ from, until, offset: before }];
    let low = from;
    let high = until;
    while (high - low > QUARTER_MS) {
      const middle = low +
        Math.floor((high - low) / 2 / QUARTER_MS) * QUARTER_MS;
      if (this.#offsetAt(middle) === before) low = middle;
      else high = middle;
    }
    return [
      { from, until: high, offset: before },
      { from: high, until, offset: after },
    ];
  }

  #offsetAt(t: number): number {
    const field: Record<string, number> = {};
    for (const part of this.#format.formatToParts(t)) {
      field[part.type] = Number(part.value);
    }
    const wall = Date.UTC(
      field.year,
      field.month - 1,
      field.day,
      field.hour,
      field.minute,
      field.second,
    );
    return wall - Math.floor(t / 1000) * 1000;
  }
}

/** The words of times, in one language: names are asked for once. */
export class TimeWords {
  readonly #months: readonly string[];
  readonly #weekdays: readonly string[];

  constructor(locale: string) {
    const month = new Intl.DateTimeFormat(locale, {
      month: "short",
      timeZone: "UTC",
    });
    const weekday = new Intl.DateTimeFormat(locale, {
      weekday: "short",
      timeZone: "UTC",
    });
    this.#months = Array.from(
      { length: 12 },
      (_, i) => month.format(Date.UTC(2024, i, 15)),
    );
    // 1970-01-01 was a Thursday; day number modulo 7 names the weekday.
    this.#weekdays = Array.from(
      { length: 7 },
      (_, i) => weekday.format(i * DAY_MS),
    );
  }

  /** "12:31", or "12:31:05". */
  time(wall: number, withSeconds = false): string {
    const seconds = Math.floor(modulo(wall, DAY_MS) / 1000);
    const hour = Math.floor(seconds / 3600);
    const minute = Math.floor(seconds / 60) % 60;
    const short = `${two(hour)}:${two(minute)}`;
    return withSeconds ? `${short}:${two(seconds % 60)}` : short;
  }

  /** "18". */
  dayOfMonth(wall: number): string {
    return String(new Date(wall).getUTCDate());
  }

  /** "Nov". */
  month(wall: number): string {
    return this.#months[new Date(wall).getUTCMonth()];
  }

  /** "18 Nov". */
  day(wall: number): string {
    return `${this.dayOfMonth(wall)} ${this.month(wall)}`;
  }

  /** "2026". */
  year(wall: number): string {
    return String(new Date(wall).getUTCFullYear());
  }

  /** "Wed 18 Nov 2026, 12:31"; without the time for candles of a day and more. */
  full(wall: number, intervalMs: number): string {
    const weekday = this.#weekdays[modulo(Math.floor(wall / DAY_MS), 7)];
    const day = `${weekday} ${this.day(wall)} ${this.year(wall)}`;
    if (intervalMs >= DAY_MS) return day;
    return `${day}, ${this.time(wall, intervalMs < MINUTE_MS)}`;
  }

  /** "Wed 18 Nov 12:31", for a pill on the axis. */
  short(wall: number, intervalMs: number): string {
    const weekday = this.#weekdays[modulo(Math.floor(wall / DAY_MS), 7)];
    if (intervalMs >= DAY_MS) {
      return `${weekday} ${this.day(wall)} ${this.year(wall)}`;
    }
    return `${weekday} ${this.day(wall)} ${
      this.time(wall, intervalMs < MINUTE_MS)
    }`;
  }
}

/** What is left until a candle closes: "00:42", "12:05", "3:10:00", "2d 4h". */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  if (hours >= 48) return `${Math.floor(hours / 24)}d ${hours % 24}h`;
  if (hours > 0) return `${hours}:${two(minutes)}:${two(seconds % 60)}`;
  return `${two(minutes)}:${two(seconds % 60)}`;
}

function two(n: number): string {
  return n < 10 ? `0${n}` : String(n);
}

function modulo(n: number, of: number): number {
  return n - Math.floor(n / of) * of;
}
