import { z } from "zod";
import type { Calendar } from "../../pipeline/domain/calendar.ts";
import type {
  Instrument,
  InstrumentType,
} from "../../pipeline/domain/instrument.ts";
import type { EpochMicros } from "../../pipeline/domain/time.ts";
import { udfSymbolParameter } from "./udf_query.ts";
import { RESOLUTIONS } from "./udf_resolution.ts";
import { holidaysText, sessionText } from "./udf_session.ts";

/** Parameters of `/udf/symbols`. */
export const symbolsQuery = z.object({ symbol: udfSymbolParameter });

/** Types of the protocol. */
const TYPES: Readonly<Record<InstrumentType, string>> = {
  index: "index",
  equity: "stock",
  future: "futures",
  fx: "forex",
  crypto: "crypto",
  unknown: "expression",
};

export function udfType({ type }: Pick<Instrument, "type">): string {
  return TYPES[type];
}

/** What `/udf/symbols` says of an instrument. */
export function symbolInfo(
  instrument: Instrument,
  calendar: Calendar,
  now: EpochMicros,
) {
  const { symbol, name, exchange, priceScale, sizeScale } = instrument;
  return {
    name: symbol,
    full_name: symbol,
    ticker: symbol,
    description: name,
    type: udfType(instrument),
    session: sessionText(calendar, now),
    session_holidays: holidaysText(calendar, now),
    timezone: calendar.zone === "UTC" ? "Etc/UTC" : calendar.zone,
    exchange,
    listed_exchange: exchange,
    currency_code: instrument.currency,
    format: "price",
    ...priceSteps(instrument.tickSize, priceScale),
    has_intraday: true,
    has_seconds: true,
    seconds_multipliers: ["1", "5", "15", "30"],
    intraday_multipliers: RESOLUTIONS.filter((word) => /^\d+$/.test(word)),
    has_daily: true,
    daily_multipliers: ["1"],
    has_weekly_and_monthly: true,
    weekly_multipliers: ["1"],
    monthly_multipliers: ["1"],
    supported_resolutions: RESOLUTIONS,
    volume_precision: sizeScale,
    data_status: "streaming",
  };
}

/**
 * The smallest step of a price as `minmov` of `pricescale`: 5 of 100 is 0.05,
 * and 25 of 10,000 is 0.0025.
 */
export function priceSteps(
  tickSize: string,
  priceScale: number,
): { readonly minmov: number; readonly pricescale: number } {
  const decimals = Math.max(priceScale, tickSize.split(".")[1]?.length ?? 0);
  const pricescale = 10 ** decimals;
  return {
    minmov: Math.max(1, Math.round(Number(tickSize) * pricescale)),
    pricescale,
  };
}
