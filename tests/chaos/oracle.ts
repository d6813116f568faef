import {
  emptyTick,
  REVISES_MS,
  START_MS,
  symbolName,
  tickAt,
  type TickPlan,
} from "./ticks.ts";

const MINUTE_MS = 60_000;

/** A candle as the warehouse has it; prices in hundredths. */
export interface CandleRow {
  readonly symbol: string;
  /** Unix ms. */
  readonly t: number;
  readonly o: number;
  readonly h: number;
  readonly l: number;
  readonly c: number;
  readonly v: number;
  readonly n: number;
}

export interface Verdict {
  /** Ticks that must be in candles. */
  readonly expected: number;
  readonly inCandles: number;
  /** Above 0: counted twice; below: lost. */
  readonly difference: number;
  readonly compared: number;
  readonly wrong: number;
  readonly missing: number;
  /** Candles of ticks that nobody sent. */
  readonly extra: number;
  /** A few of what is not as it must be. */
  readonly examples: readonly string[];
}

const EXAMPLES_MAX = 10;

/**
 * What the candles of a run must be: a plain fold of what was sent, in columns
 * so that millions of ticks are a matter of seconds. No code of the product.
 */
export class Oracle {
  readonly #firstMinute: number;
  readonly #minutes: number;
  readonly #open: Float64Array;
  readonly #high: Float64Array;
  readonly #low: Float64Array;
  readonly #close: Float64Array;
  readonly #volume: Float64Array;
  readonly #n: Float64Array;
  readonly #firstTs: Float64Array;
  readonly #firstSeq: Float64Array;
  readonly #lastTs: Float64Array;
  readonly #lastSeq: Float64Array;
  /** Ticks folded. */
  accepted = 0;
  /** Lines with a price that is none. */
  bad = 0;

  /**
   * Folds the numbers 1 to `counts[feed]` of every feed, without those that
   * `rejected` says came in as something else than what was sent.
   */
  constructor(
    private readonly plan: TickPlan,
    counts: readonly number[],
    private readonly rejected: (feed: number, seq: number) => boolean = () =>
      false,
  ) {
    this.#firstMinute = Math.floor((START_MS - REVISES_MS) / MINUTE_MS);
    const last = START_MS + (Math.max(0, ...counts) + 1) * plan.stepMs;
    this.#minutes = Math.floor(last / MINUTE_MS) - this.#firstMinute + 1;
    const column = () => new Float64Array(plan.symbols * this.#minutes);
    this.#open = column();
    this.#high = column();
    this.#low = column();
    this.#close = column();
    this.#volume = column();
    this.#n = column();
    this.#firstTs = column();
    this.#firstSeq = column();
    this.#lastTs = column();
    this.#lastSeq = column();
    for (let feed = 0; feed < counts.length; feed++) {
      this.#fold(feed, counts[feed]);
    }
  }

  /** Judges all candles of the warehouse; each may come once. */
  judge(rows: Iterable<CandleRow>): Verdict {
    const symbols = new Map(
      Array.from({ length: this.plan.symbols }, (_, i) => [symbolName(i), i]),
    );
    const seen = new Uint8Array(this.#n.length);
    const examples: string[] = [];
    let [inCandles, compared, wrong, extra] = [0, 0, 0, 0];
    const note = (text: string) => {
      if (examples.length < EXAMPLES_MAX) examples.push(text);
    };
    for (const row of rows) {
      compared++;
      inCandles += row.n;
      const symbol = symbols.get(row.symbol);
      const minute = Math.floor(row.t / MINUTE_MS) - this.#firstMinute;
      const inside = symbol !== undefined && minute >= 0 &&
        minute < this.#minutes && row.t % MINUTE_MS === 0;
      const i = inside ? symbol * this.#minutes + minute : -1;
      if (i < 0 || this.#n[i] === 0 || seen[i] === 1) {
        extra++;
        note(`extra: ${JSON.stringify(row)}`);
        continue;
      }
      seen[i] = 1;
      const right = row.o === this.#open[i] && row.h === this.#high[i] &&
        row.l === this.#low[i] && row.c === this.#close[i] &&
        row.v === this.#volume[i] && row.n === this.#n[i];
      if (right) continue;
      wrong++;
      note(
        `wrong: ${JSON.stringify(row)}, wanted ${JSON.stringify(this.#row(i))}`,
      );
    }
    let missing = 0;
    for (let i = 0; i < seen.length; i++) {
      if (this.#n[i] === 0 || seen[i] === 1) continue;
      missing++;
      note(`missing: ${JSON.stringify(this.#row(i))}`);
    }
    return {
      expected: this.accepted,
      inCandles,
      difference: inCandles - this.accepted,
      compared,
      wrong,
      missing,
      extra,
      examples,
    };
  }

  /** The candles themselves, in the order of symbol and time. */
  *rows(): Generator<CandleRow> {
    for (let i = 0; i < this.#n.length; i++) {
      if (this.#n[i] > 0) yield this.#row(i);
    }
  }

  #fold(feed: number, count: number): void {
    const tick = emptyTick();
    for (let seq = 1; seq <= count; seq++) {
      tickAt(this.plan, feed, seq, tick);
      if (tick.bad || this.rejected(feed, seq)) {
        this.bad++;
        continue;
      }
      this.accepted++;
      const { ts, price } = tick;
      const i = tick.symbol * this.#minutes + Math.floor(ts / MINUTE_MS) -
        this.#firstMinute;
      if (this.#n[i] === 0) {
        this.#open[i] =
          this.#high[i] =
          this.#low[i] =
          this.#close[i] =
            price;
        this.#firstTs[i] = this.#lastTs[i] = ts;
        this.#firstSeq[i] = this.#lastSeq[i] = seq;
      } else {
        if (price > this.#high[i]) this.#high[i] = price;
        if (price < this.#low[i]) this.#low[i] = price;
        if (before(ts, seq, this.#firstTs[i], this.#firstSeq[i])) {
          this.#open[i] = price;
          this.#firstTs[i] = ts;
          this.#firstSeq[i] = seq;
        }
        if (before(this.#lastTs[i], this.#lastSeq[i], ts, seq)) {
          this.#close[i] = price;
          this.#lastTs[i] = ts;
          this.#lastSeq[i] = seq;
        }
      }
      this.#volume[i] += tick.volume;
      this.#n[i]++;
    }
  }

  #row(i: number): CandleRow {
    const symbol = Math.floor(i / this.#minutes);
    return {
      symbol: symbolName(symbol),
      t: (this.#firstMinute + i - symbol * this.#minutes) * MINUTE_MS,
      o: this.#open[i],
      h: this.#high[i],
      l: this.#low[i],
      c: this.#close[i],
      v: this.#volume[i],
      n: this.#n[i],
    };
  }
}

/** Of one moment there are ticks of one feed only. */
function before(
  ts: number,
  seq: number,
  otherTs: number,
  otherSeq: number,
): boolean {
  return ts < otherTs || ts === otherTs && seq < otherSeq;
}
