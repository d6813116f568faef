import { CanvasPiece } from "./canvas_piece.ts";
import { clampToPane, type Frame, yOf } from "./frame.ts";
import { paintDashes } from "./paint_axes.ts";

/** Where the line at the last price is, and its colour; null when it is out of sight. */
function lineOf(
  frame: Frame,
): { readonly y: number; readonly colour: string } | null {
  const { lastPrice, theme } = frame;
  if (!lastPrice) return null;
  const y = yOf(frame, lastPrice.price);
  if (y !== clampToPane(frame, y)) return null;
  return { y, colour: lastPrice.rising ? theme.up : theme.down };
}

/** Paints the dashed line at the last price across the plot, at row `y`. */
function paintLine(
  ctx: CanvasRenderingContext2D,
  { plotRight, hair }: Frame,
  colour: string,
  y: number,
): void {
  ctx.fillStyle = colour;
  paintDashes(ctx, { along: "x", from: 0, to: plotRight, at: y }, {
    dash: 3 * hair,
    gap: 3 * hair,
    width: hair,
  });
}

/** The line at the last price: it moves with each tick, over candles that do not. */
export class PriceLine {
  readonly piece = new CanvasPiece("tc-price-line");

  follow(frame: Frame): void {
    const line = lineOf(frame);
    if (line === null) {
      this.piece.hide();
      return;
    }
    const { plotRight: width, hair: height, dpr } = frame;
    const box = { left: 0, top: line.y, width, height, dpr };
    this.piece.show(line.colour, box, (ctx) => {
      paintLine(ctx, frame, line.colour, 0);
    });
  }

  /** On a copy of the chart. */
  paintOn(ctx: CanvasRenderingContext2D, frame: Frame): void {
    const line = lineOf(frame);
    if (line) paintLine(ctx, frame, line.colour, line.y);
  }
}
