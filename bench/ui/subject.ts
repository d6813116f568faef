/** What the benchmark asks of a chart; it knows no chart beyond this. */
export interface Subject {
  /** Draws `loaded` candles, of which about `visible` are in sight. */
  load(loaded: number, visible: number): void;
  /** One price; drawn in the next frame. */
  tick(): void;
  /** A closed candle and a new one. */
  candle(): void;
  /** Moves the view by pixels. */
  pan(dxPx: number): void;
  /** Magnifies around the middle. */
  zoom(factor: number): void;
  destroy(): void;
}

declare global {
  /** The chart under test, put there by its page's module. */
  var subject: Subject;
  /** Time from the start of the navigation until candles were painted. */
  var paintedMs: number | undefined;
}
