import type { Db } from "../db/db.ts";

const LOOK_MS = 20;
/** Looks without a tick after which none come: that is no pause. */
const QUIET_LOOKS = 500;

/** Watches for how long no ticks get into candles, of all partitions. */
export class CommitPause {
  #stopped = false;
  #first: { readonly at: number; readonly ticks: number } | null = null;
  #newest: { readonly at: number; readonly ticks: number } | null = null;
  #longestMs: number | null = null;
  /** Since the newest tick. */
  #looks = 0;

  constructor(private readonly db: Db, private readonly signal: AbortSignal) {}

  stop(): void {
    this.#stopped = true;
  }

  /** Looks until stopped; a look that fails is one less. */
  async watch(): Promise<void> {
    while (!this.#stopped && !this.signal.aborted) {
      try {
        const [{ ticks }] = await this.db.query<{ ticks: number }>(
          "select coalesce(sum(applied), 0)::float8 as ticks from offsets",
        );
        this.#note(ticks, performance.now());
      } catch {
        // whoever divides says what is wrong
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  #note(ticks: number, at: number): void {
    this.#first ??= { at, ticks };
    this.#looks += 1;
    if (this.#newest !== null && this.#newest.ticks === ticks) return;
    this.#looks = 0;
    if (this.#newest !== null) {
      const ms = at - this.#newest.at;
      this.#longestMs = Math.max(this.#longestMs ?? 0, ms);
    }
    this.#newest = { at, ticks };
  }

  /** Whether ticks have come, and may come again. */
  get comesAgain(): boolean {
    return this.#longestMs !== null && this.#looks < QUIET_LOOKS;
  }

  /** Resolves once ticks get into candles again, or none are to be expected. */
  async over(): Promise<void> {
    const before = this.#newest?.ticks;
    while (this.comesAgain && this.#newest?.ticks === before) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  get result(): {
    /** `null` if no ticks came, or came no more. */
    readonly longestMs: number | null;
    readonly ticksPerSecond: number;
  } {
    const first = this.#first;
    const newest = this.#newest;
    if (first === null || newest === null) {
      return { longestMs: null, ticksPerSecond: 0 };
    }
    const ms = Math.max(1, newest.at - first.at);
    return {
      longestMs: this.comesAgain ? this.#longestMs : null,
      ticksPerSecond: Math.round((newest.ticks - first.ticks) / ms * 1_000),
    };
  }
}
