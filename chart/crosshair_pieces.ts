import { axisBoxes, freeTop } from "./axis_pills.ts";
import { type Frame, xOf } from "./frame.ts";
import { HairPiece } from "./hair_piece.ts";
import { fontOf, linesTop } from "./paint_axes.ts";
import { type PieceBox, TextPiece } from "./text_piece.ts";

/** Where the crosshair is; `y` in device pixels, or null when the keyboard placed it. */
export interface Crosshair {
  readonly slot: number;
  readonly y: number | null;
}

/** The crosshair and its two pills: pieces that are moved over the chart. */
export class CrosshairPieces {
  readonly #down = new HairPiece("y", 4);
  readonly #across = new HairPiece("x", 4);
  readonly #time = new TextPiece("tc-cross-time");
  readonly #value = new TextPiece("tc-cross-value");
  readonly #all = [this.#down, this.#across, this.#time, this.#value];
  /** Nothing is ever painted on it. */
  readonly #measure = document.createElement("canvas").getContext("2d")!;

  #widest = { font: "", letters: 0, half: 0 };

  get elements(): readonly HTMLElement[] {
    return this.#all.map(({ element }) => element);
  }

  /** Half the width of the time's label; it keeps that of the widest, as one measures it seldom. */
  #timeHalf(frame: Frame, label: string): number {
    const font = fontOf(frame, "normal");
    const widest = this.#widest;
    if (widest.font !== font || widest.letters < label.length) {
      this.#measure.font = font;
      // Letters that are wider than those of this one may come.
      const width = this.#measure.measureText(label).width * 1.08;
      const half = Math.ceil(width / 2 + 7 * frame.dpr);
      this.#widest = { font, letters: label.length, half };
    }
    return this.#widest.half;
  }

  hide(): void {
    for (const piece of this.#all) piece.hide();
  }

  show(
    frame: Frame,
    at: Crosshair,
    { time, value }: { readonly time: string; readonly value: string },
  ): void {
    const x = xOf(frame, at.slot);
    const inside = x >= 0 && x < frame.plotRight;
    const y = at.y !== null && at.y <= frame.plotBottom ? at.y : null;
    const { fontPx } = frame;
    if (inside && time) {
      this.#time.show(time, fontPx, this.#timeBox(frame, x, time));
    } else this.#time.hide();
    if (y !== null && value) {
      this.#value.show(value, fontPx, valueBox(frame, y));
    } else this.#value.hide();
    if (inside) this.#showDown(frame, x);
    else this.#down.hide();
    if (y !== null) this.#showAcross(frame, y);
    else this.#across.hide();
  }

  #showDown(frame: Frame, left: number): void {
    const { theme, hair, dpr, plotBottom } = frame;
    const top = linesTop(frame);
    const length = plotBottom - top;
    const color = theme.crosshair;
    this.#down.show({ color, left, top, length, hair, dpr });
  }

  #showAcross(frame: Frame, top: number): void {
    const { theme, hair, dpr, plotRight } = frame;
    const color = theme.crosshair;
    this.#across.show({ color, left: 0, top, length: plotRight, hair, dpr });
  }

  #timeBox(frame: Frame, x: number, label: string): PieceBox {
    const { dpr, plotBottom } = frame;
    const half = this.#timeHalf(frame, label);
    const middle = Math.min(Math.max(x, half), frame.plotRight - half);
    const top = plotBottom + frame.hair;
    const height = Math.round(frame.height - 3 * dpr) - top;
    return { left: middle - half, top, width: 2 * half, height, dpr };
  }
}

function valueBox(frame: Frame, y: number): PieceBox {
  const { dpr, plotRight } = frame;
  const width = frame.width - plotRight - dpr;
  const height = Math.round(frame.fontPx * dpr * 1.7);
  const top = valuePillTop(frame, y, height);
  return { left: plotRight, top, width, height, dpr };
}

/** Beside the pointer, but over no other pill: it makes way, up or down. */
export function valuePillTop(frame: Frame, y: number, height: number): number {
  return freeTop(frame, axisBoxes(frame), y, height) ??
    Math.max(0, Math.round(y - height / 2));
}
