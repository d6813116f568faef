import { make } from "./legend.ts";

/**
 * Something of the browser's own making above the chart: moved or not, it costs
 * a frame less than a canvas, which is handed on with every frame.
 */
export class Piece {
  readonly element: HTMLElement;
  #place = "";

  constructor(className: string) {
    this.element = make("div", `tc-piece ${className}`);
    this.element.hidden = true;
  }

  hide(): void {
    this.#setHidden(true);
  }

  /** Shows it there, in device pixels from the chart's top left. */
  protected showAt(left: number, top: number, dpr: number): void {
    const place = `translate(${left / dpr}px, ${top / dpr}px)`;
    if (place !== this.#place) {
      this.#place = place;
      this.element.style.transform = place;
    }
    this.#setHidden(false);
  }

  /** Setting an attribute to what it is has the browser look for styles again. */
  #setHidden(hidden: boolean): void {
    if (this.element.hidden !== hidden) this.element.hidden = hidden;
  }
}
