/**
 * Where things are, in CSS pixels: the canvas and the server's picture share it,
 * so that one takes over from the other without a jump. `static/chart.css`
 * repeats the constants for the picture.
 */

export const TIME_AXIS_PX = 28;

/** Of the plot below the legend: prices above, volume below. */
export const PRICE_PART = 0.8;
export const VOLUME_FROM = 0.84;
/** Without volume, prices have almost all. */
export const PRICE_PART_ALONE = 0.98;

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
  options: { readonly axisPx: number; readonly hasVolume: boolean },
): Geometry {
  const { width, height } = size;
  const plotBottom = Math.max(1, height - TIME_AXIS_PX);
  const priceTop = Math.min(legendPx(width), plotBottom / 3);
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

/** Room for the legend: two lines, more where it has to wrap. */
export function legendPx(width: number): number {
  if (width >= 760) return 52;
  return width >= 480 ? 70 : 96;
}

/** Width of the price axis for the longest label, in steps of 8 so that it rarely changes. */
export function axisPxFor(label: string): number {
  let width = 18;
  for (const char of label) width += /[\d−-]/.test(char) ? 6.9 : 3.6;
  return Math.min(128, Math.max(48, Math.ceil(width / 8) * 8));
}
