/** A stretch of time, both ends included. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/** Gathers stretches of time for a while, then tells of all of them as one. */
export class GatheredRange {
  #range: Range | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly tell: (range: Range) => void) {}

  add({ from, to }: Range, afterMs: number): void {
    const known = this.#range;
    this.#range = {
      from: Math.min(known?.from ?? from, from),
      to: Math.max(known?.to ?? to, to),
    };
    this.#timer ??= setTimeout(() => {
      const range = this.#range!;
      this.clear();
      this.tell(range);
    }, afterMs);
  }

  /** Forgets what was gathered. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#range = null;
  }
}
