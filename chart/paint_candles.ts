import { bodyWidth, type Frame, isDense, xOf, yOf } from "./frame.ts";

type Context = CanvasRenderingContext2D;

/** Candles in sight, straight from the columns, one colour at a time. */
export function paintCandles(ctx: Context, frame: Frame): void {
  if (isDense(frame)) {
    paintCandleColumns(ctx, frame);
    return;
  }
  const { theme } = frame;
  const hollow = theme.upInside === null;
  paintDirection(ctx, frame, true, true, theme.up, hollow);
  paintDirection(ctx, frame, false, true, theme.down, false);
  paintDirection(ctx, frame, true, false, theme.upMuted, hollow);
  paintDirection(ctx, frame, false, false, theme.downMuted, false);
  if (theme.upInside !== null) paintInside(ctx, frame, theme.upInside);
  paintSynthetic(ctx, frame);
}

/** Nobody traded: a dash at the price before, without a direction. */
function paintSynthetic(ctx: Context, frame: Frame): void {
  const { store, hair, theme } = frame;
  const body = bodyWidth(frame);
  const left = Math.floor(hair / 2) + (body - hair) / 2;
  const to = Math.min(store.length - 1, frame.last);
  ctx.fillStyle = theme.text;
  for (let i = Math.max(0, frame.paintFirst); i <= to; i++) {
    if (!store.isSynthetic(i)) continue;
    ctx.fillRect(xOf(frame, i) - left, yOf(frame, store.c[i]), body, hair);
  }
}

function paintDirection(
  ctx: Context,
  frame: Frame,
  rising: boolean,
  complete: boolean,
  colour: string,
  hollow: boolean,
): void {
  const { store, hair, paintFirst, last } = frame;
  const body = bodyWidth(frame);
  const bodyLeft = (body - hair) / 2;
  const wickLeft = Math.floor(hair / 2);
  const from = Math.max(0, paintFirst);
  const to = Math.min(store.length - 1, last);
  const open = hollow && body > 3 * hair;
  ctx.fillStyle = colour;
  for (let i = from; i <= to; i++) {
    if ((store.c[i] >= store.o[i]) !== rising) continue;
    if (store.isComplete(i) !== complete || store.isSynthetic(i)) continue;
    const x = xOf(frame, i) - wickLeft;
    const high = yOf(frame, store.h[i]);
    const low = yOf(frame, store.l[i]);
    const a = yOf(frame, store.o[i]);
    const b = yOf(frame, store.c[i]);
    const top = Math.min(a, b);
    const height = Math.max(Math.abs(a - b), hair);
    if (open && height > 2 * hair) {
      ctx.fillRect(x, high, hair, top - high);
      ctx.fillRect(x, top + height, hair, low - top - height);
      outline(ctx, x - bodyLeft, top, body, height, hair);
    } else {
      ctx.fillRect(x, high, hair, Math.max(low - high, hair));
      ctx.fillRect(x - bodyLeft, top, body, height);
    }
  }
}

/** A frame of `line` inside the box, whole pixels on all four sides. */
function outline(
  ctx: Context,
  x: number,
  y: number,
  width: number,
  height: number,
  line: number,
): void {
  ctx.fillRect(x, y, width, line);
  ctx.fillRect(x, y + height - line, width, line);
  ctx.fillRect(x, y + line, line, height - 2 * line);
  ctx.fillRect(x + width - line, y + line, line, height - 2 * line);
}

/** The inside of rising bodies that are high and wide enough: up is told by fill too. */
function paintInside(ctx: Context, frame: Frame, colour: string): void {
  const { store, hair, paintFirst, last } = frame;
  const body = bodyWidth(frame);
  if (body <= 3 * hair) return;
  const left = (body - hair) / 2 + Math.floor(hair / 2) - hair;
  const to = Math.min(store.length - 1, last);
  ctx.fillStyle = colour;
  for (let i = Math.max(0, paintFirst); i <= to; i++) {
    if (store.c[i] <= store.o[i] || store.isSynthetic(i)) continue;
    const top = yOf(frame, store.c[i]);
    const height = yOf(frame, store.o[i]) - top;
    if (height <= 2 * hair) continue;
    ctx.fillRect(
      xOf(frame, i) - left,
      top + hair,
      body - 2 * hair,
      height - 2 * hair,
    );
  }
}

/** Many candles a pixel: each column shows the highest, the lowest and the way it went. */
function paintCandleColumns(ctx: Context, frame: Frame): void {
  const { store, hair, theme } = frame;
  const from = Math.max(0, frame.paintFirst);
  const to = Math.min(store.length - 1, frame.last);
  for (const rising of [true, false]) {
    ctx.fillStyle = rising ? theme.up : theme.down;
    let i = from;
    while (i <= to) {
      const column = columnOf(frame, i);
      const open = store.o[i];
      let high = store.h[i];
      let low = store.l[i];
      let close = store.c[i];
      for (i++; i <= to && columnOf(frame, i) === column; i++) {
        if (store.h[i] > high) high = store.h[i];
        if (store.l[i] < low) low = store.l[i];
        close = store.c[i];
      }
      if ((close >= open) !== rising) continue;
      const top = yOf(frame, high);
      ctx.fillRect(
        column * hair,
        top,
        hair,
        Math.max(yOf(frame, low) - top, hair),
      );
    }
  }
}

function columnOf(frame: Frame, slot: number): number {
  return Math.floor((frame.origin + slot * frame.slotWidth) / frame.hair);
}

/** Volume in its own pane, muted: it must not compete with the candles. */
export function paintVolume(ctx: Context, frame: Frame): void {
  const { store, hair, theme, plotBottom, volumeTop, volumeMax } = frame;
  if (volumeTop >= plotBottom || !(volumeMax > 0)) return;
  const scale = (plotBottom - volumeTop) / volumeMax;
  const dense = isDense(frame);
  const body = dense ? hair : bodyWidth(frame);
  const left = Math.floor(hair / 2) + (body - hair) / 2;
  const from = Math.max(0, frame.paintFirst);
  const to = Math.min(store.length - 1, frame.last);
  for (const rising of [true, false]) {
    ctx.fillStyle = rising ? theme.upVolume : theme.downVolume;
    let i = from;
    while (i <= to) {
      const first = i;
      let volume = store.v[i];
      i++;
      if (dense) {
        const column = columnOf(frame, first);
        for (; i <= to && columnOf(frame, i) === column; i++) {
          if (store.v[i] > volume) volume = store.v[i];
        }
      }
      if ((store.c[i - 1] >= store.o[first]) !== rising || !(volume > 0)) {
        continue;
      }
      const height = Math.max(hair, Math.round(volume * scale));
      const x = dense
        ? columnOf(frame, first) * hair
        : xOf(frame, first) - left;
      ctx.fillRect(x, plotBottom - height, body, height);
    }
  }
}

/** Least height of a hollow body, in thin lines: two, and room between. */
const HOLLOW_HAIRS = 4;

/** Predicted candles to come: hollow, in the slots right of the last real one. */
export function paintFuture(ctx: Context, frame: Frame): void {
  const { store, hair, theme, future } = frame;
  if (isDense(frame)) return;
  const body = bodyWidth(frame);
  const bodyLeft = (body - hair) / 2;
  const wickLeft = Math.floor(hair / 2);
  ctx.fillStyle = theme.forecast;
  for (let k = 0; k < future.length; k++) {
    const slot = store.length + k;
    if (slot < frame.first || slot > frame.last) continue;
    const candle = future[k];
    const x = xOf(frame, slot) - wickLeft;
    const high = yOf(frame, Math.max(candle.h, candle.o, candle.c));
    const low = yOf(frame, Math.min(candle.l, candle.o, candle.c));
    const open = yOf(frame, Math.max(candle.o, candle.c));
    const close = yOf(frame, Math.min(candle.o, candle.c));
    // One that expects no change is a box as well, not a dash.
    const grow = Math.max(
      0,
      Math.ceil((HOLLOW_HAIRS * hair - close + open) / 2),
    );
    const top = open - grow;
    const bottom = close + grow;
    if (body <= 2 * hair) {
      ctx.fillRect(x, high, hair, low - high);
      continue;
    }
    ctx.fillRect(x, high, hair, Math.max(0, top - high));
    ctx.fillRect(x, bottom, hair, Math.max(0, low - bottom));
    outline(ctx, x - bodyLeft, top, body, bottom - top, hair);
  }
}
