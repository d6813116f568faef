import { z } from "zod";
import { time } from "./fields.ts";

/** A stretch of time in which the market is in one state. */
export const marketPeriod = z.strictObject({
  from: time,
  to: time,
  state: z.enum(["open", "closed", "pre_open", "unknown"]).describe(
    "unknown: a date that the calendar does not know; ticks are accepted",
  ),
  reason: z.string().nullable().describe(
    "Why it is closed, or the name of a session with hours of its own",
  ),
  holiday: z.string().nullable().describe("Its name, on one"),
});

/** Answer of `/api/calendar`. */
export const calendarAnswer = z.strictObject({
  symbol: z.string(),
  calendar: z.string(),
  zone: z.string().describe("IANA name of its time zone"),
  from: time,
  to: time,
  periods: z.array(marketPeriod).describe("All of [from, to), in order"),
});
