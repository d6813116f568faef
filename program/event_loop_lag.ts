const EVERY_MS = 20;
/** How far back the worst one is looked for. */
const WINDOW_MS = 60_000;

/**
 * Watches how late this thread's timers fire: what a request or a forecast
 * waits for while something else keeps the thread.
 */
export class EventLoopLag {
  #last = performance.now();
  #worst = 0;
  #worstBefore = 0;
  #turned = this.#last;
  readonly #timer = setInterval(() => this.#look(), EVERY_MS);

  /** The longest lag of the last one to two minutes, in milliseconds. */
  get worstMs(): number {
    return Math.round(Math.max(this.#worst, this.#worstBefore));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = performance.now();
    this.#worst = Math.max(this.#worst, now - this.#last - EVERY_MS);
    this.#last = now;
    if (now - this.#turned < WINDOW_MS) return;
    this.#turned = now;
    this.#worstBefore = this.#worst;
    this.#worst = 0;
  }
}
