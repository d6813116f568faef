import { listenAxis } from "./axis_gestures.ts";
import type { Cursor } from "./cursor.ts";
import { listenGestures } from "./gestures.ts";
import { doKey } from "./keys.ts";
import { describeSlot } from "./legend.ts";
import type { Mover } from "./mover.ts";
import type { Scene } from "./scene.ts";
import type { Stage } from "./stage.ts";

/** Dragging an axis by this many pixels magnifies by e. */
const AXIS_DRAG_PX = 160;

/** What the reader's hands act on. */
export interface Steered {
  readonly scene: Scene;
  readonly stage: Stage;
  readonly cursor: Cursor;
  readonly mover: Mover;
  readonly symbol: string;
  /** Nothing is to move by itself. */
  isCalm(): boolean;
  /** Something is not where it was: all is drawn in the next frame. */
  draw(): void;
  /** The crosshair alone has moved. */
  frame(): void;
  goLive(): void;
  fitPrices(): void;
}

/** Pointers, wheel and keys to the view, the prices and the crosshair. */
export function listenToReader(chart: Steered, signal: AbortSignal): void {
  const { scene, stage, cursor, mover } = chart;
  const { plot, priceAxis, timeAxis, goLive, fit } = stage;
  const { view, prices } = scene;
  /** Every gesture ends what moves by itself, and is drawn. */
  const moving = (change: () => void) => {
    mover.stop();
    change();
    chart.draw();
  };
  const clearCursor = () => {
    cursor.clear();
    chart.frame();
  };
  listenGestures(plot, {
    touch: () => mover.stop(),
    pan: (dxPx, dyPx) =>
      moving(() => {
        view.panBy(dxPx);
        const { frame } = scene;
        const height = (frame.priceBottom - frame.priceTop) / frame.dpr;
        prices.shiftBy(dyPx / Math.max(1, height));
      }),
    fling: (speed) => {
      if (chart.isCalm()) return;
      mover.fling(speed, performance.now());
      chart.frame();
    },
    zoom: (factor, xPx, by) =>
      moving(() => {
        // A wheel must not turn a live view away from what is to come.
        const stays = by === "wheel" && view.live;
        scene.zoomBy(factor, stays ? undefined : xPx);
      }),
    hover: (x, y) => {
      cursor.pointAt(x, y);
      chart.frame();
    },
    leave: clearCursor,
    tap: (x, y, touch) => {
      if (!touch) return;
      cursor.tap(x, y);
      chart.frame();
    },
  }, signal);
  listenAxis(priceAxis, "y", {
    drag: (px) => moving(() => prices.scaleBy(Math.exp(-px / AXIS_DRAG_PX))),
    reset: () => chart.fitPrices(),
  }, signal);
  listenAxis(timeAxis, "x", {
    drag: (px) => moving(() => scene.zoomBy(Math.exp(-px / AXIS_DRAG_PX))),
    reset: () => moving(() => view.resetZoom()),
  }, signal);
  plot.addEventListener("keydown", (event) => {
    const wasMoving = mover.moves;
    const known = doKey(event, {
      slots: view.slots,
      moveBySlots: (slots) => view.moveBySlots(slots),
      goToStart: () => view.goToStart(),
      goLive: () => chart.goLive(),
      zoomBy: (factor) => scene.zoomBy(factor),
      scalePrices: (factor) => prices.scaleBy(factor),
      fitPrices: () => chart.fitPrices(),
      stepCrosshair: (by) => cursor.stepBy(by),
      clearCrosshair: clearCursor,
      speak: () => stage.speak(describeSlot(scene, cursor.slot, chart.symbol)),
    });
    if (!known) return;
    event.preventDefault();
    // Only a key that has just set it moving lets it move.
    if (wasMoving && event.key !== "End") mover.stop();
    chart.draw();
  }, { signal });
  plot.addEventListener("blur", () => {
    if (!cursor.hasPointer) clearCursor();
  }, { signal });
  goLive.addEventListener("click", () => chart.goLive(), { signal });
  fit.addEventListener("click", () => chart.fitPrices(), { signal });
}
