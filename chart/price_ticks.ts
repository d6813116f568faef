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
  const step = roundStep(least, options.tickSize);
  const ticks: number[] = [];
  const last = Math.floor(range.max / step + 1e-9);
  // Whole multiples: adding the step up would gather rounding errors.
  for (let n = Math.ceil(range.min / step - 1e-9); n <= last; n++) {
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
