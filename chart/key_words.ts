/** What the keys of `keys.ts` do, for those who look for one. */
export const CHART_KEYS: readonly (readonly [string, string])[] = [
  ["← →", "Move; with Shift the crosshair, candle by candle"],
  ["PgUp PgDn", "Move by as much as is in sight"],
  ["Home End", "To the oldest candles that are loaded; to the newest"],
  ["+ − ↑ ↓", "Zoom; ↑ and ↓ with Shift the prices"],
  ["A", "Fit the prices to the candles"],
  ["Enter", "Read out the candle under the crosshair, or the newest"],
  ["Esc", "Take the crosshair away"],
];
