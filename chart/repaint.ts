import { type Frame, xOf } from "./frame.ts";

/** No sign at a candle is wider than this to either side, in CSS pixels. */
const REACH_PX = 8;

/**
 * How much of the picture, from the left, a price or a second of the clock
 * leaves as it is: all before the newest candle, or the whole plot where that
 * is out of sight. The axis on the right always changes.
 */
export function keptPxOf(frame: Frame): number {
  const { store, dpr, hair, slotWidth, plotRight } = frame;
  if (store.length === 0) return 0;
  const reach = Math.max(REACH_PX * dpr, slotWidth / 2 + 2 * hair);
  const newest = Math.floor(xOf(frame, store.length - 1) - reach);
  // The frame of a label on the axis is half on the plot.
  return Math.max(0, Math.min(newest, plotRight - 2 * hair));
}

/** The first slot of which something can be seen right of what is kept. */
export function paintFirstOf(frame: Frame): number {
  const { keptPx, dpr, origin, slotWidth, first } = frame;
  if (keptPx === 0) return first;
  const reach = REACH_PX * dpr + 2 * slotWidth;
  return Math.max(first, Math.floor((keptPx - reach - origin) / slotWidth) - 1);
}

/** Whether lines across are at the same rows. */
export function sameRows(
  a: readonly { readonly y: number }[],
  b: readonly { readonly y: number }[],
): boolean {
  return a.length === b.length && a.every(({ y }, i) => y === b[i].y);
}
