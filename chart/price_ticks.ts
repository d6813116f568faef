import type { PriceRange } from "./price_range.ts";

const MANTISSAS = [1, 2, 2.5, 5];

/**
 * The smallest round step (1, 2, 2.5 or 5 times a power of ten) of at least
 * `least`, that is a whole number of the instrument's smallest price steps.
 */
export function roundStep(least: number, tickSize: number): number {
  if (!(least > 0) || !Number.isFinite(least)) return tickSize;
  for (let power = Math.floor(Math.log10(least));; power++) {
    for (const mantissa of MANTISSAS) {
      const step = mantissa * 10 ** power;
      if (step < least * (1 - 1e-9) || step < tickSize * (1 - 1e-9)) continue;
      const whole = step / tickSize;
      if (
        Math.abs(whole - Math.round(whole)) < 1e-6 || step >= tickSize * 100
      ) {
        return step;
      }
    }
  }
}

/** Round prices inside the range, at least `spacingPx` apart. */
export function priceTicks(
  range: PriceRange,
  options: {
    readonly heightPx: number;
    readonly spacingPx: number;
    readonly tickSize: number;
  },
): number[] {
  const span = range.max - range.min;
  if (!(span > 0) || !(options.heightPx > 0)) return [];
  const least = span * options.spacingPx / options.heightPx;
  return multiples(roundStep(least, options.tickSize), range);
}

/** The leading digits that a logarithmic axis may label, from many to few. */
const LOG_MANTISSAS = [[1, 1.5, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1]];
/** Below this ratio a logarithmic axis is nearly even: round steps read better. */
const NEARLY_EVEN = 3;

/**
 * Round prices on a logarithmic axis, at least `spacingPx` apart.
 *
 * Which they are depends on the ratio of the range alone, so that a pan moves
 * the labels and does not change them.
 */
export function logTicks(
  range: PriceRange,
  options: {
    readonly heightPx: number;
    readonly spacingPx: number;
    readonly tickSize: number;
  },
): number[] {
  const { min, max } = range;
  if (!(min > 0) || !(max > min) || !(options.heightPx > 0)) return [];
  /** Least ratio of two labels. */
  const ratio = (max / min) ** (options.spacingPx / options.heightPx);
  if (max / min < NEARLY_EVEN) {
    // The axis is tightest at its top.
    const step = roundStep(max * (1 - 1 / ratio), options.tickSize);
    return multiples(step, range);
  }
  for (const mantissas of LOG_MANTISSAS) {
    const gaps = mantissas.map((one, i) => (mantissas[i + 1] ?? 10) / one);
    if (Math.min(...gaps) >= ratio) return decades(mantissas, 1, range);
  }
  return decades([1], Math.ceil(Math.log10(ratio)), range);
}

function decades(
  mantissas: readonly number[],
  every: number,
  { min, max }: PriceRange,
): number[] {
  const ticks: number[] = [];
  const first = Math.floor(Math.floor(Math.log10(min)) / every) * every;
  for (let power = first; 10 ** power <= max; power += every) {
    for (const mantissa of mantissas) {
      const price = mantissa * 10 ** power;
      if (price >= min && price <= max) ticks.push(price);
    }
  }
  return ticks;
}

/** Whole multiples of a step: adding the step up would gather rounding errors. */
function multiples(step: number, { min, max }: PriceRange): number[] {
  const ticks: number[] = [];
  const last = Math.floor(max / step + 1e-9);
  for (let n = Math.ceil(min / step - 1e-9); n <= last; n++) {
    ticks.push(n * step);
  }
  return ticks;
}

/** 1,234 as "1.2K", for volumes. */
export function shortNumber(value: number): string {
  const magnitude = Math.abs(value);
  for (const [size, unit] of UNITS) {
    if (magnitude >= size * 0.9995) {
      const scaled = value / size;
      const decimals = Math.abs(scaled) < 9.95 ? 1 : 0;
      return scaled.toFixed(decimals).replace(/\.0$/, "") + unit;
    }
  }
  return magnitude >= 100 || Number.isInteger(value)
    ? value.toFixed(0)
    : String(Number(value.toPrecision(3)));
}

const UNITS: readonly (readonly [number, string])[] = [
  [1e12, "T"],
  [1e9, "B"],
  [1e6, "M"],
  [1e3, "K"],
];
