import { type Frame, xOf, yOf } from "./frame.ts";

type Context = CanvasRenderingContext2D;

/** Dashes that tell lines apart where colours do not, in CSS pixels. */
const DASHES = [[], [6, 3], [2, 2]] as const;

/** Indicators, and other instruments to compare with. */
export function paintLines(ctx: Context, frame: Frame): void {
  frame.lines.forEach(({ line, from, values }, index) => {
    ctx.strokeStyle = line.kind === "compare"
      ? frame.theme.textStrong
      : frame.theme.level;
    ctx.lineWidth = 1.5 * frame.dpr;
    ctx.lineJoin = "round";
    ctx.setLineDash(
      DASHES[index % DASHES.length].map((part) => part * frame.dpr),
    );
    ctx.beginPath();
    let drawing = false;
    let column = NaN;
    for (let k = 0; k < values.length; k++) {
      const value = values[k];
      if (Number.isNaN(value)) {
        drawing = false;
        continue;
      }
      const x = xOf(frame, from + k);
      // Of many candles a pixel the first is enough for a line.
      if (drawing && x === column) continue;
      column = x;
      if (drawing) ctx.lineTo(x, yOf(frame, value));
      else ctx.moveTo(x, yOf(frame, value));
      drawing = true;
    }
    ctx.stroke();
  });
  ctx.setLineDash([]);
}
