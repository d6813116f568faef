import { type EpochMicros, epochMicros } from "../pipeline/domain/time.ts";
import type { Db } from "./db.ts";
import { timestampText } from "./sql_values.ts";

/**
 * The months of `candles`, made when a candle needs them: a partition each,
 * unless an extension divides the table in its own way.
 *
 * Rows are rewritten in place as long as their page has room, which the fill
 * factor leaves.
 */
export class CandleMonths {
  readonly #known = new Set<number>();
  #loaded: Promise<void> | null = null;

  constructor(private readonly db: Db) {}

  /** Makes the months of these times, unless they are there. */
  async ensure(times: Iterable<EpochMicros>): Promise<void> {
    await this.#load();
    const missing = new Set<number>();
    for (const t of times) {
      const month = monthOf(t);
      if (!this.#known.has(month)) missing.add(month);
    }
    for (const month of [...missing].sort((a, b) => a - b)) {
      await this.db.query("select make_candle_month($1::timestamptz)", [
        timestampText(startOf(month)),
      ]);
      this.#known.add(month);
    }
  }

  /** First moments of the months that are there, oldest first. */
  async starts(): Promise<readonly EpochMicros[]> {
    await this.#load();
    return [...this.#known].sort((a, b) => a - b).map(startOf);
  }

  /** Once; again if it failed. */
  #load(): Promise<void> {
    this.#loaded ??= this.#read().catch((error) => {
      this.#loaded = null;
      throw error;
    });
    return this.#loaded;
  }

  async #read(): Promise<void> {
    const rows = await this.db.query<{ start: number }>(
      "select to_micros(start)::float8 as start from candle_month_starts() start",
    );
    for (const { start } of rows) this.#known.add(monthOf(epochMicros(start)));
  }
}

/** Months since the year 0. */
function monthOf(t: EpochMicros): number {
  const date = new Date(t / 1_000);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

function startOf(month: number): EpochMicros {
  return Date.UTC(Math.floor(month / 12), month % 12) * 1_000 as EpochMicros;
}
