import { connectPg } from "../../db/connect_pg.ts";
import type { Db } from "../../db/db.ts";
import { pgStores, type Stores } from "../../db/stores.ts";
import { loadCalendars } from "../../pipeline/calendars/load_markets.ts";
import { autoSpec } from "../../pipeline/domain/instrument.ts";
import { epochMicros, MICROS_PER_MINUTE } from "../../pipeline/domain/time.ts";
import { systemClock } from "../../pipeline/system_clock.ts";

const SYMBOLS = 20;
/** What the random walk looks back on, and more. */
const HISTORY = 90;
const MINUTE_MS = 60_000;
/** After an edge: its forecasts are stored, or left out. */
const STORED_MS = 5_000;
/** After a process of forecasts has come: it has read what it needs. */
const READY_MS = 15_000;
const PREFIX = "MINUTE.";
const LOOK_MS = 250;
const AGAIN_MS = 200;
/**
 * A look, or a minute's candles, that is later than this: all stands still. A
 * forecast has a second, of which it needs some itself.
 */
const LATE_MS_MAX = 750;

/** Times in which something happened, Unix ms. */
export interface Disturbance {
  readonly from: number;
  readonly to: number;
}

/**
 * Instruments whose candles go on by the clock, beside a load whose ticks are
 * of long ago: of these forecasts are made, and each minute must have one.
 */
export class ForecastMinutes {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> = Promise.resolve();
  /** Why the newest minutes could not be written. */
  #failed: unknown = null;
  #stopped = false;
  /** The machine stood still, or the warehouse took long. */
  readonly #stalls: Disturbance[] = [];
  #lookedAt = Date.now();
  readonly #looks = setInterval(() => this.#look(), LOOK_MS);
  /** Minutes from the first that could have forecasts. */
  readonly #fromMs = Date.now();

  private constructor(
    private readonly db: Db,
    private readonly stores: Stores,
  ) {}

  /** Registers them, with candles up to now, and goes on. */
  static async start(
    url: string,
    partitions: number,
  ): Promise<ForecastMinutes> {
    const calendars = await loadCalendars(
      new URL("../../markets/calendars", import.meta.url),
    );
    const always = calendars.get("24x7")!;
    const db = connectPg({ url });
    const stores = pgStores(db, {
      partitions,
      clock: systemClock,
      bucketOf: (_, interval, t) => always.bucketAt(interval, t),
    }, () => Promise.resolve());
    const minutes = new ForecastMinutes(db, stores);
    await stores.instruments.upsert(
      symbols().map((symbol) =>
        autoSpec(symbol, { priceScale: 2, sizeScale: 0 })
      ),
    );
    await minutes.#write(HISTORY);
    minutes.#next();
    return minutes;
  }

  /**
   * What is wrong with the forecasts of all minutes, in words: a minute has
   * one that is shown, none only where something happened, or where all stood
   * still.
   */
  async differences(
    disturbances: readonly Disturbance[],
  ): Promise<{
    readonly minutes: number;
    readonly missing: number;
    readonly failures: readonly string[];
  }> {
    const endMs = Date.now() - STORED_MS;
    if (this.#failed !== null) throw this.#failed;
    const rows = await this.db.query<{ symbol: string; t: number; n: number }>(
      `select i.symbol, to_micros(f.t)::float8 as t, count(*)::int as n
        from forecasts f join instruments i on i.id = f.instrument_id
        where i.symbol like '${PREFIX}%' and f.horizon = 1 and f.champion
        group by i.symbol, f.t`,
    );
    const found = new Map(rows.map(({ symbol, t, n }) => [
      `${symbol} ${t / 1_000}`,
      n,
    ]));
    const failures = rows.filter(({ n }) => n > 1).map(({ symbol, t, n }) =>
      `${symbol} has ${n} forecasts of ${iso(t / 1_000)}`
    );
    let minutes = 0;
    let missing = 0;
    const first = Math.ceil(this.#fromMs / MINUTE_MS) * MINUTE_MS;
    for (let edge = first; edge < endMs; edge += MINUTE_MS) {
      const isQuiet = edge - this.#fromMs > READY_MS &&
        ![...disturbances, ...this.#stalls].some(({ from, to }) =>
          from < edge + STORED_MS && to + READY_MS > edge
        );
      for (const symbol of symbols()) {
        minutes++;
        if (found.has(`${symbol} ${edge}`)) continue;
        missing++;
        if (isQuiet) failures.push(`${symbol} has no forecast of ${iso(edge)}`);
      }
    }
    return { minutes, missing, failures };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearInterval(this.#looks);
    await this.#writing;
    await this.db.close();
  }

  #look(): void {
    this.#noteLate(this.#lookedAt);
    this.#lookedAt = Date.now();
  }

  /** What should have been done soon after a moment is done now. */
  #noteLate(from: number): void {
    const to = Date.now();
    if (to - from > LATE_MS_MAX) this.#stalls.push({ from, to });
  }

  #next(): void {
    const toNext = MINUTE_MS - Date.now() % MINUTE_MS;
    this.#timer = setTimeout(() => {
      const edge = Date.now() - Date.now() % MINUTE_MS;
      this.#writing = this.#writeOnce(edge);
      this.#next();
    }, toNext + 100);
  }

  /** Again while the warehouse does not answer: it is used by all the others. */
  async #writeOnce(edge: number): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#write(3);
        this.#failed = null;
        break;
      } catch (error) {
        this.#failed = error;
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
    this.#noteLate(edge);
  }

  /** The newest minutes that are over; those that are there are kept. */
  async #write(count: number): Promise<void> {
    const over = Math.floor(Date.now() / MINUTE_MS);
    for (const symbol of symbols()) {
      await this.stores.candles.importCandles(
        symbol,
        Array.from({ length: count }, (_, i) => {
          const minute = over - count + i;
          const price = (100 + Math.sin(minute)).toFixed(2);
          const t = epochMicros(minute * MICROS_PER_MINUTE);
          return {
            symbol,
            interval: "1m" as const,
            t,
            end: epochMicros(t + MICROS_PER_MINUTE),
            open: price,
            high: price,
            low: price,
            close: price,
            volume: "1",
            vw: null,
            n: 1,
            closed: true,
            closedBy: "import" as const,
            rev: 0,
            complete: true,
            coverageMs: MINUTE_MS,
            origin: "import" as const,
            lastTs: null,
          };
        }),
      );
    }
  }
}

function symbols(): readonly string[] {
  return Array.from({ length: SYMBOLS }, (_, i) => `${PREFIX}${i}`);
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
