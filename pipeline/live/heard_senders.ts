import type { LiveMessage } from "./live_message.ts";

/** Forgets processes that ended; far above how many there are. */
export const SENDERS_MAX = 1_024;

/**
 * Follows the numbers of other processes' messages to one partition, to see
 * what is missing.
 */
export class HeardSenders {
  readonly #last = new Map<string, number>();

  /**
   * Takes note of a message.
   *
   * @param fromFirst Whether all that a process not heard before ever sent
   *   should have been heard.
   * @returns Whether messages before it are missing.
   */
  isAfterHole({ from, n, after }: LiveMessage, fromFirst: boolean): boolean {
    const last = this.#last.get(from) ?? (fromFirst ? 0 : after);
    this.#last.delete(from); // those heard last stand last
    this.#last.set(from, Math.max(last, n));
    if (this.#last.size > SENDERS_MAX) {
      this.#last.delete(this.#last.keys().next().value!);
    }
    return last < after;
  }
}
