import type { CandleChartOptions } from "./types.ts";

/** A page that could not load history is asked again no sooner. */
const ASK_AGAIN_MS = 2_000;

/** Asks the page for history that comes into sight, once for each end of it. */
export class HistoryAsker {
  /** The candles at whose sides more was asked for. */
  readonly #asked = { older: NaN, newer: NaN };

  /** @param again Called when what the page could not load may be asked for. */
  constructor(
    private readonly options: Pick<
      CandleChartOptions,
      "onNeedHistory" | "onNeedNewer" | "onNeedLatest"
    >,
    private readonly again: () => void,
  ) {}

  /** The candles are others. */
  reset(): void {
    this.#asked.older = this.#asked.newer = NaN;
  }

  /** For candles before a time, and after one; null where none are needed. */
  ask(before: number | null, after: number | null): void {
    const { onNeedHistory, onNeedNewer } = this.options;
    if (before !== null && before !== this.#asked.older) {
      this.#asked.older = before;
      this.#wait(onNeedHistory?.(before), "older");
    }
    if (after !== null && after !== this.#asked.newer) {
      this.#asked.newer = after;
      this.#wait(onNeedNewer?.(after), "newer");
    }
  }

  askLatest(): void {
    this.#wait(this.options.onNeedLatest?.());
  }

  /** The page says itself what failed; here it is only asked again, later. */
  #wait(answer: void | Promise<void>, end?: "older" | "newer"): void {
    answer?.catch(() => {
      setTimeout(() => {
        if (end !== undefined) this.#asked[end] = NaN;
        this.again();
      }, ASK_AGAIN_MS);
    });
  }
}
