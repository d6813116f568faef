import type { Frame } from "./frame.ts";
import { axisPxFor, priceSpacingPx } from "./geometry.ts";
import { nextRange, paddedRange, type PriceRange } from "./price_range.ts";
import { logTicks, priceTicks, roundStep } from "./price_ticks.ts";
import type { PriceScaleKind } from "./types.ts";

/** How far a range set by hand may be from what is needed, as a factor of its height. */
const HAND_FACTOR_MAX = 200;
const PERCENT_STEP_MIN = 0.001;
const PERCENT_DECIMALS_MAX = 3;

/**
 * The vertical axis: which prices are seen, on which scale, with which labels.
 *
 * The range follows what is in sight, with hysteresis, until somebody drags the
 * axis; then it stays as it was set until `auto()`. Ranges are kept in the
 * scale's own units, so that a logarithmic axis has even margins.
 */
export class PriceAxis {
  #kind: PriceScaleKind = "linear";
  #range: PriceRange | null = null;
  #byHand = false;
  /** What a percent scale counts from; NaN while there is nothing. */
  #base = NaN;
  #stale = true;
  readonly #tickSize: number;
  readonly #format: (price: number) => string;

  constructor(
    options: {
      readonly tickSize: number;
      readonly format: (price: number) => string;
    },
  ) {
    this.#tickSize = options.tickSize;
    this.#format = options.format;
  }

  get kind(): PriceScaleKind {
    return this.#kind;
  }

  set kind(kind: PriceScaleKind) {
    if (kind === this.#kind) return;
    this.#kind = kind;
    this.reset();
  }

  /** Whether somebody set the range by dragging. */
  get byHand(): boolean {
    return this.#byHand;
  }

  /** Forgets the range, as for another history. */
  reset(): void {
    this.#range = null;
    this.#byHand = false;
    this.#stale = true;
  }

  /** The range follows the candles again. */
  auto(): void {
    this.reset();
  }

  /** Magnifies around the middle: prices seem `factor` times as far apart. */
  scaleBy(factor: number): void {
    const range = this.#range;
    if (range === null || !(factor > 0)) return;
    const middle = (range.min + range.max) / 2;
    const half = (range.max - range.min) / 2 / factor;
    this.#setByHand({ min: middle - half, max: middle + half });
  }

  /** Moves a range that was set by hand by a share of its height. */
  shiftBy(share: number): void {
    const range = this.#range;
    if (range === null || !this.#byHand) return;
    const by = (range.max - range.min) * share;
    this.#setByHand({ min: range.min + by, max: range.max + by });
  }

  #setByHand(range: PriceRange): void {
    if (!(range.max > range.min) || !Number.isFinite(range.max - range.min)) {
      return;
    }
    this.#range = range;
    this.#byHand = true;
    this.#stale = true;
  }

  /**
   * Fits the axis to the prices that must be seen and writes it to the frame.
   *
   * @param hug Draw the range in around what is needed, as after a pan.
   * @param relaid Whether the frame's height changed.
   * @param base Close that a percent scale counts from.
   */
  fit(
    frame: Frame,
    needed: PriceRange | null,
    { hug, relaid, base }: {
      readonly hug: boolean;
      readonly relaid: boolean;
      readonly base: number;
    },
  ): void {
    const logarithmic = this.#kind === "log" && (needed?.min ?? 1) > 0;
    if (logarithmic !== frame.logarithmic) this.reset();
    frame.logarithmic = logarithmic;
    const before = this.#range;
    if (needed === null) this.#range ??= { min: 0, max: 1 };
    else {
      const scaled = logarithmic
        ? { min: Math.log(needed.min), max: Math.log(needed.max) }
        : needed;
      if (this.#byHand) this.#range = boundedByHand(before!, scaled);
      else {
        this.#range = hug ? paddedRange(scaled) : nextRange(before, scaled);
      }
    }
    const moves = this.#kind === "percent" && !Object.is(base, this.#base);
    this.#base = base;
    if (this.#range === before && !relaid && !moves && !this.#stale) return;
    this.#stale = false;
    const { min, max } = this.#range!;
    frame.scaleLow = min;
    frame.scaleHigh = max;
    frame.priceMin = logarithmic ? Math.exp(min) : min;
    frame.priceMax = logarithmic ? Math.exp(max) : max;
    frame.priceTicks = needed === null ? [] : this.#ticks(frame);
  }

  /** A price as the axis writes it. */
  label(price: number): string {
    if (this.#kind !== "percent" || !(this.#base > 0)) {
      return this.#format(price);
    }
    const { min, max } = this.#range!;
    const span = (max - min) / this.#base * 100;
    return percentLabel((price / this.#base - 1) * 100, span < 5 ? 3 : 2);
  }

  /** Width that the labels need, in CSS pixels. */
  neededPx(frame: Frame, lastClose: number): number {
    return Math.max(
      axisPxFor(this.label(frame.priceMax)),
      axisPxFor(this.label(lastClose)),
    );
  }

  #ticks(frame: Frame): { price: number; label: string }[] {
    const heightPx = (frame.priceBottom - frame.priceTop) / frame.dpr;
    const spacingPx = priceSpacingPx(heightPx);
    const range = { min: frame.priceMin, max: frame.priceMax };
    if (this.#kind === "percent" && this.#base > 0) {
      return percentTicks(range, this.#base, { heightPx, spacingPx });
    }
    const options = { heightPx, spacingPx, tickSize: this.#tickSize };
    const prices = frame.logarithmic
      ? logTicks(range, options)
      : priceTicks(range, options);
    return prices.map((price) => ({ price, label: this.#format(price) }));
  }
}

/** A range that somebody set stays in reach of the candles, whatever they do. */
function boundedByHand(set: PriceRange, needed: PriceRange): PriceRange {
  const wanted = paddedRange(needed);
  const height = wanted.max - wanted.min;
  const is = set.max - set.min;
  const middle = (set.min + set.max) / 2;
  const half = Math.min(
    Math.max(is, height / HAND_FACTOR_MAX),
    height * HAND_FACTOR_MAX,
  ) / 2;
  const centre = Math.min(
    Math.max(middle, wanted.min - half * 0.8),
    wanted.max + half * 0.8,
  );
  return centre === middle && half * 2 === is
    ? set
    : { min: centre - half, max: centre + half };
}

function percentTicks(
  range: PriceRange,
  base: number,
  options: { readonly heightPx: number; readonly spacingPx: number },
): { price: number; label: string }[] {
  const percents = {
    min: (range.min / base - 1) * 100,
    max: (range.max / base - 1) * 100,
  };
  const step = roundStep(
    (percents.max - percents.min) * options.spacingPx / options.heightPx,
    PERCENT_STEP_MIN,
  );
  const decimals = Math.min(
    PERCENT_DECIMALS_MAX,
    Math.max(0, 1 - Math.floor(Math.log10(step))),
  );
  return priceTicks(percents, { ...options, tickSize: PERCENT_STEP_MIN })
    .map((percent) => ({
      price: base * (1 + percent / 100),
      label: percentLabel(percent, step >= 1 ? 0 : decimals),
    }));
}

function percentLabel(percent: number, decimals: number): string {
  const text = Math.abs(percent).toFixed(decimals);
  const sign = Number(text) === 0 ? "" : percent > 0 ? "+" : "−";
  return `${sign}${text}%`;
}
