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
} from "../domain/time.ts";

const FIRST_MONDAY = 4 * MICROS_PER_DAY; // 1970-01-05 was a Monday
const WEEK = 7 * MICROS_PER_DAY;

/** A market that never shuts, such as crypto: days and buckets are UTC's. */
export function alwaysOpen(): Calendar {
  return new AlwaysOpen();
}

class AlwaysOpen implements Calendar {
  readonly id = "24x7";
  readonly zone = "UTC";
  #today: { kind: "open"; session: Session } = {
    kind: "open",
    session: dayOf(0),
  };

  stateAt(t: EpochMicros): SessionState {
    const { open, close } = this.#today.session;
    if (t < open || t >= close) {
      this.#today = { kind: "open", session: dayOf(t) };
    }
    return this.#today;
  }

  bucketAt(interval: Interval, t: EpochMicros): Bucket {
    switch (interval) {
      case "1M":
        return monthOf(t);
      case "1w":
        return gridBucket(t, WEEK, FIRST_MONDAY);
      case "1s":
      case "5s":
      case "15s":
      case "30s":
      case "1m":
      case "3m":
      case "5m":
      case "15m":
      case "30m":
      case "1h":
      case "2h":
      case "4h":
      case "1d":
        return gridBucket(t, nominalMicros(interval), 0);
      default:
        return assertNever(interval);
    }
  }

  sessionsBetween(from: EpochMicros, to: EpochMicros): readonly Session[] {
    const sessions: Session[] = [];
    for (let t: number = from; t < to;) {
      const session = dayOf(t);
      sessions.push(session);
      t = session.close;
    }
    return sessions;
  }
}

/** The bucket of a grid of `length` that passes through `origin`. */
export function gridBucket(t: number, length: number, origin: number): Bucket {
  const start = origin + Math.floor((t - origin) / length) * length;
  return { start: epochMicros(start), end: epochMicros(start + length) };
}

function dayOf(t: number): Session {
  const { start, end } = gridBucket(t, MICROS_PER_DAY, 0);
  const day = new Date(start / 1_000).toISOString().slice(0, 10);
  return { open: start, close: end, day };
}

function monthOf(t: number): Bucket {
  const date = new Date(Math.floor(t / 1_000));
  const start = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
  const end = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
  return { start: epochMicros(start * 1_000), end: epochMicros(end * 1_000) };
}
