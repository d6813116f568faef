import assert from "node:assert/strict";
import { join } from "node:path";
import { backtest } from "../../tasks/backtest.ts";
import type { BacktestView } from "../../tasks/backtest_view.ts";
import { marketDataTest } from "../harness/market_data.ts";

/** Recorded minutes: liquid, so nothing beats "no change" on them. */
const MARKETS = [
  {
    file: "nifty50_1m_2024/candles.csv.gz",
    args: ["--symbol", "NIFTY50", "--from", "2024-03-11T03:45Z"],
    to: "2024-03-21",
    least: 2_800,
  },
  {
    file: "cme_6eh4_1m_202401/candles.csv.gz",
    args: ["--symbol", "6E", "--tick", "0.00005", "--from", "2024-01-09"],
    to: "2024-01-11T04:00Z",
    least: 2_800,
  },
  {
    file: "fxcm_usdjpy_1m_201302/candles_bid.csv.gz",
    args: ["--symbol", "USDJPY", "--from", "2013-02-12"],
    to: "2013-02-14T03:00Z",
    least: 2_800,
  },
] as const;

const stop = new AbortController();

for (const { file, args, to, least } of MARKETS) {
  marketDataTest(
    `a backtest of ${file} covers 95 %, makes candles only, and says that the close has no skill`,
    async (dir) => {
      const told: string[] = [];
      const result = await backtest(
        [
          "--file",
          join(dir, file),
          ...args,
          "--to",
          to,
          "--refit-every",
          "15",
          "--format",
          "json",
        ],
        undefined,
        { signal: stop.signal, say: (text) => told.push(text) },
      );
      assert.ok(typeof result !== "string");
      const view = result.report as BacktestView;
      assert.ok(view.minutes >= least, `${view.minutes}`);
      for (const model of [...view.models, view.shown]) {
        const { coverage95, turbulent, skill, verdict, rmse } = model;
        const name = `${model.model} ${JSON.stringify(model)}`;
        assert.equal(model.ohlc_violations, 0, name);
        assert.ok(Math.abs((coverage95 ?? 0) - 0.95) <= 0.015, name);
        assert.ok((turbulent.coverage95 ?? 0) >= 0.92, name);
        // More would be a leak or a bug, and is not told as skill either.
        assert.ok(["no skill", "worse than naive"].includes(verdict), name);
        assert.ok((skill ?? 1) < 0.02, name);
        assert.ok(rmse !== null && rmse.high < 0.95 * rmse.high_naive, name);
        assert.ok(rmse.low < 0.95 * rmse.low_naive, name);
      }
      assert.match(view.verdict[0], /^No skill: .* by more than chance/);
      assert.deepEqual(told, []);
    },
  );
}
