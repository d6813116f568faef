import type { Blocks } from "./arma_shape.ts";
import { rootsOutside } from "./partial_autocorrelations.ts";
import { solvePositive } from "./solve_positive.ts";
import { takeArray } from "./split_array.ts";

/** A step is halved so often before it is given up. */
const HALVINGS = 4;
/** It is done once the sum of squares falls by no more than this part. */
const FALL_MIN = 1e-4;
/** Part that is added to the diagonal, for models that are nearly too large. */
const RIDGE = 1e-4;

/** One of ar, ma, sar, sma: how many coefficients, and how many steps apart. */
interface Block {
  count: number;
  step: number;
  /** What a coefficient of it adds to an error, less its lag; padded. */
  slope: Float64Array;
}

/** 1 - sum weights_k x^lags_k. */
interface Polynomial {
  readonly lags: number[];
  readonly weights: Float64Array;
  size: number;
}

/**
 * Conditional least squares of any ARMA of a grid, by Gauss-Newton: what was
 * before the series counts as its mean, and the errors of the first p + s P
 * values as 0. Quick, and near the exact fit where no root is near the unit
 * circle.
 *
 * With e = phi(B) Phi(B^s) z / (theta(B) Theta(B^s)), the derivative of e_t in
 * phi_i is -x_(t-i), x = Phi z / (theta Theta); in Phi_j -y_(t-js), y = phi z /
 * (theta Theta); in theta_i -a_(t-i), a = e / theta; in Theta_j -b_(t-js), b =
 * e / Theta.
 *
 * Source: Box & Jenkins (1976), section 7.2.
 *
 * Shape: z (n), around a mean of 0, without missing values.
 */
export class ConditionalFit {
  readonly #n: number;
  /** Zeros before each series. */
  readonly #pad: number;
  readonly #z: Float64Array;
  readonly #e: Float64Array;
  readonly #blocks: readonly [Block, Block, Block, Block];
  readonly #polynomials: readonly Polynomial[];
  readonly #table: Float64Array;
  readonly #work: Float64Array;
  readonly #step: Float64Array;
  readonly #next: Float64Array;

  constructor(
    z: Float64Array,
    limits: Blocks,
    private readonly season: number,
  ) {
    const [p, q, P, Q] = limits;
    const pad = Math.max(p + season * P, q + season * Q);
    const n = z.length;
    this.#n = n;
    this.#pad = pad;
    this.#z = takeArray(pad + n);
    this.#z.set(z, pad);
    const series = (count: number) => takeArray(count > 0 ? pad + n : 0);
    this.#e = series(1);
    this.#blocks = [
      { count: 0, step: 1, slope: series(p) },
      { count: 0, step: 1, slope: series(q) },
      { count: 0, step: season, slope: series(P) },
      { count: 0, step: season, slope: series(Q) },
    ];
    const polynomial = (length: number) => ({
      lags: new Array<number>(length).fill(0),
      weights: takeArray(length),
      size: 0,
    });
    // ar, ma, sar, sma, both autoregressive ones, both of moving averages.
    this.#polynomials = [p, q, P, Q, p + P + p * P, q + Q + q * Q]
      .map(polynomial);
    const k = p + q + P + Q;
    this.#table = takeArray((k + 1) * (k + 1));
    this.#work = takeArray((k + 1) * (k + 1));
    this.#step = takeArray(k);
    this.#next = takeArray(k);
  }

  /**
   * Improves R's ar, ma, sar, sma, which must be stationary and invertible, in
   * place; returns the mean square of the errors.
   */
  refine(blocks: Blocks, x: Float64Array, iterationsMax: number): number {
    blocks.forEach((count, b) => this.#blocks[b].count = count);
    const k = x.length;
    const from = blocks[0] + this.season * blocks[2];
    const rows = this.#n - from;
    let squares = this.#errors(x, from);
    for (let iteration = 0; iteration < iterationsMax; iteration++) {
      this.#slopes();
      if (k === 0 || !this.#solve(k)) break;
      let scale = 1;
      let fallen = squares;
      for (let tries = 0; tries < HALVINGS; tries++, scale /= 2) {
        for (let i = 0; i < k; i++) {
          this.#next[i] = x[i] + scale * this.#step[i];
        }
        if (!this.#inside(this.#next)) continue;
        fallen = this.#errors(this.#next, from);
        if (fallen < squares) break;
      }
      if (!(fallen < squares)) {
        break;
      }
      for (let i = 0; i < k; i++) x[i] = this.#next[i];
      const enough = squares - fallen <= FALL_MIN * squares;
      squares = fallen;
      if (enough) break;
    }
    return squares / rows;
  }

  #inside(x: Float64Array): boolean {
    let at = 0;
    for (let b = 0; b < 4; b++) {
      const { count } = this.#blocks[b];
      const from = at;
      at += count;
      if (count === 0 || count === 1 && Math.abs(x[from]) < 1) continue;
      const sign = b % 2 === 0 ? 1 : -1;
      const part: number[] = [];
      for (let i = from; i < at; i++) part.push(sign * x[i]);
      if (!rootsOutside(part)) return false;
    }
    return true;
  }

  /** Writes the errors and returns their sum of squares. */
  #errors(x: Float64Array, from: number): number {
    let at = 0;
    for (let b = 0; b < 4; b++) {
      const { count, step } = this.#blocks[b];
      const { lags, weights } = this.#polynomials[b];
      this.#polynomials[b].size = count;
      for (let i = 0; i < count; i++) {
        lags[i] = (i + 1) * step;
        weights[i] = x[at++] * (b % 2 === 0 ? 1 : -1);
      }
    }
    const [ar, ma, sar, sma, bothAr, bothMa] = this.#polynomials;
    multiply(ar, sar, bothAr);
    multiply(ma, sma, bothMa);
    const e = this.#e;
    this.#filter(this.#z, bothAr, bothMa, e, from);
    let squares = 0;
    for (let t = this.#pad + from; t < e.length; t++) squares += e[t] * e[t];
    return squares;
  }

  /** out = numerator(B) input / denominator(B). */
  #filter(
    input: Float64Array,
    numerator: Polynomial | null,
    denominator: Polynomial,
    out: Float64Array,
    from: number,
  ): void {
    const start = this.#pad + from;
    out.fill(0, 0, start);
    const { lags, weights, size } = denominator;
    const upSize = numerator?.size ?? 0;
    const upLags = (numerator ?? denominator).lags;
    const upWeights = (numerator ?? denominator).weights;
    const end = out.length;
    for (let t = start; t < end; t++) {
      let value = input[t];
      for (let k = 0; k < upSize; k++) {
        value -= upWeights[k] * input[t - upLags[k]];
      }
      for (let k = 0; k < size; k++) value += weights[k] * out[t - lags[k]];
      out[t] = value;
    }
  }

  #slopes(): void {
    const [ar, ma, sar, sma] = this.#blocks;
    const [phi, theta, seasonalPhi, seasonalTheta, , both] = this.#polynomials;
    if (ar.count > 0) this.#filter(this.#z, seasonalPhi, both, ar.slope, 0);
    if (ma.count > 0) this.#filter(this.#e, null, theta, ma.slope, 0);
    if (sar.count > 0) this.#filter(this.#z, phi, both, sar.slope, 0);
    if (sma.count > 0) {
      this.#filter(this.#e, null, seasonalTheta, sma.slope, 0);
    }
  }

  /** The step of Gauss & Newton; false if there is none. */
  #solve(k: number): boolean {
    const width = k + 1;
    const table = this.#table;
    let row = 1;
    for (let a = 0; a < 4; a++) {
      const A = this.#blocks[a];
      for (let i = 1; i <= A.count; i++, row++) {
        table[row * width] = crossLagged(this.#e, 0, A.slope, i * A.step);
      }
    }
    // Over the whole series, a product depends on the difference of the lags.
    let top = 1;
    for (let a = 0; a < 4; a++) {
      const A = this.#blocks[a];
      let left = 1;
      for (let b = 0; b <= a; b++) {
        const B = this.#blocks[b];
        for (let i = 0; i < A.count; i++) {
          for (let j = 0; j < B.count; j++) {
            const r = top + i;
            const c = left + j;
            if (c > r) continue;
            const same = i > 0 && j > 0 && A.step === B.step;
            const sum = same ? table[(r - 1) * width + c - 1] : crossLagged(
              A.slope,
              (i + 1) * A.step,
              B.slope,
              (j + 1) * B.step,
            );
            table[r * width + c] = sum;
            table[c * width + r] = sum;
          }
        }
        left += B.count;
      }
      top += A.count;
    }
    for (let i = 1; i <= k; i++) table[i * width + i] *= 1 + RIDGE;
    return solvePositive(table, k, this.#step, this.#work);
  }
}

function multiply(a: Polynomial, b: Polynomial, out: Polynomial): void {
  let size = 0;
  const add = (lag: number, weight: number) => {
    out.lags[size] = lag;
    out.weights[size++] = weight;
  };
  for (let i = 0; i < a.size; i++) add(a.lags[i], a.weights[i]);
  for (let j = 0; j < b.size; j++) {
    add(b.lags[j], b.weights[j]);
    for (let i = 0; i < a.size; i++) {
      add(a.lags[i] + b.lags[j], -a.weights[i] * b.weights[j]);
    }
  }
  out.size = size;
}

/** Sum of a_(t-lagA) b_(t-lagB). */
function crossLagged(
  a: Float64Array,
  lagA: number,
  b: Float64Array,
  lagB: number,
): number {
  const apart = lagB - lagA;
  const from = Math.max(0, apart);
  const to = a.length - lagA;
  let even = 0;
  let odd = 0;
  let t = from;
  for (; t + 1 < to; t += 2) {
    even += a[t] * b[t - apart];
    odd += a[t + 1] * b[t + 1 - apart];
  }
  if (t < to) even += a[t] * b[t - apart];
  return even + odd;
}
