import type { EpochMicros } from "../pipeline/domain/time.ts";
import type { Db } from "./db.ts";
import { timestampText } from "./sql_values.ts";

/**
 * The partitions of `candles`, one a month, made when a candle needs them.
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
    const rows = await this.db.query<{ name: string }>(
      `select c.relname as name from pg_inherits h
        join pg_class c on c.oid = h.inhrelid
        where h.inhparent = 'candles'::regclass`,
    );
    for (const { name } of rows) {
      const match = /^candles_y(\d{4})m(\d{2})$/.exec(name);
      if (match) this.#known.add(Number(match[1]) * 12 + Number(match[2]) - 1);
    }
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
