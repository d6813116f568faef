import { clampToPane, type Frame, yOf } from "./frame.ts";
import { HairPiece } from "./hair_piece.ts";
import { paintDashes } from "./paint_axes.ts";

const DASH_HAIRS = 3;

/** Where the line at the last price is, and its colour; null when it is out of sight. */
function lineOf(
  frame: Frame,
): { readonly y: number; readonly color: string } | null {
  const { lastPrice, theme } = frame;
  if (!lastPrice) return null;
  const y = yOf(frame, lastPrice.price);
  if (y !== clampToPane(frame, y)) return null;
  return { y, color: lastPrice.rising ? theme.up : theme.down };
}

/** The dashed line at the last price: it moves with each tick, over candles that do not. */
export class PriceLine {
  readonly piece = new HairPiece("x", DASH_HAIRS, "tc-price-line");

  follow(frame: Frame): void {
    const line = lineOf(frame);
    if (line === null) {
      this.piece.hide();
      return;
    }
    const { plotRight: length, hair, dpr } = frame;
    const { y: top, color } = line;
    this.piece.show({ color, left: 0, top, length, hair, dpr });
  }

  /** On a copy of the chart. */
  paintOn(ctx: CanvasRenderingContext2D, frame: Frame): void {
    const line = lineOf(frame);
    if (line === null) return;
    const dash = DASH_HAIRS * frame.hair;
    ctx.fillStyle = line.color;
    paintDashes(
      ctx,
      { along: "x", from: 0, to: frame.plotRight, at: line.y },
      { dash, gap: dash, width: frame.hair },
    );
  }
}
