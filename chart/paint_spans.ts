import { type Frame, xOf } from "./frame.ts";
import { linesTop, setText } from "./paint_axes.ts";
import type { SlotSpan } from "./place_spans.ts";

type Context = CanvasRenderingContext2D;

/** Least width of a hatch, in CSS pixels: an outage between two candles is seen too. */
const SEAM_PX = 6;
const HATCH_PX = 7;
const QUIET_PX = 9;

/** Every other day, and sessions that are not the regular one, behind everything. */
export function paintShades(ctx: Context, frame: Frame): void {
  const top = linesTop(frame);
  ctx.fillStyle = frame.theme.dayShade;
  for (const span of frame.dayShades) {
    const { left, right } = edges(frame, span);
    ctx.fillRect(left, top, right - left, frame.plotBottom - top);
  }
  for (const { session, ...span } of frame.sessions) {
    const { left, right } = edges(frame, span);
    ctx.fillStyle = frame.theme.sessionShade;
    ctx.fillRect(left, top, right - left, frame.plotBottom - top);
    const from = Math.max(left, 0) + 5 * frame.dpr;
    const to = Math.min(right, frame.plotRight) - 4 * frame.dpr;
    setText(ctx, frame, frame.theme.text, "left");
    if (ctx.measureText(session.name).width > to - from) continue;
    ctx.fillText(session.name, from, top + 9 * frame.dpr);
  }
}

/** Where the feed was down: diagonal lines over the height, under the candles. */
export function paintOutages(ctx: Context, frame: Frame): void {
  if (frame.outages.length === 0) return;
  const top = linesTop(frame);
  const height = frame.plotBottom - top;
  // A pattern begins at the picture's corner: the lines do not swim with the candles.
  ctx.fillStyle = hatchOf(ctx, frame) ?? frame.theme.hatch;
  for (const span of frame.outages) {
    const { left, right } = outageEdges(frame, span);
    if (right <= 0 || left >= frame.plotRight) continue;
    ctx.fillRect(left, top, right - left, height);
  }
}

/** The pattern drawn last: lines that are stroked anew each time cost five times as much. */
let hatch: { readonly of: string; readonly pattern: CanvasPattern | null } = {
  of: "",
  pattern: null,
};

function hatchOf(
  ctx: Context,
  { theme, dpr, hair }: Frame,
): CanvasPattern | null {
  const of = `${theme.hatch} ${dpr} ${hair}`;
  if (of === hatch.of) return hatch.pattern;
  const step = Math.round(HATCH_PX * dpr);
  const tile = document.createElement("canvas");
  tile.width = tile.height = step;
  const pen = tile.getContext("2d")!;
  pen.strokeStyle = theme.hatch;
  pen.lineWidth = hair;
  pen.beginPath();
  // The neighbours' lines reach into the corners.
  for (const x of [-step, 0, step]) {
    pen.moveTo(x - step, 2 * step);
    pen.lineTo(x + 2 * step, -step);
  }
  pen.stroke();
  hatch = { of, pattern: ctx.createPattern(tile, "repeat") };
  return hatch.pattern;
}

/** Where nobody traded: a few dots at the bottom of the prices. */
export function paintQuiet(ctx: Context, frame: Frame): void {
  const { hair, dpr, theme } = frame;
  if (frame.quiet.length === 0 || frame.slotWidth < 3 * dpr) return;
  const bottom = paneEdge(frame);
  ctx.fillStyle = theme.text;
  for (const slot of frame.quiet) {
    const x = Math.round(xOf(frame, slot) - frame.slotWidth / 2);
    for (let k = 0; k < 3; k++) {
      const y = bottom - Math.round((QUIET_PX - 3 * k) * dpr);
      ctx.fillRect(x, y, hair, hair);
    }
  }
}

/** A dot below each candle that was revised. */
export function paintRevised(ctx: Context, frame: Frame): void {
  const { store, dpr, theme } = frame;
  if (frame.slotWidth < 3 * dpr) return;
  const from = Math.max(0, frame.paintFirst);
  const to = Math.min(store.length - 1, frame.last);
  const size = Math.max(2, Math.round(2 * dpr));
  const y = paneEdge(frame) - size - Math.round(2 * dpr);
  ctx.fillStyle = theme.textStrong;
  for (let i = from; i <= to; i++) {
    if (store.rev[i] === 0) continue;
    ctx.fillRect(xOf(frame, i) - Math.floor(size / 2), y, size, size);
  }
}

/** The line between prices and volume, or the bottom where there is no volume. */
function paneEdge(frame: Frame): number {
  return frame.volumeTop < frame.plotBottom
    ? Math.round((frame.priceBottom + frame.volumeTop) / 2)
    : frame.plotBottom;
}

function edges(frame: Frame, { from, to }: SlotSpan) {
  return {
    left: Math.round(frame.origin + (from - 0.5) * frame.slotWidth),
    right: Math.round(frame.origin + (to - 0.5) * frame.slotWidth),
  };
}

function outageEdges(frame: Frame, span: SlotSpan) {
  const { left, right } = edges(frame, span);
  const missing = Math.max(0, SEAM_PX * frame.dpr - (right - left)) / 2;
  return {
    left: Math.floor(left - missing),
    right: Math.ceil(right + missing),
  };
}
