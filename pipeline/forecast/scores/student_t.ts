/** Density of Student's t with `df` degrees of freedom. */
export function studentDensity(x: number, df: number): number {
  return Math.exp(
    -logBeta(0.5, df / 2) - Math.log(df) / 2 -
      (df + 1) / 2 * Math.log1p(x * x / df),
  );
}

/**
 * Distribution function of Student's t with `df` degrees of freedom, within
 * 1e-12; by the incomplete beta function.
 */
export function studentCdf(x: number, df: number): number {
  if (x === 0) return 0.5;
  const tail = incompleteBeta(df / (df + x * x), df / 2, 0.5) / 2;
  return x > 0 ? 1 - tail : tail;
}

/** Probability of a |t| at least as large, under no effect. */
export function twoSidedP(t: number, df: number): number {
  return incompleteBeta(df / (df + t * t), df / 2, 0.5);
}

/** Logarithm of the beta function. */
export function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b);
}

const LANCZOS = [
  0.99999999999980993,
  676.5203681218851,
  -1259.1392167224028,
  771.32342877765313,
  -176.61502916214059,
  12.507343278686905,
  -0.13857109526572012,
  9.9843695780195716e-6,
  1.5056327351493116e-7,
] as const;

/** Logarithm of the gamma function above 0. Source: Lanczos (1964), g = 7. */
function logGamma(x: number): number {
  if (x < 0.5) {
    return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  }
  const z = x - 1;
  let sum: number = LANCZOS[0];
  for (let i = 1; i < LANCZOS.length; i++) sum += LANCZOS[i] / (z + i);
  const t = z + 7.5;
  return Math.log(2 * Math.PI) / 2 + (z + 0.5) * Math.log(t) - t +
    Math.log(sum);
}

const TERMS_MAX = 500;
const TINY = 1e-300;

/**
 * Regularised incomplete beta function I_x(a, b).
 *
 * Source: Abramowitz & Stegun (1964), 26.5.8, as a continued fraction by
 * Lentz (1976), on the side where it converges fast.
 */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(
    a * Math.log(x) + b * Math.log1p(-x) - logBeta(a, b),
  ) / a;
  let c = 1;
  let d = 1 / nonZero(1 - (a + b) * x / (a + 1));
  let value = d;
  for (let m = 1; m <= TERMS_MAX; m++) {
    const even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / nonZero(1 + even * d);
    c = nonZero(1 + even / c);
    value *= c * d;
    const odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / nonZero(1 + odd * d);
    c = nonZero(1 + odd / c);
    const step = c * d;
    value *= step;
    if (Math.abs(step - 1) < 1e-15) break;
  }
  return front * value;
}

function nonZero(x: number): number {
  return Math.abs(x) < TINY ? TINY : x;
}
