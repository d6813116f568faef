/**
 * Wakes those who wait for an append to a stream.
 *
 * `version` taken before a look, and `wait` for a newer one after it: what was
 * appended in between is not slept through.
 */
export class AppendSignal {
  readonly #versions = new Map<number, number>();
  readonly #waiting = new Map<number, Set<() => void>>();

  version(p: number): number {
    return this.#versions.get(p) ?? 0;
  }

  /** Says that `p` has something new. */
  notify(p: number): void {
    this.#versions.set(p, this.version(p) + 1);
    const waiting = this.#waiting.get(p);
    if (!waiting) return;
    this.#waiting.delete(p);
    for (const wake of waiting) wake();
  }

  /** Wakes everybody, as there will be nothing more to wait for. */
  notifyAll(): void {
    for (const p of [...this.#waiting.keys()]) this.notify(p);
  }

  /** Resolves when `p` is newer than `seen`, after `ms`, or on abort. */
  wait(
    p: number,
    seen: number,
    ms: number,
    signal?: AbortSignal,
  ): Promise<void> {
    if (this.version(p) !== seen || ms <= 0 || signal?.aborted) {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(p) ?? new Set();
      this.#waiting.set(p, waiting);
      const wake = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", wake);
        waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      signal?.addEventListener("abort", wake);
      waiting.add(wake);
    });
  }
}
