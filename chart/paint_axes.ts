import { axisBoxes } from "./axis_pills.ts";
import { type Frame, pricePillBox, xOf, yOf } from "./frame.ts";

type Context = CanvasRenderingContext2D;

/** More than half the width of any time's label, in CSS pixels. */
const LABEL_HALF_PX = 60;

/** Gridlines at round prices and times, lines between days, and the line between the panes. */
export function paintGrid(ctx: Context, frame: Frame): void {
  const { theme, hair, keptPx, plotRight, plotBottom } = frame;
  ctx.fillStyle = theme.grid;
  for (const { price } of frame.priceTicks) {
    ctx.fillRect(0, yOf(frame, price), plotRight, hair);
  }
  const top = linesTop(frame);
  for (const { slot } of frame.timeTicks) {
    const x = xOf(frame, slot);
    if (x >= 0 && x < plotRight) ctx.fillRect(x, top, hair, plotBottom - top);
  }
  ctx.fillStyle = theme.sessionLine;
  for (const slot of frame.days) {
    const x = Math.round(xOf(frame, slot) - frame.slotWidth / 2);
    if (x <= 0 || x + hair <= keptPx || x >= plotRight) continue;
    paintDashes(ctx, { along: "y", from: top, to: plotBottom, at: x }, {
      dash: 4 * hair,
      gap: 4 * hair,
      width: hair,
    });
  }
  ctx.fillStyle = theme.paneLine;
  if (frame.volumeTop < plotBottom) {
    const y = Math.round((frame.priceBottom + frame.volumeTop) / 2);
    ctx.fillRect(0, y, plotRight, hair);
  }
  ctx.fillRect(0, plotBottom, frame.width, hair);
  ctx.fillRect(plotRight, top, hair, plotBottom - top);
}

/** Below the legend, so that no line runs through its text. */
export function linesTop(frame: Frame): number {
  return Math.max(0, frame.priceTop - Math.round(6 * frame.dpr));
}

/** Labels of prices, on the right; none under a pill. */
export function paintPriceLabels(ctx: Context, frame: Frame): void {
  const { theme, dpr, plotRight } = frame;
  const boxes = axisBoxes(frame);
  const half = frame.fontPx * dpr * 0.7;
  const covered = (y: number) =>
    boxes.some(({ top, bottom }) => y + half > top && y - half < bottom);
  setText(ctx, frame, theme.text, "left");
  const x = plotRight + 8 * dpr;
  for (const { price, label } of frame.priceTicks) {
    const y = yOf(frame, price);
    if (y - half < 0 || y + half > frame.plotBottom) continue;
    if (covered(y)) continue;
    ctx.fillText(label, x, y);
  }
  if (frame.volumeLabel && frame.volumeTop < frame.plotBottom) {
    const y = frame.volumeTop + half;
    if (!covered(y)) ctx.fillText(frame.volumeLabel, x, y);
  }
}

/** Labels of times, below; a turn of day, month or year stands out. */
export function paintTimeLabels(ctx: Context, frame: Frame): void {
  const { theme, dpr, keptPx, plotRight, plotBottom } = frame;
  const y = Math.round((plotBottom + frame.height) / 2);
  const end = plotRight + 30 * dpr;
  const widest = LABEL_HALF_PX * dpr;
  for (const { slot, label, strong } of frame.timeTicks) {
    const x = xOf(frame, slot);
    if (x + widest < keptPx) continue;
    setText(ctx, frame, strong ? theme.textStrong : theme.text, "center");
    const roomy = x >= widest && x + widest <= end;
    const half = roomy ? 0 : ctx.measureText(label).width / 2;
    if (x + half > end || x < half) continue;
    ctx.fillText(label, x, y);
  }
}

/** Dashes along a row or a column, in the colour that is set; none before `kept`. */
export function paintDashes(
  ctx: Context,
  { along, from, to, at }: {
    readonly along: "x" | "y";
    readonly from: number;
    readonly to: number;
    /** The row or column. */
    readonly at: number;
  },
  { dash, gap, width, kept = 0 }: {
    readonly dash: number;
    readonly gap: number;
    readonly width: number;
    readonly kept?: number;
  },
): void {
  const step = dash + gap;
  const skipped = Math.max(0, Math.floor((kept - from) / step)) * step;
  for (let k = from + skipped; k < to; k += step) {
    const length = Math.min(dash, to - k);
    if (along === "x") ctx.fillRect(k, at, length, width);
    else ctx.fillRect(at, k, width, length);
  }
}

/** The last price's pill, with the time to the close. */
export function paintLastPricePill(ctx: Context, frame: Frame): void {
  const { lastPrice, theme, dpr, plotRight } = frame;
  const box = pricePillBox(frame);
  if (!lastPrice || !box) return;
  const colour = lastPrice.rising ? theme.up : theme.down;
  pill(ctx, frame, plotRight, box.top, frame.width, box.bottom);
  ctx.fillStyle = colour;
  ctx.fill();
  const x = plotRight + 8 * dpr;
  const middle = (box.top + box.bottom) / 2;
  const line = frame.fontPx * dpr * 1.2;
  setText(ctx, frame, theme.pricePillText, "left", "bold");
  if (!lastPrice.countdown) {
    ctx.fillText(lastPrice.label, x, middle);
    return;
  }
  ctx.fillText(lastPrice.label, x, Math.round(middle - line / 2));
  setText(ctx, frame, theme.pricePillText, "left");
  ctx.fillText(lastPrice.countdown, x, Math.round(middle + line / 2));
}

/** Levels: a dotted line, and a label in a frame of its colour. */
export function paintLevels(ctx: Context, frame: Frame): void {
  const { theme, dpr, hair, keptPx, plotRight } = frame;
  const dot = 2 * hair;
  for (const { y, top, bottom, label } of frame.levels) {
    ctx.fillStyle = theme.level;
    paintDashes(ctx, { along: "x", from: 0, to: plotRight, at: y }, {
      dash: dot,
      gap: 2 * dot,
      width: hair,
      kept: keptPx,
    });
    pill(ctx, frame, plotRight, top, frame.width, bottom);
    ctx.fillStyle = theme.background;
    ctx.fill();
    ctx.strokeStyle = theme.level;
    ctx.lineWidth = hair;
    ctx.stroke();
    setText(ctx, frame, theme.level, "left");
    ctx.fillText(label, plotRight + 8 * dpr, (top + bottom) / 2);
  }
}

/** Sets font, colour and alignment for text around a middle line. */
export function setText(
  ctx: Context,
  frame: Frame,
  colour: string,
  align: CanvasTextAlign,
  weight: "normal" | "bold" = "normal",
): void {
  const font = fontOf(frame, weight);
  // Setting a font makes the browser parse it.
  if (ctx.font !== font) ctx.font = font;
  ctx.fillStyle = colour;
  ctx.textAlign = align;
  ctx.textBaseline = "middle";
}

export function fontOf(frame: Frame, weight: "normal" | "bold"): string {
  const face = weight === "bold" ? "600 " : "";
  return `${face}${frame.fontPx * frame.dpr}px ${frame.fontFamily}`;
}

/** A path with rounded right corners, flush with the axis on the left. */
export function pill(
  ctx: Context,
  frame: Frame,
  left: number,
  top: number,
  right: number,
  bottom: number,
): void {
  const radius = 3 * frame.dpr;
  ctx.beginPath();
  ctx.roundRect(left, top, right - left - frame.dpr, bottom - top, radius);
}
