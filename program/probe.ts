import { inTime } from "../web/in_time.ts";

/** How long one answer may take, and for how long it is good. */
const ANSWER_MS_MAX = 1_000;
const FRESH_MS = 1_000;
/** A check that hangs for longer is given up, and another one begun. */
const HANG_MS_MAX = 15_000;

/**
 * A check that answers in bounded time and is not done more than once a
 * second, however often and by however many it is asked.
 */
export class Probe<T> {
  #running: { readonly since: number; readonly done: Promise<T> } | null = null;
  #answer: { readonly at: number; readonly result: Promise<T> } | null = null;

  constructor(private readonly check: () => Promise<T>) {}

  /**
   * Rejects as the check does, or if it takes more than a second.
   *
   * @param ageMsMax An answer this old will do.
   */
  ask(ageMsMax = FRESH_MS): Promise<T> {
    const now = performance.now();
    if (this.#answer !== null && now - this.#answer.at < ageMsMax) {
      return this.#answer.result;
    }
    if (this.#running === null || now - this.#running.since > HANG_MS_MAX) {
      const running = { since: now, done: this.check() };
      this.#running = running;
      const ended = () => {
        if (this.#running === running) this.#running = null;
      };
      running.done.then(ended, ended);
    }
    const result = inTime(this.#running.done, ANSWER_MS_MAX);
    result.catch(() => {}); // whoever asks hears of it
    this.#answer = { at: now, result };
    return result;
  }
}
