/** Decimal digits with groups of three, as in `24,321.55`. */
export function formatPrice(price: number, decimals: number): string {
  if (!Number.isFinite(price)) return "–";
  const [whole, fraction] = Math.abs(price).toFixed(decimals).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  const text = fraction === undefined ? grouped : `${grouped}.${fraction}`;
  return price < 0 && /[1-9]/.test(text) ? `−${text}` : text;
}

/** The same with a sign, `+` too; nothing before a zero. */
export function formatSigned(value: number, decimals: number): string {
  const text = formatPrice(value, decimals);
  return value > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}

/** A range of prices, as in `24,300.10 – 24,320.05`. */
export function formatRange(
  low: number,
  high: number,
  decimals: number,
): string {
  return `${formatPrice(low, decimals)} – ${formatPrice(high, decimals)}`;
}

/** A count or a volume, short past ten thousand, as in `164K`. */
export function formatCount(n: number): string {
  const steps = [[1e9, "B"], [1e6, "M"], [1e3, "K"]] as const;
  for (const [size, unit] of steps) {
    if (n >= size && n >= 10_000) {
      const value = n / size;
      return `${value >= 100 ? Math.round(value) : trimmed(value)}${unit}`;
    }
  }
  return formatPrice(n, Number.isInteger(n) ? 0 : 2);
}

function trimmed(value: number): string {
  return value.toFixed(1).replace(/\.0$/, "");
}
