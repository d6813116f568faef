/** What dragging an axis does. */
export interface AxisTarget {
  /** The pointer moved by CSS pixels along the axis. */
  drag(px: number): void;
  /** A double click, or a double tap. */
  reset(): void;
}

const DOUBLE_TAP_MS = 350;
/** A notch of a wheel is a short drag. */
const WHEEL_PART = 0.2;
const WHEEL_PX_MAX = 240;
/** A finger that moved less than this has tapped. */
const TAP_PX = 6;

/** Turns pointers and the wheel on an axis into drags and resets. Everything ends with `signal`. */
export function listenAxis(
  element: HTMLElement,
  along: "x" | "y",
  target: AxisTarget,
  signal: AbortSignal,
): void {
  let pointer = -1;
  let at = 0;
  let travelled = 0;
  let tappedAt = -Infinity;
  const place = (event: PointerEvent) =>
    along === "x" ? event.clientX : event.clientY;

  element.addEventListener("pointerdown", (event) => {
    if (pointer !== -1 || event.button !== 0) return;
    pointer = event.pointerId;
    at = place(event);
    travelled = 0;
    element.setPointerCapture(pointer);
  }, { signal });
  element.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pointer) return;
    const to = place(event);
    travelled += Math.abs(to - at);
    if (to !== at) target.drag(to - at);
    at = to;
  }, { signal });
  const end = (event: PointerEvent) => {
    if (event.pointerId !== pointer) return;
    pointer = -1;
    if (event.type !== "pointerup" || travelled > TAP_PX) return;
    if (event.timeStamp - tappedAt <= DOUBLE_TAP_MS) {
      tappedAt = -Infinity;
      target.reset();
    } else tappedAt = event.timeStamp;
  };
  element.addEventListener("pointerup", end, { signal });
  element.addEventListener("pointercancel", end, { signal });
  element.addEventListener("wheel", (event) => {
    event.preventDefault();
    const px = Math.max(-WHEEL_PX_MAX, Math.min(WHEEL_PX_MAX, event.deltaY));
    target.drag(px * WHEEL_PART);
  }, { signal, passive: false });
}
