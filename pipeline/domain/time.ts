import { AssertionError } from "./assert.ts";
import type { Brand } from "./brand.ts";

/** Microseconds since 1970-01-01 UTC, whole, exact to the year 2255. */
export type EpochMicros = Brand<number, "EpochMicros">;

export const MICROS_PER_MS = 1_000;
export const MICROS_PER_SECOND = 1_000_000;
export const MICROS_PER_MINUTE = 60_000_000;
export const MICROS_PER_HOUR = 3_600_000_000;
export const MICROS_PER_DAY = 86_400_000_000;

/**
 * Checks and brands a count of microseconds.
 *
 * @throws {AssertionError} If `n` is not a whole number that a double holds.
 */
export function epochMicros(n: number): EpochMicros {
  if (!Number.isSafeInteger(n)) {
    throw new AssertionError(`${n} is not whole microseconds`);
  }
  return n as EpochMicros;
}

/** Microseconds of a Unix time in milliseconds, which may have a fraction. */
export function fromMillis(ms: number): EpochMicros {
  return epochMicros(Math.round(ms * MICROS_PER_MS));
}

export function laterOf(a: EpochMicros, b: EpochMicros): EpochMicros {
  return a > b ? a : b;
}

/** Unix milliseconds; whole unless the time has microseconds. */
export function toMillis(t: EpochMicros): number {
  return t / MICROS_PER_MS;
}

/** ISO 8601 in UTC, with milliseconds; finer parts are cut. */
export function toIso(t: EpochMicros): string {
  return new Date(Math.floor(t / MICROS_PER_MS)).toISOString();
}

const ISO =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,9}))?(Z|[+-]\d{2}:?\d{2})?)?$/;

/**
 * Reads a time as people and feeds write it: Unix milliseconds (a fraction
 * allowed) or ISO 8601. ISO without a zone is UTC; finer than a microsecond is
 * cut.
 *
 * @returns `null` if the text is neither, names a day that no calendar has, or
 *   lies beyond what {@link EpochMicros} counts.
 */
export function parseTime(text: string): EpochMicros | null {
  if (/^-?\d{1,14}(\.\d+)?$/.test(text)) {
    const ms = Number(text);
    return Number.isSafeInteger(Math.round(ms * MICROS_PER_MS))
      ? fromMillis(ms)
      : null;
  }
  const match = ISO.exec(text);
  if (!match) return null;
  const [, day, clock = "00:00:00", fraction = "", zone = "Z"] = match;
  const seconds = clock.length === 5 ? `${clock}:00` : clock;
  const ms = Date.parse(`${day}T${seconds}${zone}`);
  if (Number.isNaN(ms) || !isDay(day)) return null;
  const micros = ms * MICROS_PER_MS +
    Number(fraction.padEnd(6, "0").slice(0, 6));
  return Number.isSafeInteger(micros) ? epochMicros(micros) : null;
}

/** Whether that month has the day: `Date` takes 30 February for 2 March. */
function isDay(day: string): boolean {
  if (day.slice(8) <= "28") return true;
  return new Date(`${day}T00:00:00Z`).getUTCDate() === Number(day.slice(8));
}
