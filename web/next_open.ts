import type { Calendar, Session } from "../pipeline/domain/calendar.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_DAY,
} from "../pipeline/domain/time.ts";

/** The longest closure that is looked beyond. */
const LOOK_AHEAD = 21 * MICROS_PER_DAY;

/** The next session that begins after `now`; `null` if the calendar has none. */
export function nextOpen(calendar: Calendar, now: EpochMicros): Session | null {
  const sessions = calendar.sessionsBetween(now, epochMicros(now + LOOK_AHEAD));
  return sessions.find(({ open }) => open > now) ?? null;
}
