/** Of the whole budget, at least: 16 KiB of a mebibyte. */
const SHARE_MIN = 1 / 64;
/** Of the longest turn: one that was quicker leaves room for more. */
const QUICK = 1 / 2;
const AFTER_FAILURE = 1 / 4;

/**
 * How much of a budget one turn may use: less after one that failed or was
 * slow, more again after quick ones.
 *
 * Without it a backlog that is too large to be moved before a store gives up
 * would be tried again for ever, on a slow network or a busy server.
 */
export class BatchBudget {
  #share: number;

  /**
   * @param turnMsMax A turn that takes longer is too long.
   * @param first Share of the whole to begin with.
   */
  constructor(private readonly turnMsMax: number, first = 1) {
    this.#share = first;
  }

  /** A part of `whole`, at least 1. */
  of(whole: number): number {
    return Math.max(1, Math.floor(whole * this.#share));
  }

  /** A turn that used the budget was done in this time. */
  took(ms: number): void {
    if (ms > this.turnMsMax) this.#share /= 2;
    if (ms < QUICK * this.turnMsMax) this.#share *= 2;
    this.#share = Math.min(1, Math.max(SHARE_MIN, this.#share));
  }

  failed(): void {
    this.#share = Math.max(SHARE_MIN, this.#share * AFTER_FAILURE);
  }
}
