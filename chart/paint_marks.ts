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

/** BUY points up from below, SELL points down from above: shape as well as colour. */
export function paintMarks(ctx: Context, frame: Frame): void {
  const size = SIZE_PX * frame.dpr;
  for (const side of ["BUY", "SELL"] as const) {
    const grow = side === "BUY" ? 1 : -1;
    ctx.beginPath();
    for (const placed of frame.marks) {
      if (placed.mark.side !== side) continue;
      if (placed.slot < frame.first || placed.slot > frame.last) continue;
      const { x, y } = markTip(frame, placed);
      ctx.moveTo(x, y);
      ctx.lineTo(x + size, y + grow * size * 1.6);
      ctx.lineTo(x - size, y + grow * size * 1.6);
      ctx.closePath();
    }
    ctx.lineWidth = 3 * frame.dpr;
    ctx.lineJoin = "round";
    ctx.strokeStyle = frame.theme.background;
    ctx.stroke();
    ctx.fillStyle = side === "BUY" ? frame.theme.buy : frame.theme.sell;
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
  for (const placed of frame.marks) {
    if (placed.slot < frame.first || placed.slot > frame.last) continue;
    const tip = markTip(frame, placed);
    const middle = tip.y + (placed.mark.side === "BUY" ? size : -size) * 0.8;
    if (Math.abs(x - tip.x) <= reach && Math.abs(y - middle) <= reach) {
      return placed;
    }
  }
  return null;
}
