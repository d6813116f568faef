import type { CandleChart, CandleChartOptions } from "./types.ts";

export type * from "./types.ts";
export { themeFor } from "./theme.ts";

/**
 * Builds a candle chart inside `host`, filling it: give the host a height.
 *
 * Importing this module touches no DOM; calling this function does.
 */
export function mountCandleChart(
  _host: HTMLElement,
  _options: CandleChartOptions,
): CandleChart {
  throw new Error("Not built yet");
}
