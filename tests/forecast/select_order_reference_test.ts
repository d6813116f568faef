import assert from "node:assert/strict";
import { join } from "node:path";
import { selectOrder } from "../../pipeline/forecast/arima/select_order.ts";
import type { Order } from "../../pipeline/forecast/arima/spec.ts";
import { marketDataTest } from "../harness/market_data.ts";

interface Reference {
  readonly cases: readonly {
    readonly id: string;
    readonly series: readonly (number | null)[];
  }[];
  readonly "auto_arima_R_forecast_8.20": Readonly<
    Record<string, { readonly order: Order; readonly aicc: number }>
  >;
}

/** R's names to those of the cases that have the series. */
const CASE_OF: Readonly<Record<string, string>> = {
  lh: "lh_100",
  LakeHuron: "LakeHuron_200",
  Nile: "Nile_011",
  WWWusage: "WWWusage_111",
  BJsales: "BJsales_110",
  "sunspot.year": "sunspot_200",
  log10lynx: "log10lynx_200",
};

marketDataTest(
  "selectOrder() has R's d, and no worse AICc than auto.arima, on all series of the reference",
  async (dir) => {
    const { cases, "auto_arima_R_forecast_8.20": chosen }: Reference = JSON
      .parse(
        await Deno.readTextFile(join(dir, "..", "reference", "arima.json")),
      );
    assert.deepEqual(Object.keys(chosen).sort(), Object.keys(CASE_OF).sort());
    for (const [name, { order, aicc }] of Object.entries(chosen)) {
      const one = cases.find(({ id }) => id === CASE_OF[name]);
      assert.ok(one, name);
      const y = Float64Array.from(one.series, (value) => value ?? NaN);
      const fit = selectOrder(y, { standardErrors: false });
      assert.ok(fit.kind === "fitted", name);
      assert.equal(fit.model.spec.order[1], order[1], name);
      assert.ok(
        fit.estimates.aicc <= aicc + 1e-3,
        `${name}: ${fit.model.spec.order} has ${fit.estimates.aicc}, not ${aicc}`,
      );
    }
  },
);
