import { takeArray } from "./split_array.ts";

/** As in `StationaryStart`: beyond, rounding would hide the error. */
const VARIANCE_MAX = 1e12;

/**
 * What the state of an ARMA(2,2) is before its first value, in units of sigma2,
 * in closed form, with its derivatives in phi_1, phi_2, theta_1, theta_2;
 * smaller models have zeros among these.
 *
 * State space of a single source of error: value = s_1 + e, s_1' = s_2 +
 * phi_1 value + theta_1 e, s_2' = phi_2 value + theta_2 e.
 *
 * Source: the Yule-Walker equations of Box & Jenkins (1976), section 3.4.
 */
export class ShortStart {
  /** Covariance of the state. */
  p11 = 0;
  p12 = 0;
  p22 = 0;
  /** Derivatives of each (4). */
  readonly d11 = takeArray(4);
  readonly d12 = takeArray(4);
  readonly d22 = takeArray(4);
  #gamma0 = 1;
  #gamma1 = 0;

  /**
   * @returns False if the autoregression is not stationary, or so near the edge
   * that its variance drowns the error.
   */
  compute(f1: number, f2: number, t1: number, t2: number): boolean {
    const below = 1 - f2;
    const above = 1 + f2;
    const edge = (below - f1) * (below + f1);
    if (!(below > 0 && above > 0 && below - f1 > 0 && below + f1 > 0)) {
      return false;
    }
    const ratio = below / above;
    if (!(ratio / edge * (1 + t1 * t1 + t2 * t2) < VARIANCE_MAX)) return false;
    const psi1 = f1 + t1;
    const psi2 = f1 * psi1 + f2 + t2;
    const c0 = 1 + t1 * psi1 + t2 * psi2;
    const c1 = t1 + t2 * psi1;
    const gamma0 = (f1 * c1 + ratio * (f2 * t2 + c0)) / edge;
    const gamma1 = (f1 * gamma0 + c1) / below;
    this.p11 = gamma0 - 1;
    this.p12 = f2 * gamma1 + t2 * psi1;
    this.p22 = f2 * f2 * gamma0 + 2 * f2 * t2 + t2 * t2;
    this.#gamma0 = gamma0;
    this.#gamma1 = gamma1;
    return true;
  }

  /** Writes the derivatives; after `compute` with the same coefficients. */
  differentiate(f1: number, f2: number, t1: number, t2: number): void {
    const { d11, d12, d22 } = this;
    const gamma0 = this.#gamma0;
    const gamma1 = this.#gamma1;
    const below = 1 - f2;
    const above = 1 + f2;
    const edge = (below - f1) * (below + f1);
    const ratio = below / above;
    const psi1 = f1 + t1;
    const psi2 = f1 * psi1 + f2 + t2;
    const c0 = 1 + t1 * psi1 + t2 * psi2;
    const c1 = t1 + t2 * psi1;
    // gamma0 = (f1 c1 + ratio (f2 t2 + c0)) / edge.
    d11[0] = (c1 + f1 * t2 + ratio * (t1 + t2 * (psi1 + f1)) +
      2 * f1 * gamma0) / edge;
    d11[1] = (-2 * (f2 * t2 + c0) / (above * above) + ratio * 2 * t2 +
      2 * below * gamma0) / edge;
    d11[2] = (f1 * (1 + t2) + ratio * (psi1 + t1 + t2 * f1)) / edge;
    d11[3] = (f1 * psi1 + ratio * (f2 + psi2 + t2)) / edge;
    // gamma1 = (f1 gamma0 + c1) / (1 - f2).
    const g0 = (gamma0 + f1 * d11[0] + t2) / below;
    const g1 = (f1 * d11[1] + gamma1) / below;
    const g2 = (f1 * d11[2] + 1 + t2) / below;
    const g3 = (f1 * d11[3] + psi1) / below;
    d12[0] = f2 * g0 + t2;
    d12[1] = gamma1 + f2 * g1;
    d12[2] = f2 * g2 + t2;
    d12[3] = f2 * g3 + psi1;
    d22[0] = f2 * f2 * d11[0];
    d22[1] = 2 * f2 * gamma0 + f2 * f2 * d11[1] + 2 * t2;
    d22[2] = f2 * f2 * d11[2];
    d22[3] = f2 * f2 * d11[3] + 2 * f2 + 2 * t2;
  }
}
