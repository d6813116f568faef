import { mergeCandle } from "../../components/merge_live.ts";
import type { CandleView } from "../../pipeline/domain/candle.ts";
import { EventReader } from "../harness/event_reader.ts";

/** Nothing for so long: the process or its host is gone. */
const SILENCE_MS_MAX = 5_000;
const AGAIN_MS = 200;
const KEPT_MAX = 10_000;

/**
 * Somebody who looks at a symbol, as pages do: one stream at a time, and the
 * next process when it ends or says nothing.
 */
export class Viewer {
  candles: readonly CandleView[] = [];
  /** Time of the first candle that it was shown; revisions may be of others. */
  from = Infinity;
  streams = 0;
  #id: string | null = null;
  readonly #leave = new AbortController();
  readonly #done: Promise<void>;

  constructor(
    readonly symbol: string,
    private readonly options: {
      readonly urls: readonly string[];
      /** Where to begin. */
      readonly first: number;
      readonly token: string;
    },
  ) {
    this.#done = this.#watch();
  }

  async leave(): Promise<void> {
    this.#leave.abort();
    await this.#done;
  }

  async #watch(): Promise<void> {
    const { urls, first } = this.options;
    for (let i = first; !this.#leave.signal.aborted; i++) {
      await this.#stream(urls[i % urls.length]).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }

  async #stream(url: string): Promise<void> {
    const silence = new AbortController();
    const signal = AbortSignal.any([this.#leave.signal, silence.signal]);
    let timer = setTimeout(() => silence.abort(), SILENCE_MS_MAX);
    const headers: HeadersInit = {
      Authorization: `Bearer ${this.options.token}`,
      "X-Forwarded-For": `203.0.113.${this.options.first % 256}`,
      ...this.#id === null ? {} : { "Last-Event-ID": this.#id },
    };
    try {
      const reader = new EventReader(
        await fetch(`${url}/api/stream?symbols=${this.symbol}&interval=1m`, {
          headers,
          signal,
        }),
      );
      this.streams++;
      for (;;) {
        const message = await reader.next();
        if (message === null) return;
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE_MS_MAX);
        if (message.id !== "") this.#id = message.id;
        if (message.event === "snapshot") {
          const [{ closed, forming }] = message.data.symbols[0].candles;
          const shown = [...closed, ...forming ? [forming] : []];
          this.from = Math.min(this.from, shown[0]?.t ?? Infinity);
          for (const one of shown) this.#show(one);
        } else if (message.event.startsWith("candle")) {
          this.#show(message.data.candle);
        }
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #show(candle: CandleView): void {
    this.candles = mergeCandle(this.candles, candle, KEPT_MAX);
  }
}
