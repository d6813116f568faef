/**
 * The horizontal part of the view, in slots: pure arithmetic on a plain value.
 *
 * Slot `i` spans [i, i + 1); candle `i` sits in slot `i`, the future right of it.
 */
export interface SlotView {
  /** CSS pixels of one slot. */
  readonly slotPx: number;
  /** The slot coordinate at the right edge of the plot. */
  readonly right: number;
}

/** What limits a view: the plot's width in CSS pixels, and what there is to see. */
export interface SlotBounds {
  readonly widthPx: number;
  readonly count: number;
  readonly future: number;
}

const SLOT_PX_MAX = 80;
const SLOTS_MIN = 8;
/** A narrower default slot would not show a candle's body on a phone. */
const DEFAULT_SLOT_PX_MIN = 7;
/** Of the width that may be left free right of the newest candle. */
const FREE_PART_MAX = 0.4;
/** Candles of the first view on a wide screen, and of the server's picture. */
export const DEFAULT_SLOTS = 150;
/** Free slots right of the newest candle, unless told otherwise. */
export const DEFAULT_FUTURE_SLOTS = 8;

/** How many slots the width holds. */
export function slotsAcross(view: SlotView, widthPx: number): number {
  return widthPx / view.slotPx;
}

/** The right edge that leaves `future` free slots after the newest candle. */
export function liveRight(bounds: SlotBounds): number {
  return bounds.count + bounds.future;
}

/** The first view: 150 candles, fewer where they would be too thin to see. */
export function defaultView(bounds: SlotBounds): SlotView {
  const fitted = bounds.widthPx / (DEFAULT_SLOTS + bounds.future);
  return clampView({
    slotPx: Math.max(fitted, DEFAULT_SLOT_PX_MIN),
    right: liveRight(bounds),
  }, bounds);
}

/** Whether the newest candle is in sight, so that the next one is followed. */
export function isLive(view: SlotView, bounds: SlotBounds): boolean {
  return view.right >= bounds.count - 1e-6;
}

/** Moves by pixels: content follows the pointer, so a positive `dxPx` goes back in time. */
export function panBy(
  view: SlotView,
  dxPx: number,
  bounds: SlotBounds,
): SlotView {
  return clampView(
    { slotPx: view.slotPx, right: view.right - dxPx / view.slotPx },
    bounds,
  );
}

/** Magnifies by `factor`; the slot under `xPx` (from the plot's left) stays under it. */
export function zoomAt(
  view: SlotView,
  factor: number,
  xPx: number,
  bounds: SlotBounds,
): SlotView {
  const fromRight = bounds.widthPx - xPx;
  const anchor = view.right - fromRight / view.slotPx;
  const slotPx = clampSlotPx(view.slotPx * factor, bounds);
  return clampView({ slotPx, right: anchor + fromRight / slotPx }, bounds);
}

/** Holds a view inside what there is: some candles always stay in sight. */
export function clampView(view: SlotView, bounds: SlotBounds): SlotView {
  const slotPx = clampSlotPx(view.slotPx, bounds);
  const slots = bounds.widthPx / slotPx;
  const rightMin = Math.min(
    liveRight(bounds),
    Math.min(bounds.count, SLOTS_MIN),
  );
  const rightMax = Math.max(
    liveRight(bounds),
    bounds.count + slots * FREE_PART_MAX,
  );
  const right = Math.min(Math.max(view.right, rightMin), rightMax);
  return { slotPx, right };
}

function clampSlotPx(slotPx: number, bounds: SlotBounds): number {
  const all = Math.max(bounds.count + bounds.future, SLOTS_MIN);
  // All candles may be seen at once, and a short history is not blown up.
  const min = Math.min(bounds.widthPx / all, DEFAULT_SLOT_PX_MIN);
  const max = Math.min(SLOT_PX_MAX, bounds.widthPx / SLOTS_MIN);
  return Math.max(Math.min(slotPx, max), Math.min(min, max));
}
