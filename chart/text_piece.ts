import { make } from "./legend.ts";

/** Where a piece is, and how large. */
export interface PieceBox {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly dpr: number;
}

/**
 * A label in a box above the chart, of the browser's own text: what a canvas
 * shows costs a frame more. Lengths are device pixels.
 */
export class TextPiece {
  readonly element: HTMLElement;
  readonly #text = document.createTextNode("");
  #place = "";
  #size = "";

  constructor(className: string) {
    this.element = make("div", `tc-piece tc-pill ${className}`);
    this.element.append(this.#text);
    this.element.hidden = true;
  }

  hide(): void {
    this.#setHidden(true);
  }

  /** @param fontPx In CSS pixels. */
  show(
    label: string,
    fontPx: number,
    { left, top, width, height, dpr }: PieceBox,
  ): void {
    if (label !== this.#text.data) this.#text.data = label;
    const { style } = this.element;
    const size = `${width} ${height} ${dpr} ${fontPx}`;
    if (size !== this.#size) {
      this.#size = size;
      style.width = `${width / dpr}px`;
      style.height = style.lineHeight = `${height / dpr}px`;
      style.fontSize = `${fontPx}px`;
    }
    const place = `translate(${left / dpr}px, ${top / dpr}px)`;
    if (place !== this.#place) {
      this.#place = place;
      style.transform = place;
    }
    this.#setHidden(false);
  }

  /** Setting an attribute to what it is has the browser look for styles again. */
  #setHidden(hidden: boolean): void {
    if (this.element.hidden !== hidden) this.element.hidden = hidden;
  }
}
