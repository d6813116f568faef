import { rootsOutside } from "./partial_autocorrelations.ts";

/** How far from 0 all roots of a model that is chosen must be. */
export const ROOT_MIN = 1.01;

/**
 * Whether all roots of an ARMA's polynomials, of the autoregression and of the
 * moving average, are farther than `least` from 0: next to the unit circle, at
 * 1, an estimate is apt to be an artefact of the series' ends.
 *
 * Shapes: phi (p), theta (q), seasonal factors multiplied out.
 */
export function rootsAway(
  { phi, theta }: {
    readonly phi: ArrayLike<number>;
    readonly theta: ArrayLike<number>;
  },
  least: number = ROOT_MIN,
): boolean {
  const away = (factor: ArrayLike<number>, sign: 1 | -1) => {
    const scaled: number[] = [];
    let power: number = sign;
    for (let i = 0; i < factor.length; i++) {
      power *= least;
      scaled.push(power * factor[i]);
    }
    return rootsOutside(scaled);
  };
  return away(phi, 1) && away(theta, -1);
}
