/**
 * Where things are, in CSS pixels: the canvas and the server's picture share it,
 * so that one takes over from the other without a jump. `static/chart.css`
 * repeats the constants for the picture.
 */

export const TIME_AXIS_PX = 28;
const LEGEND_ROW_PX = 18;

/** Of the plot below the legend: prices above, volume below. */
export const PRICE_PART = 0.8;
export const VOLUME_FROM = 0.84;
/** Without volume, prices have almost all. */
export const PRICE_PART_ALONE = 0.98;

/**
 * How a chart of some width begins. The numbers depend on the width's class
 * alone, so that the server's picture can have a version for each and the
 * canvas take over from the one that is seen.
 */
export interface FirstView {
  readonly name: "wide" | "middle" | "narrow";
  /** For charts of at least this width. */
  readonly fromPx: number;
  /** Room for the legend: two lines, more where it has to wrap. */
  readonly legendPx: number;
  /** Slots seen at first, with the free ones; fewer would hide the day. */
  readonly slots: number;
  /** Labels of times that fit, each as far from the next. */
  readonly times: number;
}

/** From wide to narrow. */
export const FIRST_VIEWS: readonly FirstView[] = [
  { name: "wide", fromPx: 760, legendPx: 52, slots: 128, times: 10 },
  { name: "middle", fromPx: 480, legendPx: 70, slots: 80, times: 7 },
  { name: "narrow", fromPx: 0, legendPx: 96, slots: 48, times: 5 },
];

export function firstViewOf(width: number): FirstView {
  return FIRST_VIEWS.find(({ fromPx }) => width >= fromPx) ??
    FIRST_VIEWS[FIRST_VIEWS.length - 1];
}

/** A short history is drawn larger, but not as a few blocks. */
export function firstSlots(view: FirstView, all: number): number {
  const least = FIRST_VIEWS[FIRST_VIEWS.length - 1].slots;
  return Math.min(view.slots, Math.max(least, all));
}

/**
 * Least distance of two gridlines. In steps of the height: a window somewhat
 * higher has the same lines, and the server need not know how high it is.
 */
export function priceSpacingPx(heightPx: number): number {
  if (heightPx < 200) return 44;
  return heightPx / (heightPx < 300 ? 6 : heightPx < 600 ? 9 : 14);
}

export interface Geometry {
  readonly width: number;
  readonly height: number;
  readonly plotRight: number;
  readonly plotBottom: number;
  readonly priceTop: number;
  readonly priceBottom: number;
  /** Equal to `plotBottom` when there is no volume. */
  readonly volumeTop: number;
  readonly fontPx: number;
}

export function geometryOf(
  size: { readonly width: number; readonly height: number },
  options: {
    readonly axisPx: number;
    readonly hasVolume: boolean;
    /** Whether the legend has a row for lines. */
    readonly hasLines?: boolean;
  },
): Geometry {
  const { width, height } = size;
  const plotBottom = Math.max(1, height - TIME_AXIS_PX);
  const legendPx = firstViewOf(width).legendPx +
    (options.hasLines ? LEGEND_ROW_PX : 0);
  const priceTop = Math.min(legendPx, plotBottom / 3);
  const below = plotBottom - priceTop;
  const part = options.hasVolume ? PRICE_PART : PRICE_PART_ALONE;
  return {
    width,
    height,
    plotRight: Math.max(1, width - options.axisPx),
    plotBottom,
    priceTop,
    priceBottom: priceTop + below * part,
    volumeTop: options.hasVolume ? priceTop + below * VOLUME_FROM : plotBottom,
    fontPx: width < 480 ? 11 : 12,
  };
}

/** Width of the price axis for the longest label, in steps of 8 so that it rarely changes. */
export function axisPxFor(label: string): number {
  let width = 18;
  for (const char of label) width += /[\d−-]/.test(char) ? 6.9 : 3.6;
  return Math.min(128, Math.max(48, Math.ceil(width / 8) * 8));
}
