import { SYMBOL_PATTERN } from "../domain/instrument.ts";

export const TIME_UNITS = ["s", "ms", "us", "ns"] as const;
export type TimeUnit = typeof TIME_UNITS[number];

/** What a column or a key of a recording may mean. */
export type ReplayField = "symbol" | "ts" | "price" | "volume";

/** A file that cannot be played, whatever its lines say. */
export class ReplayFormatError extends Error {
  override name = "ReplayFormatError";
}

/** What a whole file has in common. */
export interface ReplayFileOptions {
  /** Of every line, for files that do not name one. */
  readonly symbol?: string;
  /** What whole numbers of the time column count. */
  readonly timeUnit: TimeUnit;
}

const NAMES: Readonly<Record<string, ReplayField>> = {
  symbol: "symbol",
  ts: "ts",
  ts_ms: "ts",
  time: "ts",
  timestamp: "ts",
  price: "price",
  volume: "volume",
  size: "volume",
  qty: "volume",
  quantity: "volume",
  amount: "volume",
};

/** What a column or key of that name means, in any case; `null` for others. */
export function fieldNamed(name: string): ReplayField | null {
  const key = name.toLowerCase();
  return Object.hasOwn(NAMES, key) ? NAMES[key] : null;
}

/** @throws {ReplayFormatError} If the symbol is none. */
export function checkSymbol(symbol: string | undefined): void {
  if (symbol === undefined || SYMBOL_PATTERN.test(symbol)) return;
  throw new ReplayFormatError(
    `Cannot use symbol ${JSON.stringify(symbol)} as it must match ` +
      SYMBOL_PATTERN.source,
  );
}

const PLACES: Readonly<Record<TimeUnit, number>> = {
  s: 3,
  ms: 0,
  us: -3,
  ns: -6,
};

/**
 * A number of a unit in milliseconds, by moving its point, so no digit
 * changes; finer than a microsecond is cut. What is no number stays.
 */
export function toMillis(text: string, unit: TimeUnit): string {
  const places = PLACES[unit];
  const match = places === 0 ? null : /^(\d+)(?:\.(\d*))?$/.exec(text);
  if (!match) return text;
  const [, whole, fraction = ""] = match;
  const digits = whole.padStart(7, "0") + fraction.padEnd(3, "0");
  const point = whole.padStart(7, "0").length + places;
  const ms = digits.slice(0, point).replace(/^0+(?=\d)/, "");
  const rest = digits.slice(point, point + 3).replace(/0+$/, "");
  return rest === "" ? ms : `${ms}.${rest}`;
}
