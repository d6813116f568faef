import type { CandleStore } from "./candle_store.ts";
import type { PlacedMark } from "./frame.ts";
import type { ChartMark } from "./types.ts";

/** Puts each mark on the candle its time falls in; several on one side are stacked. */
export function placeMarks(
  store: CandleStore,
  marks: readonly ChartMark[],
): readonly PlacedMark[] {
  const placed: PlacedMark[] = [];
  const levels = new Map<string, number>();
  for (const mark of marks) {
    const slot = store.indexAtOrBefore(mark.t);
    if (slot < 0) continue;
    const key = `${slot} ${mark.side}`;
    const level = levels.get(key) ?? 0;
    levels.set(key, level + 1);
    placed.push({ slot, mark, level });
  }
  return placed;
}
