import { assert } from "./assert.ts";
import type { Brand } from "./brand.ts";

/** A price as a whole count of 10^-priceScale of its instrument. */
export type PriceTicks = Brand<number, "PriceTicks">;
/** A size as a whole count of 10^-sizeScale of its instrument. */
export type SizeLots = Brand<number, "SizeLots">;

/** Most decimals that a price or a size may have. */
export const SCALE_MAX = 8;

const POWERS = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8] as const;

/** 10^scale, for a scale of 0 to 8. */
export function powerOfTen(scale: number): number {
  const power = POWERS[scale];
  assert(power !== undefined, `scale ${scale} is not 0 to ${SCALE_MAX}`);
  return power;
}

/** A decimal as it was written: `units` x 10^-`scale`, trailing zeros cut. */
export interface Decimal {
  readonly units: number;
  readonly scale: number;
}

/**
 * Reads plain digits, as in `-12.50` or `24321`, without passing through a
 * float.
 *
 * @returns `null` for an exponent, a second point, no digit, more than 8
 * decimals that matter, or more digits than a double holds exactly.
 */
export function parseDecimal(text: string): Decimal | null {
  const match = /^(-?)(\d+)(?:\.(\d*))?$/.exec(text);
  if (!match) return null;
  const fraction = (match[3] ?? "").replace(/0+$/, "");
  if (fraction.length > SCALE_MAX) return null;
  const units = Number(`${match[1]}${match[2]}${fraction}`);
  if (!Number.isSafeInteger(units)) return null;
  return { units: units === 0 ? 0 : units, scale: fraction.length };
}

/**
 * The same value at another scale, exact.
 *
 * @returns `null` if digits would be lost or the count grows past 2^53.
 */
export function rescale(
  units: number,
  from: number,
  to: number,
): number | null {
  if (to === from) return units;
  const scaled = to > from
    ? units * powerOfTen(to - from)
    : units / powerOfTen(from - to);
  return Number.isSafeInteger(scaled) ? scaled : null;
}

/**
 * Reads decimal text as a whole count of 10^-scale.
 *
 * @throws {RangeError} If the text is no plain decimal of at most `scale`
 * decimals.
 */
export function parseScaled(text: string, scale: number): number {
  const decimal = parseDecimal(text);
  const units = decimal && rescale(decimal.units, decimal.scale, scale);
  if (units === null) {
    throw new RangeError(
      `Cannot read ${JSON.stringify(text)} at scale ${scale} as it must be ` +
        `plain digits with at most ${scale} decimals`,
    );
  }
  return units;
}

/** Decimal text with all `scale` decimals, as in `24321.50`. */
export function formatScaled(units: number | bigint, scale: number): string {
  const negative = units < 0;
  const digits = String(negative ? -units : units).padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  const text = scale === 0
    ? digits
    : `${whole}.${digits.slice(digits.length - scale)}`;
  return negative ? `-${text}` : text;
}

/** The nearest float: for forecasts and charts, never for sums. */
export function toFloat(units: number, scale: number): number {
  return units / powerOfTen(scale);
}
