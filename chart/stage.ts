import { make } from "./legend.ts";
import type { Theme } from "./theme.ts";

/** The chart's elements, inside the host: what is in `static/chart.css`. */
export class Stage {
  readonly root = make("div", "tc-chart");
  /** What takes the focus, the pointer and the keys. */
  readonly plot = make("div", "tc-stage");
  readonly canvas = make("canvas", "tc-canvas") as HTMLCanvasElement;
  readonly priceAxis = make("div", "tc-price-axis");
  readonly timeAxis = make("div", "tc-time-axis");
  readonly goLive = make("button", "tc-live", "Go live");
  /** Gives a price axis that was dragged back to the candles. */
  readonly fit = make("button", "tc-fit", "Auto");
  readonly #spoken = make("div", "tc-spoken");
  readonly #host: HTMLElement;

  constructor(
    host: HTMLElement,
    options: {
      readonly symbol: string;
      readonly inside: readonly HTMLElement[];
    },
  ) {
    this.#host = host;
    for (const button of [this.goLive, this.fit]) {
      button.setAttribute("type", "button");
      button.hidden = true;
    }
    this.fit.setAttribute("aria-label", "Fit prices to the candles");
    this.#spoken.setAttribute("aria-live", "polite");
    this.plot.tabIndex = 0;
    this.plot.setAttribute("role", "application");
    this.plot.setAttribute("aria-roledescription", "candle chart");
    this.plot.setAttribute(
      "aria-label",
      `${options.symbol} candles. Arrow keys move, with Shift one candle at a ` +
        "time; plus and minus zoom, with Shift and up or down the prices; A " +
        "fits the prices; End goes live; Enter reads a summary.",
    );
    this.plot.append(this.canvas, ...options.inside);
    this.root.append(
      this.plot,
      this.priceAxis,
      this.timeAxis,
      this.goLive,
      this.fit,
      this.#spoken,
    );
    host.classList.add("tc-host");
    host.append(this.root);
  }

  /** @returns The font that the page has for the chart. */
  applyTheme(theme: Theme): string {
    const { style } = this.root;
    style.setProperty("--tc-background", theme.background);
    style.setProperty("--tc-text", theme.text);
    style.setProperty("--tc-strong", theme.textStrong);
    style.setProperty("--tc-up", theme.up);
    style.setProperty("--tc-down", theme.down);
    style.setProperty("--tc-forecast", theme.forecast);
    style.setProperty("--tc-pill", theme.pill);
    style.setProperty("--tc-pill-text", theme.pillText);
    style.setProperty("--tc-line", theme.sessionLine);
    style.setProperty("color-scheme", theme.dark ? "dark" : "light");
    return getComputedStyle(this.root).fontFamily || "sans-serif";
  }

  setAxisPx(px: number): void {
    this.root.style.setProperty("--tc-axis", `${px}px`);
  }

  resize(width: number, height: number, dpr: number): void {
    const { style } = this.canvas;
    style.width = `${width / dpr}px`;
    style.height = `${height / dpr}px`;
  }

  /** The server's picture may go. */
  ready(): void {
    this.#host.classList.add("tc-ready");
  }

  show(button: HTMLElement, shown: boolean): void {
    if (button.hidden !== shown) return;
    // The focus must not fall to the page with a button that goes away.
    if (!shown && document.activeElement === button) {
      this.plot.focus({ preventScroll: true });
    }
    button.hidden = !shown;
  }

  speak(text: string): void {
    // The same text twice would not be read again.
    this.#spoken.textContent = this.#spoken.textContent === text
      ? `${text}.`
      : text;
  }

  remove(): void {
    this.root.remove();
    this.#host.classList.remove("tc-host", "tc-ready");
  }
}
