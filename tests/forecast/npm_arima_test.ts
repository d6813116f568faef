import assert from "node:assert/strict";
import { join } from "node:path";
import type { Order } from "../../pipeline/forecast/forecast_engine.ts";
import {
  loadNpmArima,
  type NpmArima,
} from "../../pipeline/forecast/npm_arima.ts";
import { WasmEngine } from "../../pipeline/forecast/wasm_engine.ts";
import { ENGINE_CASES } from "../../pipeline/forecast/testing/engine_contract.ts";
import { seededNormal } from "../../pipeline/forecast/testing/make_candles.ts";
import { marketDataTest } from "../harness/market_data.ts";

function walk(n: number, seed: number, sd = 1e-4): Float64Array {
  const normal = seededNormal(seed);
  const out = new Float64Array(n);
  out[0] = 10;
  for (let i = 1; i < n; i++) out[i] = out[i - 1] + sd * normal();
  return out;
}

interface ReferenceCase {
  readonly id: string;
  readonly order: Order;
  readonly seasonal: readonly number[];
  readonly constant: "mean" | "none" | "drift";
  readonly missing: number;
  readonly series: readonly (number | null)[];
  readonly R_max: {
    readonly forecast: readonly number[];
    readonly forecast_se: readonly number[];
  };
}

/** Beside the data; what it holds is described in it. */
async function referenceCases(dir: string): Promise<readonly ReferenceCase[]> {
  const path = join(dir, "..", "reference", "arima.json");
  const { cases } = JSON.parse(await Deno.readTextFile(path));
  return cases.filter((one: ReferenceCase) =>
    one.seasonal.every((x) => x === 0) && one.missing === 0 &&
    one.constant !== "drift"
  );
}

// Loose, as the library often stops short of the maximum that R finds.
const FORECAST_SE_SHARE = 0.2;
const SE_SHARE = 0.05;

marketDataTest(
  "WasmEngine forecasts about what R does, or says that it failed",
  async (dir) => {
    const engine = new WasmEngine(loadNpmArima());
    const failures: string[] = [];
    let compared = 0;
    for (const one of await referenceCases(dir)) {
      const series = Float64Array.from(one.series as readonly number[]);
      const fit = engine.fit(series, {
        order: one.order,
        mean: one.constant === "mean",
      });
      if (fit.kind === "failed") {
        failures.push(one.id);
        continue;
      }
      const { mean, se } = engine.forecast(fit.model, 12);
      const R = one.R_max;
      for (let h = 0; h < 12; h++) {
        const off = (mean[h] - R.forecast[h]) / R.forecast_se[h];
        assert.ok(Math.abs(off) < FORECAST_SE_SHARE, `${one.id} ${h}: ${off}`);
        const ratio = se[h] / R.forecast_se[h];
        assert.ok(Math.abs(ratio - 1) < SE_SHARE, `${one.id} ${h}: ${ratio}`);
      }
      compared++;
    }
    assert.ok(compared >= 20, `${compared} cases compared`);
    assert.ok(failures.length <= 2, failures.join(" "));
    assert.equal(engine.poisoned, null);
  },
);

for (const { name, run } of ENGINE_CASES) {
  Deno.test(`the wasm engine: ${name}`, () =>
    run(new WasmEngine(loadNpmArima())));
}

Deno.test("WasmEngine fits random walks, nearly always, and never gives NaN", () => {
  const engine = new WasmEngine(loadNpmArima());
  let failed = 0;
  for (let seed = 0; seed < 60; seed++) {
    const series = walk(240, seed);
    for (const order of [[1, 1, 0], [1, 1, 1], [2, 1, 2]] as const) {
      const fit = engine.fit(series, { order, mean: false });
      if (fit.kind === "failed") {
        failed++;
        continue;
      }
      const { mean, se } = engine.forecast(fit.model, 5);
      for (const [i, value] of mean.entries()) {
        assert.ok(Math.abs(value - series[239]) < 5e-4 * (i + 1));
        assert.ok(se[i] > 5e-5 && se[i] < 1e-3, `se is ${se[i]}`);
      }
    }
  }
  assert.ok(failed <= 0.05 * 180, `${failed} of 180 failed`);
});

Deno.test("npm arima overflows its stack on a long series: the engine is poisoned, a fresh one works", () => {
  const long: NpmArima = {
    create(options) {
      const model = loadNpmArima().create(options);
      return { ...model, train: () => model.train([...walk(20_000, 1)]) };
    },
  };
  const spec = { order: [1, 1, 1], mean: false } as const;
  const engine = new WasmEngine(long);
  const result = engine.fit(walk(240, 1), spec);
  assert.equal(result.kind, "failed");
  assert.match(engine.poisoned ?? "", /RuntimeError|RangeError/);
  const fresh = new WasmEngine(loadNpmArima());
  assert.equal(fresh.fit(walk(240, 1), spec).kind, "fitted");
});

Deno.test("npm arima writes uninitialised memory for (0,1,0), which the engine never shows", () => {
  const series = walk(100, 9);
  const model = loadNpmArima().create({ p: 0, d: 1, q: 0, method: 0 });
  try {
    model.train([...series]);
    const [means] = model.predict(2);
    assert.ok(means.some((x) => !(Math.abs(x - series[99]) < 0.01)));
  } finally {
    model.destroy();
  }
  const engine = new WasmEngine(loadNpmArima());
  const fit = engine.fit(series, { order: [0, 1, 0], mean: false });
  assert.ok(fit.kind === "fitted");
  assert.deepEqual(engine.forecast(fit.model, 2).mean, [
    series[99],
    series[99],
  ]);
});

/** What a program prints that fits a series which the library warns about. */
async function printedBy(imports: string, fit: string): Promise<string> {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "fit.ts");
    await Deno.writeTextFile(
      path,
      `${imports}
      const series = Array.from({ length: 100 }, (_, i) => 1.2 ** i);
      ${fit}`,
    );
    const project = new URL("../../", import.meta.url).pathname;
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-check",
        `--config=${project}deno.json`,
        `--allow-read=${project},${folder}`,
        path,
      ],
    }).output();
    const text = new TextDecoder();
    const printed = text.decode(stdout) + text.decode(stderr);
    assert.equal(code, 0, printed);
    return printed;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("loadNpmArima() is silent where the package's own entry prints", async () => {
  const silent = await printedBy(
    `import { loadNpmArima } from ${
      JSON.stringify(
        import.meta.resolve("../../pipeline/forecast/npm_arima.ts"),
      )
    };`,
    `const model = loadNpmArima().create({ p: 2, d: 1, q: 2, method: 0 });
     model.train(series);
     model.destroy();`,
  );
  assert.equal(silent, "");
  const loud = await printedBy(
    `import Arima from "arima";`,
    `const model = new Arima({ p: 2, d: 1, q: 2, method: 0 });
     model.train(series);
     model.destroy();`,
  );
  assert.match(loud, /non-stationary/);
});
