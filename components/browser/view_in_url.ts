import type { ChartView, ViewState } from "../../chart/types.ts";
import { changeUrl } from "./page_url.ts";

const WRITE_AFTER_MS = 400;

/** Keeps the view in the address, a moment after it has come to rest. */
export class ViewInUrl {
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** How many slots the chart shows by itself, once that is known. */
  #usual: number | null;

  constructor(given: ChartView | null) {
    this.#usual = given === null ? null : NaN;
  }

  show({ slots, toT, live }: ViewState): void {
    clearTimeout(this.#timer);
    // Told at once: a zoom may follow before the URL is written.
    this.#usual ??= slots;
    this.#timer = setTimeout(() => {
      const usual = live && slots === this.#usual;
      changeUrl({
        slots: usual ? null : String(Math.round(slots)),
        to: live || toT === null ? null : String(toT),
      }, "replace");
    }, WRITE_AFTER_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
