/** What the keyboard can do. */
export interface KeyTarget {
  /** Slots in sight. */
  readonly slots: number;
  moveBySlots(slots: number): void;
  goToStart(): void;
  goLive(): void;
  zoomBy(factor: number): void;
  scalePrices(factor: number): void;
  fitPrices(): void;
  stepCrosshair(by: number): void;
  clearCrosshair(): void;
  speak(): void;
}

const ZOOM = 1.25;

/** Does what a key means; returns whether it means something here. */
export function doKey(
  event: Pick<
    KeyboardEvent,
    "key" | "shiftKey" | "ctrlKey" | "metaKey" | "altKey"
  >,
  target: KeyTarget,
): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const shift = event.shiftKey;
  const step = Math.max(1, Math.round(target.slots / 15));
  switch (event.key) {
    case "ArrowLeft":
      if (shift) target.stepCrosshair(-1);
      else target.moveBySlots(-step);
      return true;
    case "ArrowRight":
      if (shift) target.stepCrosshair(1);
      else target.moveBySlots(step);
      return true;
    case "PageUp":
      target.moveBySlots(-target.slots * 0.9);
      return true;
    case "PageDown":
      target.moveBySlots(target.slots * 0.9);
      return true;
    case "Home":
      target.goToStart();
      return true;
    case "End":
      target.goLive();
      return true;
    case "ArrowUp":
      if (shift) target.scalePrices(ZOOM);
      else target.zoomBy(ZOOM);
      return true;
    case "ArrowDown":
      if (shift) target.scalePrices(1 / ZOOM);
      else target.zoomBy(1 / ZOOM);
      return true;
    case "+":
    case "=":
      target.zoomBy(ZOOM);
      return true;
    case "-":
    case "_":
      target.zoomBy(1 / ZOOM);
      return true;
    case "a":
    case "A":
      target.fitPrices();
      return true;
    case "Enter":
      target.speak();
      return true;
    case "Escape":
      target.clearCrosshair();
      return true;
    default:
      return false;
  }
}
