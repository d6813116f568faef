import { Piece } from "./piece.ts";

/** Where a piece is, and how large. */
export interface PieceBox {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly dpr: number;
}

/** A label in a box, of the browser's own text. Lengths are device pixels. */
export class TextPiece extends Piece {
  readonly #text = document.createTextNode("");
  #size = "";

  constructor(className: string) {
    super(`tc-pill ${className}`);
    this.element.append(this.#text);
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
    this.showAt(left, top, dpr);
  }
}
