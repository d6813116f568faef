import { flingSpeed } from "./motion.ts";

/** What the reader did, in CSS pixels from the chart's top left. */
export interface GestureTarget {
  /** A finger or a button came down: what moves by itself must stop. */
  touch(): void;
  pan(dxPx: number, dyPx: number): void;
  /** A finger left while it moved: pixels a ms, to the right. */
  fling(speed: number): void;
  /** Around `xPx`, where the pointer or the middle of two fingers is. */
  zoom(factor: number, xPx: number, by: "pinch" | "wheel"): void;
  hover(xPx: number, yPx: number, touch: boolean): void;
  leave(): void;
  /** A short touch, or a click. */
  tap(xPx: number, yPx: number, touch: boolean): void;
}

const DRAG_FROM_PX = 4;
const LONG_PRESS_MS = 350;
/** Of one notch of a wheel: about a tenth. */
const ZOOM_PER_WHEEL_PX = 0.0012;
const ZOOM_PER_PINCH_PX = 0.0096;
const WHEEL_PX_MAX = 240;
/** Pixels, lines and pages, as the browser counts them. */
const WHEEL_UNITS_PX = [1, 16, 400];
const TRAIL_MAX = 30;

interface Pointer {
  x: number;
  y: number;
  readonly startX: number;
  readonly startY: number;
  startAt: number;
}

/**
 * Turns pointers and the wheel into pan, zoom and hover.
 *
 * One finger pans sideways and leaves scrolling the page to the browser; two
 * zoom; a finger held still brings the crosshair. Everything ends with `signal`.
 */
export function listenGestures(
  element: HTMLElement,
  target: GestureTarget,
  signal: AbortSignal,
): void {
  const pointers = new Map<number, Pointer>();
  let dragging = false;
  let crosshairHeld = false;
  let pinchPx = 0;
  /** Where a single finger was lately. */
  let trail: { x: number; at: number }[] = [];
  let pressTimer: ReturnType<typeof setTimeout> | undefined;

  function place(event: MouseEvent): { x: number; y: number } {
    const box = element.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  function pinch(): { distance: number; middle: number } {
    const [a, b] = [...pointers.values()];
    return {
      distance: Math.max(10, Math.hypot(a.x - b.x, a.y - b.y)),
      middle: (a.x + b.x) / 2,
    };
  }

  /** A busy page hears late of a finger that moved or left in time. */
  function endEarlyPress({ timeStamp }: Event, { startAt }: Pointer): void {
    if (!crosshairHeld || timeStamp - startAt >= LONG_PRESS_MS) return;
    crosshairHeld = false;
    target.leave();
  }

  function down(event: PointerEvent): void {
    if (event.pointerType === "mouse" && event.button !== 0) return;
    const { x, y } = place(event);
    target.touch();
    trail = [];
    const startAt = event.timeStamp;
    pointers.set(event.pointerId, { x, y, startX: x, startY: y, startAt });
    element.setPointerCapture(event.pointerId);
    clearTimeout(pressTimer);
    if (pointers.size === 2) {
      dragging = true;
      crosshairHeld = false;
      target.leave();
      pinchPx = pinch().distance;
    } else if (event.pointerType !== "mouse") {
      pressTimer = setTimeout(() => {
        if (pointers.size !== 1 || dragging) return;
        crosshairHeld = true;
        target.hover(x, y, true);
      }, LONG_PRESS_MS);
    }
  }

  function move(event: PointerEvent): void {
    const { x, y } = place(event);
    const pointer = pointers.get(event.pointerId);
    if (!pointer) {
      if (event.pointerType === "mouse") target.hover(x, y, false);
      return;
    }
    const dx = x - pointer.x;
    if (pointers.size === 2) {
      const before = pinch().middle;
      pointer.x = x;
      pointer.y = y;
      const now = pinch();
      target.pan(now.middle - before, 0);
      target.zoom(now.distance / pinchPx, now.middle, "pinch");
      pinchPx = now.distance;
      return;
    }
    const goneFar = Math.hypot(x - pointer.startX, y - pointer.startY) >
      DRAG_FROM_PX;
    if (goneFar) endEarlyPress(event, pointer);
    if (crosshairHeld) {
      target.hover(x, y, true);
    } else if (dragging || goneFar) {
      if (!dragging) clearTimeout(pressTimer);
      dragging = true;
      element.classList.add("tc-dragging");
      if (event.pointerType === "mouse") {
        target.pan(dx, y - pointer.y);
        target.hover(x, y, false);
      } else {
        target.pan(dx, 0);
        trail.push({ x, at: event.timeStamp });
        if (trail.length > TRAIL_MAX) trail.shift();
      }
    } else return;
    pointer.x = x;
    pointer.y = y;
  }

  function up(event: PointerEvent): void {
    const pointer = pointers.get(event.pointerId);
    if (!pointer) return;
    clearTimeout(pressTimer);
    pointers.delete(event.pointerId);
    if (pointers.size > 0) {
      // Of two fingers one is left: it has not moved yet.
      trail = [];
      return;
    }
    if (event.type === "pointerup") {
      const touch = event.pointerType !== "mouse";
      endEarlyPress(event, pointer);
      if (!dragging) {
        if (!crosshairHeld) target.tap(pointer.x, pointer.y, touch);
      } else if (touch) {
        const speed = flingSpeed(trail, event.timeStamp);
        if (speed !== 0) target.fling(speed);
      }
    }
    dragging = false;
    crosshairHeld = false;
    element.classList.remove("tc-dragging");
  }

  function wheel(event: WheelEvent): void {
    event.preventDefault();
    const unit = WHEEL_UNITS_PX[event.deltaMode];
    const dx = event.deltaX * unit;
    const dy = event.deltaY * unit;
    if (Math.abs(dx) > Math.abs(dy) || event.shiftKey) {
      target.pan(-(dx || dy), 0);
      return;
    }
    const bounded = Math.max(-WHEEL_PX_MAX, Math.min(WHEEL_PX_MAX, dy));
    // A pinch on a trackpad comes as a wheel with ctrl, in small numbers.
    const perPx = event.ctrlKey ? ZOOM_PER_PINCH_PX : ZOOM_PER_WHEEL_PX;
    target.zoom(Math.exp(-bounded * perPx), place(event).x, "wheel");
  }

  const heard = { signal };
  const blocking = { signal, passive: false };
  element.addEventListener("pointerdown", down, heard);
  element.addEventListener("pointermove", move, heard);
  element.addEventListener("pointerup", up, heard);
  element.addEventListener("pointercancel", up, heard);
  element.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "mouse" && !dragging) target.leave();
  }, heard);
  element.addEventListener("wheel", wheel, blocking);
  element.addEventListener("touchmove", (event) => {
    // While the crosshair is held, the page must not scroll under the finger.
    if (crosshairHeld || pointers.size > 1) event.preventDefault();
  }, blocking);
  element.addEventListener("contextmenu", (event) => {
    if (crosshairHeld) event.preventDefault();
  }, heard);
  signal.addEventListener("abort", () => clearTimeout(pressTimer));
}
