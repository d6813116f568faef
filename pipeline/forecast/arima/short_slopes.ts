import type { ArmaShape } from "./arma_shape.ts";
import { StationaryStart } from "./stationary_start.ts";

/** As in `ChandrasekharFilter`. */
const STEADY = 1e-13;
const ROUNDING = 1e-15;
/** Longest state that is kept out of arrays. */
export const SHORT = 2;
/** Step of the differences by which a start is differentiated. */
const STEP = 1e-5;
/** phi_0, phi_1, theta_0, theta_1, and of the start F, K_0, K_1. */
const SEEDS = 7;

/**
 * Derivatives of the errors of a short ARMA in its free numbers, by running
 * the Chandrasekhar recursions with their tangents, two at a time: a gradient
 * and a curvature for little more than values cost, and exact save for the
 * start, which central differences differentiate to about 1e-10.
 *
 * Owns its arrays: nothing is allocated after the constructor.
 */
export class ShortSlopes {
  readonly #start: StationaryStart;
  readonly #coefficients: Float64Array;
  readonly #x: Float64Array;
  readonly #base = new Float64Array(SEEDS);
  readonly #up = new Float64Array(SEEDS);
  readonly #seeds: Float64Array;
  /** Derivatives of the sum of log F (k, and one to spare). */
  readonly logF: Float64Array;
  readonly #spare: Float64Array;

  constructor(private readonly shape: ArmaShape, n: number) {
    const k = shape.count;
    this.#start = new StationaryStart(shape.phi.length, shape.theta.length);
    this.#coefficients = new Float64Array(k);
    this.#x = new Float64Array(k);
    this.#seeds = new Float64Array(SEEDS * (k + 1));
    this.logF = new Float64Array(k + 1);
    this.#spare = new Float64Array(k % 2 === 1 ? n : 0);
  }

  /**
   * Writes the errors over the root of F, and their derivatives.
   *
   * Shapes: free (k), rest and errors (n), slopes (k) of (n).
   *
   * @returns False if the start has no derivative there.
   */
  compute(
    free: Float64Array,
    rest: Float64Array,
    errors: Float64Array,
    slopes: readonly Float64Array[],
  ): boolean {
    const k = free.length;
    const x = this.#x;
    x.set(free);
    for (let d = 0; d < k; d++) {
      x[d] = free[d] + STEP;
      if (!this.#write(x, this.#up)) return false;
      x[d] = free[d] - STEP;
      if (!this.#write(x, this.#base)) return false;
      x[d] = free[d];
      for (let s = 0; s < SEEDS; s++) {
        this.#seeds[d * SEEDS + s] = (this.#up[s] - this.#base[s]) /
          (2 * STEP);
      }
    }
    if (!this.#write(x, this.#base)) return false;
    for (let d = 0; d < k; d += 2) {
      const last = d + 1 === k;
      if (last) this.#seeds.fill(0, k * SEEDS);
      this.#two(d, rest, errors, slopes[d], last ? this.#spare : slopes[d + 1]);
    }
    return true;
  }

  #write(free: Float64Array, out: Float64Array): boolean {
    const { shape } = this;
    const start = this.#start;
    shape.fromFree(free, this.#coefficients);
    shape.expand(this.#coefficients);
    const { phi, theta } = shape;
    if (!start.compute(phi, theta)) return false;
    out[0] = phi.length > 0 ? phi[0] : 0;
    out[1] = phi.length > 1 ? phi[1] : 0;
    out[2] = theta.length > 0 ? theta[0] : 0;
    out[3] = theta.length > 1 ? theta[1] : 0;
    out[4] = start.gamma[0];
    out[5] = start.first[0];
    out[6] = start.first[1];
    return true;
  }

  /** Tangents a and b, of free numbers d and d + 1. */
  #two(
    d: number,
    rest: Float64Array,
    errors: Float64Array,
    slopesA: Float64Array,
    slopesB: Float64Array,
  ): void {
    const n = rest.length;
    const base = this.#base;
    const seeds = this.#seeds;
    const A = d * SEEDS;
    const B = A + SEEDS;
    const phi0 = base[0], phi0a = seeds[A], phi0b = seeds[B];
    const phi1 = base[1], phi1a = seeds[A + 1], phi1b = seeds[B + 1];
    const theta0 = base[2], theta0a = seeds[A + 2], theta0b = seeds[B + 2];
    const theta1 = base[3], theta1a = seeds[A + 3], theta1b = seeds[B + 3];
    let F = base[4], Fa = seeds[A + 4], Fb = seeds[B + 4];
    let K0 = base[5], K0a = seeds[A + 5], K0b = seeds[B + 5];
    let K1 = base[6], K1a = seeds[A + 6], K1b = seeds[B + 6];
    const steady = STEADY + ROUNDING * F;
    let W0 = K0, W0a = K0a, W0b = K0b;
    let W1 = K1, W1a = K1a, W1b = K1b;
    let overF = 1 / F;
    let S = -overF, Sa = Fa * overF * overF, Sb = Fb * overF * overF;
    let now = 0, nowA = 0, nowB = 0;
    let after = 0, afterA = 0, afterB = 0;
    let logFa = 0, logFb = 0;
    let t = 0;
    for (; t < n && F - 1 > steady; t++) {
      const g0 = K0 * overF;
      const g1 = K1 * overF;
      const shareA = Fa * overF;
      const shareB = Fb * overF;
      const g0a = K0a * overF - g0 * shareA;
      const g0b = K0b * overF - g0 * shareB;
      const g1a = K1a * overF - g1 * shareA;
      const g1b = K1b * overF - g1 * shareB;
      logFa += shareA;
      logFb += shareB;
      const root = Math.sqrt(overF);
      const error = rest[t] - now;
      const scaled = error * root;
      errors[t] = scaled;
      slopesA[t] = -nowA * root - 0.5 * scaled * shareA;
      slopesB[t] = -nowB * root - 0.5 * scaled * shareB;
      const before = now;
      const beforeA = nowA;
      const beforeB = nowB;
      now = after + phi0 * before + g0 * error;
      nowA = afterA + phi0a * before + phi0 * beforeA + g0a * error -
        g0 * beforeA;
      nowB = afterB + phi0b * before + phi0 * beforeB + g0b * error -
        g0 * beforeB;
      after = phi1 * before + g1 * error;
      afterA = phi1a * before + phi1 * beforeA + g1a * error - g1 * beforeA;
      afterB = phi1b * before + phi1 * beforeB + g1b * error - g1 * beforeB;

      const SW0 = S * W0;
      const SW0a = Sa * W0 + S * W0a;
      const SW0b = Sb * W0 + S * W0b;
      const next = F + SW0 * W0;
      const nextA = Fa + SW0a * W0 + SW0 * W0a;
      const nextB = Fb + SW0b * W0 + SW0 * W0b;
      const TW0 = W1 + phi0 * W0;
      const TW0a = W1a + phi0a * W0 + phi0 * W0a;
      const TW0b = W1b + phi0b * W0 + phi0 * W0b;
      const TW1 = phi1 * W0;
      const TW1a = phi1a * W0 + phi1 * W0a;
      const TW1b = phi1b * W0 + phi1 * W0b;
      K0 += SW0 * TW0;
      K0a += SW0a * TW0 + SW0 * TW0a;
      K0b += SW0b * TW0 + SW0 * TW0b;
      K1 += SW0 * TW1;
      K1a += SW0a * TW1 + SW0 * TW1a;
      K1b += SW0b * TW1 + SW0 * TW1b;
      W1 = TW1 - g1 * W0;
      W1a = TW1a - g1a * W0 - g1 * W0a;
      W1b = TW1b - g1b * W0 - g1 * W0b;
      const W = W0;
      W0 = TW0 - g0 * W;
      W0a = TW0a - g0a * W - g0 * W0a;
      W0b = TW0b - g0b * W - g0 * W0b;
      overF = 1 / next;
      const ratio = F * overF;
      Sa = Sa * ratio + S * (Fa - ratio * nextA) * overF;
      Sb = Sb * ratio + S * (Fb - ratio * nextB) * overF;
      S *= ratio;
      F = next;
      Fa = nextA;
      Fb = nextB;
    }
    for (; t < n; t++) {
      const value = rest[t];
      const error = value - now;
      errors[t] = error;
      slopesA[t] = -nowA;
      slopesB[t] = -nowB;
      const a = nowA;
      const b = nowB;
      now = after + phi0 * value + theta0 * error;
      nowA = afterA + phi0a * value + theta0a * error - theta0 * a;
      nowB = afterB + phi0b * value + theta0b * error - theta0 * b;
      after = phi1 * value + theta1 * error;
      afterA = phi1a * value + theta1a * error - theta1 * a;
      afterB = phi1b * value + theta1b * error - theta1 * b;
    }
    this.logF[d] = logFa;
    this.logF[d + 1] = logFb;
  }
}
