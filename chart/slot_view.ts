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
/** All candles of a short history may be seen at once, but need not be wider. */
const WHOLE_SLOT_PX = 5;
/** Of the width that may be left free right of the newest candle. */
const FREE_PART_MAX = 0.4;
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

/** The newest candles, with the free slots right of them. */
export function liveView(slots: number, bounds: SlotBounds): SlotView {
  return clampView({
    slotPx: bounds.widthPx / slots,
    right: liveRight(bounds),
  }, bounds);
}

/**
 * Magnifies and stays with the newest candle: right of it there is room for
 * what is predicted, at least `ahead` slots while that leaves the most to
 * candles.
 */
export function zoomLive(
  view: SlotView,
  factor: number,
  ahead: number,
  bounds: SlotBounds,
): SlotView {
  const slotPx = clampSlotPx(view.slotPx * factor, bounds);
  const free = Math.min(
    Math.max(view.right - bounds.count, ahead),
    bounds.widthPx / slotPx * FREE_PART_MAX,
  );
  return clampView({ slotPx, right: bounds.count + free }, bounds);
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
  const min = Math.min(bounds.widthPx / all, WHOLE_SLOT_PX);
  const max = Math.min(SLOT_PX_MAX, bounds.widthPx / SLOTS_MIN);
  return Math.max(Math.min(slotPx, max), Math.min(min, max));
}
