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

/**
 * Distribution function of the standard normal, within 1.5e-7.
 *
 * Source: Abramowitz & Stegun (1964), 7.1.26.
 */
export function normalCdf(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x) / Math.SQRT2);
  const poly = t *
    (0.254829592 +
      t *
        (-0.284496736 +
          t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const erf = 1 - poly * Math.exp(-x * x / 2);
  return x >= 0 ? (1 + erf) / 2 : (1 - erf) / 2;
}
