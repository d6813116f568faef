import { make } from "./legend.ts";

/**
 * A dashed hairline above the chart, of the browser's own making: moved or not,
 * it costs a frame less than a canvas, which is handed on with every frame. Lengths are device pixels.
 */
export class HairPiece {
  readonly element: HTMLElement;
  #shown = "";
  #place = "";

  /** @param dashHairs Length of a dash, and of a gap, in thin lines. */
  constructor(
    private readonly along: "x" | "y",
    private readonly dashHairs: number,
    className = "",
  ) {
    this.element = make("div", `tc-piece ${className}`);
    this.element.hidden = true;
  }

  hide(): void {
    this.#setHidden(true);
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
    const place = `translate(${left / dpr}px, ${top / dpr}px)`;
    if (place !== this.#place) {
      this.#place = place;
      style.transform = place;
    }
    this.#setHidden(false);
  }

  #setHidden(hidden: boolean): void {
    if (this.element.hidden !== hidden) this.element.hidden = hidden;
  }
}
