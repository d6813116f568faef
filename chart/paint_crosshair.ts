import { axisBoxes, freeTop } from "./axis_pills.ts";
import { type Frame, xOf } from "./frame.ts";
import { linesTop, pill, setText } from "./paint_axes.ts";

type Context = CanvasRenderingContext2D;

/** Where the crosshair is; `y` in device pixels, or null when the keyboard placed it. */
export interface Crosshair {
  readonly slot: number;
  readonly y: number | null;
}

/** The crosshair and its two pills, on the canvas above the chart. */
export function paintCrosshair(
  ctx: Context,
  frame: Frame,
  at: Crosshair,
  labels: { readonly time: string; readonly value: string },
): void {
  const { theme, hair, plotRight, plotBottom } = frame;
  const dash = 4 * hair;
  ctx.fillStyle = theme.crosshair;
  const x = xOf(frame, at.slot);
  if (x >= 0 && x < plotRight) {
    for (let y = linesTop(frame); y < plotBottom; y += 2 * dash) {
      ctx.fillRect(x, y, hair, Math.min(dash, plotBottom - y));
    }
  }
  if (at.y !== null && at.y <= plotBottom) {
    for (let left = 0; left < plotRight; left += 2 * dash) {
      ctx.fillRect(left, at.y, Math.min(dash, plotRight - left), hair);
    }
    if (labels.value) paintValuePill(ctx, frame, at.y, labels.value);
  }
  if (labels.time && x >= 0 && x < plotRight) {
    paintTimePill(ctx, frame, x, labels.time);
  }
}

function paintValuePill(
  ctx: Context,
  frame: Frame,
  y: number,
  label: string,
): void {
  const { theme, dpr } = frame;
  const height = Math.round(frame.fontPx * dpr * 1.7);
  const top = valuePillTop(frame, y, height);
  pill(ctx, frame, frame.plotRight, top, frame.width, top + height);
  ctx.fillStyle = theme.pill;
  ctx.fill();
  setText(ctx, frame, theme.pillText, "left");
  ctx.fillText(label, frame.plotRight + 8 * dpr, top + height / 2);
}

/** Beside the pointer, but over no other pill: it makes way, up or down. */
export function valuePillTop(frame: Frame, y: number, height: number): number {
  return freeTop(frame, axisBoxes(frame), y, height) ??
    Math.max(0, Math.round(y - height / 2));
}

function paintTimePill(
  ctx: Context,
  frame: Frame,
  x: number,
  label: string,
): void {
  const { theme, dpr, plotBottom } = frame;
  setText(ctx, frame, theme.pillText, "center");
  const half = Math.ceil(ctx.measureText(label).width / 2 + 7 * dpr);
  const middle = Math.min(Math.max(x, half), frame.plotRight - half);
  const top = plotBottom + frame.hair;
  const bottom = frame.height - 3 * dpr;
  pill(ctx, frame, middle - half, top, middle + half, bottom);
  ctx.fillStyle = theme.pill;
  ctx.fill();
  ctx.fillStyle = theme.pillText;
  ctx.fillText(label, middle, (top + bottom) / 2);
}
