import { make } from "./legend.ts";

type Context = CanvasRenderingContext2D;

/** Where a piece is, and how large. */
export interface PieceBox {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly dpr: number;
}

/**
 * A small canvas above the chart. Moving it paints nothing; it is painted only
 * when what it shows changes. Lengths are device pixels.
 */
export class CanvasPiece {
  readonly element: HTMLCanvasElement;
  readonly ctx: Context;
  #shown = "";
  #place = "";
  #size = "";

  constructor(className: string) {
    this.element = make("canvas", `tc-piece ${className}`) as HTMLCanvasElement;
    this.element.hidden = true;
    this.element.width = this.element.height = 1;
    this.ctx = this.element.getContext("2d")!;
  }

  hide(): void {
    this.#setHidden(true);
  }

  /** Shows a picture at a place, see `paint()`. */
  show(what: string, box: PieceBox, paint: (ctx: Context) => void): void {
    this.paint(what, box, paint);
    this.place(box);
  }

  /**
   * Paints a picture that is placed later: text on a canvas has the browser
   * look for the styles of the document, of each that changed since the last.
   *
   * @param what Everything that the picture depends on, beside its size.
   */
  paint(
    what: string,
    { width, height, dpr }: PieceBox,
    paint: (ctx: Context) => void,
  ): void {
    const { element, ctx } = this;
    const shown = `${width} ${height} ${dpr} ${what}`;
    if (shown === this.#shown) return;
    this.#shown = shown;
    if (element.width !== width || element.height !== height) {
      element.width = width;
      element.height = height;
    }
    ctx.clearRect(0, 0, width, height);
    paint(ctx);
  }

  place({ left, top, width, height, dpr }: PieceBox): void {
    const place = `translate(${left / dpr}px, ${top / dpr}px)`;
    const size = `${width} ${height} ${dpr}`;
    const { style } = this.element;
    if (size !== this.#size) {
      this.#size = size;
      style.width = `${width / dpr}px`;
      style.height = `${height / dpr}px`;
    }
    if (place !== this.#place) {
      this.#place = place;
      style.transform = place;
    }
    this.#setHidden(false);
  }

  /** What it showed was lost. */
  forget(): void {
    this.#shown = "";
  }

  /** Setting an attribute to what it is has the browser look for styles again. */
  #setHidden(hidden: boolean): void {
    if (this.element.hidden !== hidden) this.element.hidden = hidden;
  }
}
