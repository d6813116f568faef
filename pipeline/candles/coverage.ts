import type { CandleClose } from "../ports.ts";
import { MICROS_PER_MS } from "../domain/time.ts";
import type { Bucket, SymbolBook } from "./symbol_book.ts";

/** How much of a candle the feeds that have come as far as it covered. */
export function coverageOf(
  book: SymbolBook,
  candle: Bucket,
): Pick<CandleClose, "coverageMs" | "complete"> {
  const sessions = book.calendar.sessionsBetween(candle.t, candle.end);
  const parts = sessions.length > 0
    ? sessions
    : [{ open: candle.t, close: candle.end }];
  const spans: [number, number][] = [];
  for (const { feed, row } of book.reaches) {
    const { coveredFrom, coveredTo } = feed.totals;
    if (row.maxEvent < candle.t || coveredFrom === null) continue;
    spans.push([coveredFrom, coveredTo ?? Infinity]);
  }
  spans.sort((a, b) => a[0] - b[0]);
  let covered = 0;
  let whole = 0;
  for (const { open, close } of parts) {
    const from = Math.max(candle.t, open);
    const to = Math.min(candle.end, close);
    whole += to - from;
    covered += coveredBetween(from, to, spans);
  }
  return {
    coverageMs: Math.floor(covered / MICROS_PER_MS),
    complete: covered >= whole,
  };
}

/** Microseconds of [from, to) that are in any of the spans, sorted by start. */
function coveredBetween(
  from: number,
  to: number,
  spans: readonly (readonly [number, number])[],
): number {
  let covered = 0;
  let reached = from;
  for (const [start, spanEnd] of spans) {
    const end = Math.min(to, spanEnd);
    if (end <= reached) continue;
    covered += Math.max(0, end - Math.max(start, reached));
    reached = end;
  }
  return covered;
}
