import type { StoredCandle } from "../pipeline/domain/candle.ts";
import { type EpochMicros, MICROS_PER_DAY } from "../pipeline/domain/time.ts";
import { keptFor } from "./kept_answers.ts";
import type { PastPrices } from "./price_change.ts";
import type { Services } from "./services.ts";

/** Hourly candles that the change over a day may need. */
const HOURS = 26;
/** Daily ones: the day before. */
const DAYS = 2;
/** Where data begin changes only with ticks of the same hour that come late. */
const beginnings = keptFor<EpochMicros | null>({ freshS: 600, max: 10_000 });

/** Reads what the changes of prices are counted from. */
export async function readPastPrices(
  services: Services,
  symbols: readonly string[],
): Promise<ReadonlyMap<string, PastPrices>> {
  const { candles } = services;
  const [hours, days] = await Promise.all([
    candles.latest(symbols, "1h", HOURS),
    candles.latest(symbols, "1d", DAYS),
  ]);
  return new Map(
    await Promise.all(symbols.map(async (symbol) => {
      const own = hours.get(symbol) ?? [];
      const begins = await readBeginning(services, symbol, own);
      return [symbol, { hours: own, days: days.get(symbol) ?? [], begins }] as [
        string,
        PastPrices,
      ];
    })),
  );
}

/** The first minute of the oldest hour, where that is what changes count from. */
async function readBeginning(
  services: Services,
  symbol: string,
  hours: readonly StoredCandle[],
): Promise<EpochMicros | null> {
  const oldest = hours[0];
  if (!oldest || oldest.t < hours.at(-1)!.t - MICROS_PER_DAY) return null;
  return await beginnings(services).get(`${symbol} ${oldest.t}`, async () => {
    const [first] = await services.candles.candles({
      symbol,
      interval: "1m",
      from: oldest.t,
      limit: 1,
    });
    return first?.t ?? null;
  });
}
