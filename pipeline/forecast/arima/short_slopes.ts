import type { ArmaShape } from "./arma_shape.ts";
import { ShortStart } from "./short_start.ts";
import { splitArray, takeArray } from "./split_array.ts";

/** Longest state that is kept out of arrays. */
export const SHORT = 2;
/** phi_1, phi_2, theta_1, theta_2. */
const TERMS = 4;
/** What is left of the start once its weights are below this is none. */
const FORGOTTEN = 1e-14;

/**
 * The exact likelihood of a short ARMA with its gradient and about its second
 * derivatives, for little more than the errors cost.
 *
 * Given the state before the first value, s, the errors are those of the plain
 * recursion: e = e(0) - H s, H_t = (u_t, u_(t-1)), u the weights of 1 / theta(B).
 * With s of covariance P, M = H'H, b = H'e(0): the sum of squares is least, and
 * exact, at s = P x, x = (I + M P)^-1 b, where it is e'e + x'P x; and the sum of
 * log F is log det(I + P M). So no gain is worked out step by step, and what
 * differentiates the errors, s held, is two series and their lags, a =
 * -B w / theta(B) for phi and c = -B e / theta(B) for theta.
 *
 * Sources: the augmented filter of de Jong (1991), for one source of error;
 * Ljung & Box (1979) for the likelihood as a sum over errors and a start.
 *
 * Owns its arrays: nothing is allocated after the constructor.
 */
export class ShortSlopes {
  /** Sums of squared standard errors and of log F of the last run. */
  squares = 0;
  sumLogF = 0;
  readonly #start = new ShortStart();
  readonly #p: number;
  readonly #q: number;
  /** e and u (n); a and c (n + 1), at t + 1. */
  readonly #e: Float64Array;
  readonly #u: Float64Array;
  readonly #a: Float64Array;
  readonly #c: Float64Array;
  /** Partial autocorrelations, in the places of phi and theta. */
  readonly #partials = takeArray(TERMS);
  readonly #coefficients = takeArray(TERMS);
  /** M, b, x and the derivatives of M in theta. */
  #m11 = 0;
  #m12 = 0;
  #m22 = 0;
  #x1 = 0;
  #x2 = 0;
  #det = 1;
  /** Sums of u_t v_t, u_t v_(t-1), v_t u_(t-1), u_t v_(t-2), v = du / dtheta_1. */
  #uv = 0;
  #uv1 = 0;
  #vu1 = 0;
  #uv2 = 0;
  /** What the lags of the first two leave out at the end. */
  #uvEnd = 0;
  #uv1End = 0;
  /** Values until the start is forgotten. */
  #until = 0;
  readonly #slope = takeArray(TERMS);
  readonly #bend = takeArray(TERMS * TERMS);
  /** Derivatives of the coefficients in the free numbers, and a product. */
  readonly #chain = takeArray(TERMS * TERMS);
  readonly #mixed = takeArray(TERMS * TERMS);

  constructor(shape: ArmaShape, n: number) {
    const [p, q] = shape.blocks;
    this.#p = p;
    this.#q = q;
    [this.#e, this.#u] = splitArray(2, n);
    [this.#a, this.#c] = splitArray(2, n + 1);
  }

  /**
   * Takes the likelihood's parts at these free numbers.
   *
   * Shapes: free (k), rest (n), the data less its regressors.
   *
   * @returns False if there are none there.
   */
  run(free: Float64Array, rest: Float64Array): boolean {
    this.#expand(free);
    const c = this.#coefficients;
    if (!this.#start.compute(c[0], c[1], c[2], c[3])) return false;
    this.#estimateStart(rest);
    this.#errors(rest);
    return true;
  }

  #expand(free: Float64Array): void {
    const r = this.#partials;
    const c = this.#coefficients;
    const p = this.#p;
    const q = this.#q;
    for (let i = 0; i < p; i++) r[i] = Math.tanh(free[i]);
    for (let i = 0; i < q; i++) r[2 + i] = Math.tanh(free[p + i]);
    c[0] = r[0] * (1 - r[1]);
    c[1] = r[1];
    c[2] = -r[2] * (1 - r[3]);
    c[3] = -r[3];
  }

  /** M, x, log det(I + P M), from the errors of a start at 0. */
  #estimateStart(w: Float64Array): void {
    const n = w.length;
    const c = this.#coefficients;
    const f1 = c[0], f2 = c[1], t1 = c[2], t2 = c[3];
    const us = this.#u;
    let m11 = 0, m12 = 0, b1 = 0, b2 = 0;
    let uv = 0, uv1 = 0, vu1 = 0, uv2 = 0;
    let u = 1, u1 = 0, v = 0, v1 = 0, v2 = 0;
    let w1 = 0, w2 = 0, e1 = 0, e2 = 0;
    let t = 0;
    for (;;) {
      const now = w[t];
      const e = now - f1 * w1 - f2 * w2 - t2 * e2 - t1 * e1;
      us[t] = u;
      b1 += u * e;
      b2 += u1 * e;
      m11 += u * u;
      m12 += u * u1;
      uv += u * v;
      uv1 += u * v1;
      vu1 += v * u1;
      uv2 += u * v2;
      if (++t === n) break;
      const nextU = -t2 * u1 - t1 * u;
      const nextV = -u - t2 * v1 - t1 * v;
      v2 = v1;
      v1 = v;
      v = nextV;
      u1 = u;
      u = nextU;
      if (
        Math.abs(u) + Math.abs(u1) + Math.abs(v) + Math.abs(v1) +
            Math.abs(v2) < FORGOTTEN
      ) break;
      w2 = w1;
      w1 = now;
      e2 = e1;
      e1 = e;
    }
    const m22 = t === n ? m11 - u * u : m11;
    this.#until = t;
    this.#m11 = m11;
    this.#m12 = m12;
    this.#m22 = m22;
    this.#uv = uv;
    this.#uv1 = uv1;
    this.#vu1 = vu1;
    this.#uv2 = uv2;
    this.#uvEnd = t === n ? u * v : 0;
    this.#uv1End = t === n ? u * v1 : 0;
    const { p11, p12, p22 } = this.#start;
    // I + P M, whose determinant is of terms that are none below 0.
    const d11 = 1 + p11 * m11 + p12 * m12;
    const d12 = p11 * m12 + p12 * m22;
    const d21 = p12 * m11 + p22 * m12;
    const d22 = 1 + p12 * m12 + p22 * m22;
    const det = 1 + p11 * m11 + 2 * p12 * m12 + p22 * m22 +
      (p11 * p22 - p12 * p12) * (m11 * m22 - m12 * m12);
    this.#det = det;
    this.#x1 = (d22 * b1 - d21 * b2) / det;
    this.#x2 = (d11 * b2 - d12 * b1) / det;
    this.sumLogF = Math.log(det);
  }

  /** Errors, a and c, from the start that was estimated. */
  #errors(w: Float64Array): void {
    const n = w.length;
    const coefficients = this.#coefficients;
    const f1 = coefficients[0], f2 = coefficients[1];
    const t1 = coefficients[2], t2 = coefficients[3];
    const { p11, p12, p22 } = this.#start;
    const x1 = this.#x1;
    const x2 = this.#x2;
    const s1 = p11 * x1 + p12 * x2;
    const s2 = p12 * x1 + p22 * x2;
    const es = this.#e;
    const as = this.#a;
    const cs = this.#c;
    let w1 = w[0], w2 = 0;
    let e1 = w1 - s1, e2 = 0;
    let a1 = 0, a2 = 0, c1 = 0, c2 = 0;
    es[0] = e1;
    let squares = e1 * e1;
    let start = s2;
    for (let t = 1; t < n; t++) {
      const now = w[t];
      const e = now - start - f1 * w1 - f2 * w2 - t2 * e2 - t1 * e1;
      const a = -w1 - t2 * a2 - t1 * a1;
      const c = -e1 - t2 * c2 - t1 * c1;
      es[t] = e;
      as[t + 1] = a;
      cs[t + 1] = c;
      squares += e * e;
      start = 0;
      w2 = w1;
      w1 = now;
      e2 = e1;
      e1 = e;
      a2 = a1;
      a1 = a;
      c2 = c1;
      c1 = c;
    }
    this.squares = squares + x1 * s1 + x2 * s2;
  }

  /**
   * Of the last run: the gradient of ½ log squares + ½ mean log F in the free
   * numbers, and about its second derivatives (k, k).
   */
  finish(gradient: Float64Array, curvature: Float64Array): void {
    const c = this.#coefficients;
    this.#start.differentiate(c[0], c[1], c[2], c[3]);
    this.#sumUp();
    this.#takeStart();
    this.#toFree(gradient, curvature);
  }

  /** Products of the errors' derivatives with them and with each other. */
  #sumUp(): void {
    const es = this.#e;
    const as = this.#a;
    const cs = this.#c;
    const n = es.length;
    const slope = this.#slope;
    const bend = this.#bend;
    slope.fill(0);
    bend.fill(0);
    let ea = 0, ec = 0, aa = 0, cc = 0, ac = 0;
    for (let t = 1; t < n; t++) {
      const e = es[t];
      const a = as[t + 1];
      const c = cs[t + 1];
      ea += e * a;
      ec += e * c;
      aa += a * a;
      ac += a * c;
      cc += c * c;
    }
    slope[0] = ea;
    slope[2] = ec;
    bend[0] = aa;
    bend[2] = ac;
    bend[10] = cc;
    if (this.#p < 2 && this.#q < 2) return;
    let ea1 = 0, ec1 = 0, aa1 = 0, cc1 = 0, ac1 = 0, a1c = 0;
    let a1 = 0, c1 = 0;
    for (let t = 1; t < n; t++) {
      const e = es[t];
      const a = as[t + 1];
      const c = cs[t + 1];
      ea1 += e * a1;
      ec1 += e * c1;
      aa1 += a * a1;
      cc1 += c * c1;
      ac1 += a * c1;
      a1c += a1 * c;
      a1 = a;
      c1 = c;
    }
    slope[1] = ea1;
    slope[3] = ec1;
    bend[1] = aa1;
    bend[3] = ac1;
    bend[5] = aa - a1 * a1;
    bend[6] = a1c;
    bend[7] = ac - a1 * c1;
    bend[11] = cc1;
    bend[15] = cc - c1 * c1;
  }

  /** Adds what the start has to do with it, and divides by the squares. */
  #takeStart(): void {
    const slope = this.#slope;
    const bend = this.#bend;
    const { squares } = this;
    const n = this.#e.length;
    const m11 = this.#m11, m12 = this.#m12, m22 = this.#m22;
    const x1 = this.#x1, x2 = this.#x2;
    const { p11, p12, p22, d11, d12, d22 } = this.#start;
    const det = this.#det;
    const detP = p11 * p22 - p12 * p12;
    const detM = m11 * m22 - m12 * m12;
    // Derivatives of M in theta_1 and theta_2, by lag.
    const uv = this.#uv, uv1 = this.#uv1;
    for (let i = 0; i < TERMS; i++) {
      let moved = d11[i] * m11 + 2 * d12[i] * m12 + d22[i] * m22 +
        (d11[i] * p22 + p11 * d22[i] - 2 * p12 * d12[i]) * detM;
      if (i > 1) {
        const first = i === 2;
        const h11 = 2 * (first ? uv : uv1);
        const h12 = first ? this.#vu1 + uv1 : uv - this.#uvEnd + this.#uv2;
        const h22 = h11 - 2 * (first ? this.#uvEnd : this.#uv1End);
        moved += p11 * h11 + 2 * p12 * h12 + p22 * h22 +
          detP * (h11 * m22 + m11 * h22 - 2 * m12 * h12);
      }
      const spread = d11[i] * x1 * x1 + 2 * d12[i] * x1 * x2 +
        d22[i] * x2 * x2;
      slope[i] = (slope[i] - 0.5 * spread) / squares + 0.5 * moved / (det * n);
    }
    this.#withoutStart(bend);
    for (let i = 0; i < TERMS; i++) {
      for (let j = i; j < TERMS; j++) {
        bend[i * TERMS + j] /= squares;
        bend[j * TERMS + i] = bend[i * TERMS + j];
      }
    }
  }

  /** J'J less J'H (M + P^-1)^-1 H'J: the start moves along. */
  #withoutStart(bend: Float64Array): void {
    const us = this.#u;
    const as = this.#a;
    const cs = this.#c;
    const until = this.#until;
    let ua = 0, u1a = 0, ua1 = 0, uc = 0, u1c = 0, uc1 = 0;
    let u = 0, u1 = 0;
    for (let t = 0; t < until; t++) {
      u1 = u;
      u = us[t];
      const a = as[t + 1];
      const c = cs[t + 1];
      ua += u * a;
      u1a += u1 * a;
      ua1 += u * as[t];
      uc += u * c;
      u1c += u1 * c;
      uc1 += u * cs[t];
    }
    const u1a1 = ua - u * as[until];
    const u1c1 = uc - u * cs[until];
    const { p11, p12, p22 } = this.#start;
    const detP = p11 * p22 - p12 * p12;
    const det = this.#det;
    // P (I + M P)^-1, which is symmetric.
    const q11 = (p11 + detP * this.#m22) / det;
    const q12 = (p12 - detP * this.#m12) / det;
    const q22 = (p22 + detP * this.#m11) / det;
    const first = this.#mixed;
    first[0] = ua;
    first[1] = ua1;
    first[2] = uc;
    first[3] = uc1;
    first[4] = u1a;
    first[5] = u1a1;
    first[6] = u1c;
    first[7] = u1c1;
    for (let i = 0; i < TERMS; i++) {
      const y1 = q11 * first[i] + q12 * first[4 + i];
      const y2 = q12 * first[i] + q22 * first[4 + i];
      for (let j = i; j < TERMS; j++) {
        bend[i * TERMS + j] -= y1 * first[j] + y2 * first[4 + j];
      }
    }
  }

  /** By the chain rule to the free numbers, whose tanh the partials are. */
  #toFree(gradient: Float64Array, curvature: Float64Array): void {
    const p = this.#p;
    const q = this.#q;
    const k = p + q;
    const r = this.#partials;
    const chain = this.#chain;
    chain[0] = (1 - r[0] * r[0]) * (1 - r[1]);
    chain[1] = -r[0] * (1 - r[1] * r[1]);
    chain[5] = 1 - r[1] * r[1];
    chain[10] = -(1 - r[2] * r[2]) * (1 - r[3]);
    chain[11] = r[2] * (1 - r[3] * r[3]);
    chain[15] = -(1 - r[3] * r[3]);
    const slope = this.#slope;
    const bend = this.#bend;
    const mixed = this.#mixed;
    for (let j = 0; j < k; j++) {
      const to = j < p ? j : 2 + j - p;
      // A coefficient depends on no free number of the other kind.
      const from = to < 2 ? 0 : 2;
      const upper = chain[from * TERMS + to];
      const lower = chain[(from + 1) * TERMS + to];
      gradient[j] = upper * slope[from] + lower * slope[from + 1];
      for (let i = 0; i < TERMS; i++) {
        mixed[i * TERMS + j] = upper * bend[i * TERMS + from] +
          lower * bend[i * TERMS + from + 1];
      }
    }
    for (let i = 0; i < k; i++) {
      const to = i < p ? i : 2 + i - p;
      const from = to < 2 ? 0 : 2;
      const upper = chain[from * TERMS + to];
      const lower = chain[(from + 1) * TERMS + to];
      for (let j = 0; j < k; j++) {
        curvature[i * k + j] = upper * mixed[from * TERMS + j] +
          lower * mixed[(from + 1) * TERMS + j];
      }
    }
  }
}
