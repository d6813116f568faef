import type { Calendar, Session } from "../../pipeline/domain/calendar.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_DAY,
  MICROS_PER_MS,
} from "../../pipeline/domain/time.ts";

/** Weeks in which a weekday's usual hours are looked for. */
const WEEKS = 5;
const HOLIDAY_DAYS = 366;

/**
 * The hours of a usual week as the protocol writes them, such as
 * `0915-1530:23456` (1 is Sunday), or `24x7`.
 */
export function sessionText(calendar: Calendar, now: EpochMicros): string {
  if (calendar.id === "24x7") return "24x7";
  const byWeekday = usualHours(calendar, now);
  if (byWeekday.size === 0) return "24x7";
  const weekdaysOf = new Map<string, string>();
  for (const [weekday, hours] of [...byWeekday].sort(([a], [b]) => a - b)) {
    weekdaysOf.set(hours, `${weekdaysOf.get(hours) ?? ""}${weekday}`);
  }
  return [...weekdaysOf].map(([hours, weekdays]) => `${hours}:${weekdays}`)
    .join("|");
}

/**
 * Days without a session on which there usually is one, as in
 * `20260126,20260214`: of a year before and after now.
 */
export function holidaysText(calendar: Calendar, now: EpochMicros): string {
  if (calendar.id === "24x7") return "";
  const usual = usualHours(calendar, now);
  const holidays: string[] = [];
  for (let day = -HOLIDAY_DAYS; day <= HOLIDAY_DAYS; day++) {
    const around = epochMicros(now + day * MICROS_PER_DAY);
    const { text, weekday, noon } = localDay(calendar.zone, around);
    if (!usual.has(weekday)) continue;
    const sessions = calendar.sessionsBetween(
      epochMicros(noon - MICROS_PER_DAY / 2),
      epochMicros(noon + MICROS_PER_DAY / 2),
    );
    const known = calendar.stateAt(noon).kind !== "unknown";
    if (known && !sessions.some(({ day }) => day === text)) {
      holidays.push(text.replaceAll("-", ""));
    }
  }
  return holidays.join(",");
}

/** Hours by weekday, from 1 for Sunday, that most of the last weeks had. */
function usualHours(
  calendar: Calendar,
  now: EpochMicros,
): ReadonlyMap<number, string> {
  const from = epochMicros(now - WEEKS * 7 * MICROS_PER_DAY);
  const days = new Map<string, Session[]>();
  for (const session of calendar.sessionsBetween(from, now)) {
    days.set(session.day, [...days.get(session.day) ?? [], session]);
  }
  const counts = new Map<number, Map<string, number>>();
  for (const sessions of days.values()) {
    const { weekday } = localDay(calendar.zone, sessions[0].open);
    const hours = sessions.map(({ open, close }) =>
      `${clockText(calendar.zone, open)}-${clockText(calendar.zone, close)}`
    ).join(",");
    const of = counts.get(weekday) ?? new Map<string, number>();
    counts.set(weekday, of.set(hours, (of.get(hours) ?? 0) + 1));
  }
  const usual = new Map<number, string>();
  for (const [weekday, of] of counts) {
    const [hours, count] = [...of].toSorted((a, b) => a[1] - b[1]).at(-1)!;
    // A session on a single Saturday is no usual one.
    if (count > WEEKS / 3) usual.set(weekday, hours);
  }
  return usual;
}

/** Making a format costs more than using it a thousand times. */
const formats = new Map<string, {
  readonly clock: Intl.DateTimeFormat;
  readonly day: Intl.DateTimeFormat;
}>();

function formatsOf(zone: string) {
  let known = formats.get(zone);
  if (known === undefined) {
    known = {
      clock: new Intl.DateTimeFormat("en-GB", {
        timeZone: zone,
        hour: "2-digit",
        minute: "2-digit",
        hourCycle: "h23",
      }),
      day: new Intl.DateTimeFormat("en-CA", {
        timeZone: zone,
        dateStyle: "short",
      }),
    };
    formats.set(zone, known);
  }
  return known;
}

function clockText(zone: string, t: EpochMicros): string {
  return formatsOf(zone).clock.format(t / MICROS_PER_MS).replace(":", "");
}

/** The day of a moment in a zone: its name, weekday, and about noon. */
export function localDay(zone: string, t: EpochMicros): {
  readonly text: string;
  readonly weekday: number;
  readonly noon: EpochMicros;
} {
  const hour = Number(clockText(zone, t).slice(0, 2));
  const noon = epochMicros(t + (12 - hour) * MICROS_PER_DAY / 24);
  const text = formatsOf(zone).day.format(t / MICROS_PER_MS);
  const weekday = 1 + new Date(`${text}T00:00:00Z`).getUTCDay();
  return { text, weekday, noon };
}
