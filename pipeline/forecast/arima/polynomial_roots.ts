import { takeArray } from "./split_array.ts";

/** A complex number. */
export interface Complex {
  readonly re: number;
  readonly im: number;
}

const ITERATIONS = 200;
const ENOUGH = 1e-14;

/**
 * The roots of x^k + a_1 x^(k-1) + … + a_k, all at once. For coefficients of
 * lags these are the inverse roots, inside the unit circle where 1 + a_1 x +
 * … + a_k x^k has its roots outside.
 *
 * Source: Durand (1960), Kerner (1966). Roots that coincide are inexact.
 */
export function polynomialRoots(a: ArrayLike<number>): readonly Complex[] {
  const k = a.length;
  if (k <= 2) return quadraticRoots(a);
  // Powers of a number that is no root of unity, so that none coincide.
  const re = takeArray(k);
  const im = takeArray(k);
  for (let i = 0; i < k; i++) {
    const angle = 0.4 + 2 * Math.PI * i / k;
    re[i] = 0.9 * Math.cos(angle);
    im[i] = 0.9 * Math.sin(angle);
  }
  for (let iteration = 0; iteration < ITERATIONS; iteration++) {
    let largest = 0;
    for (let i = 0; i < k; i++) {
      let x = 1;
      let y = 0;
      for (let j = 0; j < k; j++) {
        const before = x;
        x = x * re[i] - y * im[i] + a[j];
        y = before * im[i] + y * re[i];
      }
      for (let j = 0; j < k; j++) {
        if (j === i) continue;
        const dx = re[i] - re[j];
        const dy = im[i] - im[j];
        const square = dx * dx + dy * dy || Number.MIN_VALUE;
        const before = x;
        x = (x * dx + y * dy) / square;
        y = (y * dx - before * dy) / square;
      }
      re[i] -= x;
      im[i] -= y;
      largest = Math.max(largest, Math.abs(x), Math.abs(y));
    }
    if (largest < ENOUGH) break;
  }
  return Array.from(re, (x, i) => ({ re: x, im: im[i] }));
}

function quadraticRoots(a: ArrayLike<number>): readonly Complex[] {
  if (a.length === 0) return [];
  if (a.length === 1) return [{ re: -a[0], im: 0 }];
  const half = -a[0] / 2;
  const square = half * half - a[1];
  if (square < 0) {
    const im = Math.sqrt(-square);
    return [{ re: half, im }, { re: half, im: -im }];
  }
  const far = half + (half < 0 ? -1 : 1) * Math.sqrt(square);
  return [{ re: far, im: 0 }, { re: far === 0 ? 0 : a[1] / far, im: 0 }];
}
