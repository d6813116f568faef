import { type Frame, type PlacedMark, xOf, yOf } from "./frame.ts";

type Context = CanvasRenderingContext2D;

/** Half the width of a mark, in CSS pixels. */
const SIZE_PX = 5.5;
const GAP_PX = 5;

/** The tip of a mark in device pixels, towards its candle: below its low for BUY. */
export function markTip(
  frame: Frame,
  placed: PlacedMark,
): { readonly x: number; readonly y: number } {
  const { store, dpr } = frame;
  const { slot, mark, level } = placed;
  const away = (GAP_PX + level * (2 * SIZE_PX + 2)) * dpr;
  const y = mark.side === "BUY"
    ? yOf(frame, store.l[slot]) + away
    : yOf(frame, store.h[slot]) - away;
  return { x: xOf(frame, slot) + frame.hair / 2, y };
}

/**
 * BUY points up from below, SELL points down from above: shape as well as
 * colour. Each by itself: as one path, a mark's edges would depend on all others.
 */
export function paintMarks(ctx: Context, frame: Frame): void {
  const size = SIZE_PX * frame.dpr;
  ctx.lineWidth = 3 * frame.dpr;
  ctx.lineJoin = "round";
  ctx.strokeStyle = frame.theme.background;
  const end = firstMarkAt(frame, frame.last + 1);
  for (let k = firstMarkAt(frame, frame.paintFirst); k < end; k++) {
    const placed = frame.marks[k];
    const buys = placed.mark.side === "BUY";
    const grow = buys ? 1 : -1;
    const { x, y } = markTip(frame, placed);
    ctx.beginPath();
    ctx.moveTo(x, y);
    ctx.lineTo(x + size, y + grow * size * 1.6);
    ctx.lineTo(x - size, y + grow * size * 1.6);
    ctx.closePath();
    ctx.stroke();
    ctx.fillStyle = buys ? frame.theme.buy : frame.theme.sell;
    ctx.fill();
  }
}

/** The mark under a point (device pixels), with a margin that a finger can hit. */
export function markAt(
  frame: Frame,
  x: number,
  y: number,
  marginPx: number,
): PlacedMark | null {
  const size = SIZE_PX * frame.dpr;
  const reach = size + marginPx * frame.dpr;
  const slotsOf = (px: number) => (px - frame.origin) / frame.slotWidth;
  const from = Math.max(frame.first, Math.floor(slotsOf(x - reach)));
  const to = Math.min(frame.last, Math.ceil(slotsOf(x + reach)));
  const end = firstMarkAt(frame, to + 1);
  for (let k = firstMarkAt(frame, from); k < end; k++) {
    const placed = frame.marks[k];
    const tip = markTip(frame, placed);
    const middle = tip.y + (placed.mark.side === "BUY" ? size : -size) * 0.8;
    if (Math.abs(x - tip.x) <= reach && Math.abs(y - middle) <= reach) {
      return placed;
    }
  }
  return null;
}

/** Index of the first mark at or after a slot. */
function firstMarkAt({ marks }: Frame, slot: number): number {
  let low = 0;
  let high = marks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (marks[middle].slot < slot) low = middle + 1;
    else high = middle;
  }
  return low;
}
