import { type Decimal, SCALE_MAX } from "../domain/decimal.ts";
import { type EpochMicros, epochMicros, parseTime } from "../domain/time.ts";

/** What is wrong with a text that should be a decimal. */
export type DecimalProblem = "syntax" | "not_finite" | "decimals" | "digits";

const NUMBER = /^(-?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/;
const NOT_FINITE = /^[+-]?(?:nan|inf(?:inity)?)$/i;

/**
 * Reads a decimal as feeds write it, `24321.55` or `1e5`, exact and without
 * passing through a float.
 *
 * Trailing zeros are cut, so `1.50` is 15 x 10^-1. At most 8 decimals that
 * matter, and no more digits than a double holds.
 */
export function readDecimal(text: string): Decimal | DecimalProblem {
  const plain = plainDecimal(text);
  if (plain !== null) return plain;
  const shifted = shiftedDigits(text);
  if (shifted === null) return NOT_FINITE.test(text) ? "not_finite" : "syntax";
  const { negative, digits, exponent } = shifted;
  if (digits === "") return { units: 0, scale: 0 };
  if (exponent < -SCALE_MAX) return "decimals";
  if (digits.length + Math.max(0, exponent) > 16) return "digits";
  const units = Number(digits + "0".repeat(Math.max(0, exponent)));
  if (!Number.isSafeInteger(units)) return "digits";
  return { units: negative ? -units : units, scale: Math.max(0, -exponent) };
}

const [ZERO, POINT, MINUS] = [0x30, 0x2e, 0x2d];
/** So many digits are exact in a double, whatever was added on the way. */
const PLAIN_DIGITS_MAX = 15;

/**
 * Plain digits, as almost all numbers are, in a fraction of the time; `null` for
 * whatever must be looked at more closely.
 */
function plainDecimal(text: string): Decimal | null {
  const negative = text.charCodeAt(0) === MINUS;
  const from = negative ? 1 : 0;
  if (text.length - from > PLAIN_DIGITS_MAX + 1) return null;
  let units = 0;
  let all = 0;
  let scale = 0;
  let point = -1;
  for (let i = from; i < text.length; i++) {
    const digit = text.charCodeAt(i) - ZERO;
    if (digit >= 0 && digit <= 9) {
      all = all * 10 + digit;
      if (point < 0) units = all;
      else if (digit !== 0) {
        units = all;
        scale = i - point;
      }
    } else if (digit === POINT - ZERO && point < 0 && i > from) {
      point = i;
    } else return null;
  }
  const digits = text.length - from - (point < 0 ? 0 : 1);
  if (digits === 0 || digits > PLAIN_DIGITS_MAX || scale > SCALE_MAX) {
    return null;
  }
  return { units: negative && units !== 0 ? -units : units, scale };
}

/** digits x 10^exponent, without zeros at either end; "" is zero. */
function shiftedDigits(
  text: string,
): { negative: boolean; digits: string; exponent: number } | null {
  const match = NUMBER.exec(text);
  if (!match) return null;
  const [, sign, whole, fraction = "", power = "0"] = match;
  const all = (whole + fraction).replace(/^0+/, "");
  const digits = all.replace(/0+$/, "");
  return {
    negative: sign === "-",
    digits,
    exponent: Number(power) - fraction.length + all.length - digits.length,
  };
}

/** First and last years whose microseconds a double counts, with some air. */
const YEAR_MIN = 1_700;
const YEAR_MAX = 2_250;
export const TS_MIN = Date.UTC(YEAR_MIN, 0, 1) * 1_000;
export const TS_MAX = Date.UTC(YEAR_MAX, 0, 1) * 1_000;

/**
 * Reads a time: Unix milliseconds with or without a fraction, or ISO 8601.
 *
 * Exact to the microsecond; finer parts are rounded half away from zero.
 *
 * @returns `null` if it is neither, or not between the years 1700 and 2250.
 */
export function readTime(text: string): EpochMicros | null {
  const plain = plainDecimal(text);
  if (plain !== null && plain.scale <= 3) {
    return timeOf(plain.units * 10 ** (3 - plain.scale));
  }
  const shifted = shiftedDigits(text);
  if (shifted === null) {
    const year = Number(text.slice(0, 4));
    return year >= YEAR_MIN && year < YEAR_MAX ? parseTime(text) : null;
  }
  const { negative, digits, exponent } = shifted;
  const micros = wholePart(digits, exponent + 3);
  return timeOf(negative && micros !== 0 ? -micros : micros);
}

function timeOf(micros: number): EpochMicros | null {
  return micros >= TS_MIN && micros < TS_MAX ? epochMicros(micros) : null;
}

/** digits x 10^exponent to the nearest whole; a large one is just large. */
function wholePart(digits: string, exponent: number): number {
  if (digits === "") return 0;
  if (digits.length + exponent > 16) return Infinity;
  if (exponent >= 0) return Number(digits + "0".repeat(exponent));
  const cut = digits.length + exponent;
  if (cut < 0) return 0;
  return Number(digits.slice(0, cut)) + (digits[cut] >= "5" ? 1 : 0);
}
