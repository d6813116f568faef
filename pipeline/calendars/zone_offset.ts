import {
  type EpochMicros,
  epochMicros,
  MICROS_PER_DAY,
  MICROS_PER_MS,
} from "../domain/time.ts";

/** Wall clocks of one IANA zone. */
export class ZoneClock {
  #format: Intl.DateTimeFormat | null = null;

  /** @param zone One that the runtime knows. */
  constructor(readonly zone: string) {}

  /** The engine's data of zones take a while to load: when they are needed. */
  get #parts(): Intl.DateTimeFormat {
    return this.#format ??= new Intl.DateTimeFormat("en-US", {
      timeZone: this.zone,
      hourCycle: "h23",
      era: "short",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  }

  /** Microseconds that the zone's clocks are ahead of UTC at a moment. */
  offsetAt(t: number): number {
    const ms = Math.floor(t / 1_000_000) * 1_000;
    const part: Record<string, string> = {};
    for (const { type, value } of this.#parts.formatToParts(ms)) {
      part[type] = value;
    }
    const year = part.era === "BC" ? 1 - Number(part.year) : Number(part.year);
    const wall = Date.UTC(
      year,
      Number(part.month) - 1,
      Number(part.day),
      Number(part.hour),
      Number(part.minute),
      Number(part.second),
    );
    return (wall - ms) * MICROS_PER_MS;
  }

  /**
   * The moment at which clocks show `micros` after midnight of a day.
   *
   * Where clocks skip that time it is the moment of the skip or up to its
   * length after; where they show it twice it is the first.
   */
  instantOf(day: number, micros: number): EpochMicros {
    const wall = day * MICROS_PER_DAY + micros;
    const before = this.offsetAt(wall - MICROS_PER_DAY / 2);
    const first = wall - before;
    const offset = this.offsetAt(first);
    if (offset === before) return epochMicros(first);
    const second = wall - offset;
    return epochMicros(
      this.offsetAt(second) === offset ? second : Math.max(first, second),
    );
  }
}

/** Days since 1970-01-01 of an ISO date, as in `2024-01-20`. */
export function dayNumber(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) * MICROS_PER_MS / MICROS_PER_DAY;
}

/** ISO date of a count of days since 1970-01-01. */
export function dateOf(day: number): string {
  return new Date(day * MICROS_PER_DAY / MICROS_PER_MS).toISOString()
    .slice(0, 10);
}

/** 0 for Monday to 6 for Sunday. */
export function weekdayOf(day: number): number {
  return (((day + 3) % 7) + 7) % 7;
}
