import { nextTurn } from "../pipeline/next_turn.ts";

/**
 * Wakes clients in the order in which something came for them, some at a time:
 * an event for ten thousand of them does not keep everybody else waiting.
 */
export class Wakes {
  readonly #waiting = new Set<() => void>();
  #running = false;

  /**
   * @param atOnce How many before others have their turn.
   * @param rests Whether others then have the thread for as long as these had.
   */
  constructor(
    private readonly atOnce: number,
    private readonly rests = false,
  ) {}

  /** Wakes a client soon, once however often it is asked for meanwhile. */
  add(wake: () => void): void {
    this.#waiting.add(wake);
    if (!this.#running) this.#run();
  }

  /** Resolves when it is one's turn. */
  turn(): Promise<void> {
    return new Promise((resolve) => this.add(resolve));
  }

  /** The client needs no waking any more. */
  delete(wake: () => void): void {
    this.#waiting.delete(wake);
  }

  async #run(): Promise<void> {
    this.#running = true;
    await Promise.resolve(); // who tells many clients adds them all first
    while (this.#waiting.size > 0) {
      const began = performance.now();
      let woken = 0;
      for (const wake of this.#waiting) {
        this.#waiting.delete(wake);
        wake();
        if (++woken === this.atOnce) break;
      }
      await nextTurn();
      if (!this.rests || this.#waiting.size === 0) continue;
      const tookMs = performance.now() - began;
      await new Promise((resolve) => setTimeout(resolve, tookMs));
    }
    this.#running = false;
  }
}
