import type { CandleStore } from "./candle_store.ts";
import {
  clampView,
  isLive,
  liveRight,
  liveView,
  panBy,
  type SlotBounds,
  slotsAcross,
  type SlotView,
  zoomAt,
  zoomLive,
} from "./slot_view.ts";
import type { ChartView, ViewState } from "./types.ts";

/** What the view is held against; asked anew each time, as it changes. */
export interface Surroundings {
  readonly store: CandleStore;
  readonly bounds: SlotBounds;
  /** Whether the newest candle is among those in the store. */
  readonly reachesNewest: boolean;
  /** Slots seen when nobody said how many. */
  readonly firstSlots: number;
  /** Whether the layout is known: a view that was asked for waits until then. */
  readonly settled: boolean;
}

/** The view over a history that changes under it: it keeps its place in time. */
export class HeldView {
  readonly #around: Surroundings;
  #view: SlotView = { slotPx: 8, right: 0 };
  /** The view to take once there are a size and candles. */
  #wanted: ChartView | "default" | null;
  /** Whether it moved since `takeMoved()`. */
  #moved = true;

  constructor(around: Surroundings, wanted: ChartView | undefined) {
    this.#around = around;
    this.#wanted = wanted ?? "default";
  }

  get right(): number {
    return this.#view.right;
  }

  get slotPx(): number {
    return this.#view.slotPx;
  }

  get slots(): number {
    return slotsAcross(this.#view, this.#around.bounds.widthPx);
  }

  /** Whether a view is still to be taken, for want of candles or a size. */
  get waits(): boolean {
    return this.#wanted !== null;
  }

  get live(): boolean {
    if (this.#wanted !== null) {
      return this.#wanted === "default" || this.#wanted.toT === null;
    }
    return this.#around.reachesNewest &&
      isLive(this.#view, this.#around.bounds);
  }

  get state(): ViewState {
    const { store } = this.#around;
    const right = Math.ceil(this.#view.right) - 1;
    const left = Math.floor(this.#view.right - this.slots);
    const from = Math.max(0, left);
    const to = Math.min(store.length - 1, right);
    const some = store.length > 0 && to >= from;
    const lastT = some ? store.t[to] : null;
    return {
      slots: Math.round(this.slots * 100) / 100,
      toT: this.live ? null : lastT,
      fromT: some ? store.t[from] : null,
      lastT,
      live: this.live,
    };
  }

  /** Whether it moved since this was last asked. */
  takeMoved(): boolean {
    const moved = this.#moved;
    this.#moved = false;
    return moved;
  }

  get moved(): boolean {
    return this.#moved;
  }

  touch(): void {
    this.#moved = true;
  }

  want(view: ChartView): void {
    this.#wanted = view;
    this.settle();
  }

  /** The newest candles with as many slots as now, as soon as there are any. */
  wantLive(): void {
    if (this.#wanted === null) {
      this.#wanted = { slots: this.slots, toT: null };
    } else if (this.#wanted !== "default") {
      this.#wanted = { ...this.#wanted, toT: null };
    }
  }

  /** Slots the view would have to go right to be live; 0 when it is there. */
  get slotsToLive(): number {
    return liveRight(this.#around.bounds) - this.#view.right;
  }

  moveBySlots(slots: number): void {
    this.panBy(-slots * this.#view.slotPx);
  }

  /** The oldest candle comes to the left edge. */
  goToStart(): void {
    const { bounds } = this.#around;
    const right = Math.min(this.slots, liveRight(bounds));
    this.#move(clampView({ ...this.#view, right }, bounds));
  }

  panBy(dxPx: number): void {
    this.#move(panBy(this.#view, dxPx, this.#around.bounds));
  }

  /** Zooms around `xPx`; with none, stays live when it is, else keeps the right edge. */
  zoomBy(factor: number, xPx: number | undefined, ahead: number): void {
    const { bounds } = this.#around;
    if (xPx === undefined && this.live) {
      this.#move(zoomLive(this.#view, factor, ahead, bounds));
    } else {
      this.#move(zoomAt(this.#view, factor, xPx ?? bounds.widthPx, bounds));
    }
  }

  /** As many slots as at first, at the same right edge. */
  resetZoom(): void {
    const { bounds, firstSlots } = this.#around;
    const slotPx = bounds.widthPx / firstSlots;
    this.zoomBy(slotPx / this.#view.slotPx, undefined, bounds.future);
  }

  /** Slots came or went left of the view: the picture must not move. */
  shift(slots: number): void {
    this.#view = { ...this.#view, right: this.#view.right + slots };
  }

  /** Changes the candles while the one at the right edge stays where it is. */
  keepingPlace(change: () => void): void {
    const { store } = this.#around;
    const live = this.live;
    const before = store.length;
    const anchor = Math.min(before, Math.ceil(this.#view.right)) - 1;
    const anchorT = before > 0 && anchor >= 0 ? store.t[anchor] : NaN;
    change();
    const after = Number.isNaN(anchorT) ? -1 : store.indexAtOrBefore(anchorT);
    let right = this.#view.right;
    if (live) right += store.length - before;
    else if (after >= 0) right += after - anchor;
    this.#move({ ...this.#view, right });
    if (this.#wanted === null && (before === 0 || (!live && after < 0))) {
      this.#wanted = { slots: this.slots, toT: null };
    }
  }

  /** Takes the wanted view as soon as it can be placed, and stays inside what there is. */
  settle(): void {
    const { store, bounds, settled, firstSlots } = this.#around;
    if (bounds.widthPx <= 1 || bounds.count === 0) return;
    const wanted = this.#wanted;
    if (wanted === "default") {
      this.#move(liveView(firstSlots, bounds));
    } else if (wanted !== null) {
      const slots = wanted.slots > 0 ? wanted.slots : firstSlots;
      const index = wanted.toT === null
        ? store.length + bounds.future - 1
        : store.indexAtOrBefore(wanted.toT);
      // Before all history its beginning is nearest.
      const right = index < 0 ? slots : index + 1;
      const slotPx = bounds.widthPx / slots;
      this.#move(clampView({ slotPx, right }, bounds));
    } else {
      const held = clampView(this.#view, bounds);
      if (
        held.right !== this.#view.right || held.slotPx !== this.#view.slotPx
      ) this.#move(held);
    }
    if (settled) this.#wanted = null;
  }

  #move(view: SlotView): void {
    this.#view = view;
    this.#moved = true;
  }
}
