/**
 * Interval score of [low, high], which is to hold 1 - alpha of what comes: its
 * width, and 2 / alpha times as far as what came lies outside. In the unit of
 * its ends; smaller is better.
 *
 * Source: Winkler (1972); Gneiting & Raftery (2007), eq. 43.
 */
export function winklerScore(
  { low, high, alpha }: {
    readonly low: number;
    readonly high: number;
    readonly alpha: number;
  },
  actual: number,
): number {
  const outside = Math.max(low - actual, actual - high, 0);
  return high - low + 2 / alpha * outside;
}
