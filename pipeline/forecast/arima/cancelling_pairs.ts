import { takeArray } from "./split_array.ts";

/** A factor to multiply a model with, in R's signs. */
export interface Pair {
  readonly ar: readonly number[];
  readonly ma: readonly number[];
}

/** Poles tried, as tanh of even steps: up to 0.989. */
const REAL_STEP = 0.15;
const REAL_STEPS = 17;
const REAL_POLES = Float64Array.from(
  { length: 2 * REAL_STEPS + 1 },
  (_, i) => Math.tanh((i - REAL_STEPS) * REAL_STEP),
);
const SIGNS = [1, -1] as const;
/** Moduli and angles of complex poles tried. */
const MODULI = [0.5, 0.8, 0.93] as const;
const ANGLES = 48;
const COSINES = Float64Array.from(
  { length: ANGLES },
  (_, j) => Math.cos(Math.PI * (j + 0.5) / ANGLES),
);
const SINES = Float64Array.from(
  { length: ANGLES },
  (_, j) => Math.sin(Math.PI * (j + 0.5) / ANGLES),
);
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
  const gains = takeArray(REAL_POLES.length);
  const weights = takeArray(REAL_POLES.length);
  for (let step = 0; step <= REAL_STEPS; step++) {
    const pole = REAL_POLES[REAL_STEPS + step];
    const square = pole * pole;
    // Powers of the pole and of its opposite, even and odd ones apart.
    let even = 0;
    let odd = 0;
    for (let k = (r.length - 1) >> 1; k >= 0; k--) {
      even = even * square + r[2 * k];
      odd = odd * square + (2 * k + 1 < r.length ? r[2 * k + 1] : 0);
    }
    for (const sign of SIGNS) {
      const sum = even + sign * pole * odd;
      const weight = (1 - square) * sum;
      weights[REAL_STEPS + sign * step] = weight;
      gains[REAL_STEPS + sign * step] = weight * sum;
    }
  }
  return localMaxima(gains, (i) => {
    const pole = REAL_POLES[i];
    return { ar: [pole], ma: [weights[i] - pole] };
  });
}

/** The same for pairs of conjugate poles. */
export function complexPairs(r: Float64Array): readonly Pair[] {
  const gains = takeArray(ANGLES);
  const best: number[] = new Array(ANGLES).fill(0);
  const found = { gain: 0, a: 0, b: 0 };
  for (let j = 0; j < ANGLES; j++) {
    for (let i = 0; i < MODULI.length; i++) {
      project(r, MODULI[i] * COSINES[j], MODULI[i] * SINES[j], found);
      if (i === 0 || found.gain > gains[j]) {
        gains[j] = found.gain;
        best[j] = i;
      }
    }
  }
  return localMaxima(gains, (j) => {
    const modulus = MODULI[best[j]];
    const re = modulus * COSINES[j];
    const im = modulus * SINES[j];
    project(r, re, im, found);
    const square = modulus * modulus;
    const ar1 = 2 * re;
    const psi1 = found.a * re + found.b * im;
    const psi2 = found.a * (re * re - im * im) + found.b * 2 * re * im;
    return {
      ar: [ar1, -square],
      ma: [psi1 - ar1, psi2 - ar1 * psi1 + square],
    };
  });
}

/** Narrow notches at frequency 0 and at the highest. */
export const REAL_NOTCHES: readonly Pair[] = [1, -1].map((sign) => ({
  ar: [sign * NOTCH_POLE],
  ma: [-sign * NOTCH_ZERO],
}));

/**
 * Projects r on modulus^k cos(k angle) and modulus^k sin(k angle), whose own
 * products are geometric series, and writes their weights.
 */
function project(
  r: Float64Array,
  re: number,
  im: number,
  out: { gain: number; a: number; b: number },
): void {
  // sum r_k pole^k by Horner's rule for a real polynomial: no complex steps.
  const twice = 2 * re;
  const square = re * re + im * im;
  let now = 0;
  let before = 0;
  for (let k = r.length - 1; k >= 0; k--) {
    const next = r[k] - square * before + twice * now;
    before = now;
    now = next;
  }
  const x = re * now - square * before;
  const y = im * now;
  // z^2 / (1 - z^2), z the pole.
  const re2 = re * re - im * im;
  const im2 = 2 * re * im;
  const over = 1 / ((1 - re2) * (1 - re2) + im2 * im2);
  const realPart = (re2 * (1 - re2) - im2 * im2) * over;
  const both = square / (1 - square);
  const xx = 0.5 * (both + realPart);
  const yy = 0.5 * (both - realPart);
  const xy = 0.5 * im2 * over;
  const determinant = xx * yy - xy * xy;
  const a = (yy * x - xy * y) / determinant;
  const b = (xx * y - xy * x) / determinant;
  out.gain = a * x + b * y;
  out.a = a;
  out.b = b;
}

/** What is made of each local maximum of the gains, the best first. */
function localMaxima(
  gains: Float64Array,
  make: (index: number) => Pair,
): readonly Pair[] {
  const at: number[] = [];
  for (let i = 0; i < gains.length; i++) {
    const before = i > 0 ? gains[i - 1] : 0;
    const after = i + 1 < gains.length ? gains[i + 1] : 0;
    if (gains[i] >= before && gains[i] > after) at.push(i);
  }
  return at.sort((a, b) => gains[b] - gains[a]).map(make);
}
