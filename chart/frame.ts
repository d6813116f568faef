import type { LevelPill } from "./axis_pills.ts";
import type { CandleStore } from "./candle_store.ts";
import type { PlacedLine } from "./place_lines.ts";
import type { PlacedOutage, PlacedSession, SlotSpan } from "./place_spans.ts";
import type { Theme } from "./theme.ts";
import type { TimeTick } from "./time_ticks.ts";
import type { ChartMark, FutureForecast } from "./types.ts";

/**
 * Everything one drawing needs, worked out once a frame and reused.
 *
 * Lengths are device pixels, edges whole ones: painters draw with the canvas'
 * scaling taken off, so that no line is smeared over two rows of pixels.
 */
export interface Frame {
  readonly store: CandleStore;
  theme: Theme;
  /** Device pixels of a CSS pixel, and the width of a thin line. */
  dpr: number;
  hair: number;
  width: number;
  height: number;
  plotRight: number;
  plotBottom: number;
  priceTop: number;
  priceBottom: number;
  volumeTop: number;
  fontPx: number;
  fontFamily: string;
  /** Slots in sight, both included; `first` may be below 0, `last` in the future. */
  first: number;
  last: number;
  /**
   * Device pixels from the left that stay as they were painted, and the first
   * slot that can reach beyond them: painters need not look before it.
   */
  keptPx: number;
  paintFirst: number;
  slotWidth: number;
  /** Device pixels from the plot's left to the middle of slot 0. */
  origin: number;
  priceMin: number;
  priceMax: number;
  /** Whether rows are even in the logarithm of the price. */
  logarithmic: boolean;
  /** The ends of the price pane in the scale's units: prices, or their logarithms. */
  scaleLow: number;
  scaleHigh: number;
  volumeMax: number;
  /** Forecasts for slots `store.length`, `store.length + 1`, … */
  future: readonly FutureForecast[];
  /** The forecast of the candle still forming, if it is not in the store. */
  forming: FutureForecast | null;
  /** Marks by slot, ascending. */
  marks: readonly PlacedMark[];
  priceTicks: readonly { readonly price: number; readonly label: string }[];
  timeTicks: readonly TimeTick[];
  /** First slots of a day, where a line parts them, and every other day. */
  days: readonly number[];
  dayShades: readonly SlotSpan[];
  /** Pre-open, auctions and the like. */
  sessions: readonly PlacedSession[];
  /** Where the feed was down. */
  outages: readonly PlacedOutage[];
  /** Slots before which nobody traded for an interval or more. */
  quiet: readonly number[];
  levels: readonly LevelPill[];
  lines: readonly PlacedLine[];
  volumeLabel: string;
  lastPrice: LastPrice | null;
}

export interface PlacedMark {
  readonly slot: number;
  readonly mark: ChartMark;
  /** 0 for the mark next to the candle, 1 for the one beyond it, … */
  readonly level: number;
}

export interface LastPrice {
  readonly price: number;
  readonly rising: boolean;
  readonly label: string;
  /** Time until the close, or nothing when it is closed. */
  readonly countdown: string;
}

/** The middle of a slot, on a whole pixel. */
export function xOf(frame: Frame, slot: number): number {
  return Math.round(frame.origin + slot * frame.slotWidth);
}

/** The row of a price, on a whole pixel. */
export function yOf(frame: Frame, price: number): number {
  const scaled = frame.logarithmic
    ? Math.log(Math.max(price, Number.MIN_VALUE))
    : price;
  const share = (scaled - frame.scaleLow) / (frame.scaleHigh - frame.scaleLow);
  return Math.round(
    frame.priceBottom - share * (frame.priceBottom - frame.priceTop),
  );
}

/** The price of a row. */
export function priceAt(frame: Frame, y: number): number {
  const share = (frame.priceBottom - y) /
    (frame.priceBottom - frame.priceTop);
  const scaled = frame.scaleLow + share * (frame.scaleHigh - frame.scaleLow);
  return frame.logarithmic ? Math.exp(scaled) : scaled;
}

/** Below this width of a slot one column of pixels stands for several candles. */
export function isDense(frame: Frame): boolean {
  return frame.slotWidth < 1.5 * frame.hair;
}

/** Width of a body: odd or even as the wick is, so that the wick is in the middle. */
export function bodyWidth(frame: Frame): number {
  const room = Math.floor(frame.slotWidth * 0.78);
  const width = Math.min(room, Math.floor(frame.slotWidth) - frame.hair);
  if (width <= frame.hair) return frame.hair;
  return (width - frame.hair) % 2 === 0 ? width : width - 1;
}

/** The last price's box on the axis, which nothing may cover. */
export function pricePillBox(
  frame: Frame,
): { readonly top: number; readonly bottom: number } | null {
  if (!frame.lastPrice) return null;
  const middle = clampToPane(frame, yOf(frame, frame.lastPrice.price));
  const half = Math.round(
    frame.fontPx * frame.dpr * (frame.lastPrice.countdown ? 1.5 : 0.85),
  );
  const top = Math.min(
    Math.max(0, middle - half),
    frame.plotBottom - 2 * half,
  );
  return { top, bottom: top + 2 * half };
}

export function clampToPane(frame: Frame, y: number): number {
  return Math.min(Math.max(y, frame.priceTop), frame.priceBottom);
}

/** A frame before anything was laid out. */
export function emptyFrame(store: CandleStore, theme: Theme): Frame {
  return {
    store,
    theme,
    dpr: 1,
    hair: 1,
    width: 0,
    height: 0,
    plotRight: 0,
    plotBottom: 0,
    priceTop: 0,
    priceBottom: 0,
    volumeTop: 0,
    fontPx: 12,
    fontFamily: "sans-serif",
    first: 0,
    last: 0,
    keptPx: 0,
    paintFirst: 0,
    slotWidth: 8,
    origin: 0,
    priceMin: 0,
    priceMax: 1,
    logarithmic: false,
    scaleLow: 0,
    scaleHigh: 1,
    volumeMax: 0,
    future: [],
    forming: null,
    marks: [],
    priceTicks: [],
    timeTicks: [],
    days: [],
    dayShades: [],
    sessions: [],
    outages: [],
    quiet: [],
    levels: [],
    lines: [],
    volumeLabel: "",
    lastPrice: null,
  };
}
