import type { HeldView } from "./held_view.ts";
import { flingAt, glideLeft } from "./motion.ts";

/** A fling that has not begun to move in this time is at an edge. */
const STUCK_MS = 50;

type Motion =
  | { readonly kind: "glide"; readonly slots: number; readonly start: number }
  | {
    readonly kind: "fling";
    readonly speed: number;
    readonly start: number;
    gonePx: number;
  };

/** Moves a view by itself: to the newest candle, or on after a finger. */
export class Mover {
  readonly #view: HeldView;
  #motion: Motion | null = null;

  constructor(view: HeldView) {
    this.#view = view;
  }

  get moves(): boolean {
    return this.#motion !== null;
  }

  glideToLive(now: number): void {
    const slots = this.#view.slotsToLive;
    this.#motion = { kind: "glide", slots, start: now };
  }

  fling(speed: number, now: number): void {
    this.#motion = { kind: "fling", speed, start: now, gonePx: 0 };
  }

  stop(): void {
    this.#motion = null;
  }

  /** Moves the view to where it is at `now`. */
  step(now: number): void {
    const motion = this.#motion;
    if (motion === null) return;
    const view = this.#view;
    const elapsed = now - motion.start;
    if (motion.kind === "glide") {
      const left = glideLeft(elapsed);
      view.moveBySlots(view.slotsToLive - motion.slots * left);
      if (left === 0) this.#motion = null;
      return;
    }
    const { px, rests } = flingAt(motion.speed, elapsed);
    const before = view.right;
    view.panBy(px - motion.gonePx);
    motion.gonePx = px;
    const stuck = elapsed > STUCK_MS && view.right === before;
    if (rests || stuck) this.#motion = null;
  }
}
