const DECIMAL = /^\d+(\.\d+)?$/;
const SYMBOL = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,31}$/;

/**
 * A line of the feed protocol; values that are no numbers go on as texts, for
 * the listener to reject.
 *
 * @param ts Unix ms, or ISO 8601.
 */
export function tickLine(tick: {
  readonly symbol: unknown;
  readonly ts: unknown;
  readonly price: unknown;
  readonly volume: unknown;
}): string {
  const { symbol, ts, price, volume } = tick;
  const name = typeof symbol === "string" && SYMBOL.test(symbol)
    ? `"${symbol}"`
    : JSON.stringify(symbol ?? null);
  return `{"symbol":${name},"ts":${JSON.stringify(ts ?? null)},` +
    `"price":${number(price)},"volume":${number(volume)}}`;
}

/** Digits as they were written, less the zeros that say nothing. */
function number(value: unknown): string {
  const text = String(value);
  if (!DECIMAL.test(text)) return JSON.stringify(value ?? null);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** A time of a venue that counts milli- or microseconds. */
export function venueTime(value: unknown): unknown {
  if (typeof value !== "number" || value < 1e14) return value;
  const iso = new Date(Math.floor(value / 1_000)).toISOString();
  return iso.replace("Z", `${String(value % 1_000).padStart(3, "0")}Z`);
}
