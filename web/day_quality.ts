import type { QualitySpan, QualityView } from "../components/api_views.ts";
import {
  type EpochMicros,
  MICROS_PER_MINUTE,
  MICROS_PER_MS,
  toMillis,
} from "../pipeline/domain/time.ts";
import type { CandleBasis } from "../pipeline/ports.ts";
import type { CoverageGap } from "./fill_candles.ts";

/** What one-minute candles of a trading day rest on. */
export type DayQuality = Pick<
  QualityView,
  "ticks" | "minutes" | "revisions" | "completeness" | "spans"
>;

export interface DayInput {
  /** Of a minute, ascending. */
  readonly candles: readonly CandleBasis[];
  /** Sessions of the day. */
  readonly sessions: readonly {
    readonly open: EpochMicros;
    readonly close: EpochMicros;
  }[];
  /** When no feed was there. */
  readonly gaps: readonly CoverageGap[];
  /** Nothing before it was ever covered. */
  readonly began: EpochMicros;
  /** Minutes that end later are not judged. */
  readonly until: EpochMicros;
}

/** Adds up a day, minute by minute. */
export function dayQuality(input: DayInput): DayQuality {
  const byT = new Map<number, CandleBasis>(
    input.candles.map((candle) => [candle.t, candle]),
  );
  const spans: QualitySpan[] = [];
  const counts = { covered: 0, quiet: 0, partly: 0, missing: 0 };
  let coveredMs = 0;
  for (const t of minutesOf(input)) {
    const candle = byT.get(t);
    const kind = kindOf(t, candle, input);
    counts[kind]++;
    coveredMs += candle?.origin === "ticks" && kind === "partly"
      ? candle.coverageMs
      : kind === "missing"
      ? 0
      : MICROS_PER_MINUTE / MICROS_PER_MS;
    append(spans, kind, t);
  }
  const expected = counts.covered + counts.quiet + counts.partly +
    counts.missing;
  const closed = input.candles.filter(({ closed }) => closed);
  return {
    ticks: sum(input.candles, ({ n, origin }) => origin === "ticks" ? n : 0),
    minutes: {
      expected,
      with_candle: counts.covered + counts.partly,
      quiet: counts.quiet,
      missing: counts.missing,
      partly_covered: counts.partly,
      revised: closed.filter(({ rev }) => rev > 0).length,
      imported: closed.filter(({ origin }) => origin === "import").length,
    },
    revisions: sum(closed, ({ rev }) => rev),
    completeness: expected === 0
      ? null
      : coveredMs / (expected * MICROS_PER_MINUTE / MICROS_PER_MS),
    spans,
  };
}

/** Open times of the sessions' minutes that are over. */
function* minutesOf({ sessions, until }: DayInput): Generator<number> {
  for (const { open, close } of sessions) {
    const end = Math.min(close, until);
    for (let t: number = open; t + MICROS_PER_MINUTE <= end;) {
      yield t;
      t += MICROS_PER_MINUTE;
    }
  }
}

function kindOf(
  t: number,
  candle: CandleBasis | undefined,
  { gaps, began }: DayInput,
): QualitySpan["kind"] {
  if (candle !== undefined) {
    return candle.closed && !candle.complete ? "partly" : "covered";
  }
  const end = t + MICROS_PER_MINUTE;
  const away = t < began || gaps.some((gap) => gap.from < end && gap.to > t);
  return away ? "missing" : "quiet";
}

function append(
  spans: QualitySpan[],
  kind: QualitySpan["kind"],
  t: number,
): void {
  const from = toMillis(t as EpochMicros);
  const to = toMillis(t + MICROS_PER_MINUTE as EpochMicros);
  const before = spans.at(-1);
  if (before?.kind === kind && before.to === from) {
    spans[spans.length - 1] = { ...before, to };
  } else spans.push({ kind, from, to });
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
