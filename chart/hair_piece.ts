import { Piece } from "./piece.ts";

/** A dashed hairline. Lengths are device pixels. */
export class HairPiece extends Piece {
  #shown = "";

  /** @param dashHairs Length of a dash, and of a gap, in thin lines. */
  constructor(
    private readonly along: "x" | "y",
    private readonly dashHairs: number,
    className = "",
  ) {
    super(className);
  }

  show({ color, left, top, length, hair, dpr }: {
    readonly color: string;
    readonly left: number;
    readonly top: number;
    readonly length: number;
    readonly hair: number;
    readonly dpr: number;
  }): void {
    const { style } = this.element;
    const shown = `${color} ${length} ${hair} ${dpr}`;
    if (shown !== this.#shown) {
      this.#shown = shown;
      const isAcross = this.along === "x";
      const dash = this.dashHairs * hair / dpr;
      style.width = `${(isAcross ? length : hair) / dpr}px`;
      style.height = `${(isAcross ? hair : length) / dpr}px`;
      style.background = `repeating-linear-gradient(${
        isAcross ? "to right" : "to bottom"
      }, ${color} 0 ${dash}px, transparent 0 ${2 * dash}px)`;
    }
    this.showAt(left, top, dpr);
  }
}
