/** How far back the longest gap is looked for, at least. */
const WINDOW_MS = 60_000;

/** Watches how long the partitions of this process wait for their commits. */
export class CommitTimes {
  commits = 0;
  ticks = 0;
  readonly #last = new Map<number, number>();
  #newest: number | null = null;
  #longest = 0;
  #longestBefore = 0;
  #turned: number;

  constructor(private readonly now: () => number) {
    this.#turned = now();
  }

  /** A partition is ours from here on: its time counts from now. */
  claimed(p: number): void {
    this.#last.set(p, this.now());
  }

  /** A partition was taken away: nobody waits for its commits here. */
  lost(p: number): void {
    this.#last.delete(p);
  }

  committed(p: number, ticks: number): void {
    const now = this.now();
    this.commits += 1;
    this.ticks += ticks;
    this.#newest = now;
    const last = this.#last.get(p);
    if (last !== undefined) this.#longest = Math.max(this.#longest, now - last);
    this.#last.set(p, now);
  }

  /** Milliseconds since the newest commit; `null` before the first. */
  get sinceNewestMs(): number | null {
    return this.#newest === null ? null : this.now() - this.#newest;
  }

  /**
   * The longest time without a commit of a partition, of the last one to two
   * minutes; one that still goes on counts too. `null` if it has none.
   */
  get longestMs(): number | null {
    if (this.#last.size === 0) return null;
    const now = this.now();
    let longest = Math.max(this.#longest, this.#longestBefore);
    for (const last of this.#last.values()) {
      longest = Math.max(longest, now - last);
    }
    return longest;
  }

  /** To be called now and then: forgets gaps that are minutes old. */
  turn(): void {
    const now = this.now();
    if (now - this.#turned < WINDOW_MS) return;
    this.#turned = now;
    this.#longestBefore = this.#longest;
    this.#longest = 0;
  }
}
