import { createRequire } from "node:module";

export interface NpmArimaOptions {
  readonly p: number;
  readonly d: number;
  readonly q: number;
  /** 0 is CSS-ML, 1 is ML, 2 is CSS; the package's README is wrong. */
  readonly method: 0 | 1;
}

/** A model of npm `arima`; it holds memory until it is destroyed. */
export interface NpmArimaModel {
  train(series: number[]): void;
  /** Means, and variances (which it calls errors). */
  predict(h: number): [number[], number[]];
  /** The estimates, read from the module's memory; theta's sign is R's. */
  coefficients(): NpmArimaCoefficients;
  destroy(): void;
}

export interface NpmArimaCoefficients {
  readonly phi: readonly number[];
  readonly theta: readonly number[];
  readonly mean: number;
  readonly sigma2: number;
  /** One-step errors of the differenced series. */
  readonly residuals: Float64Array;
}

export interface NpmArima {
  create(options: NpmArimaOptions): NpmArimaModel;
}

interface WasmModule {
  readonly HEAP32: Int32Array;
  readonly HEAPF64: Float64Array;
}

interface PackageModel {
  model: number | null;
  train(series: number[]): unknown;
  predict(h: number): [number[], number[]];
  destroy(): void;
}

/** Byte offsets in `struct sarimax_set` of CTSA, as npm arima 0.2.8 has it. */
const OFFSET = {
  nUsed: 4,
  phi: 56,
  theta: 60,
  residuals: 84,
  mean: 88,
  variance: 96,
} as const;

/**
 * Loads npm `arima` with a WebAssembly module of our own making.
 *
 * The package's entry point prints to stdout and hides its memory, where the
 * coefficients are; its parts are public files of the package, so they are
 * put together here: with `print` silenced, and the memory at hand. Each call
 * makes a fresh module.
 *
 * Needs read access to the package. For Workers only: a fit may take long.
 */
export function loadNpmArima(): NpmArima {
  const require = createRequire(import.meta.url);
  const entry = require.resolve("arima");
  const folder = entry.slice(0, entry.lastIndexOf("/"));
  const silent = () => {};
  const wasm: WasmModule = require(`${folder}/wasm/native-sync.js`)({
    wasmBinary: require(`${folder}/wrapper/native.bin.js`),
    print: silent,
    printErr: silent,
    // Where it calls exit() it would also set the exit code of the program.
    quit(_status: number, reason: unknown) {
      throw reason;
    },
  });
  const Arima: new (options: object) => PackageModel = require(
    `${folder}/load.js`,
  )(wasm);

  return {
    create({ p, d, q, method }) {
      const inner = new Arima({
        p,
        d,
        q,
        method,
        optimizer: 6,
        auto: false,
        verbose: false,
      });
      return {
        train(series) {
          inner.train(series);
        },
        predict(h) {
          return inner.predict(h);
        },
        coefficients() {
          return readCoefficients(wasm, inner.model ?? 0, { p, d, q });
        },
        destroy() {
          inner.destroy();
        },
      };
    },
  };
}

/** `handle` points to a pointer to the struct. */
function readCoefficients(
  wasm: WasmModule,
  handle: number,
  { p, d, q }: { readonly p: number; readonly d: number; readonly q: number },
): NpmArimaCoefficients {
  const base = wasm.HEAP32[handle >> 2];
  const int = (offset: number) => wasm.HEAP32[(base + offset) >> 2];
  const float = (offset: number) => wasm.HEAPF64[(base + offset) >> 3];
  const floats = (offset: number, count: number) => {
    const start = int(offset) >> 3;
    return wasm.HEAPF64.slice(start, start + count);
  };
  return {
    phi: [...floats(OFFSET.phi, p)],
    theta: [...floats(OFFSET.theta, q)].map((value) => -value),
    mean: d === 0 ? float(OFFSET.mean) : 0,
    sigma2: float(OFFSET.variance),
    residuals: floats(OFFSET.residuals, Math.max(0, int(OFFSET.nUsed))),
  };
}
