/** Of the whole budget, at least: 16 KiB of a mebibyte. */
const SHARE_MIN = 1 / 64;
/** A turn that takes longer is too long: stores give up after seconds. */
const SLOW_MS = 2_000;
const QUICK_MS = 1_000;
const AFTER_FAILURE = 1 / 4;

/**
 * How much of a budget one turn may use: less after one that failed or was
 * slow, more again after quick ones.
 *
 * Without it a backlog that is too large to be moved before a store gives up
 * would be tried again for ever, on a slow network or a busy server.
 */
export class BatchBudget {
  #share = 1;

  /** A part of `whole`, at least 1. */
  of(whole: number): number {
    return Math.max(1, Math.floor(whole * this.#share));
  }

  /** A turn that used the budget was done in this time. */
  took(ms: number): void {
    if (ms > SLOW_MS) this.#share /= 2;
    if (ms < QUICK_MS) this.#share *= 2;
    this.#share = Math.min(1, Math.max(SHARE_MIN, this.#share));
  }

  failed(): void {
    this.#share = Math.max(SHARE_MIN, this.#share * AFTER_FAILURE);
  }
}
