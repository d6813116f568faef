/** Beyond it the tail is so small that the series would lose its digits. */
const TAIL = 4;
/** Levels of the tail's fraction: enough from there on. */
const LEVELS = 60;

/**
 * Distribution function of the standard normal: to the last digits of a double
 * in the middle, and as exact in proportion far out.
 *
 * Sources: the series of Marsaglia (2004); Laplace's continued fraction
 * (Abramowitz & Stegun 1964, 26.2.14) of the tails.
 */
export function normalCdf(x: number): number {
  const density = Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
  if (Math.abs(x) < TAIL) return 0.5 + density * series(x);
  const tail = density === 0 ? 0 : density / fraction(Math.abs(x));
  return x > 0 ? 1 - tail : tail;
}

/** x + x^3 / 3 + x^5 / (3 5) + … */
function series(x: number): number {
  let term = x;
  let sum = x;
  let before = NaN;
  for (let k = 3; sum !== before; k += 2) {
    before = sum;
    term *= x * x / k;
    sum += term;
  }
  return sum;
}

/** x + 1 / (x + 2 / (x + 3 / …)) */
function fraction(x: number): number {
  let value = x;
  for (let k = LEVELS; k > 0; k--) value = x + k / value;
  return value;
}
