import { type Crosshair, CrosshairPieces } from "./crosshair_pieces.ts";
import { priceAt, xOf } from "./frame.ts";
import { shortNumber } from "./price_ticks.ts";
import type { Scene } from "./scene.ts";
import { Tip } from "./tip.ts";
import type { CrosshairState } from "./types.ts";

/** How near a mark a pointer must come, and a finger, in CSS pixels. */
const MOUSE_PX = 4;
const FINGER_PX = 14;

/** The crosshair: where it is, its pieces, and the tip beside it. */
export class Cursor {
  readonly tip: Tip;
  readonly pieces = new CrosshairPieces();
  readonly #scene: Scene;
  readonly #tell: ((at: CrosshairState | null) => void) | undefined;
  #at: Crosshair | null = null;
  /** The pointer that placed it, in CSS pixels; null for the keyboard. */
  #pointer: {
    readonly x: number;
    readonly y: number;
    /** How near a mark it must come. */
    readonly marginPx: number;
  } | null = null;
  #toldSlot = NaN;

  constructor(
    scene: Scene,
    tell: ((at: CrosshairState | null) => void) | undefined,
  ) {
    this.#scene = scene;
    this.#tell = tell;
    this.tip = new Tip((price) => scene.priceLabel(price));
  }

  /** The slot it is at, or the newest candle's. */
  get slot(): number {
    return this.#at?.slot ?? this.#scene.store.length - 1;
  }

  get hasPointer(): boolean {
    return this.#pointer !== null;
  }

  pointAt(xPx: number, yPx: number, marginPx = MOUSE_PX): void {
    const { frame } = this.#scene;
    const x = xPx * frame.dpr;
    const y = Math.round(yPx * frame.dpr);
    if (x >= frame.plotRight || y >= frame.plotBottom) {
      this.clear();
      return;
    }
    this.#pointer = { x: xPx, y: yPx, marginPx };
    const slot = Math.round((x - frame.origin) / frame.slotWidth);
    this.#at = { slot, y };
    this.tip.showAt(frame, x, y, marginPx);
    this.#say();
  }

  /** A finger tapped: a second time on a candle takes the crosshair away. */
  tap(xPx: number, yPx: number): void {
    const was = this.#at?.slot;
    this.pointAt(xPx, yPx, FINGER_PX);
    if (was !== undefined && was === this.#at?.slot) this.clear();
  }

  /** The candles may have moved under a pointer at rest. */
  followPointer(): void {
    if (this.#pointer === null) return;
    const { x, y, marginPx } = this.#pointer;
    this.pointAt(x, y, marginPx);
  }

  /** To the next candle, or the one before; the view comes along. */
  stepBy(by: number): void {
    const { store, frame, view } = this.#scene;
    if (store.length === 0) return;
    const end = store.length - 1 + frame.future.length;
    const seen = Math.min(store.length - 1, frame.last);
    const from = this.#at?.slot ?? seen - Math.min(by, 0);
    const slot = Math.min(Math.max(0, from + by), end);
    this.#pointer = null;
    this.#at = { slot, y: null };
    const x = xOf(frame, slot);
    if (x < 0) view.moveBySlots(x / frame.slotWidth - 2);
    else if (x > frame.plotRight) {
      view.moveBySlots((x - frame.plotRight) / frame.slotWidth + 2);
    }
    this.#say();
  }

  /** To a candle that somebody else points at: nobody is told. */
  putAt(slot: number): void {
    this.#pointer = null;
    this.#at = { slot, y: null };
  }

  clear(): void {
    this.#pointer = null;
    this.#at = null;
    this.tip.hide();
    this.#say();
  }

  /** Changes the candles; it stays on its own, whatever came before it. */
  keepingCandle(change: () => void): void {
    const at = this.#at;
    const t = at ? this.#scene.timeOf(at.slot) : NaN;
    change();
    const slot = this.#scene.store.indexOf(t);
    if (at && slot >= 0) this.#at = { slot, y: at.y };
  }

  draw(): void {
    if (!this.#at) {
      this.pieces.hide();
      return;
    }
    // A pointer shows the tip as it moves; nobody else points at a mark.
    if (!this.hasPointer) this.tip.showOn(this.#scene.frame, this.#at.slot);
    this.pieces.show(this.#scene.frame, this.#at, {
      time: this.#timeLabel(this.#at.slot),
      value: this.#valueLabel(this.#at.y),
    });
  }

  #timeLabel(slot: number): string {
    const wall = this.#scene.wallOf(slot);
    if (Number.isNaN(wall)) return "";
    return this.#scene.words.short(wall, this.#scene.intervalMs);
  }

  /** A price in the upper pane, a volume in the lower. */
  #valueLabel(y: number | null): string {
    const { frame } = this.#scene;
    if (y === null) return "";
    if (y <= frame.priceBottom) {
      return this.#scene.prices.label(priceAt(frame, y));
    }
    if (frame.volumeTop >= frame.plotBottom || y < frame.volumeTop) return "";
    const share = (frame.plotBottom - y) / (frame.plotBottom - frame.volumeTop);
    return shortNumber(Math.max(0, share) * frame.volumeMax);
  }

  #say(): void {
    const slot = this.#at?.slot ?? NaN;
    if (!this.#tell || Object.is(slot, this.#toldSlot)) return;
    this.#toldSlot = slot;
    const scene = this.#scene;
    const t = scene.timeOf(slot);
    if (!this.#at || Number.isNaN(t)) {
      this.#tell(null);
      return;
    }
    const { y } = this.#at;
    this.#tell({
      t,
      price: y === null ? null : priceAt(scene.frame, y),
      candle: scene.store.candleAt(slot),
      forecast: scene.forecastAt(slot),
      marks: scene.frame.marks.filter((placed) => placed.slot === slot)
        .map((placed) => placed.mark),
    });
  }
}
