import { z } from "zod";
import { dateOf, dayNumber } from "./zone_offset.ts";

export const WEEKDAYS = [
  "Mon",
  "Tue",
  "Wed",
  "Thu",
  "Fri",
  "Sat",
  "Sun",
] as const;

const date = z.string().refine(
  (text) =>
    /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(dayNumber(text)) &&
    dateOf(dayNumber(text)) === text,
  "must be a date as in 2024-01-20",
);

const clock = z.string().regex(
  /^(([01]\d|2[0-3]):[0-5]\d|24:00)$/,
  "must be a time as in 09:15",
);

const session = z.strictObject({
  open: clock,
  close: clock,
  pre_open: clock.optional(),
}).refine(
  ({ open, close }) => open < close,
  "must open before it closes",
).refine(
  ({ open, pre_open }) => pre_open === undefined || pre_open < open,
  "must have its pre-open before it opens",
);

const sessions = z.array(session).min(1).refine(
  (list) => list.every((s, i) => i === 0 || list[i - 1].close <= s.open),
  "must be in order and must not overlap",
);

const range = z.strictObject({ from: date, to: date }).refine(
  ({ from, to }) => from <= to,
  "must not end before it begins",
);

/**
 * Trading hours as a dated data file.
 *
 * All dates and times are the exchange's own; `to` is included.
 */
export const calendarSpec = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/),
  zone: z.string().refine(isZone, "must be an IANA zone as in Asia/Kolkata"),
  /** What a reader must know of this file. */
  note: z.string().optional(),
  /** Dates whose every session is known; a moment outside is accepted. */
  coverage: z.array(range).refine(
    (list) => list.every((r, i) => i === 0 || list[i - 1].to < r.from),
    "must be in order and must not overlap",
  ),
  /** Hours of a week; the last one that has begun is valid. */
  weekly: z.array(z.strictObject({
    from: date,
    days: z.array(z.enum(WEEKDAYS)).min(1),
    sessions,
  })).min(1).refine(
    (list) => list.every((w, i) => i === 0 || list[i - 1].from < w.from),
    "must be in order of `from`",
  ),
  holidays: z.array(z.strictObject({ date, name: z.string().min(1) })).refine(
    (list) => new Set(list.map((h) => h.date)).size === list.length,
    "must not name a date twice",
  ),
  /** Days with hours of their own, weekends and holidays too. */
  special: z.array(
    z.strictObject({ date, name: z.string().min(1), sessions }),
  ).refine(
    (list) => new Set(list.map((s) => s.date)).size === list.length,
    "must not name a date twice",
  ),
});

export type CalendarSpec = z.infer<typeof calendarSpec>;

function isZone(text: string): boolean {
  return namesZone(text) || canFormatIn(text);
}

function namesZone(text: string): boolean {
  try {
    const { timeZoneId } = new Temporal.ZonedDateTime(0n, text);
    return timeZoneId.toLowerCase() === text.toLowerCase();
  } catch {
    return false;
  }
}

/** It knows some more names, and takes a while to load. */
function canFormatIn(text: string): boolean {
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: text });
    return true;
  } catch {
    return false;
  }
}
