import assert from "node:assert/strict";
import type { NpmArima, NpmArimaOptions } from "./npm_arima.ts";
import { seededNormal } from "./testing/make_candles.ts";
import { SERIES_MAX, WasmEngine } from "./wasm_engine.ts";

interface Answer {
  readonly means?: (last: number, phi: number) => number[];
  readonly variances?: number[];
  readonly phi?: number[];
  readonly theta?: number[];
  readonly throws?: Error;
}

/** A library that answers as it is told, and writes down what it was asked. */
class FakeArima implements NpmArima {
  readonly options: NpmArimaOptions[] = [];
  readonly trained: number[][] = [];
  destroyed = 0;

  constructor(private readonly answer: (method: 0 | 1) => Answer) {}

  create(options: NpmArimaOptions) {
    this.options.push(options);
    const answer = this.answer(options.method);
    const phi = answer.phi ?? [0.5];
    let series: number[] = [];
    return {
      train: (given: number[]) => {
        this.trained.push(given);
        series = given;
        if (answer.throws) throw answer.throws;
      },
      predict: (h: number): [number[], number[]] => {
        const [before, last] = series.slice(-2);
        const means: number[] = [];
        let step = last - before;
        let level = last;
        for (let i = 0; i < h; i++) {
          step *= phi[0];
          level += step;
          means.push(level);
        }
        let psi = 0;
        let sum = 0;
        const variances = means.map((_, i) => {
          psi += phi[0] ** i;
          sum += psi * psi;
          return 0.75 * sum;
        });
        return [
          answer.means?.(last, phi[0]) ?? means,
          answer.variances ?? variances,
        ];
      },
      coefficients: () => ({
        phi,
        theta: answer.theta ?? [],
        mean: 0,
        sigma2: 0.75,
        residuals: new Float64Array(series.length - 1),
      }),
      destroy: () => {
        this.destroyed++;
      },
    };
  }
}

const SPEC = { order: [1, 1, 0], mean: false } as const;

function walk(n: number, seed = 2): Float64Array {
  const normal = seededNormal(seed);
  const out = new Float64Array(n);
  for (let i = 1; i < n; i++) out[i] = out[i - 1] + 1e-4 * normal();
  return out;
}

/** What comes of a first answer, and then of a good one by the other method. */
function tried(answer: Answer) {
  const library = new FakeArima((method) => method === 0 ? answer : {});
  const engine = new WasmEngine(library);
  return { library, engine, result: engine.fit(walk(100), SPEC) };
}

Deno.test("WasmEngine takes a good fit, back in the unit of the series", () => {
  const { library, engine, result } = tried({});
  assert.ok(result.kind === "fitted");
  const series = walk(100);
  const { mean, se } = engine.forecast(result.model, 2);
  const change = series[99] - series[98];
  assert.ok(Math.abs(mean[0] - (series[99] + 0.5 * change)) < 1e-12);
  assert.ok(se[0] > 5e-5 && se[0] < 2e-4, "errors are roots of variances");
  assert.equal(library.options.length, 1);
  const on = engine.update(result.model, series[99] + 1);
  assert.ok(Math.abs(engine.forecast(on, 1).mean[0] - series[99] - 1.5) < 1e-9);
});

Deno.test("WasmEngine never asks for auto, and standardises what it passes on", () => {
  const { library } = tried({});
  assert.deepEqual(library.options[0], { p: 1, d: 1, q: 0, method: 0 });
  const [x] = library.trained;
  let sum = 0;
  for (let i = 1; i < x.length; i++) sum += (x[i] - x[i - 1]) ** 2;
  assert.ok(Math.abs(sum / (x.length - 1) - 1) < 0.05);
});

Deno.test("WasmEngine does orders (0,d,0) and constants without the library", () => {
  const library = new FakeArima(() => ({ throws: new Error("never asked") }));
  const engine = new WasmEngine(library);
  const cases = [
    [walk(100), { order: [0, 1, 0], mean: false }],
    [walk(100), { order: [0, 0, 0], mean: true }],
    [new Float64Array(100).fill(3), SPEC],
    [new Float64Array(100), { order: [1, 0, 1], mean: true }],
  ] as const;
  for (const [series, spec] of cases) {
    const fit = engine.fit(series, spec);
    assert.ok(fit.kind === "fitted");
    const { mean, se } = engine.forecast(fit.model, 5);
    assert.ok([...mean, ...se].every(Number.isFinite));
  }
  assert.equal(library.options.length, 0);
});

Deno.test("WasmEngine refuses what is not finite, too short, or has a mean where it cannot", () => {
  const library = new FakeArima(() => ({}));
  const engine = new WasmEngine(library);
  for (const bad of [NaN, Infinity]) {
    for (const at of [0, 50, 99]) {
      const series = walk(100);
      series[at] = bad;
      assert.equal(engine.fit(series, SPEC).kind, "failed");
    }
  }
  assert.equal(engine.fit(walk(11), SPEC).kind, "failed");
  assert.equal(engine.fit(walk(100), { ...SPEC, mean: true }).kind, "failed");
  assert.equal(library.options.length, 0);
});

Deno.test("WasmEngine passes on at most the newest 4,000 values", () => {
  const library = new FakeArima(() => ({}));
  const series = walk(10_000);
  const result = new WasmEngine(library).fit(series, SPEC);
  assert.equal(library.trained[0].length, SERIES_MAX);
  assert.ok(result.kind === "fitted" && result.model.kind === "arima");
  assert.ok(Math.abs(result.model.levels[0] - series[9_999]) < 1e-12);
});

const FAULTS: readonly (readonly [string, Answer, RegExp])[] = [
  ["NaN", { means: () => [NaN, 0, 0, 0, 0] }, /not finite/],
  ["an infinite variance", { variances: [1, 1, 1, 1, Infinity] }, /not finite/],
  ["a variance of 0", { variances: [0, 1, 1, 1, 1] }, /variance of 0/],
  ["a negative variance", { variances: [1, 1, -1, 1, 1] }, /variance of -1/],
  [
    "a forecast far away",
    { means: (last) => [last, last + 25, last, last, last] },
    /implausible/,
  ],
  ["a huge error", { variances: [1, 1, 1, 1, 1e5] }, /implausible/],
  ["coefficients that explode", { phi: [1.01] }, /not stationary|implausible/],
  ["a theta outside", { theta: [-1.5] }, /not invertible/],
  [
    "coefficients that are not those of its forecast",
    { means: (last) => [last, last, last, last, last + 1] },
    /do not give its own forecast/,
  ],
];

for (const [what, answer, reason] of FAULTS) {
  Deno.test(`WasmEngine does not let ${what} pass: the other method, then failed`, () => {
    const once = tried(answer);
    assert.equal(once.result.kind, "fitted", "the other method was good");
    assert.deepEqual(once.library.options.map(({ method }) => method), [0, 1]);
    assert.equal(once.library.destroyed, 2);

    const always = new WasmEngine(new FakeArima(() => answer));
    const result = always.fit(walk(100), SPEC);
    assert.ok(result.kind === "failed");
    assert.match(result.reason, reason);
    assert.equal(always.poisoned, null);
  });
}

Deno.test("WasmEngine destroys the model whatever happens", () => {
  for (const throws of [undefined, new Error("odd"), new RangeError("deep")]) {
    const { library } = tried({ throws });
    assert.equal(library.destroyed, library.options.length);
    assert.ok(library.destroyed > 0);
  }
});

Deno.test("WasmEngine is poisoned by a trap, an overflow or an exit, and fits no more", () => {
  for (
    const throws of [
      new WebAssembly.RuntimeError("memory access out of bounds"),
      new RangeError("Maximum call stack size exceeded"),
      // What exit() throws.
      { name: "ExitStatus", message: "exit(1)" },
    ]
  ) {
    const { library, engine, result } = tried({ throws });
    assert.equal(result.kind, "failed");
    assert.match(engine.poisoned ?? "", /npm arima ended with/);
    assert.equal(engine.fit(walk(100), SPEC).kind, "failed");
    assert.equal(library.options.length, 1, "the library was not asked again");
  }
  assert.equal(tried({ throws: new Error("odd") }).engine.poisoned, null);
});
