import type { Blocks } from "./arma_shape.ts";
import { longErrors } from "./long_autoregression.ts";
import { solvePositive } from "./solve_positive.ts";
import { takeArray } from "./split_array.ts";

/** Order of the autoregression whose errors stand for the innovations. */
const LONG_ORDER = 10;

/**
 * Start values for every ARMA of a grid at once, by the regressions of Hannan
 * & Rissanen (1982): of the series on its own past and on the errors of a long
 * autoregression. All of them share one table of cross products, so that an
 * order costs no more than the solution of its own few equations.
 *
 * Seasonal factors are taken as if they added up.
 *
 * Shape: z (n), around a mean of 0, without missing values.
 */
export class OrderScreen {
  /** Cross products of (z, then all columns). */
  readonly #products: Float64Array;
  readonly #width: number;
  readonly #limits: Blocks;
  readonly #columns: number[];
  readonly #table: Float64Array;
  readonly #work: Float64Array;
  readonly #solution: Float64Array;

  constructor(z: Float64Array, limits: Blocks, season: number) {
    const n = z.length;
    const [p, q, P, Q] = limits;
    const seasonal = P + Q > 0 ? season + 2 : 0;
    const order = Math.min(Math.max(LONG_ORDER, seasonal), Math.floor(n / 3));
    const errors = longErrors(z, order);
    const lagged = (x: Float64Array, count: number, step: number) =>
      Array.from({ length: count }, (_, i) => ({ x, lag: (i + 1) * step }));
    const columns = [
      { x: z, lag: 0 },
      ...lagged(z, p, 1),
      ...lagged(errors, q, 1),
      ...lagged(z, P, season),
      ...lagged(errors, Q, season),
    ];
    this.#limits = limits;
    this.#width = columns.length;
    const width = this.#width;
    this.#products = takeArray(width * width);
    for (let i = 0; i < width; i++) {
      for (let j = 0; j <= i; j++) {
        const sum = product(columns[i], columns[j], order);
        this.#products[i * width + j] = sum;
        this.#products[j * width + i] = sum;
      }
    }
    this.#columns = new Array<number>(width).fill(0);
    this.#table = takeArray(width * width);
    this.#work = takeArray(width * width);
    this.#solution = takeArray(width);
  }

  /**
   * R's ar, ma, sar, sma of one order into `out`; 0 for all of them where the
   * equations have no solution.
   */
  estimate(blocks: Blocks, out: Float64Array): void {
    const width = this.#width;
    const columns = this.#columns;
    let count = 0;
    let from = 1;
    for (let b = 0; b < blocks.length; b++) {
      for (let i = 0; i < blocks[b]; i++) columns[count++] = from + i;
      from += this.#limits[b];
    }
    // As solvePositive() wants it: the right side first, then the table.
    const table = this.#table;
    const side = count + 1;
    table[0] = this.#products[0];
    for (let i = 0; i < count; i++) {
      const row = columns[i] * width;
      table[(i + 1) * side] = table[i + 1] = this.#products[row];
      for (let j = 0; j < count; j++) {
        table[(i + 1) * side + j + 1] = this.#products[row + columns[j]];
      }
    }
    const solution = this.#solution;
    if (!solvePositive(table, count, solution, this.#work)) solution.fill(0);
    out.set(solution.subarray(0, count));
  }
}

interface Column {
  readonly x: Float64Array;
  readonly lag: number;
}

function product(a: Column, b: Column, from: number): number {
  const { x, lag } = a;
  const { x: y, lag: lagY } = b;
  let sum = 0;
  for (let t = Math.max(from, lag, lagY); t < x.length; t++) {
    sum += x[t - lag] * y[t - lagY];
  }
  return sum;
}
