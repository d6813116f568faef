/** A factor to multiply a model with, in R's signs. */
export interface Pair {
  readonly ar: readonly number[];
  readonly ma: readonly number[];
}

interface Scored extends Pair {
  readonly gain: number;
}

/** Poles tried, as tanh of even steps: up to 0.989. */
const REAL_STEP = 0.15;
const REAL_STEPS = 17;
/** Moduli and angles of complex poles tried. */
const MODULI = [0.5, 0.8, 0.93] as const;
const ANGLES = 48;
const NOTCH_POLE = 0.95;
const NOTCH_ZERO = 0.997;

/**
 * Poles beside zeros that may explain what correlation the errors of a model
 * still have: where a likelihood with one more of each may have a maximum.
 *
 * An error with a weak ARMA of its own has psi weights of about its
 * autocorrelations, so that a pole's best weight is a projection on its
 * powers, and the projection's length about what the likelihood gains.
 *
 * Shapes: r, autocorrelations from lag 1 on.
 *
 * @returns The local maxima, best first.
 */
export function realPairs(r: Float64Array): readonly Pair[] {
  const tried: Scored[] = [];
  for (let step = -REAL_STEPS; step <= REAL_STEPS; step++) {
    const pole = Math.tanh(step * REAL_STEP);
    let sum = 0;
    for (let k = r.length - 1; k >= 0; k--) sum = sum * pole + r[k];
    const weight = (1 - pole * pole) * sum;
    tried.push({ gain: weight * sum, ar: [pole], ma: [weight - pole] });
  }
  return localMaxima(tried);
}

/** The same for pairs of conjugate poles. */
export function complexPairs(r: Float64Array): readonly Pair[] {
  const tried: Scored[] = [];
  for (let j = 0; j < ANGLES; j++) {
    const angle = Math.PI * (j + 0.5) / ANGLES;
    tried.push(
      MODULI.map((modulus) => complexPair(r, modulus, angle))
        .reduce((best, one) => one.gain > best.gain ? one : best),
    );
  }
  return localMaxima(tried);
}

/** Narrow notches at frequency 0 and at the highest. */
export const REAL_NOTCHES: readonly Pair[] = [1, -1].map((sign) => ({
  ar: [sign * NOTCH_POLE],
  ma: [-sign * NOTCH_ZERO],
}));

/**
 * Projects r on modulus^k cos(k angle) and modulus^k sin(k angle), whose own
 * products are geometric series.
 */
function complexPair(r: Float64Array, modulus: number, angle: number): Scored {
  const re = modulus * Math.cos(angle);
  const im = modulus * Math.sin(angle);
  let x = 0;
  let y = 0;
  for (let k = r.length - 1; k >= 0; k--) {
    const before = x + r[k];
    x = re * before - im * y;
    y = im * before + re * y;
  }
  // z^2 / (1 - z^2), z the pole.
  const re2 = re * re - im * im;
  const im2 = 2 * re * im;
  const over = 1 / ((1 - re2) * (1 - re2) + im2 * im2);
  const realPart = (re2 * (1 - re2) - im2 * im2) * over;
  const square = modulus * modulus;
  const both = square / (1 - square);
  const xx = 0.5 * (both + realPart);
  const yy = 0.5 * (both - realPart);
  const xy = 0.5 * im2 * over;
  const determinant = xx * yy - xy * xy;
  const a = (yy * x - xy * y) / determinant;
  const b = (xx * y - xy * x) / determinant;
  const psi1 = a * re + b * im;
  const psi2 = a * re2 + b * im2;
  const ar1 = 2 * re;
  return {
    gain: a * x + b * y,
    ar: [ar1, -square],
    ma: [psi1 - ar1, psi2 - ar1 * psi1 + square],
  };
}

function localMaxima(tried: readonly Scored[]): readonly Pair[] {
  return tried.filter(({ gain }, i) =>
    gain >= (tried[i - 1]?.gain ?? 0) && gain > (tried[i + 1]?.gain ?? 0)
  ).sort((a, b) => b.gain - a.gain);
}
