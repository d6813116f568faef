import { bodyWidth, type Frame, isDense, xOf, yOf } from "./frame.ts";

type Context = CanvasRenderingContext2D;
type Column = Float64Array;

/** The 95 % and the 80 % band: faint where the candle has come, plainer and with the 50 % where it has not. */
export function paintBand(ctx: Context, frame: Frame): void {
  const { store, theme } = frame;
  if (isDense(frame)) {
    paintBandColumns(ctx, frame, store.lo95, store.hi95, theme.band95);
    return;
  }
  paintPastBand(ctx, frame, store.lo95, store.hi95, theme.band95);
  paintPastBand(ctx, frame, store.lo80, store.hi80, theme.band80);
  paintCone(ctx, frame, "lo95", "hi95", theme.bandFuture95);
  paintCone(ctx, frame, "lo80", "hi80", theme.bandFuture80);
  paintCone(ctx, frame, "lo50", "hi50", theme.bandFuture50);
}

/** One polygon for every run of candles that had a forecast. */
function paintPastBand(
  ctx: Context,
  frame: Frame,
  low: Column,
  high: Column,
  colour: string,
): void {
  const half = Math.round(frame.slotWidth / 2);
  const from = Math.max(0, frame.paintFirst - 1);
  const to = Math.min(frame.store.length - 1, frame.last + 1);
  ctx.fillStyle = colour;
  ctx.beginPath();
  let i = from;
  while (i <= to) {
    if (!(high[i] >= low[i])) {
      i++;
      continue;
    }
    const start = i;
    ctx.moveTo(xOf(frame, start) - half, yOf(frame, high[start]));
    for (; i <= to && high[i] >= low[i]; i++) {
      ctx.lineTo(xOf(frame, i), yOf(frame, high[i]));
    }
    const end = i - 1;
    // Where the cone goes on, an overlap would show as a darker strip.
    const joined = end === frame.store.length - 1 && frame.future.length > 0;
    const right = xOf(frame, end) + (joined ? 0 : half);
    ctx.lineTo(right, yOf(frame, high[end]));
    ctx.lineTo(right, yOf(frame, low[end]));
    for (let k = end; k >= start; k--) {
      ctx.lineTo(xOf(frame, k), yOf(frame, low[k]));
    }
    ctx.lineTo(xOf(frame, start) - half, yOf(frame, low[start]));
    ctx.closePath();
  }
  ctx.fill();
}

/** The band to come, opening from the forming candle's band or from the last close. */
function paintCone(
  ctx: Context,
  frame: Frame,
  low: "lo95" | "lo80" | "lo50",
  high: "hi95" | "hi80" | "hi50",
  colour: string,
): void {
  const { store, future, forming } = frame;
  const last = store.length - 1;
  if (last < 0) return;
  const half = Math.round(frame.slotWidth / 2);
  const slots: number[] = [];
  const lows: number[] = [];
  const highs: number[] = [];
  if (forming) {
    slots.push(xOf(frame, last) - half, xOf(frame, last));
    lows.push(forming[low], forming[low]);
    highs.push(forming[high], forming[high]);
  } else if (future.length > 0) {
    const { low: from, high: to } = pastBand(store, low, last);
    slots.push(xOf(frame, last));
    lows.push(from);
    highs.push(to);
  }
  for (let k = 0; k < future.length; k++) {
    slots.push(xOf(frame, last + 1 + k));
    lows.push(future[k][low]);
    highs.push(future[k][high]);
  }
  const points = slots.length;
  if (points === 0) return;
  slots.push(slots[points - 1] + half);
  lows.push(lows[points - 1]);
  highs.push(highs[points - 1]);
  ctx.fillStyle = colour;
  ctx.beginPath();
  for (let k = 0; k <= points; k++) ctx.lineTo(slots[k], yOf(frame, highs[k]));
  for (let k = points; k >= 0; k--) ctx.lineTo(slots[k], yOf(frame, lows[k]));
  ctx.closePath();
  ctx.fill();
}

/** The band of a candle that has come; its close where there was none. */
function pastBand(
  { c, lo95, hi95, lo80, hi80 }: Frame["store"],
  which: "lo95" | "lo80" | "lo50",
  slot: number,
): { readonly low: number; readonly high: number } {
  const bands = { lo95: [lo95, hi95], lo80: [lo80, hi80], lo50: null };
  const [low, high] = (bands[which] ?? [c, c]).map((column) => column[slot]);
  return high >= low ? { low, high } : { low: c[slot], high: c[slot] };
}

/** Many candles a pixel: the widest band of each column. */
function paintBandColumns(
  ctx: Context,
  frame: Frame,
  low: Column,
  high: Column,
  colour: string,
): void {
  const { hair, origin, slotWidth } = frame;
  const from = Math.max(0, frame.paintFirst);
  const to = Math.min(frame.store.length - 1, frame.last);
  ctx.fillStyle = colour;
  let i = from;
  while (i <= to) {
    const column = Math.floor((origin + i * slotWidth) / hair);
    let top = -Infinity;
    let bottom = Infinity;
    for (
      ;
      i <= to && Math.floor((origin + i * slotWidth) / hair) === column;
      i++
    ) {
      if (high[i] > top) top = high[i];
      if (low[i] < bottom) bottom = low[i];
    }
    if (top < bottom) continue;
    const y = yOf(frame, top);
    ctx.fillRect(column * hair, y, hair, yOf(frame, bottom) - y);
  }
}

/** Small ticks at the predicted closes: whole candles over candles are unreadable. */
export function paintForecastTicks(ctx: Context, frame: Frame): void {
  const { store, hair, dpr, theme, forming } = frame;
  const body = bodyWidth(frame);
  if (frame.slotWidth < 4 * dpr) return;
  const width = Math.min(body + 2 * hair, Math.floor(frame.slotWidth));
  const left = Math.floor(hair / 2) + (width - hair) / 2;
  const height = frame.slotWidth >= 7 * dpr ? 2 * hair : hair;
  const from = Math.max(0, frame.paintFirst);
  const to = Math.min(store.length - 1, frame.last);
  ctx.fillStyle = theme.forecastTick;
  for (let i = from; i <= to; i++) {
    if (Number.isNaN(store.fc[i])) continue;
    const y = yOf(frame, store.fc[i]) - Math.floor(height / 2);
    ctx.fillRect(xOf(frame, i) - left, y, width, height);
  }
  if (forming && store.length > 0) {
    const y = yOf(frame, forming.c) - Math.floor(height / 2);
    ctx.fillRect(xOf(frame, store.length - 1) - left, y, width, height);
  }
}
