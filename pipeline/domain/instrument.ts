import type { EpochMicros } from "./time.ts";

/** What a symbol may look like; keeps markup and look-alikes out. */
export const SYMBOL_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,31}$/;

export const INSTRUMENT_TYPES = [
  "index",
  "equity",
  "future",
  "fx",
  "crypto",
  "unknown",
] as const;
export type InstrumentType = typeof INSTRUMENT_TYPES[number];

/** Something that has a price. Dated: a change is a new version. */
export interface Instrument {
  /** Given by the warehouse; small, for keys. */
  readonly id: number;
  readonly symbol: string;
  readonly name: string;
  readonly exchange: string;
  readonly type: InstrumentType;
  readonly currency: string;
  /** Decimals of a price, 0 to 8. */
  readonly priceScale: number;
  /** Decimals of a size, 0 to 8. */
  readonly sizeScale: number;
  /** Smallest step of a price, as decimal text, such as `0.0025`. */
  readonly tickSize: string;
  readonly lotSize: number;
  /** Name of a calendar, such as `NSE` or `24x7`. */
  readonly calendar: string;
  /** Spread, fees and slippage of a buy and a sale, in 1/100 of a percent. */
  readonly costBps: number;
  /** Registered by its first tick rather than by a file. */
  readonly auto: boolean;
  /** Something a user must know, such as a planted predictability. */
  readonly note: string | null;
  readonly validFrom: EpochMicros | null;
  readonly validTo: EpochMicros | null;
}

/** An instrument before the warehouse has given it an id. */
export type InstrumentSpec = Omit<Instrument, "id">;

/** An instrument of which nothing is known but its ticks. */
export function autoSpec(
  symbol: string,
  { priceScale, sizeScale }: {
    readonly priceScale: number;
    readonly sizeScale: number;
  },
): InstrumentSpec {
  return {
    symbol,
    name: symbol,
    exchange: "unknown",
    type: "unknown",
    currency: "unknown",
    priceScale,
    sizeScale,
    tickSize: (10 ** -priceScale).toFixed(priceScale),
    lotSize: 1,
    calendar: "24x7",
    costBps: 2,
    auto: true,
    note: null,
    validFrom: null,
    validTo: null,
  };
}

/** Whether to store what a list says of an instrument would change nothing. */
export function isAsListed(
  { id: _, ...stored }: Instrument,
  listed: InstrumentSpec,
): boolean {
  const same = (Object.keys(stored) as (keyof InstrumentSpec)[]).every((key) =>
    key === "priceScale" || key === "sizeScale" || stored[key] === listed[key]
  );
  // Ticks may have widened it.
  return same && stored.priceScale >= listed.priceScale &&
    stored.sizeScale >= listed.sizeScale;
}
