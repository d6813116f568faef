/**
 * Interval of a probability of which `hits` of `n` were seen.
 *
 * Source: Wilson (1927); z of 1.96 is 95 %.
 *
 * @returns 0 to 1 if `n` is 0.
 */
export function wilsonInterval(
  hits: number,
  n: number,
  z = 1.959964,
): { readonly low: number; readonly high: number } {
  if (n === 0) return { low: 0, high: 1 };
  const p = hits / n;
  const z2 = z * z;
  const centre = (p + z2 / (2 * n)) / (1 + z2 / n);
  const half = z / (1 + z2 / n) *
    Math.sqrt(p * (1 - p) / n + z2 / (4 * n * n));
  return {
    low: Math.max(0, centre - half),
    high: Math.min(1, centre + half),
  };
}
