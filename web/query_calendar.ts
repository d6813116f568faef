import { z } from "zod";
import type { MarketHours, MarketPeriod } from "../components/api_views.ts";
import type { Calendar } from "../pipeline/domain/calendar.ts";
import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_DAY,
  toMillis,
} from "../pipeline/domain/time.ts";
import { badParameters } from "./problem.ts";
import {
  checkRange,
  findInstrument,
  symbolParameter,
  timeParameter,
} from "./read_query.ts";
import type { Services } from "./services.ts";

const DAYS = 14;
const DAYS_MAX = 400;

/** Parameters of `/api/calendar`. */
export const calendarQuery = z.object({
  symbol: symbolParameter,
  from: timeParameter.optional(),
  to: timeParameter.optional(),
});
export type CalendarQuery = z.output<typeof calendarQuery>;

/**
 * When an instrument trades; from today on for two weeks if no range is given.
 *
 * @throws {ProblemError} If the symbol is unknown, or the range too long.
 */
export function queryCalendar(
  services: Services,
  query: CalendarQuery,
): MarketHours {
  const { symbol } = query;
  const instrument = findInstrument(services.catalog, symbol);
  const calendar = services.catalog.calendarOf(instrument);
  const from = query.from ??
    calendar.bucketAt("1d", services.clock.now()).start;
  const to = query.to ?? epochMicros(from + DAYS * MICROS_PER_DAY);
  checkRange({ from, to });
  if (to - from > DAYS_MAX * MICROS_PER_DAY) {
    throw badParameters([{
      parameter: "to",
      value: String(toMillis(to)),
      expected: `at most ${DAYS_MAX} days after from`,
    }]);
  }
  return {
    symbol,
    calendar: calendar.id,
    zone: calendar.zone,
    from: toMillis(from),
    to: toMillis(to),
    periods: periodsOf(calendar, from, to),
  };
}

/** The range as stretches of time in which nothing changes. */
export function periodsOf(
  calendar: Calendar,
  from: EpochMicros,
  to: EpochMicros,
): readonly MarketPeriod[] {
  const sessions = calendar.sessionsBetween(
    from,
    epochMicros(to + MICROS_PER_DAY),
  );
  const edges = sessions
    .flatMap(({ open, close, preOpen }) => [preOpen ?? open, open, close])
    .filter((edge) => edge > from && edge < to)
    .sort((a, b) => a - b);
  const isPreOpen = (t: number) =>
    sessions.some(({ preOpen, open }) =>
      preOpen !== undefined && preOpen <= t && t < open
    );
  const periods: MarketPeriod[] = [];
  for (let at = from; at < to;) {
    const dayEnd = calendar.bucketAt("1d", at).end;
    const next = edges.find((edge) => edge > at) ?? to;
    const end = epochMicros(Math.min(dayEnd, next, to));
    const said = calendar.stateAt(at);
    append(periods, {
      from: toMillis(at),
      to: toMillis(end),
      state: said.kind === "closed" && isPreOpen(at) ? "pre_open" : said.kind,
      reason: said.kind === "closed"
        ? said.reason
        : said.kind === "open"
        ? said.session.name ?? null
        : null,
      holiday: said.kind === "closed" ? said.holiday ?? null : null,
    });
    at = end;
  }
  return periods;
}

/** Joins a period to the one before it that says the same. */
function append(periods: MarketPeriod[], period: MarketPeriod): void {
  const before = periods.at(-1);
  const same = before !== undefined && before.state === period.state &&
    before.reason === period.reason && before.to === period.from;
  if (same) periods[periods.length - 1] = { ...before, to: period.to };
  else periods.push(period);
}
