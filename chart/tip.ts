import { type Frame, type PlacedMark, yOf } from "./frame.ts";
import { make } from "./legend.ts";
import { markAt, markTip } from "./paint_marks.ts";

/** How near the pointer must come to a level's line, in CSS pixels. */
const LEVEL_REACH_PX = 4;

/** The text beside a signal or a level that the pointer is at. */
export class Tip {
  readonly element = make("div", "tc-tip");
  readonly #labelOf: (price: number) => string;

  constructor(labelOf: (price: number) => string) {
    this.#labelOf = labelOf;
    this.element.hidden = true;
  }

  hide(): void {
    if (!this.element.hidden) this.element.hidden = true;
  }

  /** Shows what is at a point in device pixels, if there is something. */
  showAt(frame: Frame, x: number, y: number, marginPx: number): void {
    const placed = markAt(frame, x, y, marginPx);
    if (placed) {
      this.#showMark(frame, placed);
      return;
    }
    const reach = (LEVEL_REACH_PX + marginPx / 2) * frame.dpr;
    const level = frame.levels.find((one) => Math.abs(one.y - y) <= reach);
    if (level?.title) {
      const text = `${level.title} ${level.label}`;
      this.#show(frame, text, "LEVEL", x, level.y);
    } else this.hide();
  }

  /** Shows the signal on a candle, the one next to it, if there is one. */
  showOn(frame: Frame, slot: number): void {
    const placed = frame.marks.find((one) => one.slot === slot);
    if (placed) this.#showMark(frame, placed);
    else this.hide();
  }

  #showMark(frame: Frame, placed: PlacedMark): void {
    const { mark } = placed;
    const text = `${mark.side} ${this.#labelOf(mark.price)}\n${mark.title}`;
    const { x, y } = markTip(frame, placed);
    this.#show(frame, text, mark.side, x, y);
  }

  #show(
    frame: Frame,
    text: string,
    kind: "BUY" | "SELL" | "LEVEL",
    x: number,
    y: number,
  ): void {
    const { element } = this;
    if (element.textContent !== text) element.textContent = text;
    element.classList.toggle("tc-buy", kind === "BUY");
    element.classList.toggle("tc-level", kind === "LEVEL");
    element.hidden = false;
    const { dpr } = frame;
    const width = element.offsetWidth;
    const left = Math.min(
      Math.max(6, x / dpr - width / 2),
      Math.max(6, frame.plotRight / dpr - width - 6),
    );
    const below = kind === "BUY" ||
      y < yOf(frame, frame.priceMax) + 60 * dpr;
    const top = below ? y / dpr + 16 : y / dpr - 16 - element.offsetHeight;
    element.style.transform = `translate(${Math.round(left)}px, ${
      Math.round(Math.max(4, top))
    }px)`;
  }
}
