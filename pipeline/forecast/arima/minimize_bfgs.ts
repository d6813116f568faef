import { invertPositive } from "./solve_positive.ts";
import { copyArray, takeArray } from "./split_array.ts";

/** Steps of the differences for gradients: forward far off, central near. */
const FORWARD_STEP = 1e-7;
const CENTRAL_STEP = 5e-6;
/** Gradient below which differences are central. */
const NEAR = 1e-4;
/** A step moves no number by more. */
const STEP_MAX = 1.5;
/** Part of the fall that the slope promises which a step must give. */
const ARMIJO = 1e-4;
const HALVINGS = 25;
/** So many steps in a row that fall by less are enough: a maximum far out. */
const IDLE_MAX = 8;
const IDLE_FALL = 1e-10;
/** A slope so flat promises nothing: there a step that fails is an end. */
const SLOPE_MIN = 1e-9;
/** A fall below this, in parts of 1, is rounding. */
const FALL_MIN = 1e-15;

export interface MinimizeOptions {
  /** Largest entry of the gradient at which it is done. */
  readonly gradientMax: number;
  readonly iterationsMax: number;
  /** Values of `f` it may take. */
  readonly evaluationsMax: number;
  /**
   * Writes the exact gradient at a point, where the last value was taken; by
   * differences without it.
   */
  readonly gradient?: ((x: Float64Array, out: Float64Array) => void) | null;
  /** About the second derivatives at the start (k, k), if they are known. */
  readonly curvature?: Float64Array | null;
}

export interface Minimum {
  readonly x: Float64Array;
  readonly value: number;
  readonly converged: boolean;
  readonly stop: string;
  readonly iterations: number;
  readonly evaluations: number;
}

/**
 * A local minimum by BFGS.
 *
 * Source: Nocedal & Wright (2006), algorithms 6.1 and 3.1. `f` may be
 * `Infinity` where it is not defined, but not at `start`.
 */
export function minimizeBfgs(
  f: (x: Float64Array) => number,
  start: Float64Array,
  options: MinimizeOptions,
): Minimum {
  const k = start.length;
  let x = copyArray(start);
  let next = takeArray(k);
  let g = takeArray(k);
  let nextG = takeArray(k);
  const H = takeArray(k * k);
  const step = takeArray(k);
  const Hy = takeArray(k);
  let evaluations = 1;
  let idle = 0;
  let value = f(x);
  let central = Boolean(options.gradient);

  const gradient = (at: Float64Array, valueAt: number, out: Float64Array) => {
    let largest = 0;
    if (options.gradient) {
      options.gradient(at, out);
      for (let i = 0; i < k; i++) largest = Math.max(largest, Math.abs(out[i]));
      return largest;
    }
    for (let i = 0; i < k; i++) {
      const here = at[i];
      const h = central ? CENTRAL_STEP : FORWARD_STEP;
      at[i] = here + h;
      const up = f(at);
      if (central) {
        at[i] = here - h;
        out[i] = (up - f(at)) / (2 * h);
      } else {
        out[i] = (up - valueAt) / h;
      }
      at[i] = here;
    }
    evaluations += central ? 2 * k : k;
    for (let i = 0; i < k; i++) largest = Math.max(largest, Math.abs(out[i]));
    return largest;
  };
  const reset = () => {
    H.fill(0);
    for (let i = 0; i < k; i++) H[i * k + i] = 1;
  };
  const done = (converged: boolean, stop: string, iterations: number) => ({
    x,
    value,
    converged,
    stop,
    iterations,
    evaluations,
  });

  if (k === 0) return done(true, "nothing to optimise", 0);
  // Near the end of another search there is no use in forward differences.
  let fresh = !startFrom(options.curvature, H);
  if (fresh) reset();
  else central = true;
  let largest = gradient(x, value, g);
  for (let iteration = 0;; iteration++) {
    if (!central && largest < NEAR) {
      central = true;
      largest = gradient(x, value, g);
    }
    if (largest <= options.gradientMax) {
      return done(true, "the gradient is 0", iteration);
    }
    if (iteration >= options.iterationsMax) {
      return done(false, `${iteration} iterations were not enough`, iteration);
    }
    if (evaluations >= options.evaluationsMax) {
      return done(false, `${evaluations} values were not enough`, iteration);
    }
    let slope = 0;
    let longest = 0;
    for (let i = 0; i < k; i++) {
      let sum = 0;
      for (let j = 0; j < k; j++) sum -= H[i * k + j] * g[j];
      step[i] = sum;
      slope += sum * g[i];
      longest = Math.max(longest, Math.abs(sum));
    }
    if (!(slope < 0)) {
      reset();
      fresh = true;
      slope = 0;
      longest = largest;
      for (let i = 0; i < k; i++) {
        step[i] = -g[i];
        slope -= g[i] * g[i];
      }
    }
    let length = longest > STEP_MAX ? STEP_MAX / longest : 1;
    let nextValue = Infinity;
    let found = false;
    for (let tries = 0; tries < HALVINGS; tries++) {
      for (let i = 0; i < k; i++) next[i] = x[i] + length * step[i];
      nextValue = f(next);
      evaluations++;
      if (nextValue <= value + ARMIJO * length * slope) {
        found = true;
        break;
      }
      // The minimum of the parabola through both values and the slope.
      const bend = 2 * (nextValue - value - length * slope);
      const best = -slope * length * length / bend;
      length = best > 0.1 * length && best < 0.5 * length
        ? best
        : (Number.isFinite(nextValue) ? 0.5 : 0.1) * length;
    }
    if (!found || value - nextValue < FALL_MIN) {
      if (!central) {
        central = true;
        largest = gradient(x, value, g);
        continue;
      }
      if (!fresh) {
        reset();
        fresh = true;
        continue;
      }
      return done(
        largest < 1e3 * options.gradientMax || -slope < SLOPE_MIN,
        "no step lowers the value any more",
        iteration,
      );
    }
    largest = gradient(next, nextValue, nextG);
    let sy = 0;
    let yHy = 0;
    let yy = 0;
    for (let i = 0; i < k; i++) {
      step[i] = next[i] - x[i];
      const y = nextG[i] - g[i];
      sy += step[i] * y;
      yy += y * y;
      g[i] = y;
    }
    if (sy > 1e-12 * yy) {
      if (fresh) { for (let i = 0; i < k; i++) H[i * k + i] = sy / yy; }
      fresh = false;
      for (let i = 0; i < k; i++) {
        let sum = 0;
        for (let j = 0; j < k; j++) sum += H[i * k + j] * g[j];
        Hy[i] = sum;
        yHy += sum * g[i];
      }
      const weight = (1 + yHy / sy) / sy;
      for (let i = 0; i < k; i++) {
        for (let j = 0; j < k; j++) {
          H[i * k + j] += weight * step[i] * step[j] -
            (Hy[i] * step[j] + step[i] * Hy[j]) / sy;
        }
      }
    }
    idle = value - nextValue < IDLE_FALL ? idle + 1 : 0;
    [x, next] = [next, x];
    [g, nextG] = [nextG, g];
    value = nextValue;
    if (idle === IDLE_MAX) {
      return done(true, "the value falls no more", iteration + 1);
    }
  }
}

/** H = inverse of the curvature; false if there is none. */
function startFrom(
  curvature: Float64Array | null | undefined,
  H: Float64Array,
): boolean {
  if (!curvature) return false;
  const inverse = invertPositive(copyArray(curvature), Math.sqrt(H.length));
  if (inverse === null) return false;
  H.set(inverse);
  return true;
}
