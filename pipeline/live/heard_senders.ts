import type { LiveMessage, LostLately } from "./live_message.ts";

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
   * @returns Up to which number messages before it are missing, or may be, and
   *   how long before it was written that number was taken; `null` if none is.
   */
  missingBefore(message: LiveMessage, fromFirst: boolean): LostLately | null {
    const { from, n, after, afterMs, lost } = message;
    const last = this.#last.get(from) ?? (fromFirst ? 0 : null);
    this.#last.delete(from); // those heard last stand last
    this.#last.set(from, Math.max(last ?? 0, n));
    if (this.#last.size > SENDERS_MAX) {
      this.#last.delete(this.#last.keys().next().value!);
    }
    // What it sent before it could be heard here is not missing.
    if (last === null) return lost;
    return last < after ? { n: after, ms: afterMs } : null;
  }
}
