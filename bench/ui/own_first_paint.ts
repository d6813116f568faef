/** Our chart from nothing: how long until candles are seen. */
import "./own_subject.ts";

globalThis.subject.load(1_000, 150);
requestAnimationFrame(() =>
  // The frame after has begun: the one with the candles is on the screen.
  requestAnimationFrame(() => globalThis.paintedMs = performance.now())
);
