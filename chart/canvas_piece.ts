import { make } from "./legend.ts";

type Context = CanvasRenderingContext2D;

/**
 * A small canvas above the chart. Moving it paints nothing; it is painted only
 * when what it shows changes. Lengths are device pixels.
 */
export class CanvasPiece {
  readonly element: HTMLCanvasElement;
  readonly ctx: Context;
  #shown = "";
  #place = "";

  constructor(className: string) {
    this.element = make("canvas", `tc-piece ${className}`) as HTMLCanvasElement;
    this.element.hidden = true;
    this.element.width = this.element.height = 1;
    this.ctx = this.element.getContext("2d")!;
  }

  hide(): void {
    this.#setHidden(true);
  }

  /**
   * Shows a picture at a place.
   *
   * @param what Everything that the picture depends on, beside its size.
   */
  show(
    what: string,
    { left, top, width, height, dpr }: {
      readonly left: number;
      readonly top: number;
      readonly width: number;
      readonly height: number;
      readonly dpr: number;
    },
    paint: (ctx: Context) => void,
  ): void {
    const { element, ctx } = this;
    const shown = `${width} ${height} ${dpr} ${what}`;
    if (shown !== this.#shown) {
      this.#shown = shown;
      if (element.width !== width || element.height !== height) {
        element.width = width;
        element.height = height;
      }
      element.style.width = `${width / dpr}px`;
      element.style.height = `${height / dpr}px`;
      ctx.clearRect(0, 0, width, height);
      paint(ctx);
    }
    const place = `translate(${left / dpr}px, ${top / dpr}px)`;
    if (place !== this.#place) {
      this.#place = place;
      element.style.transform = place;
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
